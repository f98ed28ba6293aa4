"""Two real crises: a currency broke away, and the others went on (reference rates of the European
Central Bank).

What a lock should have seen is worked out from the file alone, beside the product.
"""

import csv
import datetime as dt
import gzip
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

import pytest

from diagnostics.models import LedgerEntry
from marketplace.mirror.currencies import EXPECTED_RATE_RANGES
from marketplace.mirror.observations import (
    KnownObservations,
    ObservationBounds,
    ObservationCourse,
    evaluate_observations,
)
from marketplace.mirror.rates import import_rates
from marketplace.mirror.samples import cut
from marketplace.models import FxRate, Quarantined
from marketplace.queries import fresh_rate_set, newest_rate_set, waiting_currencies
from pricing.models import Lock
from pricing.services import triggers
from tests import world

BOUNDS = ObservationBounds(max_jump=Decimal("0.2"), base_spread=Decimal("1.05"))
LIMIT = Fraction(25, 1000)
THREE_DAYS = dt.timedelta(days=3)
ORDERED = ("EUR", "USD", "GBP", "JPY", "AUD", "CAD", "ISK", "TRY")
"""Currencies of the orders; the store settles in CNY."""


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


ISK_HELD = [
    "2008-10-06",
    "2008-10-07",
    "2008-10-08",
    "2008-10-09",
    "2008-10-10",
    "2008-11-06",
    "2008-11-07",
]
TRY_HELD = ["2021-12-21", "2021-12-22", "2021-12-23", "2021-12-24"]
BASES = {"ISK": ["2008-10-13", "2008-11-10"], "TRY": ["2021-12-27"]}


@pytest.fixture(scope="module")
def table() -> dict[dt.date, dict[str, str]]:
    with gzip.open(cut.CRISES, "rt", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    cells = (
        (
            day(row[0]),
            {c: x for c, x in zip(header, row, strict=True) if c and x not in ("N/A", "")},
        )
        for row in rows
    )
    return {
        found: {c: x for c, x in texts.items() if c != "Date"} for found, texts in sorted(cells)
    }


def test_three_publications_that_agree_are_the_new_base_and_nothing_else_is_held(table):
    bases, held = {}, {}
    for currency in {c for texts in table.values() for c in texts}:
        news = {found: texts[currency] for found, texts in table.items() if currency in texts}
        course = ObservationCourse(
            bounds=BOUNDS, expected=EXPECTED_RATE_RANGES.get(currency), units=True
        )
        settled = evaluate_observations(KnownObservations(good={}), news, course=course)
        if settled.held:
            bases[currency] = [found.isoformat() for found in settled.bases]
            held[currency] = [found.isoformat() for found in sorted(settled.held)]
            assert set(settled.held) == settled.replaced  # those before never act
    assert (bases, held) == (BASES, {"ISK": ISK_HELD, "TRY": TRY_HELD})


@pytest.mark.parametrize(
    ("rates", "base"),
    [
        (["10", "13", "13", "13"], 3),
        (["10", "13", "13.65", "13.3"], 3),  # exactly 5 % between the largest and the smallest
        (["10", "13", "13.6500001", "13.3"], None),
        (["10", "13", "13", "10.1", "13", "13"], None),  # a sound one between them
        (["10", "13", "13", "x", "13"], None),  # and one that says nothing
        (["10", "13", "15", "15.1", "15.2"], 4),
        (["10", "0.1", "0.1", "0.1"], None),  # its inverse: only a person lets it act
        (["0.9954", "1.0308", "1.0319"], []),  # the dollar on 2022-11-11: across 1, and no inverse
    ],
)
def test_the_third_in_a_row_within_five_per_cent_acts(rates, base):
    course = ObservationCourse(bounds=BOUNDS, units=True)
    start = day("2026-01-05")
    news = {start + dt.timedelta(days=n): text for n, text in enumerate(rates)}
    settled = evaluate_observations(KnownObservations(good={}), news, course=course)
    assert settled.bases == ([start + dt.timedelta(days=base)] if base else [])
    assert bool(settled.held) is (base != [])
    assert not settled.replaced & settled.acting.keys()


@pytest.mark.parametrize(
    ("rates", "acting"),
    [
        (["1.309", "1.5577", "1.8536", "2.2057", "2.6247"], 1),  # each 19 % above the one before
        (["1.0", "0.91", "0.909"], 1),  # nearer to 1 ÷ 1.1 than to what they replace
        (["1.32", "1.32", "1.32", "1.32"], 4),  # exactly a fifth
        (["1.32", "1.33", "1.3"], 2),
    ],
)
def test_a_correction_is_held_against_the_value_that_it_replaces(rates, acting):
    start = day("2026-01-05")
    days = [start + dt.timedelta(days=n) for n in range(6)]
    news = dict(zip(days[1:], rates, strict=False))
    known = KnownObservations(good=dict.fromkeys(days, Decimal("1.1")))
    settled = evaluate_observations(
        known, news, course=ObservationCourse(bounds=BOUNDS, units=True)
    )
    assert (len(settled.acting), len(settled.held)) == (acting, len(rates) - acting)
    assert {sight.last_good for _, sight in settled.held.values()} <= {Decimal("1.1")}


def breaches(table, days, held) -> set[tuple[dt.date, str, dt.date]]:
    """(day of the lock, currency, day of the first publication that moved too far within 72 hours).

    `held`: (currency, day) of observations that do not act.
    """
    found = set()
    for locked_on in days:
        for currency in ORDERED:
            for later in (d for d in days if locked_on < d <= locked_on + THREE_DAYS):
                known = all(currency in {*table[d], "EUR"} for d in (locked_on, later))
                acts = (currency, locked_on) not in held and (currency, later) not in held
                if known and acts and apart(table, currency, locked_on, later) > LIMIT:
                    found.add((locked_on, currency, later))
                    break
    return found


def apart(table, currency: str, then: dt.date, now: dt.date) -> Fraction:
    base, new = (
        Fraction(table[d]["CNY"]) / Fraction(table[d].get(currency, "1")) for d in (then, now)
    )
    return abs(new - base) / base


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "last", "currency", "held"),
    [("2008-10-03", "2008-11-21", "ISK", ISK_HELD), ("2021-12-17", "2022-01-21", "TRY", TRY_HELD)],
)
def test_every_move_of_the_others_is_seen_and_plans_go_on(
    table, tmp_path, first, last, currency, held
):
    store = world.store(sandbox=False)
    publish(table, tmp_path, [d for d in table if day(first) - THREE_DAYS * 10 <= d < day(first)])
    days = [d for d in table if day(first) <= d <= day(last)]
    sets, seen, waited = {}, {}, defaultdict(list)
    for today in days:
        publish(table, tmp_path, [today])
        now = dt.datetime.combine(today, dt.time(15, 10), dt.UTC)
        assert fresh_rate_set(now, store=store, max_age_days=6).published_on == today
        for waiting in waiting_currencies(now, store=store):
            waited[waiting].append(today.isoformat())
        for lock in triggers.find_market_moves([*locks(store, sets, today)], now=now):
            key = day(lock.lock.subject), lock.lock.currency
            seen.setdefault(key, today)
        sets[today] = newest_rate_set(now, store=store)
    assert waited == {currency: held}
    expected = breaches(table, days, {(currency, day(each)) for each in held})
    assert {(*key, when) for key, when in seen.items()} == expected
    assert len(expected) >= 8
    assert not FxRate.objects.filter(currency=currency, rate_set__published_on__in=held).exists()
    assert set(Quarantined.objects.values_list("verdict", flat=True)) == {"kept"}
    told = [
        base
        for entry in LedgerEntry.objects.filter(kind="observation.base")
        for base in entry.facts["bases"]
    ]
    assert [when for _, when, _ in told] == BASES[currency]


