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

from qualification.extraction.layout import (
    DATE_PATTERN,
    PLAIN_PUNCTUATION,
    FoundText,
    PageLayout,
    SecondReading,
    Word,
)
from qualification.extraction.movements import MONEY_PATTERN
from qualification.readings import SURE_CONFIDENCE, Box, ReadingField, TextLayerDifference

DOUBTED_CONFIDENCE = 0.4
"""The confidence of a field that two readers read differently."""
SUM_FIELD_PREFIXES = ("credits ", "debits ")
"""Fields whose `raw` names every movement."""
MAX_NUMBERS = 5
"""So many amounts and days that differ say enough."""
NUMBER_PATTERN = re.compile(rf"(?:{MONEY_PATTERN}|{DATE_PATTERN})")


@dataclass(frozen=True, kw_only=True, slots=True)
class TextLayer:
    """What a file's own text says: its fields, its pages, and the words on each that no pixel
    shows."""

    fields: Sequence[ReadingField]
    pages: Sequence[PageLayout]
    unseen: Mapping[int, Sequence[Word]]


def compare_with_layer(
    fields: Sequence[ReadingField],
    pages: Sequence[PageLayout],
    layer: TextLayer,
    look: SecondReading,
) -> tuple[list[ReadingField], list[TextLayerDifference]]:
    """The fields of the picture as they stand beside the text, and what differs. `look` reads a
    place once more."""
    said = {f.name: f for f in layer.fields if f.value}
    all_proven = all(f.proven for f in fields if f.name.startswith(SUM_FIELD_PREFIXES))
    compared = [_compare_field(field, said.get(field.name), look) for field in fields]
    missing = [f for name, f in said.items() if name not in {f.name for f in fields}]
    differences = [
        *(difference for _, difference in compared if difference),
        *(
            _build_difference(f, "")
            for f in missing
            if f.proven and all_proven and f.name.startswith(SUM_FIELD_PREFIXES)
        ),
        *(
            TextLayerDifference(page=number, field="", shown="", written=word.text)
            for number, words in layer.unseen.items()
            for word in words
        ),
    ]
    found = [field for field, _ in compared] + [
        ReadingField(name=f.name, value="", unclear=True) for f in missing
    ]
    told = itertools.islice(_differing_numbers(pages, layer.pages, look), MAX_NUMBERS)
    for box, shown, written in told:
        names = [f.name for f in found if f.meets([box])]
        known = {d.field for d in differences}
        differences += [
            TextLayerDifference(page=box.page, field=name, shown=shown, written=written)
            for name in (names or [""])
            if not name or name not in known
        ]
    touched = {d.field for d in differences}
    return [_doubt_field(f) if f.name in touched else f for f in found], differences


def _compare_field(
    seen: ReadingField, said: ReadingField | None, look: SecondReading
) -> tuple[ReadingField, TextLayerDifference | None]:
    if said is None:
        return seen, None
    if seen.name.startswith(SUM_FIELD_PREFIXES):
        return _compare_sums(seen, said)
    if seen.for_human or _is_same_value(seen, said):
        return seen, None
    if _is_shown(said, look) or not _is_shown(seen, look):
        return _doubt_field(seen), None
    return seen, _build_difference(said, seen.value)


def _is_same_value(seen: ReadingField, said: ReadingField) -> bool:
    """Names by their letters; figures to the sign."""
    if seen.name == "company":
        return letters_and_digits(seen.value) == letters_and_digits(said.value)
    return seen.value == said.value


def _compare_sums(
    seen: ReadingField, said: ReadingField
) -> tuple[ReadingField, TextLayerDifference | None]:
    """By the movements behind them; days alone may be misread and are for the human."""
    if seen.raw == said.raw:
        # read twice alike: what does not hold, does not hold
        return replace(seen, unclear=False), None
    if not seen.proven or not said.proven:
        return seen, None  # the text is not believed; its amounts are compared one by one
    if seen.value == said.value and _movement_amounts(seen) == _movement_amounts(said):
        return _doubt_field(seen), None
    return seen, _build_difference(said, seen.value)


def _movement_amounts(field: ReadingField) -> list[str]:
    return [each.partition(" ")[2] for each in field.raw.split("; ")]


def _is_shown(field: ReadingField, look: SecondReading) -> bool:
    """Whether the pixels at its place read as it says, in one way or another."""
    return field.box is not None and any(
        letters_and_digits(field.raw) in letters_and_digits(text) for text in look(field.box)
    )


def _doubt_field(field: ReadingField) -> ReadingField:
    return replace(
        field, confidence=min(field.confidence, DOUBTED_CONFIDENCE), proven=False, unclear=True
    )


def _build_difference(said: ReadingField, shown: str) -> TextLayerDifference:
    return TextLayerDifference(
        page=said.box.page if said.box else 1, field=said.name, shown=shown, written=said.value
    )


def letters_and_digits(text: str) -> str:
    return re.sub(r"\W", "", text.translate(PLAIN_PUNCTUATION)).upper()


# --- Every amount and day
# ------------------------------------------------------------------------------------


def _differing_numbers(
    pages: Sequence[PageLayout], written: Sequence[PageLayout], look: SecondReading
) -> Iterator[tuple[Box, str, str]]:
    """(place, shown, written) of each amount and day that was read surely and is written otherwise
    in its place."""
    for page, text in zip(pages, written, strict=True):
        for cell in _sure_numbers(page):
            there = _text_at_cell(cell, text.words)
            shown = _digits_only(cell.text)
            if there and _digits_only(there) != shown:
                again = [_digits_only(one) for one in look(cell.box)]
                if shown in again and not any(_digits_only(there) in one for one in again):
                    yield cell.box, cell.text, there


def _sure_numbers(page: PageLayout) -> Iterable[FoundText]:
    return (
        cell
        for row in page.rows
        for cell in row.cells
        if cell.confidence >= SURE_CONFIDENCE and NUMBER_PATTERN.fullmatch(cell.text)
    )


def _text_at_cell(cell: FoundText, words: Sequence[Word]) -> str:
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
    return "".join(w.text for w in sorted(there, key=lambda w: w.x0) if _digits_only(w.text))


def _digits_only(text: str) -> str:
    return re.sub(r"\D", "", text)
