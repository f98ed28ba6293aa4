"""What a lock freezes: exchange rates, index close, tariffs and policies, as one text with one
digest (R-48, ⚙).

The text stands beside the locks of its batch and its digest in the ledger. What is worked out
under a lock reads it from here; the rows that it was read from are only held against it.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from diagnostics import proofs
from diagnostics.append_only import APPEND_ONLY_MODELS
from marketplace import territories
from marketplace.calendar import platform_day
from marketplace.models import (
    CarrierService,
    CommissionRate,
    FxRate,
    FxRateSet,
    IndexClose,
    PolicyValue,
    RateCard,
    Store,
    TaxRate,
)
from marketplace.money import Rates
from pricing.agreements import digest_of
from pricing.models import FrozenValues, Lock

VERSION = "frozen-1"
CLOSED_LATER = "valid_until"
"""A version of a tariff gets its end when the next one begins: it priced the same before and
after."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PricingBasis:
    """Which tariffs the locked orders were priced by: those in force at an instant for
    destinations and categories."""

    at: dt.datetime | None = None
    countries: Collection[str] = ()
    category_ids: Collection[int] = ()
    policies: Mapping[str, Any] = field(default_factory=dict)


def freeze(
    *,
    store: Store,
    subject: str,
    rate_set_id: int,
    index_close_id: int | None,
    priced_by: PricingBasis = PricingBasis(),
) -> FrozenValues:
    """Keeps the values of one locking, in its transaction: a fixed number of queries for any
    number of orders."""
    read = [
        FxRateSet.objects.filter(pk=rate_set_id),
        FxRate.objects.filter(rate_set=rate_set_id),
        IndexClose.objects.filter(pk=index_close_id),
        *(_tariffs_in_force(store, priced_by) if priced_by.at else ()),
    ]
    values = {rows.model._meta.label_lower: _values_by_id(rows) for rows in read}
    content = {
        "version": VERSION,
        "rates": _published_rates(rate_set_id, values),
        "index_close": index_close_id,
        "policies": priced_by.policies,
        "rows": values,
    }
    text = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_json_default
    ).encode()
    return FrozenValues.objects.create(
        store=store, subject=subject, digest=digest_of(text), text=text
    )


def _published_rates(rate_set_id: int, values: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    rate_set = values[FxRateSet._meta.label_lower][str(rate_set_id)]
    per_euro = {
        row["currency"]: row["per_euro"] for row in values[FxRate._meta.label_lower].values()
    }
    return {
        "id": rate_set_id,
        "source": rate_set["source"],
        "published_on": rate_set["published_on"],
        "per_euro": per_euro,
    }


def _tariffs_in_force(store: Store, priced_by: PricingBasis) -> list[QuerySet]:
    day = platform_day(priced_by.at)
    cards = RateCard.objects.on(day).filter(
        Q(store=store) | Q(store=None), country__in=priced_by.countries
    )
    policies = PolicyValue.objects.filter(valid_from__lte=priced_by.at, name__in=priced_by.policies)
    return [
        CommissionRate.objects.on(day).filter(category__in=priced_by.category_ids),
        TaxRate.objects.on(day).filter(
            country__in=territories.related_countries(priced_by.countries)
        ),
        cards,
        CarrierService.objects.filter(pk__in=cards.values("service")),
        PolicyValue.objects.filter(
            pk__in=policies.order_by("name", "-valid_from").distinct("name").values("pk")
        ),
    ]


def _values_by_id(rows: QuerySet) -> dict[str, dict[str, Any]]:
    """By id, every column but those that may still be filled in."""
    may_change = APPEND_ONLY_MODELS[rows.model] | {CLOSED_LATER}
    columns = [f.attname for f in rows.model._meta.concrete_fields if f.attname not in may_change]
    return {
        str(pk): dict(zip(columns, values, strict=True))
        for pk, *values in rows.order_by("pk").values_list("pk", *columns)
    }


def _json_default(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def content_of(kept: FrozenValues) -> dict[str, Any]:
    """ValueError when the kept bytes are no longer those of their digest."""
    text = bytes(kept.text)
    if digest_of(text) != kept.digest:
        raise ValueError(f"frozen values {kept.pk}: no longer those that were locked by")
    return json.loads(text)


def rates_of_locks(locks: Collection[Lock]) -> dict[UUID, Rates]:
    """The exchange rates that each lock froze, from its own kept values (pitfall 1): three queries
    for any number.

    A lock from before they were kept takes them from the rows of its rate set.
    """
    kept = FrozenValues.objects.in_bulk({lock.frozen_id for lock in locks if lock.frozen_id})
    rates = {pk: _parse_rates(content_of(each)["rates"]) for pk, each in kept.items()}
    of_rows = _rates_of_sets({lock.rate_set_id for lock in locks if not lock.frozen_id})
    return {
        lock.pk: rates[lock.frozen_id] if lock.frozen_id else of_rows[lock.rate_set_id]
        for lock in locks
    }


def _rates_of_sets(ids: Collection[int]) -> dict[int, Rates]:
    sets = FxRateSet.objects.filter(pk__in=ids).prefetch_related("rates") if ids else ()
    return {
        row.pk: Rates(
            id=row.pk,
            source=row.source,
            published_on=row.published_on,
            per_euro={rate.currency: rate.per_euro for rate in row.rates.all()},
        )
        for row in sets
    }


def _parse_rates(told: Mapping[str, Any]) -> Rates:
    return Rates(
        id=told["id"],
        source=told["source"],
        published_on=dt.date.fromisoformat(told["published_on"]),
        per_euro={currency: Decimal(rate) for currency, rate in told["per_euro"].items()},
    )


@proofs.register_check
def differing_values(store_id: int, subject: str) -> Iterator[str]:
    """Where rates, closes, tariffs or policies are no longer what a lock froze."""
    kept = FrozenValues.objects.filter(store=store_id)
    kept = kept.filter(subject=subject.removeprefix("batch:")) if subject else kept
    now: dict[str, dict[str, dict[str, Any]]] = {}
    for each in kept.order_by("pk").iterator(chunk_size=100):
        try:
            content = content_of(each)
        except ValueError as damaged:
            yield str(damaged)
            continue
        for label, frozen in content["rows"].items():
            standing = now.setdefault(label, {})
            _load_missing(apps.get_model(label), standing, frozen.keys() - standing.keys())
            yield from _differing_fields(each, label, frozen, standing)


def _load_missing(
    model: type[Model], standing: dict[str, dict[str, Any]], missing: Collection[str]
) -> None:
    found = _values_by_id(model._base_manager.filter(pk__in=missing)) if missing else {}
    standing.update({pk: found.get(pk, {}) for pk in missing})


def _differing_fields(
    kept: FrozenValues, label: str, frozen: Mapping[str, Any], standing: Mapping[str, Any]
) -> Iterator[str]:
    for pk, values in frozen.items():
        row = json.loads(json.dumps(standing[pk], default=_json_default))
        for name, value in values.items():
            if row.get(name) != value or name not in row:
                yield f"{kept.subject}: {label} {pk} {name} was {value}, is {row.get(name, 'gone')}"
