"""Words on a page as rows that can be searched, with the place and the confidence of what was
found. Pure."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

from qualification.readings import YEARS, Box, Field


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
class Page:
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
    def rows(self) -> "list[Row]":
        """Top to bottom. An upright page's words share a row when their middles are nearer than
        half a line."""
        height = median([w.y1 - w.y0 for w in self.words] or [1])
        groups: list[list[Word]] = []
        for word in sorted(self.words, key=lambda w: w.middle):
            near = groups and word.middle - _middle_of(groups[-1]) < 0.6 * height
            groups[-1].append(word) if near else groups.append([word])
        return [Row(page=self, words=sorted(group, key=lambda w: w.x0)) for group in groups]


def _middle_of(row: Sequence[Word]) -> float:
    """The median of words that come in the order of their middles: asked of every word, so it
    sorts nothing."""
    return (row[(len(row) - 1) // 2].middle + row[len(row) // 2].middle) / 2


LONGEST = 2000
"""Signs of a row or a cell that are looked at: no form prints more, and a search may cost the
square of them."""

Look = Callable[[Box], Iterable[str]]
"""Reads the figures in one place once more, in each way that the engine has; nothing where the
page was typed."""

PLAIN = str.maketrans("：，。（）／－—–−～〜；", ":,.()/----~~;")
"""Full-width signs and the dashes that readers mix up."""


@dataclass(frozen=True, kw_only=True)
class Row:
    page: Page
    words: Sequence[Word]

    @cached_property
    def text(self) -> str:
        """Without spaces, since readers put them anywhere between Chinese signs."""
        return "".join(self._plain(w) for w in self.words)[:LONGEST]

    @cached_property
    def _owners(self) -> list[Word]:
        return [w for w in self.words for _ in self._plain(w)]

    @staticmethod
    def _plain(word: Word) -> str:
        return "".join(word.text.translate(PLAIN).split())

    def find(self, pattern: str) -> "Found | None":
        """The first group of the pattern, or all of it when there is none."""
        match = re.search(pattern, self.text)
        return self._found(match) if match else None

    def find_all(self, pattern: str) -> Iterator["Found"]:
        return (self._found(match) for match in re.finditer(pattern, self.text))

    def _found(self, match: re.Match) -> "Found":
        begin, end = match.span(1 if match.re.groups else 0)
        words = list(dict.fromkeys(self._owners[begin:end]))
        return Found(text=self.text[begin:end], words=words, row=self)

    @cached_property
    def cells(self) -> "list[Found]":
        """Words that stand together: a gap of more than a sign's width parts them."""
        groups: list[list[Word]] = []
        end = 0.0  # of the last group
        for word in self.words:
            gap = 0.9 * (word.y1 - word.y0)
            near = groups and word.x0 - end < gap
            groups[-1].append(word) if near else groups.append([word])
            end = max(end, word.x1) if near else word.x1
        return [
            Found(text="".join(map(self._plain, g))[:LONGEST], words=g, row=self) for g in groups
        ]


@dataclass(frozen=True, kw_only=True)
class Found:
    text: str
    words: Sequence[Word]
    row: Row

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

    def field(self, name: str, value: str | None = None, *, proven: bool = False) -> Field:
        return Field(
            name=name,
            value=self.text if value is None else value,
            raw=self.text,
            confidence=0.99 if proven else self.confidence,
            box=self.box,
            proven=proven,
        )


def rows_of(pages: Sequence[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]


def first(rows: Sequence[Row], pattern: str) -> Found | None:
    return next((found for row in rows if (found := row.find(pattern))), None)


def below(rows: Sequence[Row], label: str, value: str, *, within: int = 2) -> Found | None:
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


DATE = r"(?:19|20)\d\d(?:年\d{1,2}月\d{1,2}日?|[-/.]\d{1,2}[-/.]\d{1,2}|[01]\d[0-3]\d)"


def iso_date(text: str) -> str:
    """“2026年8月3日”, “2026-08-03”, “20260803” as ISO; "" for a day that does not exist, or in no
    year of YEARS."""
    numbers = re.findall(r"\d+", text)
    if len(numbers) == 1 and len(numbers[0]) == 8:
        numbers = [numbers[0][:4], numbers[0][4:6], numbers[0][6:]]
    if len(numbers) < 3 or len(numbers[0]) != 4 or int(numbers[0]) not in YEARS:
        return ""
    try:
        return dt.date(*map(int, numbers[:3])).isoformat()
    except (ValueError, OverflowError):
        return ""
