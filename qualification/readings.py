"""What a machine has read from a document: the seam between reading, judging and the reviewer's
desk. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class DocumentKind(StrEnum):
    """The keys of `qualification.documents`."""

    LICENCE = "business_licence"
    STATEMENT = "bank_statements"
    DECLARATION = "customs_declarations"
    ISO_9001 = "iso_9001"


DOCUMENT_YEARS = range(1900, 2100)
"""Of any day in a document but “for ever”: what is computed from such a day stays in the
calendar."""

SURE_CONFIDENCE = 0.80
"""A field read less surely than this always goes to the human."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A place on a page; its sides are shares of the page's width and height."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    def meets(self, other: "Box") -> bool:
        across = self.x0 < other.x1 and other.x0 < self.x1
        down = self.y0 < other.y1 and other.y0 < self.y1
        return self.page == other.page and across and down


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingField:
    name: str
    value: str  # plain: ISO dates, amounts as decimals, names as printed; "" when nothing was found
    raw: str = ""  # as printed, without spaces
    confidence: float = 0.0
    box: Box | None = None
    under_seal: bool = False
    proven: bool = (
        False  # by a check digit, a second print or arithmetic: a second look adds nothing
    )
    unclear: bool = False  # its proof failed, maybe because something in it was misread
    places: Sequence[Box] = ()  # of what it was added up from

    @property
    def for_human(self) -> bool:
        """Under a seal (pitfall 11), unsure or not found: no machine may settle it."""
        return self.under_seal or not self.value or self.confidence < SURE_CONFIDENCE

    def meets(self, boxes: Iterable[Box]) -> bool:
        """Whether it, or anything that it was added up from, stands in one of the boxes."""
        own = self.places or ([self.box] if self.box else [])
        return any(each.meets(box) for box in boxes for each in own)


@dataclass(frozen=True, kw_only=True, slots=True)
class TextLayerDifference:
    """What a file's own text says and its picture does not show; `field` is "" for text that
    decides nothing."""

    page: int
    field: str
    shown: str  # "" where no pixel shows anything
    written: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    kind: DocumentKind
    fields: Sequence[ReadingField]
    pages: int
    seals: Sequence[Box]
    engine: str
    differences: Sequence[TextLayerDifference] = ()
    laid_over: Sequence[
        str
    ] = ()  # names of fields that stand where something was laid over the page

    def of(self, name: str) -> ReadingField:
        return next((f for f in self.fields if f.name == name), ReadingField(name=name, value=""))

    def starting(self, prefix: str) -> list[ReadingField]:
        return [f for f in self.fields if f.name.startswith(prefix)]


def mark_sealed_fields(reading: Reading) -> Reading:
    """Marks the fields that a seal covers, wherever it was found."""

    def covered(field: ReadingField) -> bool:
        return field.meets(reading.seals)

    return replace(reading, fields=[replace(f, under_seal=covered(f)) for f in reading.fields])


def encode_reading(reading: Reading) -> dict[str, Any]:
    return asdict(reading)


def decode_reading(stored: Mapping[str, Any]) -> Reading:
    """The reading as `encode_reading` stored it."""
    lists = {
        "fields": [_decode_field(each) for each in stored["fields"]],
        "seals": [Box(**each) for each in stored["seals"]],
        "differences": [TextLayerDifference(**each) for each in stored.get("differences", ())],
    }
    return Reading(**{**stored, **lists, "kind": DocumentKind(stored["kind"])})


def _decode_field(stored: Mapping[str, Any]) -> ReadingField:
    places = tuple(Box(**each) for each in stored.get("places", ()))
    return ReadingField(**{**stored, "box": _decode_box(stored["box"]), "places": places})


def _decode_box(stored: Mapping[str, Any] | None) -> Box | None:
    return Box(**stored) if stored else None
