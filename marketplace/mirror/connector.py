"""Where stock can be asked for when a price lock needs it fresh (R-80): the interface, and the
bounded wait for it."""

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog
from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string

from diagnostics.transactions import refuse_in_transaction
from marketplace import clock
from marketplace.mirror import inventory
from marketplace.models import Store

log = structlog.get_logger(__name__)
StockLevels = Mapping[str, tuple[int, dt.datetime]]
"""(pieces on hand, when that was read) by SKU code. What the source can't tell is left out."""


class StockSource(Protocol):
    """A connector to whoever owns the stock. It runs on a thread of its own and may be slow, fail
    or never answer."""

    def read(self, store: Store, sku_codes: Sequence[str]) -> StockLevels: ...


def configured_stock_source() -> StockSource | None:
    """The one that the setting STOCK_SOURCE names, or None: then nothing can be asked."""
    return import_string(settings.STOCK_SOURCE)() if settings.STOCK_SOURCE else None


def refresh(*, store: Store, sku_codes: Sequence[str], seconds: float) -> int:
    """Reads these SKUs' stock, at most so long, and writes it; how many became fresher.

    InsideTransaction while one is open. A source that fails or is late counts as silent.
    """
    asked = configured_stock_source()
    if asked is None or not sku_codes:
        return 0
    refuse_in_transaction("stock source")
    levels = _read_within(seconds, asked, store, sku_codes)
    wanted, now = set(sku_codes), clock.now(store)  # a source's clock may be a little ahead of ours
    rows = [
        {"sku": code, "on_hand": on_hand, "synced_at": min(at, now).isoformat()}
        for code, (on_hand, at) in levels.items()
        if code in wanted
    ]
    if not rows:
        return 0
    return inventory.put(
        store=store, rows=rows, source=getattr(asked, "name", "connector")
    ).accepted


def _read_within(
    seconds: float, asked: StockSource, store: Store, sku_codes: Sequence[str]
) -> StockLevels:
    """What the source says in time; nothing when it does not. A thread that hangs is left behind,
    never waited for."""
    answer: list[StockLevels] = []

    def ask() -> None:
        try:
            answer.append(asked.read(store, sku_codes))
        except Exception:  # whatever a connector meets is an answer that did not come
            log.exception("stock_source_failed", store=store.code)
        finally:
            connections.close_all()

    thread = threading.Thread(target=ask, daemon=True, name="stock-source")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        log.warning("stock_source_late", store=store.code, seconds=seconds)
    return answer[0] if answer else {}
