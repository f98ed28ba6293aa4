"""The ERP that a store's orders go to: one at a time, known, and new enough (R-78, R-79)."""

from django.db import IntegrityError, transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from repurchase.models import ErpConnection, ErpProduct, erp_version


def get_live_connection(store: Store) -> ErpConnection | None:
    return (
        ErpConnection.objects.filter(store=store, ended_at=None).select_related("product").first()
    )


def refuse_if_too_old(product: ErpProduct, version: str) -> None:
    """ERP_VERSION_TOO_OLD, INPUT_INVALID for what is no version."""
    try:
        enough = erp_version.is_at_least(version, product.minimum_version)
    except ValueError as error:
        raise Problem(Code.INPUT_INVALID, detail=str(error)) from None
    if not enough:
        raise Problem(
            Code.ERP_VERSION_TOO_OLD, erp=product.name, value=version, limit=product.minimum_version
        )


def get_erp_product(name: str) -> ErpProduct:
    """By its code or its name. ERP_UNKNOWN names those that there are."""
    active = ErpProduct.objects.filter(active=True).order_by("pk")
    for product in active:
        if name.strip().casefold() in (product.code.casefold(), product.name.casefold()):
            return product
    known = ", ".join(f"{p.name} ({p.code})" for p in active)
    raise Problem(Code.ERP_UNKNOWN, value=name[:40], limit=known)


@transaction.atomic
def connect(
    *, store: Store, name: str, version: str, by: str, simulated: bool = False
) -> ErpConnection:
    """Connects the ERP, in place of the one before: what is not released yet goes to it.

    ERP_UNKNOWN, ERP_VERSION_TOO_OLD, INPUT_INVALID; then nothing is written. The same again
    changes nothing.
    """
    product = get_erp_product(name)
    version = version.strip().removeprefix("v").removeprefix("V")
    refuse_if_too_old(product, version)
    versions_parsed = erp_version.parse_version(version)
    now = clock.now(store)
    before = (
        ErpConnection.objects.select_for_update(of=("self",))
        .filter(store=store, ended_at=None)
        .first()
    )
    if before and before.product_id == product.pk and before.simulated == simulated:
        if erp_version.parse_version(before.version) == versions_parsed:
            return before
        return _update_connection(before, product, version, by, now)
    if before:
        ErpConnection.objects.filter(pk=before.pk).update(ended_at=now, ended_by=by)
    try:
        with transaction.atomic():
            made = ErpConnection.objects.create(
                store=store,
                product=product,
                version=version,
                simulated=simulated,
                connected_at=now,
                connected_by=by,
            )
    except IntegrityError:  # two at once: the other one stands
        return ErpConnection.objects.select_related("product").get(store=store, ended_at=None)
    _record_connection(store, "erp.connected", made, by, now)
    return made


def _update_connection(
    of: ErpConnection, product: ErpProduct, version: str, by: str, now
) -> ErpConnection:
    of.version = version
    of.save(update_fields=["version"])
    _record_connection(of.store, "erp.updated", of, by, now)
    return of


@transaction.atomic
def disconnect(*, store: Store, by: str) -> None:
    """What is released stays with it; what is released from now on is taken from the XML.
    NOT_FOUND without one."""
    found = (
        ErpConnection.objects.select_for_update(of=("self",))
        .filter(store=store, ended_at=None)
        .first()
    )
    if found is None:
        raise Problem(Code.NOT_FOUND)
    now = clock.now(store)
    ErpConnection.objects.filter(pk=found.pk).update(ended_at=now, ended_by=by)
    _record_connection(store, "erp.disconnected", found, by, now)


def _record_connection(store: Store, kind: str, of: ErpConnection, by: str, now) -> None:
    ledger.record(
        store_id=store.pk,
        kind=kind,
        subject=f"store:{store.code}",
        by=by,
        at=now,
        erp=of.product.code,
        version=of.version,
    )


def parse_client_header(client: str) -> tuple[str, str]:
    """Name and version of what a call's X-ERP-Client says, as "mango/5.3.1". INPUT_INVALID."""
    name, slash, version = client.partition("/")
    if not slash:
        raise Problem(Code.INPUT_INVALID, detail="X-ERP-Client: name/version")
    return name, version.strip()


def refuse_other(*, store: Store, name: str, version: str) -> ErpConnection | None:
    """The live connection, which may be none yet or a simulated one. Nothing is written.

    ERP_NOT_CONNECTED when the store is connected to another ERP, which only a person changes;
    ERP_UNKNOWN, ERP_VERSION_TOO_OLD.
    """
    product, live = get_erp_product(name), get_live_connection(store)
    refuse_if_too_old(product, version.removeprefix("v").removeprefix("V"))
    if live and live.product_id != product.pk and not live.simulated:
        raise Problem(Code.ERP_NOT_CONNECTED, value=product.name, limit=live.product.name)
    return live


def connect_caller(*, store: Store, name: str, version: str, by: str) -> ErpConnection:
    """Connects the ERP that a call says it comes from when nothing real is, and follows its
    update."""
    live = refuse_other(store=store, name=name, version=version)
    if live and not live.simulated and live.version == version:
        return live
    return connect(store=store, name=name, version=version, by=by)
