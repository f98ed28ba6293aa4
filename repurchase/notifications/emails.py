"""The letters that the product writes: each renderer loads what its row names and says it in the
reader's language."""

from collections.abc import Mapping
from dataclasses import replace

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse

from marketplace import api_keys
from marketplace.access import ROLE_CAPABILITIES, Capability
from marketplace.models import Membership, Role, Store
from marketplace.money import Money
from outbox.emails import RenderedEmail, register_renderer
from outbox.emails import render_email as _letter
from outbox.models import Webhook
from pricing import signing
from pricing.models import Grant, SealedAgreement
from pricing.services.agreement_sealing import content_of
from repurchase.confirmation.queries import agreements
from repurchase.confirmation.queries.buyer_page import buyer_offer_of_grant
from repurchase.fulfilment.queries.failed_documents import failed_documents_by_kind
from repurchase.fulfilment.services import proforma_invoices
from repurchase.models import Batch, Proforma

ATTACHED_BYTES = (
    5 << 20
)  # a larger PDF would bounce at many mail servers: its letter only links to it


def _seller_addresses(store: Store, batch: Batch) -> list[str]:
    """Whoever made the batch and may still see it; otherwise the store's owners."""
    members = Membership.objects.filter(store=store, user__is_active=True)
    maker = api_keys.person_of(batch.created_by)
    chosen = members.filter(user=maker) if maker else members.none()
    users = (chosen or members.filter(role=Role.OWNER)).values("user_id")
    return list(
        get_user_model().objects.filter(pk__in=users).order_by("pk").values_list("email", flat=True)
    )


@register_renderer("outbox.webhook_disabled")
def webhook_disabled(subjects: Mapping) -> RenderedEmail | None:
    """To the store's developers and owners. Nothing is left to say once it was removed or switched
    on again."""
    webhook = Webhook.objects.filter(pk=subjects["webhook"], enabled=False).first()
    if webhook is None:
        return None
    roles = [role for role, can in ROLE_CAPABILITIES.items() if Capability.MANAGE_KEYS in can]
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


@register_renderer("marketplace.webhooks_stay")
def webhooks_without_author(subjects: Mapping) -> RenderedEmail | None:
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


def absolute_batch_url(batch: Batch) -> str:
    return f"{settings.SITE_URL}/batches/{batch.ref}/"


def _grant_of_subjects(subjects: Mapping) -> Grant:
    return Grant.objects.select_related("store", "buyer").get(pk=subjects["grant"])


@register_renderer("repurchase.invitation")
def invitation(subjects: Mapping) -> RenderedEmail | None:
    """To the buyer, with the link, derived only now (reliability 8). Nothing is left to say once
    it was settled."""
    grant = _grant_of_subjects(subjects)
    offer = buyer_offer_of_grant(grant)
    if offer.state != "open":
        return None
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    return _letter(
        "invitation",
        to=[grant.buyer.email],
        language=grant.buyer.language,
        context={"offer": offer, "link": link},
    )


@register_renderer("repurchase.answered_buyer")
def response_to_buyer(subjects: Mapping) -> RenderedEmail:
    grant = _grant_of_subjects(subjects)
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    return _letter(
        "answered_buyer",
        to=[grant.buyer.email],
        language=grant.buyer.language,
        context={"offer": buyer_offer_of_grant(grant), "link": link},
    )


@register_renderer("repurchase.answered_seller")
def response_to_seller(subjects: Mapping) -> RenderedEmail | None:
    offer = buyer_offer_of_grant(_grant_of_subjects(subjects))
    context = {"offer": offer, "link": absolute_batch_url(offer.batch)}
    return render_seller_email("answered_seller", offer.batch, context)


@register_renderer("repurchase.expired")
def expired(subjects: Mapping) -> RenderedEmail | None:
    batch = Batch.objects.select_related("store", "buyer").get(ref=subjects["batch"])
    return render_seller_email(
        "expired",
        batch,
        {"batch": batch, "orders": subjects["orders"], "link": absolute_batch_url(batch)},
    )


@register_renderer("repurchase.stopped")
def stopped(subjects: Mapping) -> RenderedEmail | None:
    """To the seller: R-90 was decided against these orders."""
    batch = Batch.objects.select_related("store", "buyer").get(ref=subjects["batch"])
    return render_seller_email(
        "stopped",
        batch,
        {"batch": batch, "orders": subjects["orders"], "link": absolute_batch_url(batch)},
    )


@register_renderer("repurchase.cancelled")
def cancelled(subjects: Mapping) -> RenderedEmail:
    """To a buyer who was invited: the offer is withdrawn."""
    grant = _grant_of_subjects(subjects)
    return _letter(
        "cancelled",
        to=[grant.buyer.email],
        language=grant.buyer.language,
        context={"offer": buyer_offer_of_grant(grant)},
    )


