"""The store's terms with a buyer: paying before the release, or on open account from an instant on
(R-91)."""

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Buyer, PaymentTerms, Store
from marketplace.queries import has_open_account


@transaction.atomic
def set_terms(*, buyer: Buyer, open_account_from_now: bool, reason: str, by: str) -> PaymentTerms:
    """From now on; what is confirmed already keeps its terms. INPUT_INVALID without a reason or a
    change."""
    reason = reason.replace("\0", "").strip()[:300]
    if not reason:
        raise Problem(Code.INPUT_INVALID, detail="reason")
    Buyer.objects.select_for_update().get(pk=buyer.pk)
    now = clock.now(buyer.store)
    if has_open_account(buyer, now) == open_account_from_now:
        raise Problem(Code.INPUT_INVALID, detail="open_account")
    made = PaymentTerms.objects.create(
        store=buyer.store,
        buyer=buyer,
        open_account=open_account_from_now,
        valid_from=now,
        reason=reason,
        set_by=by,
    )
    ledger.record(
        store_id=buyer.store_id,
        kind="terms.changed",
        subject=f"buyer:{buyer.external_id}",
        by=by,
        at=now,
        open_account=open_account_from_now,
        reason=reason,
    )
    return made


@transaction.atomic
def set_pay_to(*, store: Store, text: str, by: str) -> None:
    """How buyers pay, as it stands on proformas from now on. INPUT_INVALID when it is too long."""
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if len(text) > 600:
        raise Problem(Code.INPUT_INVALID, detail="pay_to: 600")
    Store.objects.filter(pk=store.pk).update(pay_to=text)
    ledger.record(
        store_id=store.pk,
        kind="pay_to.changed",
        subject=f"store:{store.code}",
        by=by,
        at=clock.now(store),
        digest=ledger.digest_of_person(text),
    )
