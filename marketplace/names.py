"""Names of companies and people as screening lists compare them (R-90). Pure.

A match is a question to a person, so what may be the same counts as the same. Left away on both
sides: case, accents, umlauts and their spelling in two letters (ü, ue), punctuation, full-width
signs, doubled letters and the legal form (“Co., Ltd.”, 有限公司). Cyrillic is read in Latin
letters, traditional Chinese characters in simplified ones. The order of the words does not count
(the surname may stand first), nor the spaces between them (Xiao Ming, Xiaoming).

Signs that show nothing are left away as well, wherever they stand. A name may be read in several
ways: a word with letters of one alphabet that look like those of another also as what it looks
like (as Unicode's TR39 compares them), a sign that shows nothing also as a space, two dotted
letters also as initials apart. Two names may be the same when any of their readings are.

A listed name of several words is found wherever they stand together in a party's name; one of a
single word only as the whole name, so that a list with “Orion” does not stop every Orion of the
world. Of Chinese names, which have no spaces, four characters or more are found inside a longer
one.
"""

import csv
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

LEGAL_FORMS = frozenset({
    "ab", "ag", "aps", "as", "asa", "bhd", "bv", "bvba", "co", "company", "corp", "corporation", "cv", "doo", "eood", "fze",
    "gmbh", "inc", "incorporated", "jsc", "kft", "kg", "kk", "lda", "limited", "llc", "llp", "ltd", "ltda", "mbh", "nv",
    "oao", "ojsc", "ooo", "oy", "oyj", "pao", "pjsc", "plc", "pte", "pty", "pvt", "sa", "sae", "sarl", "sas", "sdn", "sl",
    "spa", "spzoo", "srl", "sro", "zao", "ао", "зао", "оао", "ооо", "пао",
})  # fmt: skip
HAN_FORMS = (
    "股份有限公司", "股份有限责任公司", "有限责任公司", "有限公司", "公司", "株式会社", "有限会社",
)  # fmt: skip
INITIALS = re.compile(r"(?<![\w.])([^\W\d_])\.([^\W\d_]\.)(?!\w)")
"""Two of them may be a person's, where they look like a legal form: A.B. Sample, C.V. Sample."""
SPACED_HAN_FORM = re.compile("|".join(" ?".join(form) for form in HAN_FORMS))
"""As they are spread out to fill a line: 有 限 公 司."""
LINK_WORDS = frozenset({"and", "und", "et", "y", "e", "the"})
LETTER_REPLACEMENTS = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"}
)
with (Path(__file__).parent / "data" / "simplified_characters.csv").open(encoding="utf-8") as _file:
    SIMPLIFIED = str.maketrans(
        {row["traditional"]: row["simplified"] for row in csv.DictReader(_file)}
    )
