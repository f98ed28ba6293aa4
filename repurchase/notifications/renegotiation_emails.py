"""The letters of a renegotiation: an offer, a remark, a code, a signature, a decline. Each once;
none shows what the other side keeps to itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from marketplace.models import User
from marketplace.money import Money
from outbox import emails, events
from outbox.emails import RenderedEmail, register_failure_handler, register_renderer, render_email
from outbox.models import Letter
from pricing import signing
from pricing.locks import LockStatus, status_at
from pricing.models import Grant, Lock, Offer, Remark, Renegotiation, SigningCode
from pricing.renegotiation import Side
from pricing.services.renegotiation import current_offer
from repurchase.batches.queries.totals import count_orders_by_lock
from repurchase.confirmation.queries.renegotiation_page import BUYER_EMAIL_KINDS
from repurchase.confirmation.services.renegotiation import list_other_approvers
from repurchase.models import Batch
from repurchase.notifications.emails import absolute_batch_url, render_seller_email
from repurchase.templatetags import parts

lazy_amount = lazy(parts.amount, str)
lazy_zoned_time = lazy(parts.zoned, str)


@register_renderer("repurchase.offer_buyer")
def offer_buyer(subjects: Mapping) -> RenderedEmail | None:
    return _render_offer_email(subjects, Side.BUYER)


@register_renderer("repurchase.offer_seller")
def offer_seller(subjects: Mapping) -> RenderedEmail | None:
    return _render_offer_email(subjects, Side.SELLER)


def _render_offer_email(subjects: Mapping, to: Side) -> RenderedEmail | None:
    """Nothing once another version stands, or the talks are over."""
    found, batch = _renegotiation_of_subjects(subjects)
    standing = current_offer(found)
    if (
        standing is None
        or str(standing.pk) != subjects["offer"]
        or not _is_live_renegotiation(found)
    ):
        return None
    values = {
        "who": batch.store.name if to is Side.BUYER else batch.buyer.name,
        "ref": batch.ref,
        "total": lazy_amount(Money(standing.total_minor, found.lock.currency)),
        "locked": lazy_amount(Money(found.lock.total_minor, found.lock.currency)),
        "until": lazy_zoned_time(found.deadline_at),
    }
    lines = [
        format_lazy(
            _(
                "{who} offers new prices for the renegotiated orders of {ref}: {total} altogether, locked were {locked}."
            ),
            **values,
        ),
        format_lazy(
            _(
                "Accept and sign, make another offer or decline until {until}. Without both signatures the orders end."
            ),
            **values,
        ),
    ]
    subject = format_lazy(_("{who} offers new prices for {ref}"), **values)
    return _render_email(to, found, batch, subject, lines)


@register_renderer("repurchase.approval_wanted")
def approval_wanted(subjects: Mapping) -> RenderedEmail | None:
    """To every other member who may approve (R-47)."""
    found, batch = _renegotiation_of_subjects(subjects)
    made = Offer.objects.get(pk=subjects["offer"])
    others = User.objects.filter(pk__in=list_other_approvers(found.store_id, made.by)).order_by(
        "pk"
    )
    if hasattr(made, "approval") or not _is_live_renegotiation(found) or not others:
        return None
    values = {"ref": batch.ref, "until": lazy_zoned_time(found.deadline_at)}
    lines = [
        format_lazy(
            _(
                "An offer for the renegotiated orders of {ref} goes beyond what one member may offer alone. The buyer sees it once you approve it; the time ends {until}."
            ),
            **values,
        )
    ]
    context = {
        "subject": format_lazy(_("An offer for {ref} waits for your approval"), **values),
        "lines": lines,
        "link": _renegotiation_url(found),
        "store": batch.store,
    }
    to = [user.email for user in others]
    return render_email("talks", to=to, language=settings.LANGUAGE_CODE, context=context)


@register_renderer("repurchase.remark_buyer")
def remark_buyer(subjects: Mapping) -> RenderedEmail | None:
    return _render_remark_email(subjects, Side.BUYER)


@register_renderer("repurchase.remark_seller")
def remark_seller(subjects: Mapping) -> RenderedEmail | None:
    return _render_remark_email(subjects, Side.SELLER)


def _render_remark_email(subjects: Mapping, to: Side) -> RenderedEmail | None:
    found, batch = _renegotiation_of_subjects(subjects)
    text = Remark.objects.get(pk=subjects["remark"]).text
    values = {"who": batch.store.name if to is Side.BUYER else batch.buyer.name, "ref": batch.ref}
    lines = [format_lazy(_("{who} writes about the renegotiated orders of {ref}:"), **values), text]
    return _render_email(
        to, found, batch, format_lazy(_("{who} writes about {ref}"), **values), lines
    )


@register_renderer("repurchase.signed_buyer")
def signed_buyer(subjects: Mapping) -> RenderedEmail | None:
    return _render_signed_email(subjects, Side.BUYER)


@register_renderer("repurchase.signed_seller")
def signed_seller(subjects: Mapping) -> RenderedEmail | None:
    return _render_signed_email(subjects, Side.SELLER)


def _render_signed_email(subjects: Mapping, to: Side) -> RenderedEmail | None:
    """To the side whose signature is still wanted."""
    found, batch = _renegotiation_of_subjects(subjects)
    standing = current_offer(found)
    if (
        standing is None
        or str(standing.pk) != subjects["offer"]
        or not _is_live_renegotiation(found)
    ):
        return None
    values = {
        "who": batch.store.name if to is Side.BUYER else batch.buyer.name,
        "ref": batch.ref,
        "until": lazy_zoned_time(found.deadline_at),
        "total": lazy_amount(Money(standing.total_minor, found.lock.currency)),
    }
    lines = [
        format_lazy(_("{who} has signed the new prices of {ref}: {total}."), **values),
        format_lazy(
            _("They hold once you sign too, until {until}. One signature alone is none."), **values
        ),
    ]
    return _render_email(
        to,
        found,
        batch,
        format_lazy(_("{who} has signed: your signature is wanted for {ref}"), **values),
        lines,
    )


@register_renderer("repurchase.signing_code")
def signing_code(subjects: Mapping) -> RenderedEmail | None:
    """The code is derived only now; nothing once it was replaced, used or is too old."""
    code = SigningCode.objects.select_related("offer__renegotiation__lock__store").get(
        pk=subjects["code"]
    )
    found = code.offer.renegotiation
    newest = (
        SigningCode.objects.filter(offer=code.offer, side=code.side).order_by("-asked_at").first()
    )
    if code != newest or code.used_at or code.expires_at <= clock.now(found.lock.store):
        return None
    batch = _batch_of_lock(found.lock)
    values = {
        "code": signing.code_of(code),
        "ref": batch.ref,
        "until": lazy_zoned_time(code.expires_at),
    }
    lines = [
        format_lazy(_("Your code to sign the new prices of {ref}:"), **values),
        values["code"],
        format_lazy(
            _(
                "It works until {until}, once, and only for the prices that you have just seen. Nobody will ever ask you for it by phone or mail."
            ),
            **values,
        ),
    ]
    context = {
        "subject": format_lazy(_("Your code to sign {ref}"), **values),
        "lines": lines,
        "link": "",
        "store": batch.store,
    }
    grant = _grant_of_renegotiation(subjects)
    return render_email(
        "talks", to=[grant.buyer.email], language=grant.buyer.language, context=context
    )


@register_renderer("repurchase.renegotiation_declined_buyer")
def declined_buyer(subjects: Mapping) -> RenderedEmail | None:
    return _render_declined_email(subjects, Side.BUYER)


@register_renderer("repurchase.renegotiation_declined_seller")
def declined_seller(subjects: Mapping) -> RenderedEmail | None:
    return _render_declined_email(subjects, Side.SELLER)


def _render_declined_email(subjects: Mapping, to: Side) -> RenderedEmail | None:
    found, batch = _renegotiation_of_subjects(subjects)
    remark = found.remarks.filter(kind="decline").first()
    by = Side(remark.side) if remark else Side.SELLER
    values = {
        "who": batch.store.name if by is Side.SELLER else batch.buyer.name,
        "ref": batch.ref,
        "n": count_orders_by_lock([found.lock])[found.lock_id],
        "reason": remark.text if remark and remark.text else "—",
    }
    lines = [
        format_lazy(
            _(
                "{who} declined to agree on new prices for {ref}. Orders that ended: {n}. Nothing of them is ordered; your other orders are not affected."
            ),
            **values,
        ),
        format_lazy(_("Reason: {reason}"), **values),
    ]
    return _render_email(
        to,
        found,
        batch,
        format_lazy(_("{who} declined the renegotiation of {ref}"), **values),
        lines,
    )


@register_renderer("repurchase.undelivered")
def email_undelivered(subjects: Mapping) -> RenderedEmail | None:
    """To the seller, at once: a letter that the buyer needs could not be sent. Nothing if it went
    out meanwhile."""
    letter = Letter.objects.filter(pk=subjects["letter"], sent_at__isnull=True).first()
    grant = _grant_of_renegotiation(subjects)
    if letter is None:
        return None
    batch = Batch.objects.select_related("store", "buyer").get(
        store=grant.store_id, ref=grant.subject
    )
    values = {"name": batch.buyer.name, "ref": batch.ref, "to": parts.masked(batch.buyer.email)}
    lines = [
        format_lazy(
            _(
                "A letter to {name} ({to}) about {ref} could not be sent. It is tried again by itself; until it arrives the buyer may not know what to do, and deadlines run on."
            ),
            **values,
        ),
        _("Check the buyer's address, and reach them another way."),
    ]
    context = {
        "subject": format_lazy(_("A letter to the buyer of {ref} did not go out"), **values),
        "lines": lines,
        "link": absolute_batch_url(batch),
        "store": batch.store,
    }
    return render_seller_email("talks", batch, context)


@register_failure_handler(*BUYER_EMAIL_KINDS)
def alarm_undelivered_email(letter: Letter) -> None:
    """The four hours run: the seller's open pages are told as well as their mailbox, once a
    letter."""
    grant = Grant.objects.select_related("store").filter(pk=letter.subjects.get("grant")).first()
    if grant is None:
        return
    emails.write(
        kind="repurchase.undelivered",
        store_id=letter.store_id,
        dedupe=f"undelivered:{letter.pk}",
        letter=str(letter.pk),
        grant=str(grant.pk),
    )
    events.publish(
        store_id=letter.store_id,
        type="letter.failed",
        subject=f"batch:{grant.subject}",
        at=clock.now(grant.store),
        kind=letter.kind.removeprefix("repurchase."),
    )


def _render_email(
    to: Side, found: Renegotiation, batch: Batch, subject: Any, lines: Sequence[Any]
) -> RenderedEmail | None:
    context = {"subject": subject, "lines": lines, "store": batch.store}
    if to is Side.SELLER:
        return render_seller_email("talks", batch, context | {"link": _renegotiation_url(found)})
    grant = Grant.objects.select_related("buyer").get(
        store=batch.store, subject=batch.ref, buyer=batch.buyer
    )
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    return render_email(
        "talks",
        to=[grant.buyer.email],
        language=grant.buyer.language,
        context=context | {"link": link},
    )


def _renegotiation_url(found: Renegotiation) -> str:
    return settings.SITE_URL + reverse("renegotiation", args=[found.pk])


def _is_live_renegotiation(found: Renegotiation) -> bool:
    return status_at(found.lock, clock.now(found.lock.store)) is LockStatus.RENEGOTIATING


def _renegotiation_of_subjects(subjects: Mapping) -> tuple[Renegotiation, Batch]:
    found = Renegotiation.objects.select_related("lock__store").get(pk=subjects["renegotiation"])
    return found, _batch_of_lock(found.lock)


def _batch_of_lock(lock: Lock) -> Batch:
    return Batch.objects.select_related("store", "buyer").get(store=lock.store_id, ref=lock.subject)


def _grant_of_renegotiation(subjects: Mapping) -> Grant:
    return Grant.objects.select_related("store", "buyer").get(pk=subjects["grant"])
