"""The page of the platform's compliance group: is a party the one that a screening list names?
(R-90)"""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from diagnostics import problem_texts
from diagnostics.problem import Problem
from eligibility import party_questions
from eligibility.models import PartyAnswer, PartyQuestion
from marketplace.admin import ReadOnlyAdmin


class Waiting(admin.SimpleListFilter):
    title, parameter_name = _("state"), "decided"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list:
        return [("no", _("Waiting")), ("yes", _("Decided"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PartyQuestion]
    ) -> QuerySet[PartyQuestion]:
        wanted = {"no": True, "yes": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(decided_at__isnull=wanted)


class AnswerForm(forms.ModelForm):
    """The answer is given while the form is judged, so that what it refuses stands beside it."""

    answer = forms.ChoiceField(choices=[("", "—"), *PartyAnswer.choices], label=_("Your answer"))
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), max_length=500, label=_("Reason")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            try:
                party_questions.answer(
                    question=self.instance,
                    answer=cleaned["answer"],
                    reason=cleaned["reason"],
                    by=self.answered_by,
                )
            except Problem as problem:
                said = problem_texts.describe(problem.code, problem.evidence)
                raise ValidationError(f"{said.cause} {said.fix}") from None
        return cleaned


@admin.register(PartyQuestion)
class PartyQuestions(ReadOnlyAdmin):
    """Two members who answer alike decide; the answer holds for every store until the party or the
    entry changes."""

    form = AnswerForm
    list_display = ["party", "listed", "list_name", "asked_at", "given", "verdict", "decided_at"]
    list_filter = [Waiting, "verdict", "entry__list_name"]
    list_select_related = ["entry"]
    search_fields = ["party", "listed"]
    ordering = ["verdict", "-asked_at"]
    told = [
        "party",
        "listed",
        "list_name",
        "entry_says",
        "asked_at",
        "answers",
        "verdict",
        "decided_at",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PartyQuestion]:
        return super().get_queryset(request).annotate(n=Count("votes"))

    def has_change_permission(self, request: HttpRequest, obj: PartyQuestion | None = None) -> bool:
        return (obj is None or not obj.verdict) and request.user.has_perm(
            party_questions.PERMISSION
        )

    def get_fields(self, request: HttpRequest, obj: PartyQuestion | None = None) -> list[str]:
        return (
            [*self.told, "answer", "reason"]
            if self.has_change_permission(request, obj)
            else self.told
        )

    def get_readonly_fields(
        self, request: HttpRequest, obj: PartyQuestion | None = None
    ) -> list[str]:
        return self.told

    def get_form(
        self, request: HttpRequest, obj: PartyQuestion | None = None, **kwargs: Any
    ) -> type[forms.ModelForm]:
        return type(
            "AnswerForm", (super().get_form(request, obj, **kwargs),), {"answered_by": request.user}
        )

    def save_model(
        self, request: HttpRequest, obj: PartyQuestion, form: forms.ModelForm, change: bool
    ) -> None:
        """The form has written it."""

    @admin.display(description=_("answers"), ordering="n")
    def given(self, row: PartyQuestion) -> int:
        return row.n

    @admin.display(description=_("list"))
    def list_name(self, row: PartyQuestion) -> str:
        return row.entry.list_name

    @admin.display(description=_("entry"))
    def entry_says(self, row: PartyQuestion) -> str:
        entry = row.entry
        days = f"{entry.listed_from or '—'} … {entry.listed_until or '—'}"
        return " · ".join(
            filter(None, [entry.name, *entry.aliases, entry.country, entry.reference, days])
        )

    @admin.display(description=_("answers"))
    def answers(self, row: PartyQuestion) -> str:
        votes = row.votes.select_related("by").order_by("at")
        return (
            format_html_join(
                "",
                "<div>{}: {} ({})</div>",
                ((v.by, v.get_answer_display(), v.reason) for v in votes),
            )
            or "—"
        )
