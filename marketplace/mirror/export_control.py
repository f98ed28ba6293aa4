"""Embargoes from the table that is shipped, and screening lists from files (R-90, docs/importing.md)."""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from marketplace import clock
from marketplace.mirror import files
from marketplace.mirror.countries import DATA
from marketplace.models import Embargo, ScreenedParty
from marketplace.names import key, plain

EMBARGOES = DATA / "embargo_sample.csv"
SAMPLE = "15 CFR part 746, sample"
COLUMNS = ("name", "aliases", "country", "reference", "listed_from", "listed_until")
FIELDS = ("aliases", "country", "listed_from", "listed_until", "keys")
PER_WRITE = 2000


@dataclass(kw_only=True)
class Report:
    new: int = 0
    changed: int = 0
    already_there: int = 0
    not_in_the_file: int = 0  # of this list, left as they were
    refused: Counter[str] = field(default_factory=Counter)


def load_embargoes() -> int:
    """Adds each row of the sample that is not there yet, marked assumed; how many rows it has."""
    at = clock.now()
    with EMBARGOES.open(encoding="utf-8", newline="") as file:
        rows = [
            Embargo(**row, source=SAMPLE, mirrored_at=at, assumed=["valid_from"])
            for row in csv.DictReader(file)
        ]
    Embargo.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


@transaction.atomic
def import_screening_list(*, path: Path, list_name: str) -> Report:
    """Adds and updates the entries of one list, by reference and name. Codes of `files.rows`."""
    report, at = Report(), clock.now()
    there = {(p.reference, p.name): p for p in ScreenedParty.objects.filter(list_name=list_name)}
    seen: set[tuple[str, str]] = set()
    new: list[ScreenedParty] = []
    changed: list[ScreenedParty] = []
    for party in _parties(path, list_name, at, report):
        place = (party.reference, party.name)
        if place in seen:
            report.refused["given_twice"] += 1
            continue
        seen.add(place)
        _sort_in(party, there.get(place), new, changed, report)
    ScreenedParty.objects.bulk_create(new, batch_size=PER_WRITE)
    ScreenedParty.objects.bulk_update(changed, [*FIELDS, "mirrored_at"], batch_size=PER_WRITE)
    report.new, report.changed = len(new), len(changed)
    report.not_in_the_file = len(there.keys() - seen)
    return report


def _sort_in(
    party: ScreenedParty,
    known: ScreenedParty | None,
    new: list[ScreenedParty],
    changed: list[ScreenedParty],
    report: Report,
) -> None:
    if known is None:
        new.append(party)
    elif all(getattr(party, name) == getattr(known, name) for name in FIELDS):
        report.already_there += 1
    else:
        party.pk = known.pk
        changed.append(party)


def _parties(path: Path, list_name: str, at: dt.datetime, report: Report) -> Iterator[ScreenedParty]:
    for row in files.rows(path, columns=COLUMNS):
        reason = "fields" if row is None else _fault(row)
        if reason:
            report.refused[reason] += 1
            continue
        name, aliases, country, reference, since, until = (cell.strip() for cell in row)
        also = [alias.strip() for alias in aliases.split(";") if alias.strip()]
        yield ScreenedParty(
            list_name=list_name, name=name, aliases=also, country=country, reference=reference,
            listed_from=_day(since), listed_until=_day(until), keys=sorted({key(each) for each in (name, *also)} - {""}),
            source=list_name, mirrored_at=at,
        )  # fmt: skip


def _fault(row: Sequence[str]) -> str:
    """Why a row is refused, "" for a good one. A name without a letter or a digit would match nothing."""
    name, aliases, country, reference, since, until = (cell.strip() for cell in row)
    if not plain(name):
        return "name"
    if max(map(len, (name, *aliases.split(";")))) > 300 or len(reference) > 120:
        return "too_long"
    if country and not (len(country) == 2 and country.isascii() and country.isupper()):
        return "country"
    try:
        _day(since), _day(until)
    except ValueError:
        return "date"
    return ""


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
