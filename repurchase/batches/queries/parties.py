"""The two parties of an agreement: legal name, address, and how we know who they are."""

import datetime as dt

from marketplace import api_keys
from marketplace.models import Buyer, Store, User
from pricing.agreements import How, Identified, Party, Role
from qualification.models import Qualification


def seller(store: Store, actor: str) -> Party:
    """`actor`: who acted for it, “user:7”, or by a key for “user:7”."""
    identified = []
    if store.verified_at:
        identified.append(Identified(how=How.PLATFORM, value=_day(store.verified_at)))
    standing = Qualification.objects.filter(store=store).first()
    if standing:
        identified.append(Identified(how=How.QUALIFIED, value=_day(standing.since)))
    return Party(
        role=Role.SELLER,
        legal_name=store.legal_name,
        address=_address(store),
        identified=(*identified, *_account(actor)),
    )


def _account(actor: str) -> list[Identified]:
    user = user_of(actor)
    return [Identified(how=How.ACCOUNT, value=user.email)] if user else []


def user_of(actor: str) -> User | None:
    """The member who acted, or for whom a key did."""
    person = api_keys.person_of(actor)
    return User.objects.filter(pk=person).first() if person else None


def buyer(buyer: Buyer) -> Party:
    identified = [Identified(how=How.LINK, value=buyer.email)]
    if buyer.is_certified_business and buyer.certificate_valid_until:
        until = buyer.certificate_valid_until.isoformat()
        identified.append(Identified(how=How.CERTIFICATE, value=until))
    if buyer.tax_number:
        checked = buyer.tax_number_checked_at
        how = f" ({buyer.tax_number_checked_how}, {_day(checked)})" if checked else ""
        identified.append(Identified(how=How.TAX_NUMBER, value=f"{buyer.tax_number}{how}"))
    return Party(
        role=Role.BUYER,
        legal_name=buyer.name,
        address=_address(buyer),
        identified=tuple(identified),
    )


def _address(of: Store | Buyer) -> str:
    return ", ".join(
        part for part in (of.street, f"{of.postal_code} {of.city}".strip(), of.country) if part
    )


def _day(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).date().isoformat()