INVISIBLE_SIGNS = re.compile(
    # letters and unassigned ones
    "[\u115f\u1160\u3164\uffa0\u2065\ufff0-\ufff8\U000e0000-\U000e0fff]"
    "|[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
    "|[\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f]"
)
"""What is never shown (Unicode's Default_Ignorable_Code_Point)."""
IGNORED_CATEGORIES = frozenset({"Mn", "Me", "Cf"})
"""Categories of what only changes the letter before it, or how text runs."""
JOINING_SIGNS = str.maketrans("", "", ".'’`´·")
"""Signs inside a word: “G.m.b.H.” is one word, “O'Neill” too. Every other sign parts words."""
CYRILLIC = str.maketrans(dict(zip(
    "абвгґдеёєжзиійїклмнопрстуфхцчшщъыьэюя",
    ["a", "b", "v", "g", "g", "d", "e", "e", "e", "zh", "z", "i", "i", "i", "i", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "h", "ts", "ch", "sh", "shch", "", "i", "", "e", "iu", "ia"], strict=True,
)))  # fmt: skip
LOOKS_LATIN = str.maketrans(dict(zip(
    "АаВвЕеЅѕІіЈјКкМмНнОоРрСсТтУуХхЬьҮүԚԛԜԝԀԁҺһӀӏҚқҢңҲҳҪҫӨөгѵ"  # Cyrillic
    "ΑαΒβΕεΖΗηΙικΚΜΝνΟοΡρσΤτΥυΧχγωϹϲϳϜ"  # Greek
    "օոսհցզԼՕՍ"  # Armenian
    "ɑɡɩıǀʏɴʜʟʀᴀᴄᴅᴇᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱ",  # Latin letters of phonetics
    "aabbeessiijjkkmmhhooppccttyyxxbbyyqqwwddhhllkkhhxxccoorv"
    "aabbeezhniikkmnvooppottyuxxywccjf"
    "onuhgqlou"
    "agiilynhlracdekmoptuvwzs", strict=True,
)))  # fmt: skip
"""Letters that look like Latin ones, each of its own size: Η looks like H, η like n (Unicode TR39,
the common ones)."""
LATIN = re.compile("[A-Za-z]")
CYRILLIC_LETTER = re.compile("[а-яёА-ЯЁ]")
LOOKS_CYRILLIC = str.maketrans("ABCEHKMOPTXYaceopxyk", "АВСЕНКМОРТХУасеорхук")
WORD = re.compile(r"[^\W_]+")
STROKE_IN_WORD = re.compile(
    r"(?<!\d)[01]+(?=[^\W\d_])|(?<=[^\W\d_])[01](?!\d)|(?<=[A-Za-z])I(?=[a-z])"
)
"""0 and 1 before a letter, or a single one at the end of a word (more of them there are a number);
I before a small letter, as in “GIobal”."""
STROKES_AS = (str.maketrans("01I", "oll"), str.maketrans("01", "oi"))
EQUIVALENT_SPELLINGS = (
    ("ae", "a"),
    ("oe", "o"),
    ("ue", "u"),
    ("kh", "h"),
    ("x", "ks"),
    ("y", "i"),
    ("j", "i"),
)
DOUBLED_LETTER = re.compile(r"([^\W\d])\1+")
HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿]")
HAN_FOUND_INSIDE = 4
JOINED_FOUND_INSIDE = 5
LONGEST_RUN = 40
"""No listed name of more words, or more Chinese characters, is looked for inside a longer name."""
MAX_ROTATED_WORDS = 6
JOINED_KEY_PREFIX = "+"
"""Marks the joined form of a listed name of several words: one word of a longer name may be it."""
KEY_CHARS = 300

NameWords = tuple[str, ...]


def significant_words(name: str) -> NameWords:
    """The words of a name that count; never none of them for a name that has any."""
    return _split_words(_without_marks(INVISIBLE_SIGNS.sub("", name)))


def _without_marks(name: str) -> str:
    if name.isascii():
        return name
    text = unicodedata.normalize("NFKD", name)
    return "".join(c for c in text if unicodedata.category(c) not in IGNORED_CATEGORIES)


def _split_words(text: str) -> NameWords:
    text = unicodedata.normalize("NFC", text.casefold().translate(LETTER_REPLACEMENTS)).translate(
        JOINING_SIGNS
    )
    text = text.translate(SIMPLIFIED)
    text = " ".join("".join(c if c.isalnum() else " " for c in text).split())
    words = SPACED_HAN_FORM.sub(lambda found: found[0].replace(" ", ""), text).split()
    return tuple(_without_legal_form(words))


def _without_legal_form(words: Sequence[str]) -> Sequence[str]:
    kept = [bare for word in words if word not in LEGAL_FORMS and (bare := _without_han_form(word))]
    return kept or words


def _without_han_form(word: str) -> str:
    form = next((form for form in HAN_FORMS if word.endswith(form)), "")
    word = word.removesuffix(form)
    return word.removeprefix(next((form for form in HAN_FORMS if word.startswith(form)), ""))


@lru_cache(maxsize=20_000)
def readings(name: str) -> tuple[NameWords, ...]:
    """What is compared, for each way to read the name: its words in their simplest spelling, each
    Chinese character by itself. The first is the name as it is written."""
    shown = [INVISIBLE_SIGNS.sub("", name), INVISIBLE_SIGNS.sub(" ", name)]
    seen = dict.fromkeys([*shown, *(INITIALS.sub(r"\1. \2", text) for text in shown)])
    texts = dict.fromkeys(text for each in seen for text in _lookalike_texts(_without_marks(each)))
    return tuple(dict.fromkeys(_comparable_words(_split_words(text)) for text in texts))


