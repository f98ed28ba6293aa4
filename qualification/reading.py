"""From a file's bytes to a Reading: pages, words, fields, seals, and a second look at what nothing else proves.

No page is trusted twice in the same way: a field that no check digit, second print or balance proves is cut out
and read once more by itself; where the two differ it goes to the human.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image

from diagnostics.codes import Code
from diagnostics.problem import Problem
from qualification import intake, upright
from qualification.engines import Engine
from qualification.extraction import EXTRACT
from qualification.extraction.layout import PLAIN, Look, Page
from qualification.intake import LIMITS, Leaf
from qualification.readings import THRESHOLD, Box, Field, Kind, Reading, under_seals

DIFFERS = 0.4
"""The confidence of a field that two looks read differently."""
MARGIN = 14  # pixels around a cutting
MAX_LOOKS = 60  # a quarter of a second each


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A page as it was read: upright, in colour, and the words on it."""

    image: Image.Image
    page: Page
    typed: bool
    seals: Sequence[Box]

    @property
    def jpeg(self) -> bytes:
        """The picture that boxes fit on, for the reviewer."""
        out = BytesIO()
        self.image.save(out, "JPEG", quality=80)
        return out.getvalue()


def read(data: bytes, kind: Kind, *, engine: Engine) -> tuple[Reading, list[Sheet]]:
    """DOCUMENT_… Problems from the intake; DOCUMENT_UNREADABLE when not one field was found."""
    sheets = [_sheet(n, leaf, engine) for n, leaf in enumerate(intake.leaves(data), 1)]
    found = EXTRACT[kind]([s.page for s in sheets], _look(sheets, engine))
    fields = [_looked_at_again(f, sheets, engine) for f in found]
    if not any(f.value for f in fields):
        raise Problem(Code.DOCUMENT_UNREADABLE)
    reading = Reading(
        kind=kind,
        fields=fields,
        pages=len(sheets),
        seals=[seal for sheet in sheets for seal in sheet.seals],
        engine="embedded" if all(s.typed for s in sheets) else engine.NAME,
    )
    return under_seals(reading), sheets


def _sheet(number: int, leaf: Leaf, engine: Engine) -> Sheet:
    typed = bool(leaf.words)
    image = leaf.image if typed else upright.straighten(leaf.image)
    words = leaf.words if typed else engine.words(upright.without_red(image))
    page = Page(number=number, width=image.width, height=image.height, words=words)
    seals = [
        Box(page=number, x0=x0 / image.width, y0=y0 / image.height, x1=x1 / image.width, y1=y1 / image.height)
        for x0, y0, x1, y1 in upright.seals(image, dpi=LIMITS["dpi"])
    ]
    return Sheet(image=image, page=page, typed=typed, seals=seals)


def _look(sheets: Sequence[Sheet], engine: Engine) -> Look:
    """For figures that nothing proves yet; so many of a document, and the rest is for the human."""
    left = itertools.count(MAX_LOOKS, -1)

    def look(box: Box) -> Sequence[str]:
        sheet = sheets[box.page - 1]
        return engine.figures(_cutting(box, sheet)) if not sheet.typed and next(left) > 0 else []

    return look


def _looked_at_again(field: Field, sheets: Sequence[Sheet], engine: Engine) -> Field:
    if field.proven or not field.value or field.box is None or sheets[field.box.page - 1].typed:
        return field
    if field.confidence < THRESHOLD:
        return field  # it goes to the human anyway
    again = engine.lines(_cutting(field.box, sheets[field.box.page - 1]))
    same = any(_signs(field.raw) in _signs(text) for text in again)
    return field if same else replace(field, confidence=DIFFERS)


def _cutting(box: Box, sheet: Sheet) -> Image.Image:
    width, height = sheet.image.size
    sides = (
        box.x0 * width - MARGIN, box.y0 * height - MARGIN, box.x1 * width + MARGIN, box.y1 * height + MARGIN,
    )  # fmt: skip
    return upright.without_red(sheet.image.crop(tuple(map(int, sides))))


def _signs(text: str) -> str:
    return re.sub(r"\W", "", text.translate(PLAIN)).upper()