def publish(table, tmp_path, days) -> None:
    names = sorted({c for found in days for c in table[found]})
    path = tmp_path / "rates.csv"
    lines = [[found.isoformat(), *(table[found].get(c, "N/A") for c in names)] for found in days]
    path.write_text("\n".join(",".join(line) for line in [["Date", *names], *lines]) + "\n")
    import_rates(path=path, source="ecb")


def locks(store, sets, today):
    """Those made on the days before at their publication's rates, and not yet ended; none in what
    waited then."""
    for locked_on, rate_set in sets.items():
        if locked_on < today <= locked_on + THREE_DAYS:
            known = {"EUR", *rate_set.rates.values_list("currency", flat=True)}
            for currency in known.intersection(ORDERED):
                yield Lock(
                    store=store,
                    currency=currency,
                    subject=locked_on.isoformat(),
                    rate_set=rate_set,
                    index_series="",
                    fx_trigger=Decimal("0.025"),
                )


@pytest.mark.django_db
def test_a_person_s_release_is_the_new_base_and_frees_what_waits_after_it(table, tmp_path):
    from marketplace.mirror import quarantine

    publish(table, tmp_path, [d for d in table if day("2008-09-20") <= d <= day("2008-10-07")])
    first, second = Quarantined.objects.order_by("day")
    quarantine.decide(row=first, release=True, why="The króna fell.", by=world.user())
    second.refresh_from_db()
    assert (second.verdict, second.day) == ("released", day("2008-10-07"))
    acting = FxRate.objects.filter(currency="ISK", rate_set__published_on__gte=day("2008-10-06"))
    assert set(acting.values_list("per_euro", flat=True)) == {Decimal(195), Decimal(197)}