def _lookalike_texts(text: str) -> Iterator[str]:
    """The text, and what it looks like."""
    yield text
    latin = text if text.isascii() else WORD.sub(_as_latin, text)
    yield latin
    if not text.isascii():
        yield WORD.sub(_as_cyrillic, text)
    for strokes in STROKES_AS:
        yield STROKE_IN_WORD.sub(lambda found, strokes=strokes: found[0].translate(strokes), latin)


def _as_latin(found: re.Match[str]) -> str:
    """A word that may be meant as Latin: all of its letters look so, or one of them is."""
    looks = found[0].translate(LOOKS_LATIN)
    return looks if looks.isascii() or LATIN.search(found[0]) else found[0]


def _as_cyrillic(found: re.Match[str]) -> str:
    return found[0].translate(LOOKS_CYRILLIC) if CYRILLIC_LETTER.search(found[0]) else found[0]


def _comparable_words(words: NameWords) -> NameWords:
    kept = [word for word in words if word not in LINK_WORDS] or words
    return tuple(unit for word in kept for unit in _comparison_units(word))


def _comparison_units(word: str) -> Sequence[str]:
    if HAN.search(word):
        return HAN.sub(lambda found: f" {found[0]} ", word).split()
    folded = word.translate(CYRILLIC)
    for written, simple in EQUIVALENT_SPELLINGS:
        folded = folded.replace(written, simple)
    return [DOUBLED_LETTER.sub(r"\1", folded) or word]


def keys_of_listed(names: Iterable[str]) -> list[str]:
    """How a listed name stands in the index: its words in their alphabetical order, and joined
    from each of them on."""
    return sorted(
        {key for name in names for words in readings(name) for key in _keys_of_listed(words)}
    )


def _keys_of_listed(words: NameWords) -> Iterator[str]:
    if words:
        yield _index_key(" ".join(sorted(words)))
        for start in range(len(words) if len(words) <= MAX_ROTATED_WORDS else 1):
            yield _index_key("".join(words[start:] + words[:start]))
    if len(words) > 1:
        yield _index_key(JOINED_KEY_PREFIX + "".join(words))


def keys_of_party(names: Iterable[str]) -> list[str]:
    """Every run of words in the names: a listed party that matches one of them has one of its keys
    among these."""
    read = {words for name in names for words in readings(name)}
    return sorted({key for words in read for run in _word_runs(words) for key in _keys_of_run(run)})


def _keys_of_run(run: NameWords) -> tuple[str, ...]:
    """By its words, joined, and as the glued form of a listed name of several words."""
    joined = "".join(run)
    glued = (
        [_index_key(JOINED_KEY_PREFIX + joined)]
        if len(run) == 1 and len(joined) >= JOINED_FOUND_INSIDE
        else []
    )
    return _index_key(" ".join(sorted(run))), _index_key(joined), *glued


def _index_key(text: str) -> str:
    if len(text) <= KEY_CHARS:
        return text
    return hashlib.sha256(text.encode()).hexdigest()


def _word_runs(words: NameWords) -> Iterator[NameWords]:
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + LONGEST_RUN) + 1):
            yield words[start:end]
    if len(words) > LONGEST_RUN:
        yield words


def find_matching_keys(party: str, listed: Iterable[str]) -> Iterator[str]:
    """The keys by which the party's name, or a telling part of it, stands among the `listed`
    keys."""
    for asked in readings(party):
        for run in _word_runs(asked):
            by_word, joined, *glued = _keys_of_run(run)
            yield from (key for key in glued if key in listed)
            if by_word in listed and _is_distinctive(run, asked, spaced=True):
                yield by_word
            if joined in listed and _is_distinctive(run, asked, spaced=False):
                yield joined


def _is_distinctive(run: NameWords, asked: NameWords, *, spaced: bool) -> bool:
    """Whether a part of a name says enough to be asked about; the whole name always does."""
    if len(run) == len(asked):
        return True
    if any(HAN.match(unit) for unit in run):
        return len(run) >= HAN_FOUND_INSIDE
    return len(run) > 1 and (spaced or len("".join(run)) >= JOINED_FOUND_INSIDE)


def is_same_name(party: str, listed: str) -> bool:
    return any(True for _ in find_matching_keys(party, frozenset(keys_of_listed([listed]))))
