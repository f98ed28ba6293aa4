"""The letters that the product writes: each renderer loads what its row names and says it in the
reader's language."""

from collections.abc import Mapping
from dataclasses import replace

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse

from marketplace import api_keys
from marketplace.access import CAPABILITIES, Can
from marketplace.models import Membership, Role, Store
from marketplace.money import Money
from outbox.emails import Rendered, renders
from outbox.emails import from_template as _letter
from outbox.models import Webhook
from pricing import signing
from pricing.models import Grant, SealedAgreement
from pricing.services.agreement_sealing import content_of
from repurchase.confirmation.queries import agreements
from repurchase.confirmation.queries.buyer_page import offer_of
from repurchase.fulfilment.queries.failed_documents import failing
from repurchase.fulfilment.services import proforma_invoices
from repurchase.models import Batch, Proforma

ATTACHED_BYTES = (
    5 << 20
)  # a larger PDF would bounce at many mail servers: its letter only links to it


def _sellers(store: Store, batch: Batch) -> list[str]:
    """Whoever made the batch and may still see it; otherwise the store's owners."""
    members = Membership.objects.filter(store=store, user__is_active=True)
    maker = api_keys.person_of(batch.created_by)
    chosen = members.filter(user=maker) if maker else members.none()
    users = (chosen or members.filter(role=Role.OWNER)).values("user_id")
    return list(
        get_user_model().objects.filter(pk__in=users).order_by("pk").values_list("email", flat=True)
    )


@renders("outbox.webhook_disabled")
def webhook_disabled(subjects: Mapping) -> Rendered | None:
    """To the store's developers and owners. Nothing is left to say once it was removed or switched
    on again."""
    webhook = Webhook.objects.filter(pk=subjects["webhook"], enabled=False).first()
    if webhook is None:
        return None
    roles = [role for role, can in CAPABILITIES.items() if Can.MANAGE_KEYS in can]
    members = Membership.objects.filter(
        store=webhook.store_id, role__in=roles, user__is_active=True
    )
    to = list(members.order_by("user__email").values_list("user__email", flat=True))
    link = settings.SITE_URL + reverse("developers-webhook", args=[webhook.pk])
    context = {"store": Store.objects.get(pk=webhook.store_id), "webhook": webhook, "link": link}
    return (
        _letter("webhook_disabled", to=to, language=settings.LANGUAGE_CODE, context=context)
        if to
        else None
    )


@renders("marketplace.webhooks_stay")
def webhooks_stay(subjects: Mapping) -> Rendered | None:
    """To the store's owners, when the member who added them has left. Nothing to say once none of
    them is left."""
    found = Webhook.objects.filter(pk__in=subjects["webhooks"]).order_by("created_at", "pk")
    if not found:
        return None
    store = Store.objects.get(pk=found[0].store_id)
    owners = Membership.objects.filter(store=store, role=Role.OWNER, user__is_active=True)
    to = list(owners.order_by("user__email").values_list("user__email", flat=True))
    context = {
        "store": store,
        "webhooks": found,
        "name": subjects["name"],
        "link": settings.SITE_URL + reverse("developers"),
    }
    return (
        _letter("webhooks_stay", to=to, language=settings.LANGUAGE_CODE, context=context)
        if to
        else None
    )


def batch_url(batch: Batch) -> str:
    return f"{settings.SITE_URL}/batches/{batch.ref}/"


def _grant(subjects: Mapping) -> Grant:
    return Grant.objects.select_related("store", "buyer").get(pk=subjects["grant"])


@renders("repurchase.invitation")
def invitation(subjects: Mapping) -> Rendered | None:
    """To the buyer, with the link, derived only now (reliability 8). Nothing is left to say once
    it was settled."""
    grant = _grant(subjects)
    offer = offer_of(grant)
    if offer.state != "open":
        return None
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    return _letter(
        "invitation",
        to=[grant.buyer.email],
        language=grant.buyer.language,
        context={"offer": offer, "link": link},
    )


@renders("repurchase.answered_buyer")
def answered_buyer(subjects: Mapping) -> Rendered:
    grant = _grant(subjects)
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    return _letter(
        "answered_buyer",
        to=[grant.buyer.email],
        language=grant.buyer.language,
        context={"offer": offer_of(grant), "link": link},
    )


@renders("repurchase.answered_seller")
def answered_seller(subjects: Mapping) -> Rendered | None:
    offer = offer_of(_grant(subjects))
    context = {"offer": offer, "link": batch_url(offer.batch)}
    return to_seller("answered_seller", offer.batch, context)


@renders("repurchase.expired")
def expired(subjects: Mapping) -> Rendered | None:
    batch = Batch.objects.select_related("store", "buyer").get(ref=subjects["batch"])
    return to_seller(
        "expired", batch, {"batch": batch, "orders": subjects["orders"], "link": batch_url(batch)}
    )


@renders("repurchase.stopped")
def stopped(subjects: Mapping) -> Rendered | None:
    """To the seller: R-90 was decided against these orders."""
    batch = Batch.objects.select_related("store", "buyer").get(ref=subjects["batch"])
    return to_seller(
        "stopped", batch, {"batch": batch, "orders": subjects["orders"], "link": batch_url(batch)}
    )


