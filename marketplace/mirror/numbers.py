"""The numbers of a file as it writes them, "1,0841" or "1,084.10": one style for the whole file,
never guessed. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Iterable

from diagnostics.codes import Code
from diagnostics.problem import Problem

POINT, COMMA = "point", "comma"
DECIMAL_STYLES = (POINT, COMMA)
NUMBER_PATTERN = re.compile(r"[+-]?[0-9][0-9.,]*", re.ASCII)
THOUSANDS_PATTERN = re.compile(r"[+-]?[1-9][0-9]{0,2}([.,])[0-9]{3}(?:\1[0-9]{3})*", re.ASCII)


def normalizer_for(texts: Iterable[str], *, told: str = "") -> Callable[[str], str]:
    """What makes a text of this file a plain number: "1,0841" → "1.0841". What is no number stays
    as it is.

    FILE_NUMBERS_AMBIGUOUS where "1,084" could be either and no cell decides; `told` one of STYLES
    then decides. In a file whose cells contradict each other the style of the most is read, and
    the others stay as they are.
    """
    texts = list(texts)
    proofs, open_ = (
        _count_style_proofs(texts) if any("," in text for text in texts) else (Counter(), "")
    )
    if open_ and not proofs and not told:
        raise Problem(Code.FILE_NUMBERS_AMBIGUOUS, value=open_)
    style = told or (COMMA if proofs[COMMA] > proofs[POINT] else POINT)
    mixed = len(proofs) > 1 and not told
    decimal, thousands = (",", ".") if style == COMMA else (".", ",")

    def plainly(text: str) -> str:
        if (thousands not in text and decimal == ".") or not NUMBER_PATTERN.fullmatch(text):
            return text
        whole, sign, part = text.partition(decimal)
        if thousands in text and (
            mixed or thousands in part or not THOUSANDS_PATTERN.fullmatch(whole)
        ):
            return text
        return f"{whole.replace(thousands, '')}.{part}" if sign else whole.replace(thousands, "")

    return plainly


def _count_style_proofs(texts: Iterable[str]) -> tuple[Counter[str], str]:
    """How many cells prove each style, and one with a comma that proves none."""
    proofs: Counter[str] = Counter()
    open_ = ""
    for text in texts:
        if ("," in text or "." in text) and NUMBER_PATTERN.fullmatch(text):
            if style := _decimal_style_of(text):
                proofs[style] += 1
            elif "," in text:
                open_ = open_ or text
    return proofs, open_


def _decimal_style_of(text: str) -> str:
    """The style that a number proves, "" where it fits both: 1,084 and 1.084."""
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        return COMMA if comma > point else POINT
    if THOUSANDS_PATTERN.fullmatch(text):
        sign = "," if comma >= 0 else "."
        return {",": POINT, ".": COMMA}[sign] if text.count(sign) > 1 else ""
    return COMMA if comma >= 0 else POINT
