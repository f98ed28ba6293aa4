from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from diagnostics import problem_texts
from diagnostics.catalogue import CATALOGUE
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.admin import ReadOnlyAdmin
from marketplace.calendar import platform_day
from qualification import desk, queries, sla, storage
from qualification.models import Case, Qualification, Upload, Workday

ACTION_MESSAGES = {
    "claimed": _("It is yours now."),
    "approved": _("Approved: the store is open for bulk repeat orders."),
    "overruled": _("Noted. A second reviewer has to agree before the store is open."),
    "sent_back": _("Sent back. The clock stands still until the seller hands in again."),
}


class DecidedFilter(admin.SimpleListFilter):
    """What waits comes first; what was decided is looked up."""

    title, parameter_name = _("state"), "decided"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list:
        return [("no", _("Waiting")), ("yes", _("Decided"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        wanted = {"no": True, "yes": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(ended_at__isnull=wanted)


@admin.register(Qualification)
class QualificationAdmin(ReadOnlyAdmin):
    """Where each store stands. What moves it is the desk of its review."""

    list_display = ["store", "state", "since", "valid_until", "reason"]
    list_select_related = ["store"]
    list_filter = ["state"]


@admin.register(Workday)
class WorkdayAdmin(admin.ModelAdmin):
    """Make-up days and days off that the published calendar does not know (R-42)."""

    list_display = ["day", "is_worked", "reason"]
    ordering = ["-day"]


@admin.register(Case)
class ReviewCaseAdmin(ReadOnlyAdmin):
    """The queue: what is due first stands first. Each row leads to its desk."""

    list_display_links = None
    list_select_related = ["store", "claimed_by"]
    list_filter = [DecidedFilter, "was_late"]
    change_list_template = "admin/qualification/queue.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        ordered = super().get_queryset(request)
        return ordered.order_by(
            F("ended_at").desc(nulls_first=True), F("due_at").asc(nulls_last=True), "pk"
        )

    def get_ordering(self, request: HttpRequest) -> list:
        return []

    @admin.display(description=_("store"))
    def to_desk(self, case: Case) -> str:
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:qualification_case_desk", args=[case.pk]),
            case.store,
        )

    @admin.display(description=_("due"))
    def due(self, case: Case) -> Any:
        return case.due_at or ("—" if case.ended_at else gettext("waits for the seller"))

    @admin.display(description=_("decided"))
    def outcome(self, case: Case) -> str:
        if not case.ended_at:
            return "—"
        word = gettext("late") if case.was_late else gettext("in time")
        return f"{platform_day(case.ended_at)} · {word}"

    def get_list_display(self, request: HttpRequest) -> list:
        """Clock and calendar are read once for the whole list."""
        now, calendar = clock.now(), queries.working_calendar()

        @admin.display(description=_("working days left"))
        def days(case: Case) -> str:
            if case.due_at is None:
                return "—" if case.days_left is None else str(case.days_left)
            left = str(sla.working_days_left(now + case.store.clock_offset, case.due_at, calendar))
            word = gettext("provisional")
            return f"{left} ({word})" if case.is_provisional else left

        return ["to_desk", "opened_at", "due", days, "claimed_by", "outcome"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict | None = None
    ) -> HttpResponse:
        """The columns need the room of the sidebar."""
        shown = {"title": gettext("The queue"), "is_nav_sidebar_enabled": False}
        return super().changelist_view(request, (extra_context or {}) | shown)

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("figures/", view(self.figures), name="qualification_case_figures"),
            path("<int:pk>/desk/", view(self.desk), name="qualification_case_desk"),
            path(
                "<int:pk>/page/<uuid:key>/<int:number>/",
                view(self.page),
                name="qualification_case_page",
            ),
            path(
                "<int:pk>/original/<uuid:key>/",
                view(self.original),
                name="qualification_case_original",
            ),
            *super().get_urls(),
        ]

    def _case(self, request: HttpRequest, pk: int) -> Case:
        if not request.user.has_perm("qualification.review_qualification"):
            raise Http404
        return get_object_or_404(
            Case.objects.select_related("store", "claimed_by", "overruled_by"), pk=pk
        )

    def desk(self, request: HttpRequest, pk: int) -> HttpResponse:
        case = self._case(request, pk)
        if request.method != "POST":
            return self._shown(request, case)
        try:
            done = desk.perform_action(case, request.user, request.POST.dict())
        except Problem as problem:
            said = problem_texts.describe(problem.code, problem.evidence)
            messages.error(request, f"{said.title}. {said.cause} {said.fix}")
            # what was typed is shown again on top of what is new: nothing is lost
            return self._shown(
                request,
                self._case(request, pk),
                CATALOGUE[problem.code].status,
                request.POST.dict(),
            )
        messages.success(request, str(ACTION_MESSAGES[done]))
        if done == "claimed":  # what was typed before stays as well
            return self._shown(request, self._case(request, pk), 200, request.POST.dict())
        return redirect("admin:qualification_case_changelist")

    def _shown(
        self,
        request: HttpRequest,
        case: Case,
        status: int = 200,
        typed: dict[str, str] | None = None,
    ) -> HttpResponse:
        now = clock.now(case.store)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Review: %(store)s") % {"store": case.store},
            "opts": self.opts,
            "is_nav_sidebar_enabled": False,  # the page's picture needs the room
            "case": case,
            "desk": queries.build_review_desk(case, now, typed),
            "days_left": sla.working_days_left(now, case.due_at, queries.working_calendar())
            if case.due_at
            else case.days_left,
        }
        return TemplateResponse(request, "admin/qualification/desk.html", context, status=status)

    def page(self, request: HttpRequest, pk: int, key: str, number: int) -> HttpResponse:
        upload = get_object_or_404(Upload, store=self._case(request, pk).store, key=key)
        return _file_response(storage.page_name(upload.folder, number), "image/jpeg")

    def original(self, request: HttpRequest, pk: int, key: str) -> HttpResponse:
        upload = get_object_or_404(Upload, store=self._case(request, pk).store, key=key)
        answer = _file_response(upload.stored, "application/pdf")
        answer["Content-Disposition"] = f'attachment; filename="{upload.key}.pdf"'
        return answer

    def figures(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Reviews in figures"),
            "opts": self.opts,
            "all": queries.review_statistics(),
            "months": queries.monthly_review_statistics(),
        }
        return TemplateResponse(request, "admin/qualification/figures.html", context)


def _file_response(name: str, content_type: str) -> HttpResponse:
    try:
        return HttpResponse(storage.fetch(name), content_type=content_type)
    except FileNotFoundError:
        raise Http404 from None
