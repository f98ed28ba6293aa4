"""Names of companies and people in a plain form, compared whole word by whole word (R-90). Pure.

Case, accents, punctuation and the legal form are left away: “SAMPLE Trading Co., Ltd.” and “Sample-Trading GmbH” are
both ("sample", "trading"). A listed name of several words is found wherever they stand together in a party's name;
one of a single word only as the whole name, so that a list with “Orion” does not stop every Orion of the world.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

LEGAL_FORMS = frozenset({
    "ab", "ag", "aps", "as", "asa", "bhd", "bv", "bvba", "co", "company", "corp", "corporation", "cv", "doo", "eood", "fze",
    "gmbh", "inc", "incorporated", "jsc", "kft", "kg", "kk", "lda", "limited", "llc", "llp", "ltd", "ltda", "mbh", "nv",
    "oao", "ojsc", "ooo", "oy", "oyj", "pao", "pjsc", "plc", "pte", "pty", "pvt", "sa", "sae", "sarl", "sas", "sdn", "sl",
    "spa", "spzoo", "srl", "sro", "zao", "ао", "зао", "оао", "ооо", "пао",
})  # fmt: skip
CHINESE_FORMS = ("股份有限公司", "有限责任公司", "有限公司", "公司")
PLAIN = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"})
JOINED = str.maketrans("", "", ".'’`´·")
"""Signs inside a word: “G.m.b.H.” is one word, “O'Neill” too. Every other sign parts words."""

Words = tuple[str, ...]


@lru_cache(maxsize=20_000)
def plain(name: str) -> Words:
    """The words of a name that count; never none of them for a name that has any."""
    text = unicodedata.normalize("NFKD", name).casefold().translate(PLAIN)
    text = "".join(c for c in text if not unicodedata.combining(c)).translate(JOINED)
    words = "".join(c if c.isalnum() else " " for c in text).split()
    return tuple(_without_legal_form(words))


def _without_legal_form(words: list[str]) -> Sequence[str]:
    kept = list(words)
    while len(kept) > 1 and kept[-1] in LEGAL_FORMS:
        kept.pop()
    while len(kept) > 1 and kept[0] in LEGAL_FORMS:  # ООО, ЗАО, OOO stand in front
        kept.pop(0)
    if kept:
        form = next((f for f in CHINESE_FORMS if kept[-1].endswith(f) and kept[-1] != f), "")
        kept[-1] = kept[-1].removesuffix(form)
    return kept


def key(name: str) -> str:
    """How a listed name stands in the index, and how it is looked up."""
    return " ".join(plain(name))


def keys_of(names: Iterable[str]) -> list[str]:
    """Every run of words in the names: a listed party that matches one of them has its key among these."""
    return sorted({" ".join(run) for name in names for run in _runs(plain(name))})


def _runs(words: Words) -> Iterator[Words]:
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            yield words[start:end]


def same(party: str, listed: str) -> bool:
    asked, wanted = plain(party), plain(listed)
    if len(wanted) <= 1:
        return bool(wanted) and asked == wanted
    return any(asked[i : i + len(wanted)] == wanted for i in range(len(asked) - len(wanted) + 1))
