"""Words on a page as rows that can be searched, with the place and the confidence of what was
found. Pure."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

from qualification.readings import DOCUMENT_YEARS, Box, ReadingField


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """In pixels of the upright page."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    confidence: float

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


@dataclass(frozen=True, kw_only=True)
class PageLayout:
    number: int
    width: float
    height: float
    words: Sequence[Word] = field(default_factory=list)

    def box(self, words: Sequence[Word]) -> Box:
        return Box(
            page=self.number,
            x0=round(min(w.x0 for w in words) / self.width, 4),
            y0=round(min(w.y0 for w in words) / self.height, 4),
            x1=round(max(w.x1 for w in words) / self.width, 4),
            y1=round(max(w.y1 for w in words) / self.height, 4),
        )

    def place(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        """A place given in pixels, with or without words."""
        return Box(
            page=self.number,
            x0=x0 / self.width,
            y0=y0 / self.height,
            x1=x1 / self.width,
            y1=y1 / self.height,
        )

    @cached_property
    def rows(self) -> "list[TextRow]":
        """Top to bottom. An upright page's words share a row when their middles are nearer than
        half a line."""
        height = median([w.y1 - w.y0 for w in self.words] or [1])
        groups: list[list[Word]] = []
        for word in sorted(self.words, key=lambda w: w.middle):
            near = groups and word.middle - _median_middle(groups[-1]) < 0.6 * height
            groups[-1].append(word) if near else groups.append([word])
        return [TextRow(page=self, words=sorted(group, key=lambda w: w.x0)) for group in groups]


def _median_middle(row: Sequence[Word]) -> float:
    """The median of words that come in the order of their middles: asked of every word, so it
    sorts nothing."""
    return (row[(len(row) - 1) // 2].middle + row[len(row) // 2].middle) / 2


MAX_ROW_CHARACTERS = 2000
"""Signs of a row or a cell that are looked at: no form prints more, and a search may cost the
square of them."""

SecondReading = Callable[[Box], Iterable[str]]
"""Reads the figures in one place once more, in each way that the engine has; nothing where the
page was typed."""

PLAIN_PUNCTUATION = str.maketrans("：，。（）／－—–−～〜；", ":,.()/----~~;")
"""Full-width signs and the dashes that readers mix up."""


@dataclass(frozen=True, kw_only=True)
class TextRow:
    page: PageLayout
    words: Sequence[Word]

    @cached_property
    def text(self) -> str:
        """Without spaces, since readers put them anywhere between Chinese signs."""
        return "".join(self._plain_text(w) for w in self.words)[:MAX_ROW_CHARACTERS]

    @cached_property
    def _words_by_character(self) -> list[Word]:
        return [w for w in self.words for _ in self._plain_text(w)]

    @staticmethod
    def _plain_text(word: Word) -> str:
        return "".join(word.text.translate(PLAIN_PUNCTUATION).split())

    def find(self, pattern: str) -> "FoundText | None":
        """The first group of the pattern, or all of it when there is none."""
        match = re.search(pattern, self.text)
        return self._found_text(match) if match else None

    def find_all(self, pattern: str) -> Iterator["FoundText"]:
        return (self._found_text(match) for match in re.finditer(pattern, self.text))

    def _found_text(self, match: re.Match) -> "FoundText":
        begin, end = match.span(1 if match.re.groups else 0)
        words = list(dict.fromkeys(self._words_by_character[begin:end]))
        return FoundText(text=self.text[begin:end], words=words, row=self)

    @cached_property
    def cells(self) -> "list[FoundText]":
        """Words that stand together: a gap of more than a sign's width parts them."""
        groups: list[list[Word]] = []
        end = 0.0  # of the last group
        for word in self.words:
            gap = 0.9 * (word.y1 - word.y0)
            near = groups and word.x0 - end < gap
            groups[-1].append(word) if near else groups.append([word])
            end = max(end, word.x1) if near else word.x1
        return [
            FoundText(
                text="".join(map(self._plain_text, g))[:MAX_ROW_CHARACTERS], words=g, row=self
            )
            for g in groups
        ]


@dataclass(frozen=True, kw_only=True)
class FoundText:
    text: str
    words: Sequence[Word]
    row: TextRow

    @property
    def box(self) -> Box:
        return self.row.page.box(self.words)

    @property
    def x0(self) -> float:
        return min(w.x0 for w in self.words)

    @property
    def x1(self) -> float:
        return max(w.x1 for w in self.words)

    @property
    def confidence(self) -> float:
        return min((w.confidence for w in self.words), default=0.0)

    def field(self, name: str, value: str | None = None, *, proven: bool = False) -> ReadingField:
        return ReadingField(
            name=name,
            value=self.text if value is None else value,
            raw=self.text,
            confidence=0.99 if proven else self.confidence,
            box=self.box,
            proven=proven,
        )


def rows_of_pages(pages: Sequence[PageLayout]) -> list[TextRow]:
    return [row for page in pages for row in page.rows]


def find_first(rows: Sequence[TextRow], pattern: str) -> FoundText | None:
    return next((found for row in rows if (found := row.find(pattern))), None)


def find_below(
    rows: Sequence[TextRow], label: str, value: str, *, within: int = 2
) -> FoundText | None:
    """The value in the cells under a label, for forms that print the label in the cell's upper
    line."""
    for n, row in enumerate(rows):
        if head := row.find(label):
            height = head.words[0].y1 - head.words[0].y0
            for lower in rows[n + 1 : n + 1 + within]:
                for cell in lower.cells:
                    begins_there = -2 * height < cell.x0 - head.x0 < 2 * height
                    if lower.page is row.page and begins_there and re.search(value, cell.text):
                        return cell
    return None


DATE_PATTERN = r"(?:19|20)\d\d(?:年\d{1,2}月\d{1,2}日?|[-/.]\d{1,2}[-/.]\d{1,2}|[01]\d[0-3]\d)"


def iso_date(text: str) -> str:
    """“2026年8月3日”, “2026-08-03”, “20260803” as ISO; "" for a day that does not exist, or in no
    year of YEARS."""
    numbers = re.findall(r"\d+", text)
    if len(numbers) == 1 and len(numbers[0]) == 8:
        numbers = [numbers[0][:4], numbers[0][4:6], numbers[0][6:]]
    if len(numbers) < 3 or len(numbers[0]) != 4 or int(numbers[0]) not in DOCUMENT_YEARS:
        return ""
    try:
        return dt.date(*map(int, numbers[:3])).isoformat()
    except (ValueError, OverflowError):
        return ""
