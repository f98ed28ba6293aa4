"""From a file's bytes to a Reading: pages, words, fields, seals, and a second look at what nothing
else proves.

Every page is read from its picture, whether it was scanned or typed; the text that a file brings
along is held against that (`text_layer`). No page is trusted twice in the same way: a field that
no check digit, second print, balance or text proves is cut out and read once more by itself; where
the two differ it goes to the human.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image

from diagnostics.codes import Code
from diagnostics.problem import Problem
from qualification import intake, page_straightening, text_layer
from qualification.engines import Engine
from qualification.extraction import FIELD_EXTRACTORS
from qualification.extraction.layout import PageLayout, SecondReading, Word
from qualification.intake import LIMITS, RenderedPage
from qualification.readings import (
    SURE_CONFIDENCE,
    Box,
    DocumentKind,
    Reading,
    ReadingField,
    TextLayerDifference,
    mark_sealed_fields,
)
from qualification.text_layer import DOUBTED_CONFIDENCE, TextLayer, letters_and_digits

CROP_MARGIN = 14  # pixels around a cutting
MAX_LOOKS = 60  # of a document, a quarter of a second each; the rest is for the human
MAX_TEXT_LOOKS = 12  # where a file's own text says otherwise, a second each


@dataclass(frozen=True, kw_only=True, slots=True)
class ScannedPage:
    """A page as it was read: upright, in colour, the words seen on it, and what the file says of
    it."""

    image: Image.Image
    page: PageLayout
    text: PageLayout
    unseen: Sequence[Word]
    painted: Sequence[Box]
    seals: Sequence[Box]

    @property
    def jpeg(self) -> bytes:
        """The picture that boxes fit on, for the reviewer."""
        out = BytesIO()
        self.image.save(out, "JPEG", quality=80)
        return out.getvalue()


def read(data: bytes, kind: DocumentKind, *, engine: Engine) -> tuple[Reading, list[ScannedPage]]:
    """DOCUMENT_… Problems from the intake; DOCUMENT_UNREADABLE when not one field was found."""
    sheets = [_read_page(n, leaf, engine) for n, leaf in enumerate(intake.render_pages(data), 1)]
    found = FIELD_EXTRACTORS[kind]([s.page for s in sheets], _figure_reader(sheets, engine))
    looked = [_verify_field(f, sheets, engine) for f in found]
    fields, differences = _compare_with_text(looked, kind, sheets, engine)
    if not any(f.value for f in fields):
        raise Problem(Code.DOCUMENT_UNREADABLE)
    painted = [box for sheet in sheets for box in sheet.painted]
    reading = Reading(
        kind=kind,
        fields=[_doubt_overlaid_field(f, painted) for f in fields],
        pages=len(sheets),
        seals=[seal for sheet in sheets for seal in sheet.seals],
        engine=engine.NAME,
        differences=differences,
        laid_over=[f.name for f in fields if f.meets(painted)],
    )
    return mark_sealed_fields(reading), sheets


def _read_page(number: int, leaf: RenderedPage, engine: Engine) -> ScannedPage:
    image, angle = page_straightening.straighten(leaf.image)
    size = image.size
    words, unseen = (
        [_rotate_word(w, angle, size) for w in those] for those in (leaf.words, leaf.unseen)
    )
    return ScannedPage(
        image=image,
        page=_build_page(number, size, engine.words(page_straightening.remove_red(image))),
        text=_build_page(number, size, words),
        unseen=unseen,
        painted=[
            _box_from_pixels(number, size, page_straightening.rotate_box(tuple(box), angle, size))
            for box in leaf.painted
        ],
        seals=[
            _box_from_pixels(number, size, box)
            for box in page_straightening.find_seals(image, dpi=LIMITS["dpi"])
        ],
    )


def _build_page(number: int, size: tuple[int, int], words: Sequence[Word]) -> PageLayout:
    return PageLayout(number=number, width=size[0], height=size[1], words=words)


def _box_from_pixels(
    number: int, size: tuple[int, int], sides: tuple[float, float, float, float]
) -> Box:
    x0, y0, x1, y1 = sides
    return Box(page=number, x0=x0 / size[0], y0=y0 / size[1], x1=x1 / size[0], y1=y1 / size[1])


def _rotate_word(word: Word, angle: float, size: tuple[int, int]) -> Word:
    x0, y0, x1, y1 = page_straightening.rotate_box(
        (word.x0, word.y0, word.x1, word.y1), angle, size
    )
    return replace(word, x0=x0, y0=y0, x1=x1, y1=y1)


def _figure_reader(sheets: Sequence[ScannedPage], engine: Engine) -> SecondReading:
    """For figures that nothing proves yet."""
    left = itertools.count(MAX_LOOKS, -1)

    def look(box: Box) -> Sequence[str]:
        return engine.figures(_crop_box(box, sheets[box.page - 1])) if next(left) > 0 else []

    return look


def _verify_field(
    field: ReadingField, sheets: Sequence[ScannedPage], engine: Engine
) -> ReadingField:
    if field.proven or not field.value or field.box is None:
        return field
    if field.confidence < SURE_CONFIDENCE:
        return field  # it goes to the human anyway
    again = engine.lines(_crop_box(field.box, sheets[field.box.page - 1]))
    same = any(letters_and_digits(field.raw) in letters_and_digits(text) for text in again)
    return field if same else replace(field, confidence=DOUBTED_CONFIDENCE)


def _compare_with_text(
    fields: Sequence[ReadingField],
    kind: DocumentKind,
    sheets: Sequence[ScannedPage],
    engine: Engine,
) -> tuple[Sequence[ReadingField], Sequence[TextLayerDifference]]:
    """A file without text of its own has nothing to say."""
    if not any(sheet.text.words for sheet in sheets):
        return fields, []
    layer = TextLayer(
        fields=FIELD_EXTRACTORS[kind]([s.text for s in sheets], lambda box: []),
        pages=[s.text for s in sheets],
        unseen={s.page.number: s.unseen for s in sheets},
    )
    told = any(
        sheet.unseen for sheet in sheets
    )  # that is enough: what else differs is for the human
    left = itertools.count(0 if told else MAX_TEXT_LOOKS, -1)

    def look(box: Box) -> Iterator[str]:
        if next(left) > 0:
            cutting = _crop_box(box, sheets[box.page - 1])
            yield from engine.figures(cutting)
            yield from engine.lines(cutting)

    return text_layer.compare_with_layer(fields, [s.page for s in sheets], layer, look)


def _doubt_overlaid_field(field: ReadingField, painted: Sequence[Box]) -> ReadingField:
    """What was laid over something else is for the human, and a failed check besides."""
    return (
        replace(field, confidence=min(field.confidence, DOUBTED_CONFIDENCE))
        if field.meets(painted)
        else field
    )


def _crop_box(box: Box, sheet: ScannedPage) -> Image.Image:
    width, height = sheet.image.size
    sides = (
        box.x0 * width - CROP_MARGIN,
        box.y0 * height - CROP_MARGIN,
        box.x1 * width + CROP_MARGIN,
        box.y1 * height + CROP_MARGIN,
    )
    return page_straightening.remove_red(sheet.image.crop(tuple(map(int, sides))))
