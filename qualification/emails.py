"""The letters about a store's standing, to its owners."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from marketplace.models import Membership, Role
from outbox.emails import Rendered, from_template, renders
from qualification.models import Case, Qualification
from qualification.review import Standing


@renders("qualification.lapses_soon")
def lapses_soon(subjects: Mapping) -> Rendered | None:
    """60, 30 or 7 days ahead. Nothing is left to say once it was renewed or has lapsed."""
    row = _row(subjects)
    if row.state != Standing.OPEN or row.valid_until != parse_datetime(subjects["valid_until"]):
        return None
    return _to_owners("standing_lapses_soon", row, days=subjects["days"])


@renders("qualification.lapsed")
def lapsed(subjects: Mapping) -> Rendered | None:
    return _to_owners("standing_lapsed", _row(subjects))


@renders("qualification.opened")
def opened(subjects: Mapping) -> Rendered | None:
    return _to_owners("standing_opened", _row(subjects))


@renders("qualification.sent_back")
def sent_back(subjects: Mapping) -> Rendered | None:
    return _to_owners("standing_sent_back", _row(subjects), reason=subjects["reason"])


@renders("qualification.review_alarm")
def review_alarm(subjects: Mapping) -> Rendered | None:
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
        from_template("review_alarm", to=to, language=settings.LANGUAGE_CODE, context=context)
        if to
        else None
    )


def _row(subjects: Mapping) -> Qualification:
    return Qualification.objects.select_related("store").get(store=subjects["store"])


def _to_owners(name: str, row: Qualification, **facts: object) -> Rendered | None:
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
        from_template(name, to=to, language=settings.LANGUAGE_CODE, context=context) if to else None
    )
