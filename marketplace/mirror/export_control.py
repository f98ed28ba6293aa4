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
from marketplace.mirror.countries import DATA_FOLDER
from marketplace.mirror.rejected_rows import RefusedRowsFile
from marketplace.mirror.screening_files import ScreeningEntry, ScreeningListFile
from marketplace.models import Embargo, ScreenedParty
from marketplace.names import keys_of_listed, significant_words
from outbox.task_queue import enqueue_task

EMBARGO_FILE = DATA_FOLDER / "embargo_sample.csv"
SAMPLE_SOURCE = "15 CFR part 746, sample"
COMPARED_FIELDS = ("aliases", "country", "listed_from", "listed_until", "keys")
WRITE_BATCH_SIZE = 2000


@dataclass(kw_only=True)
class ScreeningImportReport:
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


MAX_EXAMPLES = 20


def load_embargoes() -> int:
    """Adds each row of the sample that is not there yet, marked assumed; how many rows it has."""
    at = clock.now()
    with EMBARGO_FILE.open(encoding="utf-8", newline="") as file:
        rows = [
            Embargo(**row, source=SAMPLE_SOURCE, mirrored_at=at, assumed=["valid_from"])
            for row in csv.DictReader(file)
        ]
    Embargo.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def import_screening_list(
    *, path: Path, list_name: str, refused_path: Path | None = None
) -> ScreeningImportReport:
    """Adds and updates the entries of one list, by reference and name. Codes of
    `screening_files.read`.

    Every row with a name is taken: what can't be read of it is left blank, which never screens
    less (R-90).
    """
    report, file = ScreeningImportReport(), screening_files.read(path)
    with RefusedRowsFile(refused_path, file.columns) if refused_path else nullcontext() as refused:
        entries = _collect_entries(file, refused, report)
        _save_entries(entries, list_name, report)
    report.refused_file = refused_path if report.refused else None
    return report


@transaction.atomic
def _save_entries(
    entries: Mapping[tuple[str, str], ScreeningEntry], list_name: str, report: ScreeningImportReport
) -> None:
    at = clock.now()
    there = {(p.reference, p.name): p for p in ScreenedParty.objects.filter(list_name=list_name)}
    new: list[ScreenedParty] = []
    changed: list[ScreenedParty] = []
    for place, entry in entries.items():
        _sort_new_and_changed(
            _build_screened_party(entry, list_name, at), there.get(place), new, changed, report
        )
    ScreenedParty.objects.bulk_create(new, batch_size=WRITE_BATCH_SIZE)
    ScreenedParty.objects.bulk_update(
        changed, [*COMPARED_FIELDS, "mirrored_at"], batch_size=WRITE_BATCH_SIZE
    )
    report.new, report.changed = len(new), len(changed)
    report.not_in_the_file = len(there.keys() - entries.keys())
    if new or changed:
        enqueue_task("repurchase.recheck_held")


def _collect_entries(
    file: ScreeningListFile, refused: RefusedRowsFile | None, report: ScreeningImportReport
) -> dict[tuple[str, str], ScreeningEntry]:
    """What the file lists, by reference and name."""
    found: dict[tuple[str, str], ScreeningEntry] = {}
    for entry in file.entries:
        if not significant_words(entry.name):  # without a letter or a digit it would match nothing
            report.refused += 1
            if refused:
                refused.write(entry.row_no, entry.fields, "no_name")
            continue
        _note_blank_fields(entry, report)
        place = (entry.reference, entry.name)
        report.given_twice += place in found
        found[place] = _merge_entries(found[place], entry) if place in found else entry
    return found


def _note_blank_fields(entry: ScreeningEntry, report: ScreeningImportReport) -> None:
    report.left_blank.update(entry.left_blank.keys())
    told = "; ".join(f"{field}: {text[:60]}" for field, text in entry.left_blank.items())
    if told and len(report.examples) < MAX_EXAMPLES:
        report.examples.append(f"{entry.row_no}: {entry.name[:80]} ({told})")


def _merge_entries(one: ScreeningEntry, other: ScreeningEntry) -> ScreeningEntry:
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


def _build_screened_party(entry: ScreeningEntry, list_name: str, at: dt.datetime) -> ScreenedParty:
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


def _sort_new_and_changed(
    party: ScreenedParty,
    known: ScreenedParty | None,
    new: list[ScreenedParty],
    changed: list[ScreenedParty],
    report: ScreeningImportReport,
) -> None:
    if known is None:
        new.append(party)
    elif all(getattr(party, name) == getattr(known, name) for name in COMPARED_FIELDS):
        report.already_there += 1
    else:
        party.pk = known.pk
        changed.append(party)
