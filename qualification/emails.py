"""The letters about a store's standing, to its owners."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from marketplace.models import Membership, Role
from outbox.emails import RenderedEmail, register_renderer, render_email
from qualification.models import Case, Qualification
from qualification.review import QualificationStatus


@register_renderer("qualification.lapses_soon")
def render_lapse_notice(subjects: Mapping) -> RenderedEmail | None:
    """60, 30 or 7 days ahead. Nothing is left to say once it was renewed or has lapsed."""
    row = _get_qualification(subjects)
    if row.state != QualificationStatus.OPEN or row.valid_until != parse_datetime(
        subjects["valid_until"]
    ):
        return None
    return _render_to_owners("standing_lapses_soon", row, days=subjects["days"])


@register_renderer("qualification.lapsed")
def render_lapsed(subjects: Mapping) -> RenderedEmail | None:
    return _render_to_owners("standing_lapsed", _get_qualification(subjects))


@register_renderer("qualification.opened")
def render_opened(subjects: Mapping) -> RenderedEmail | None:
    return _render_to_owners("standing_opened", _get_qualification(subjects))


@register_renderer("qualification.sent_back")
def render_sent_back(subjects: Mapping) -> RenderedEmail | None:
    return _render_to_owners(
        "standing_sent_back", _get_qualification(subjects), reason=subjects["reason"]
    )


@register_renderer("qualification.review_alarm")
def render_review_alarm(subjects: Mapping) -> RenderedEmail | None:
    """To the lead reviewers; nothing is left to say once the review was decided or its deadline
    moved."""
    case = Case.objects.select_related("store").filter(pk=subjects["case"]).first()
    if case is None or case.due_at != parse_datetime(subjects["due_at"]):
        return None
    leads = get_user_model().objects.filter(is_active=True, is_staff=True)
    to = [user.email for user in leads.order_by("pk") if user.has_perm("qualification.lead_review")]
    link = settings.SITE_URL + reverse("admin:qualification_case_desk", args=[case.pk])
    context = {"case": case, "store": case.store, "grade": subjects["grade"], "link": link}
    return (
        render_email("review_alarm", to=to, language=settings.LANGUAGE_CODE, context=context)
        if to
        else None
    )


def _get_qualification(subjects: Mapping) -> Qualification:
    return Qualification.objects.select_related("store").get(store=subjects["store"])


def _render_to_owners(name: str, row: Qualification, **facts: object) -> RenderedEmail | None:
    owners = Membership.objects.filter(store=row.store, role=Role.OWNER, user__is_active=True)
    people = get_user_model().objects.filter(pk__in=owners.values("user")).order_by("pk")
    to = list(people.values_list("email", flat=True))
    context = {
        "row": row,
        "store": row.store,
        "link": settings.SITE_URL + reverse("qualification"),
        **facts,
    }
    return (
        render_email(name, to=to, language=settings.LANGUAGE_CODE, context=context) if to else None
    )