@renders("repurchase.cancelled")
def cancelled(subjects: Mapping) -> Rendered:
    """To a buyer who was invited: the offer is withdrawn."""
    grant = _grant(subjects)
    return _letter(
        "cancelled",
        to=[grant.buyer.email],
        language=grant.buyer.language,
        context={"offer": offer_of(grant)},
    )


@renders("repurchase.sealed_buyer")
def sealed_buyer(subjects: Mapping) -> Rendered:
    sealed, batch = _sealed(subjects)
    grant = Grant.objects.select_related("buyer").get(
        store=sealed.store, subject=sealed.subject, buyer=batch.buyer
    )
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    letter = _letter(
        "sealed",
        to=[grant.buyer.email],
        language=grant.buyer.language,
        context=_paper(sealed, batch, link),
    )
    return _with_pdf(letter, sealed)


@renders("repurchase.sealed_seller")
def sealed_seller(subjects: Mapping) -> Rendered | None:
    sealed, batch = _sealed(subjects)
    letter = to_seller("sealed", batch, _paper(sealed, batch, batch_url(batch)))
    return _with_pdf(letter, sealed) if letter else None


@renders("repurchase.proforma_buyer")
def proforma_buyer(subjects: Mapping) -> Rendered:
    found = _proforma(subjects)
    batch = found.batch
    grant = Grant.objects.get(store=found.store_id, subject=batch.ref, buyer=batch.buyer_id)
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    return _invoice(
        found,
        _letter(
            "proforma",
            to=[batch.buyer.email],
            language=batch.buyer.language,
            context=_payable(found, link),
        ),
    )


@renders("repurchase.proforma_seller")
def proforma_seller(subjects: Mapping) -> Rendered | None:
    found = _proforma(subjects)
    letter = to_seller("proforma", found.batch, _payable(found, batch_url(found.batch)))
    return _invoice(found, letter) if letter else None


@renders("repurchase.called_off")
def called_off(subjects: Mapping) -> Rendered:
    """To the buyer: these are not to be paid any more."""
    found = _proforma(subjects)
    batch = found.batch
    grant = Grant.objects.get(store=found.store_id, subject=batch.ref, buyer=batch.buyer_id)
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    context = {"proforma": found, "batch": batch, "n": len(subjects["orders"]), "link": link}
    return _letter(
        "called_off", to=[batch.buyer.email], language=batch.buyer.language, context=context
    )


@renders("repurchase.papers_failing")
def papers_failing(subjects: Mapping) -> Rendered | None:
    """To the platform's staff; nothing is left to say once all of them were made."""
    model = {m._meta.model_name: found for m, found in failing().items()}[subjects["model"]]
    rows = list(model.filter(pk__in=subjects["papers"]).select_related("store").order_by("pk"))
    to = platform_staff()
    if not rows or not to:
        return None
    papers = [
        {"what": str(row), "store": row.store.name, "error": getattr(row, "error", "")}
        for row in rows
    ]
    return _letter(
        "papers_failing",
        to=to,
        language=settings.LANGUAGE_CODE,
        context={"papers": papers[:20], "n": len(rows)},
    )


def platform_staff(permission: str = "marketplace.change_quarantined") -> list[str]:
    """The staff that is told of what goes wrong on the platform: who judges quarantined rates,
    unless said otherwise."""
    staff = get_user_model().objects.filter(is_active=True, is_staff=True)
    return [user.email for user in staff.order_by("pk") if user.has_perm(permission)]


def _proforma(subjects: Mapping) -> Proforma:
    return Proforma.objects.select_related("store", "batch__store", "batch__buyer").get(
        pk=subjects["proforma"]
    )


def _payable(found: Proforma, link: str) -> dict:
    totals = [
        {"money": Money(total["total_minor"], total["currency"]), "orders": total["orders"]}
        for total in found.totals
    ]
    attached = found.file_bytes <= ATTACHED_BYTES
    return {
        "proforma": found,
        "batch": found.batch,
        "totals": totals,
        "link": link,
        "attached": attached,
    }


def _invoice(found: Proforma, letter: Rendered) -> Rendered:
    if found.file_bytes > ATTACHED_BYTES:
        return letter
    pdf = (f"{found.number}.pdf", proforma_invoices.content_of(found), "application/pdf")
    return replace(letter, attachments=[pdf])


def _sealed(subjects: Mapping) -> tuple[SealedAgreement, Batch]:
    sealed = SealedAgreement.objects.select_related("store").get(pk=subjects["agreement"])
    batch = Batch.objects.select_related("store", "buyer").get(
        store=sealed.store, ref=sealed.subject
    )
    return sealed, batch


def _paper(sealed: SealedAgreement, batch: Batch, link: str) -> dict:
    attached = sealed.file_bytes <= ATTACHED_BYTES
    return {
        "sealed": sealed,
        "batch": batch,
        "link": link,
        "attached": attached,
        "verify": f"{settings.SITE_URL}/verify/",
    }


def _with_pdf(letter: Rendered, sealed: SealedAgreement) -> Rendered:
    if sealed.file_bytes > ATTACHED_BYTES:
        return letter
    pdf = (agreements.file_name(sealed), content_of(sealed), "application/pdf")
    return replace(letter, attachments=[pdf])


def to_seller(name: str, batch: Batch, context: dict) -> Rendered | None:
    to = _sellers(batch.store, batch)
    return _letter(name, to=to, language=settings.LANGUAGE_CODE, context=context) if to else None
