"""The letters about a lock's deadlines: a trigger, a reminder, an end without agreement. One a
plan and event."""

from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.db.models import Min, QuerySet
from django.urls import reverse

from marketplace import clock, policy
from marketplace.mirror import quarantine_alarms
from marketplace.models import Quarantined
from marketplace.queries import newest_rate_set
from outbox.emails import Rendered, from_template, renders
from pricing import signing
from pricing.models import Grant, Lock, Renegotiation, Sealing
from pricing.services import seal_alarms
from repurchase.batches.queries.totals import orders_held
from repurchase.models import Batch
from repurchase.notifications.emails import batch_url, platform_staff, to_seller


@renders("repurchase.renegotiating_buyer")
def renegotiating_buyer(subjects: Mapping) -> Rendered | None:
    """To the buyer, with the link. Nothing is left to say once all of them were settled."""
    return _of_renegotiations("renegotiating_buyer", subjects, to_buyer=True)


@renders("repurchase.renegotiating_seller")
def renegotiating_seller(subjects: Mapping) -> Rendered | None:
    return _of_renegotiations("renegotiating_seller", subjects, to_buyer=False)


@renders("repurchase.renegotiation_reminder_buyer")
def renegotiation_reminder_buyer(subjects: Mapping) -> Rendered | None:
    return _of_renegotiations("renegotiation_reminder_buyer", subjects, to_buyer=True)


@renders("repurchase.renegotiation_reminder_seller")
def renegotiation_reminder_seller(subjects: Mapping) -> Rendered | None:
    return _of_renegotiations("renegotiation_reminder_seller", subjects, to_buyer=False)


@renders("repurchase.lock_reminder")
def lock_reminder(subjects: Mapping) -> Rendered | None:
    """To the buyer while any of these locks is still open: nobody is reminded of what has
    passed."""
    grant = _grant(subjects)
    locks = Lock.objects.of(grant.store).filter(pk__in=subjects["locks"])
    return _to_buyer(
        "lock_reminder", grant, locks.open_at(clock.now(grant.store)), end="expires_at"
    )


@renders("repurchase.terminated_buyer")
def terminated_buyer(subjects: Mapping) -> Rendered:
    batch = _batch(subjects)
    grant = Grant.objects.select_related("store", "buyer").get(
        store=batch.store, subject=batch.ref, buyer=batch.buyer
    )
    return _letter_to_buyer("terminated_buyer", grant, batch, orders=subjects["orders"])


@renders("repurchase.terminated_seller")
def terminated_seller(subjects: Mapping) -> Rendered | None:
    batch = _batch(subjects)
    context = {"batch": batch, "orders": subjects["orders"], "link": batch_url(batch)}
    return to_seller("terminated_seller", batch, context)


@renders("marketplace.quarantined")
def quarantined(subjects: Mapping) -> Rendered | None:
    """To the staff who may decide it; nothing is left to say once all of it was decided."""
    rows = list(
        Quarantined.objects.filter(pk__in=subjects["rows"], verdict="").order_by("day", "name")
    )
    to = platform_staff()
    if not rows or not to:
        return None
    link = (
        settings.SITE_URL + reverse("admin:marketplace_quarantined_changelist") + "?verdict__exact="
    )
    return from_template(
        "quarantined",
        to=to,
        language=settings.LANGUAGE_CODE,
        context={"rows": rows[:20], "n": len(rows), "link": link},
    )


@renders("marketplace.corrected")
def corrected(subjects: Mapping) -> Rendered | None:
    """To the same staff: what acted was corrected, and by what."""
    if not (to := platform_staff()):
        return None
    return from_template(
        "corrected", to=to, language=settings.LANGUAGE_CODE, context=dict(subjects)
    )


