"""Customised services in an order note: an extra manual, a special carton (R-15). Pure.

A service is asked for by a marker, whose text runs to the end of its line, to a semicolon or to
the next marker:

    [service line=2] extra manual        [service] extra manual        [定制服务 行=2] 附加说明书
    custom service line 2: extra manual  custom service: extra manual  定制服务 2：特殊纸箱

or, without one, by a sentence that names a thing of KEYWORDS. `line=2,3` names two lines.
Everything else in a note is a remark, carried over as it is. A service that names no line of the
order, or one that it has not, is asked for the whole order (`line_no` None): the seller may give
it to a line or dismiss it, nothing is dropped in silence. Sentences are not understood: "no extra
manual" is found too, and left to the seller's eye.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

MAX_TEXT_LENGTH = 300
"""Characters of a service's text; what is longer is cut, the note keeps all of it."""
MAX_NOTE_LENGTH = 20_000
MAX_CUSTOMISATIONS = 50
"""Services read from one note; what follows is one more, of the whole order."""

KEYWORDS = (
    "extra manual", "additional manual", "printed manual", "user manual", "instruction manual",
    "special carton", "custom carton", "custom box", "custom packaging", "special packaging", "gift wrap",
    "gift box", "custom label", "private label", "custom logo", "logo print", "engraving", "custom barcode",
    "说明书", "特殊纸箱", "定制纸箱", "定制包装", "特殊包装", "礼品包装", "礼盒", "定制标签", "贴标", "定制logo", "印logo", "刻字",
)  # fmt: skip

_NUMBER = r"(?:[0-9]{1,4}|[一二三四五六七八九十])"
_NUMBERS = rf"{_NUMBER}(?: ?[,、] ?{_NUMBER}){{0,49}}"
_BEFORE, _AFTER = r"(?:(?:line|item|行|第) ?[=:#]? ?)?", r" ?(?:行|项)?"
_MARKER = re.compile(
    rf"[\[【] ?(?:service|定制服务) ?(?:{_BEFORE}(?P<a>{_NUMBERS}){_AFTER})? ?[\]】]"
    rf"|(?:custom(?:i[sz]ed)? service|定制服务) ?(?:{_BEFORE}(?P<b>{_NUMBERS}){_AFTER})? ?:",
    re.IGNORECASE,
)
_MENTION = re.compile(
    rf"(?:\b(?:line|item) ?#?(?P<a>{_NUMBERS})|第 ?(?P<b>{_NUMBERS}) ?(?:行|项))", re.IGNORECASE
)
_SENTENCE = re.compile(r"[\n;。]|(?<=[.!?])\s")
_CHINESE_DIGITS = {sign: n for n, sign in enumerate("一二三四五六七八九十", start=1)}
_KEPT_CHARACTERS = {"\n", " "}


@dataclass(frozen=True, slots=True)
class NotedCustomisation:
    """`line_no`: the past order's line; None: the whole order."""

    line_no: int | None
    text: str


def parse_customisations(note: str, *, line_nos: Collection[int]) -> list[NotedCustomisation]:
    """The services that a note asks for, each once, in its order."""
    known = frozenset(line_nos)
    alone = next(iter(known)) if len(known) == 1 else None
    found = dict.fromkeys(
        NotedCustomisation(line if line in known else alone if line is None else None, text)
        for lines, text in _split_requests(_normalize_note(note))
        for line in lines or [None]
    )
    services = list(found)
    if len(services) <= MAX_CUSTOMISATIONS:
        return services
    rest = "; ".join(service.text for service in services[MAX_CUSTOMISATIONS:])
    return [*services[:MAX_CUSTOMISATIONS], NotedCustomisation(None, clean_text(rest))]


def clean_text(text: str) -> str:
    """One line of what can be seen: no control characters, nothing that turns the direction of
    writing."""
    seen = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in text)
    return " ".join(seen.split())[:MAX_TEXT_LENGTH].rstrip()


def digest_text(text: str) -> str:
    """How a text stands in evidence and ledger: SHA-256, so that erasing the text leaves both
    valid."""
    return hashlib.sha256(text.encode()).hexdigest()


def _normalize_note(note: str) -> str:
    """Full-width signs as their narrow ones (［２］： → [2]:), blanks and what can't be seen as
    one blank."""
    narrow = unicodedata.normalize("NFKC", note[:MAX_NOTE_LENGTH]).replace("\r", "\n")
    seen = (
        c if c in _KEPT_CHARACTERS or unicodedata.category(c)[0] not in "CZ" else " "
        for c in narrow
    )
    return re.sub(r" +", " ", "".join(seen))


def _split_requests(note: str) -> Iterator[tuple[list[int], str]]:
    """(lines named, text) of each service: before the first marker sentences, after each its own
    text, then sentences."""
    marks = list(_MARKER.finditer(note))
    yield from _requests_in_sentences(note[: marks[0].start()] if marks else note)
    for place, mark in enumerate(marks):
        end = marks[place + 1].start() if place + 1 < len(marks) else len(note)
        text, _, rest = re.sub(r"[\n;]", "\n", note[mark.end() : end]).partition("\n")
        if text := clean_text(text.strip(" ,-:")):
            yield _parse_line_numbers(mark["a"] or mark["b"]), text
        yield from _requests_in_sentences(rest)


def _requests_in_sentences(text: str) -> Iterator[tuple[list[int], str]]:
    for sentence in _SENTENCE.split(text):
        lowered = sentence.casefold()
        if any(word in lowered for word in KEYWORDS):
            named = _MENTION.search(sentence)
            yield (
                _parse_line_numbers((named["a"] or named["b"]) if named else None),
                clean_text(sentence),
            )


def _parse_line_numbers(named: str | None) -> list[int]:
    return [_CHINESE_DIGITS.get(n) or int(n) for n in re.findall(_NUMBER, named or "")]