@register_renderer("repurchase.sealed_buyer")
def sealed_buyer(subjects: Mapping) -> RenderedEmail:
    sealed, batch = _agreement_of_subjects(subjects)
    grant = Grant.objects.select_related("buyer").get(
        store=sealed.store, subject=sealed.subject, buyer=batch.buyer
    )
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    letter = _letter(
        "sealed",
        to=[grant.buyer.email],
        language=grant.buyer.language,
        context=_agreement_context(sealed, batch, link),
    )
    return _with_agreement_pdf(letter, sealed)


@register_renderer("repurchase.sealed_seller")
def sealed_seller(subjects: Mapping) -> RenderedEmail | None:
    sealed, batch = _agreement_of_subjects(subjects)
    letter = render_seller_email(
        "sealed", batch, _agreement_context(sealed, batch, absolute_batch_url(batch))
    )
    return _with_agreement_pdf(letter, sealed) if letter else None


@register_renderer("repurchase.proforma_buyer")
def proforma_buyer(subjects: Mapping) -> RenderedEmail:
    found = _proforma_of_subjects(subjects)
    batch = found.batch
    grant = Grant.objects.get(store=found.store_id, subject=batch.ref, buyer=batch.buyer_id)
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    return _with_proforma_pdf(
        found,
        _letter(
            "proforma",
            to=[batch.buyer.email],
            language=batch.buyer.language,
            context=_payment_context(found, link),
        ),
    )


@register_renderer("repurchase.proforma_seller")
def proforma_seller(subjects: Mapping) -> RenderedEmail | None:
    found = _proforma_of_subjects(subjects)
    letter = render_seller_email(
        "proforma", found.batch, _payment_context(found, absolute_batch_url(found.batch))
    )
    return _with_proforma_pdf(found, letter) if letter else None


@register_renderer("repurchase.called_off")
def unpaid_orders_cancelled(subjects: Mapping) -> RenderedEmail:
    """To the buyer: these are not to be paid any more."""
    found = _proforma_of_subjects(subjects)
    batch = found.batch
    grant = Grant.objects.get(store=found.store_id, subject=batch.ref, buyer=batch.buyer_id)
    link = f"{settings.SITE_URL}/b/{signing.token_of(grant)}/"
    context = {"proforma": found, "batch": batch, "n": len(subjects["orders"]), "link": link}
    return _letter(
        "called_off", to=[batch.buyer.email], language=batch.buyer.language, context=context
    )


@register_renderer("repurchase.papers_failing")
def documents_failing(subjects: Mapping) -> RenderedEmail | None:
    """To the platform's staff; nothing is left to say once all of them were made."""
    model = {m._meta.model_name: found for m, found in failed_documents_by_kind().items()}[
        subjects["model"]
    ]
    rows = list(model.filter(pk__in=subjects["papers"]).select_related("store").order_by("pk"))
    to = platform_staff_addresses()
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


def platform_staff_addresses(permission: str = "marketplace.change_quarantined") -> list[str]:
    """The staff that is told of what goes wrong on the platform: who judges quarantined rates,
    unless said otherwise."""
    staff = get_user_model().objects.filter(is_active=True, is_staff=True)
    return [user.email for user in staff.order_by("pk") if user.has_perm(permission)]


def _proforma_of_subjects(subjects: Mapping) -> Proforma:
    return Proforma.objects.select_related("store", "batch__store", "batch__buyer").get(
        pk=subjects["proforma"]
    )


def _payment_context(found: Proforma, link: str) -> dict:
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


def _with_proforma_pdf(found: Proforma, letter: RenderedEmail) -> RenderedEmail:
    if found.file_bytes > ATTACHED_BYTES:
        return letter
    pdf = (f"{found.number}.pdf", proforma_invoices.read_pdf(found), "application/pdf")
    return replace(letter, attachments=[pdf])


def _agreement_of_subjects(subjects: Mapping) -> tuple[SealedAgreement, Batch]:
    sealed = SealedAgreement.objects.select_related("store").get(pk=subjects["agreement"])
    batch = Batch.objects.select_related("store", "buyer").get(
        store=sealed.store, ref=sealed.subject
    )
    return sealed, batch


def _agreement_context(sealed: SealedAgreement, batch: Batch, link: str) -> dict:
    attached = sealed.file_bytes <= ATTACHED_BYTES
    return {
        "sealed": sealed,
        "batch": batch,
        "link": link,
        "attached": attached,
        "verify": f"{settings.SITE_URL}/verify/",
    }


def _with_agreement_pdf(letter: RenderedEmail, sealed: SealedAgreement) -> RenderedEmail:
    if sealed.file_bytes > ATTACHED_BYTES:
        return letter
    pdf = (agreements.file_name(sealed), content_of(sealed), "application/pdf")
    return replace(letter, attachments=[pdf])


def render_seller_email(name: str, batch: Batch, context: dict) -> RenderedEmail | None:
    to = _seller_addresses(batch.store, batch)
    return _letter(name, to=to, language=settings.LANGUAGE_CODE, context=context) if to else None