@renders("marketplace.stale_rates")
def stale_rates(subjects: Mapping) -> Rendered | None:
    """To the same staff; nothing is left to say once there are rates that are young enough."""
    now = clock.now()
    newest = newest_rate_set(now, store=None)
    limit = int(policy.in_force(now)["fx_max_age_days"])
    young = newest is not None and (now.date() - newest.published_on).days <= limit
    if young or not (to := platform_staff()):
        return None
    return from_template(
        "stale_rates",
        to=to,
        language=settings.LANGUAGE_CODE,
        context={"newest": newest, "limit": limit},
    )


@renders(quarantine_alarms.KIND)
def rates_wait(subjects: Mapping) -> Rendered | None:
    """To the same staff; nothing is left to say once they have decided, or good rates have
    arrived."""
    now = clock.now()
    overdue = quarantine_alarms.overdue_currencies(now)
    if not overdue or not (to := platform_staff()):
        return None
    link = (
        settings.SITE_URL + reverse("admin:marketplace_quarantined_changelist") + "?verdict__exact="
    )
    limit = int(policy.in_force(now)["fx_max_age_days"])
    return from_template(
        "rates_wait",
        to=to,
        language=settings.LANGUAGE_CODE,
        context={"overdue": list(overdue.items()), "limit": limit, "link": link},
    )


@renders(seal_alarms.KIND)
def seal_unfit(subjects: Mapping) -> Rendered | None:
    """To the staff who see what waits for its seal; nothing is left to say once the certificate is
    in force."""
    why = seal_alarms.seals_wait()
    to = platform_staff("pricing.view_sealing")
    if not why or not to:
        return None
    link = settings.SITE_URL + reverse("admin:pricing_sealing_changelist")
    waiting = Sealing.objects.filter(done_at=None).count()
    return from_template(
        "seal_unfit",
        to=to,
        language=settings.LANGUAGE_CODE,
        context={"why": why, "n": waiting, "link": link},
    )


def _of_renegotiations(name: str, subjects: Mapping, *, to_buyer: bool) -> Rendered | None:
    grant = _grant(subjects)
    rows = Renegotiation.objects.of(grant.store).filter(pk__in=subjects["renegotiations"])
    live = list(rows.live_at(clock.now(grant.store)).order_by("deadline_at", "pk"))
    locks = Lock.objects.filter(renegotiation__in=live)
    if to_buyer:
        return _to_buyer(name, grant, locks, end="renegotiation_deadline", moves=live)
    context = _context(grant, locks, end="renegotiation_deadline", moves=live)
    if not live:
        return None
    return to_seller(
        name,
        context["batch"],
        {**context, "link": f"{settings.SITE_URL}/renegotiations/{live[0].pk}/"},
    )


def _to_buyer(
    name: str,
    grant: Grant,
    locks: QuerySet[Lock],
    *,
    end: str,
    moves: Collection[Renegotiation] = (),
) -> Rendered | None:
    context = _context(grant, locks, end=end, moves=moves)
    return _letter_to_buyer(name, grant, **context) if context["orders"] else None


def _letter_to_buyer(name: str, grant: Grant, batch: Batch, **context: Any) -> Rendered:
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    return from_template(
        name,
        to=[grant.buyer.email],
        language=grant.buyer.language,
        context={"batch": batch, "link": link, **context},
    )


def _context(
    grant: Grant, locks: QuerySet[Lock], *, end: str, moves: Collection[Renegotiation]
) -> dict[str, Any]:
    """The earliest end decides: whoever acts before it acts in time for all."""
    batch = Batch.objects.select_related("store", "buyer").get(store=grant.store, ref=grant.subject)
    orders, deadline = sum(orders_held(locks).values()), locks.aggregate(least=Min(end))["least"]
    return {"batch": batch, "moves": moves, "orders": orders, "deadline": deadline}


def _grant(subjects: Mapping) -> Grant:
    return Grant.objects.select_related("store", "buyer").get(pk=subjects["grant"])


def _batch(subjects: Mapping) -> Batch:
    return Batch.objects.select_related("store", "buyer").get(ref=subjects["batch"])
