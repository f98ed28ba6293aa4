"""The two parties of an agreement: legal name, address, and how we know who they are."""

import datetime as dt

from marketplace import api_keys
from marketplace.models import Buyer, Store, User
from pricing.agreements import AgreementParty, AgreementRole, Identification, IdentificationMethod
from qualification.models import Qualification


def describe_seller(store: Store, actor: str) -> AgreementParty:
    """`actor`: who acted for it, “user:7”, or by a key for “user:7”."""
    identified = []
    if store.verified_at:
        identified.append(
            Identification(how=IdentificationMethod.PLATFORM, value=_iso_day(store.verified_at))
        )
    standing = Qualification.objects.filter(store=store).first()
    if standing:
        identified.append(
            Identification(how=IdentificationMethod.QUALIFIED, value=_iso_day(standing.since))
        )
    return AgreementParty(
        role=AgreementRole.SELLER,
        legal_name=store.legal_name,
        address=_postal_address(store),
        identified=(*identified, *_identified_by_account(actor)),
    )


def _identified_by_account(actor: str) -> list[Identification]:
    user = acting_user(actor)
    return [Identification(how=IdentificationMethod.ACCOUNT, value=user.email)] if user else []


def acting_user(actor: str) -> User | None:
    """The member who acted, or for whom a key did."""
    person = api_keys.person_of(actor)
    return User.objects.filter(pk=person).first() if person else None


def describe_buyer(buyer: Buyer) -> AgreementParty:
    identified = [Identification(how=IdentificationMethod.LINK, value=buyer.email)]
    if buyer.is_certified_business and buyer.certificate_valid_until:
        until = buyer.certificate_valid_until.isoformat()
        identified.append(Identification(how=IdentificationMethod.CERTIFICATE, value=until))
    if buyer.tax_number:
        checked = buyer.tax_number_checked_at
        how = f" ({buyer.tax_number_checked_how}, {_iso_day(checked)})" if checked else ""
        identified.append(
            Identification(how=IdentificationMethod.TAX_NUMBER, value=f"{buyer.tax_number}{how}")
        )
    return AgreementParty(
        role=AgreementRole.BUYER,
        legal_name=buyer.name,
        address=_postal_address(buyer),
        identified=tuple(identified),
    )


def _postal_address(of: Store | Buyer) -> str:
    return ", ".join(
        part for part in (of.street, f"{of.postal_code} {of.city}".strip(), of.country) if part
    )


def _iso_day(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).date().isoformat()
