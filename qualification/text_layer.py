"""A file's own text held against its picture: the picture is the truth, the text a claim (R-41).
Pure.

A field counts as read where its picture was read surely and the text does not deny it. Where the
picture was read surely, was read so once more, and shows other than what the text says, that is a
Difference; where it is unsure, the field goes to the human, whatever the text says.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qualification.extraction.layout import DATE, PLAIN, Found, Look, Page, Word
from qualification.extraction.movements import MONEY
from qualification.readings import THRESHOLD, Box, Difference, Field

DOUBTED = 0.4
"""The confidence of a field that two readers read differently."""
ADDED_UP = ("credits ", "debits ")
"""Fields whose `raw` names every movement."""
MAX_NUMBERS = 5
"""So many amounts and days that differ say enough."""
NUMBER = re.compile(rf"(?:{MONEY}|{DATE})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """What a file's own text says: its fields, its pages, and the words on each that no pixel
    shows."""

    fields: Sequence[Field]
    pages: Sequence[Page]
    unseen: Mapping[int, Sequence[Word]]


def held_against(
    fields: Sequence[Field], pages: Sequence[Page], layer: Layer, look: Look
) -> tuple[list[Field], list[Difference]]:
    """The fields of the picture as they stand beside the text, and what differs. `look` reads a
    place once more."""
    said = {f.name: f for f in layer.fields if f.value}
    all_proven = all(f.proven for f in fields if f.name.startswith(ADDED_UP))
    compared = [_compared(field, said.get(field.name), look) for field in fields]
    missing = [f for name, f in said.items() if name not in {f.name for f in fields}]
    differences = [
        *(difference for _, difference in compared if difference),
        *(
            _difference(f, "")
            for f in missing
            if f.proven and all_proven and f.name.startswith(ADDED_UP)
        ),
        *(
            Difference(page=number, field="", shown="", written=word.text)
            for number, words in layer.unseen.items()
            for word in words
        ),
    ]
    found = [field for field, _ in compared] + [
        Field(name=f.name, value="", unclear=True) for f in missing
    ]
    told = itertools.islice(_numbers_that_differ(pages, layer.pages, look), MAX_NUMBERS)
    for box, shown, written in told:
        names = [f.name for f in found if f.meets([box])]
        known = {d.field for d in differences}
        differences += [
            Difference(page=box.page, field=name, shown=shown, written=written)
            for name in (names or [""])
            if not name or name not in known
        ]
    touched = {d.field for d in differences}
    return [_doubted(f) if f.name in touched else f for f in found], differences


def _compared(seen: Field, said: Field | None, look: Look) -> tuple[Field, Difference | None]:
    if said is None:
        return seen, None
    if seen.name.startswith(ADDED_UP):
        return _sums_compared(seen, said)
    if seen.for_human or _same(seen, said):
        return seen, None
    if _shows(said, look) or not _shows(seen, look):
        return _doubted(seen), None
    return seen, _difference(said, seen.value)


def _same(seen: Field, said: Field) -> bool:
    """Names by their letters; figures to the sign."""
    if seen.name == "company":
        return signs(seen.value) == signs(said.value)
    return seen.value == said.value


def _sums_compared(seen: Field, said: Field) -> tuple[Field, Difference | None]:
    """By the movements behind them; days alone may be misread and are for the human."""
    if seen.raw == said.raw:
        # read twice alike: what does not hold, does not hold
        return replace(seen, unclear=False), None
    if not seen.proven or not said.proven:
        return seen, None  # the text is not believed; its amounts are compared one by one
    if seen.value == said.value and _amounts(seen) == _amounts(said):
        return _doubted(seen), None
    return seen, _difference(said, seen.value)


def _amounts(field: Field) -> list[str]:
    return [each.partition(" ")[2] for each in field.raw.split("; ")]


def _shows(field: Field, look: Look) -> bool:
    """Whether the pixels at its place read as it says, in one way or another."""
    return field.box is not None and any(
        signs(field.raw) in signs(text) for text in look(field.box)
    )


def _doubted(field: Field) -> Field:
    return replace(field, confidence=min(field.confidence, DOUBTED), proven=False, unclear=True)


def _difference(said: Field, shown: str) -> Difference:
    return Difference(
        page=said.box.page if said.box else 1, field=said.name, shown=shown, written=said.value
    )


def signs(text: str) -> str:
    return re.sub(r"\W", "", text.translate(PLAIN)).upper()


# --- Every amount and day
# ------------------------------------------------------------------------------------


def _numbers_that_differ(
    pages: Sequence[Page], written: Sequence[Page], look: Look
) -> Iterator[tuple[Box, str, str]]:
    """(place, shown, written) of each amount and day that was read surely and is written otherwise
    in its place."""
    for page, text in zip(pages, written, strict=True):
        for cell in _numbers(page):
            there = _written_at(cell, text.words)
            shown = _digits(cell.text)
            if there and _digits(there) != shown:
                again = [_digits(one) for one in look(cell.box)]
                if shown in again and not any(_digits(there) in one for one in again):
                    yield cell.box, cell.text, there


def _numbers(page: Page) -> Iterable[Found]:
    return (
        cell
        for row in page.rows
        for cell in row.cells
        if cell.confidence >= THRESHOLD and NUMBER.fullmatch(cell.text)
    )


def _written_at(cell: Found, words: Sequence[Word]) -> str:
    """What the file's text says where the cell stands; "" where it says nothing with figures."""
    top, bottom = min(w.y0 for w in cell.words), max(w.y1 for w in cell.words)
    there = [
        w
        for w in words
        if top < w.middle < bottom
        and cell.x0 - (bottom - top) < w.x0
        and w.x1 < cell.x1 + (bottom - top)
        and min(w.x1, cell.x1) > max(w.x0, cell.x0)
    ]
    return "".join(w.text for w in sorted(there, key=lambda w: w.x0) if _digits(w.text))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
