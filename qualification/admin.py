from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from diagnostics import words
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.admin import LookOnly
from qualification import services
from qualification.models import Qualification
from qualification.review import Event


class ReviewForm(ActionForm):
    reason = forms.CharField(label=_("Reason, when sending back"), max_length=500, required=False)


@admin.register(Qualification)
class Qualifications(LookOnly):
    """The reviewer's way to settle what is in review. Rows change by these two acts alone."""

    list_display = ["store", "state", "since", "valid_until", "reason"]
    list_select_related = ["store"]
    list_filter = ["state"]
    action_form = ReviewForm
    actions = ["approve", "send_back"]

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("qualification.review_qualification")

    @admin.action(description=_("Approve: open for bulk repeat orders"), permissions=["review"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Qualification]) -> None:
        self._review(request, queryset, event=Event.APPROVE)

    @admin.action(description=_("Send back to the store, with the reason"), permissions=["review"])
    def send_back(self, request: HttpRequest, queryset: QuerySet[Qualification]) -> None:
        self._review(request, queryset, event=Event.SEND_BACK, reason=request.POST.get("reason", "")[:500])

    def _review(self, request: HttpRequest, queryset: QuerySet[Qualification], **act: Any) -> None:
        """Each store by itself: one that can't be moved says why and holds up no other."""
        for row in queryset.select_related("store"):
            try:
                now = clock.now(row.store)
                becomes = services.advance(store=row.store, by=f"user:{request.user.pk}", now=now, **act)
                self.message_user(request, f"{row.store}: {becomes}", messages.SUCCESS)
            except Problem as problem:
                said = words.of(problem.code, problem.evidence)
                self.message_user(request, f"{row.store}: {said.title}. {said.cause}", messages.ERROR)
