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
from outbox.emails import RenderedEmail, register_renderer, render_email
from pricing import signing
from pricing.models import Grant, Lock, Renegotiation, Sealing
from pricing.services import seal_alarms
from repurchase.batches.queries.totals import count_orders_by_lock
from repurchase.models import Batch
from repurchase.notifications.emails import (
    absolute_batch_url,
    platform_staff_addresses,
    render_seller_email,
)


@register_renderer("repurchase.renegotiating_buyer")
def renegotiating_buyer(subjects: Mapping) -> RenderedEmail | None:
    """To the buyer, with the link. Nothing is left to say once all of them were settled."""
    return _render_renegotiations_email("renegotiating_buyer", subjects, to_buyer=True)


@register_renderer("repurchase.renegotiating_seller")
def renegotiating_seller(subjects: Mapping) -> RenderedEmail | None:
    return _render_renegotiations_email("renegotiating_seller", subjects, to_buyer=False)


@register_renderer("repurchase.renegotiation_reminder_buyer")
def renegotiation_reminder_buyer(subjects: Mapping) -> RenderedEmail | None:
    return _render_renegotiations_email("renegotiation_reminder_buyer", subjects, to_buyer=True)


@register_renderer("repurchase.renegotiation_reminder_seller")
def renegotiation_reminder_seller(subjects: Mapping) -> RenderedEmail | None:
    return _render_renegotiations_email("renegotiation_reminder_seller", subjects, to_buyer=False)


@register_renderer("repurchase.lock_reminder")
def lock_reminder(subjects: Mapping) -> RenderedEmail | None:
    """To the buyer while any of these locks is still open: nobody is reminded of what has
    passed."""
    grant = _grant_of_locks(subjects)
    locks = Lock.objects.of(grant.store).filter(pk__in=subjects["locks"])
    return _render_open_locks_email(
        "lock_reminder", grant, locks.open_at(clock.now(grant.store)), end="expires_at"
    )


@register_renderer("repurchase.terminated_buyer")
def terminated_buyer(subjects: Mapping) -> RenderedEmail:
    batch = _batch_of_locks(subjects)
    grant = Grant.objects.select_related("store", "buyer").get(
        store=batch.store, subject=batch.ref, buyer=batch.buyer
    )
    return _render_buyer_email("terminated_buyer", grant, batch, orders=subjects["orders"])


@register_renderer("repurchase.terminated_seller")
def terminated_seller(subjects: Mapping) -> RenderedEmail | None:
    batch = _batch_of_locks(subjects)
    context = {"batch": batch, "orders": subjects["orders"], "link": absolute_batch_url(batch)}
    return render_seller_email("terminated_seller", batch, context)


@register_renderer("marketplace.quarantined")
def quarantined(subjects: Mapping) -> RenderedEmail | None:
    """To the staff who may decide it; nothing is left to say once all of it was decided."""
    rows = list(
        Quarantined.objects.filter(pk__in=subjects["rows"], verdict="").order_by("day", "name")
    )
    to = platform_staff_addresses()
    if not rows or not to:
        return None
    link = (
        settings.SITE_URL + reverse("admin:marketplace_quarantined_changelist") + "?verdict__exact="
    )
    return render_email(
        "quarantined",
        to=to,
        language=settings.LANGUAGE_CODE,
        context={"rows": rows[:20], "n": len(rows), "link": link},
    )


@register_renderer("marketplace.corrected")
def corrected(subjects: Mapping) -> RenderedEmail | None:
    """To the same staff: what acted was corrected, and by what."""
    if not (to := platform_staff_addresses()):
        return None
    return render_email("corrected", to=to, language=settings.LANGUAGE_CODE, context=dict(subjects))


@register_renderer("marketplace.stale_rates")
def stale_rates(subjects: Mapping) -> RenderedEmail | None:
    """To the same staff; nothing is left to say once there are rates that are young enough."""
    now = clock.now()
    newest = newest_rate_set(now, store=None)
    limit = int(policy.in_force(now)["fx_max_age_days"])
    young = newest is not None and (now.date() - newest.published_on).days <= limit
    if young or not (to := platform_staff_addresses()):
        return None
    return render_email(
        "stale_rates",
        to=to,
        language=settings.LANGUAGE_CODE,
        context={"newest": newest, "limit": limit},
    )


