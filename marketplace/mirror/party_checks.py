"""What somebody has checked about a party, with who, how and when."""

from django.db import transaction

from diagnostics import ledger
from marketplace import clock
from marketplace.models import Buyer


@transaction.atomic
def check_tax_number(buyer: Buyer, *, how: str, by: str) -> None:
    """Keeps that the buyer's tax number was checked: from now on reverse charge may apply
    (R-64)."""
    buyer.tax_number_checked_at = at = clock.now(buyer.store)
    buyer.tax_number_checked_how, buyer.tax_number_checked_by = how, by
    buyer.save(
        update_fields=["tax_number_checked_at", "tax_number_checked_how", "tax_number_checked_by"]
    )
    ledger.record(
        store_id=buyer.store_id,
        kind="tax_number.checked",
        subject=f"buyer:{buyer.external_id}",
        by=by,
        at=at,
        how=how,
        number_digest=ledger.digest_of_person(buyer.tax_number),
    )
