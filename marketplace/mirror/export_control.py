"""Embargoes from the table that is shipped, and screening lists from files (R-90,
docs/importing.md)."""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.db import transaction

from marketplace import clock
from marketplace.mirror import screening_files
from marketplace.mirror.countries import DATA
from marketplace.mirror.rejected_rows import RefusedRows
from marketplace.mirror.screening_files import Entry, ListFile
from marketplace.models import Embargo, ScreenedParty
from marketplace.names import keys_of_listed, plain
from outbox.task_queue import ring

EMBARGOES = DATA / "embargo_sample.csv"
SAMPLE = "15 CFR part 746, sample"
FIELDS = ("aliases", "country", "listed_from", "listed_until", "keys")
PER_WRITE = 2000


@dataclass(kw_only=True)
class Report:
    """`refused`: rows without a name, each in `refused_file`. `left_blank`: what could not be read
    of rows that were taken, counted by field; the first ones are named in `examples`."""

    new: int = 0
    changed: int = 0
    already_there: int = 0
    given_twice: int = (
        0  # with another row of the same reference and name; their aliases were put together
    )
    not_in_the_file: int = 0  # of this list, left as they were
    refused: int = 0
    refused_file: Path | None = None
    left_blank: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.refused and not self.left_blank


EXAMPLES = 20


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


def import_screening_list(
    *, path: Path, list_name: str, refused_path: Path | None = None
) -> Report:
    """Adds and updates the entries of one list, by reference and name. Codes of
    `screening_files.read`.

    Every row with a name is taken: what can't be read of it is left blank, which never screens
    less (R-90).
    """
    report, file = Report(), screening_files.read(path)
    with RefusedRows(refused_path, file.columns) if refused_path else nullcontext() as refused:
        entries = _entries(file, refused, report)
        _save(entries, list_name, report)
    report.refused_file = refused_path if report.refused else None
    return report


@transaction.atomic
def _save(entries: Mapping[tuple[str, str], Entry], list_name: str, report: Report) -> None:
    at = clock.now()
    there = {(p.reference, p.name): p for p in ScreenedParty.objects.filter(list_name=list_name)}
    new: list[ScreenedParty] = []
    changed: list[ScreenedParty] = []
    for place, entry in entries.items():
        _sort_in(_party(entry, list_name, at), there.get(place), new, changed, report)
    ScreenedParty.objects.bulk_create(new, batch_size=PER_WRITE)
    ScreenedParty.objects.bulk_update(changed, [*FIELDS, "mirrored_at"], batch_size=PER_WRITE)
    report.new, report.changed = len(new), len(changed)
    report.not_in_the_file = len(there.keys() - entries.keys())
    if new or changed:
        ring("repurchase.recheck_held")


def _entries(
    file: ListFile, refused: RefusedRows | None, report: Report
) -> dict[tuple[str, str], Entry]:
    """What the file lists, by reference and name."""
    found: dict[tuple[str, str], Entry] = {}
    for entry in file.entries:
        if not plain(entry.name):  # without a letter or a digit it would match nothing
            report.refused += 1
            if refused:
                refused.write(entry.row_no, entry.fields, "no_name")
            continue
        _tell(entry, report)
        place = (entry.reference, entry.name)
        report.given_twice += place in found
        found[place] = _together(found[place], entry) if place in found else entry
    return found


def _tell(entry: Entry, report: Report) -> None:
    report.left_blank.update(entry.left_blank.keys())
    told = "; ".join(f"{field}: {text[:60]}" for field, text in entry.left_blank.items())
    if told and len(report.examples) < EXAMPLES:
        report.examples.append(f"{entry.row_no}: {entry.name[:80]} ({told})")


def _together(one: Entry, other: Entry) -> Entry:
    """Two rows of one party: every alias, and the longer time on the list."""
    since = [one.listed_from, other.listed_from]
    until = [one.listed_until, other.listed_until]
    return replace(
        one,
        aliases=list(dict.fromkeys([*one.aliases, *other.aliases])),
        country=one.country or other.country,
        listed_from=None if None in since else min(since),
        listed_until=None if None in until else max(until),
    )


def _party(entry: Entry, list_name: str, at: dt.datetime) -> ScreenedParty:
    return ScreenedParty(
        list_name=list_name,
        name=entry.name,
        aliases=list(entry.aliases),
        country=entry.country,
        reference=entry.reference,
        listed_from=entry.listed_from,
        listed_until=entry.listed_until,
        keys=keys_of_listed([entry.name, *entry.aliases]),
        source=list_name,
        mirrored_at=at,
    )


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