@register_renderer(quarantine_alarms.ALARM_EMAIL_KIND)
def rates_in_quarantine(subjects: Mapping) -> RenderedEmail | None:
    """To the same staff; nothing is left to say once they have decided, or good rates have
    arrived."""
    now = clock.now()
    overdue = quarantine_alarms.overdue_currencies(now)
    if not overdue or not (to := platform_staff_addresses()):
        return None
    link = (
        settings.SITE_URL + reverse("admin:marketplace_quarantined_changelist") + "?verdict__exact="
    )
    limit = int(policy.in_force(now)["fx_max_age_days"])
    return render_email(
        "rates_wait",
        to=to,
        language=settings.LANGUAGE_CODE,
        context={"overdue": list(overdue.items()), "limit": limit, "link": link},
    )


@register_renderer(seal_alarms.KIND)
def seal_unfit(subjects: Mapping) -> RenderedEmail | None:
    """To the staff who see what waits for its seal; nothing is left to say once the certificate is
    in force."""
    why = seal_alarms.waiting_seals_reason()
    to = platform_staff_addresses("pricing.view_sealing")
    if not why or not to:
        return None
    link = settings.SITE_URL + reverse("admin:pricing_sealing_changelist")
    waiting = Sealing.objects.filter(done_at=None).count()
    return render_email(
        "seal_unfit",
        to=to,
        language=settings.LANGUAGE_CODE,
        context={"why": why, "n": waiting, "link": link},
    )


def _render_renegotiations_email(
    name: str, subjects: Mapping, *, to_buyer: bool
) -> RenderedEmail | None:
    grant = _grant_of_locks(subjects)
    rows = Renegotiation.objects.of(grant.store).filter(pk__in=subjects["renegotiations"])
    live = list(rows.live_at(clock.now(grant.store)).order_by("deadline_at", "pk"))
    locks = Lock.objects.filter(renegotiation__in=live)
    if to_buyer:
        return _render_open_locks_email(
            name, grant, locks, end="renegotiation_deadline", moves=live
        )
    context = _lock_email_context(grant, locks, end="renegotiation_deadline", moves=live)
    if not live:
        return None
    return render_seller_email(
        name,
        context["batch"],
        {**context, "link": f"{settings.SITE_URL}/renegotiations/{live[0].pk}/"},
    )


def _render_open_locks_email(
    name: str,
    grant: Grant,
    locks: QuerySet[Lock],
    *,
    end: str,
    moves: Collection[Renegotiation] = (),
) -> RenderedEmail | None:
    context = _lock_email_context(grant, locks, end=end, moves=moves)
    return _render_buyer_email(name, grant, **context) if context["orders"] else None


def _render_buyer_email(name: str, grant: Grant, batch: Batch, **context: Any) -> RenderedEmail:
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    return render_email(
        name,
        to=[grant.buyer.email],
        language=grant.buyer.language,
        context={"batch": batch, "link": link, **context},
    )


def _lock_email_context(
    grant: Grant, locks: QuerySet[Lock], *, end: str, moves: Collection[Renegotiation]
) -> dict[str, Any]:
    """The earliest end decides: whoever acts before it acts in time for all."""
    batch = Batch.objects.select_related("store", "buyer").get(store=grant.store, ref=grant.subject)
    orders, deadline = (
        sum(count_orders_by_lock(locks).values()),
        locks.aggregate(least=Min(end))["least"],
    )
    return {"batch": batch, "moves": moves, "orders": orders, "deadline": deadline}


def _grant_of_locks(subjects: Mapping) -> Grant:
    return Grant.objects.select_related("store", "buyer").get(pk=subjects["grant"])


def _batch_of_locks(subjects: Mapping) -> Batch:
    return Batch.objects.select_related("store", "buyer").get(ref=subjects["batch"])
