"""The unified social credit code of GB 32100-2015: 18 signs, the last one checks the others
(R-31). Pure."""

CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
CHARACTER_WEIGHTS = [pow(3, place, 31) for place in range(17)]


def check_character(first_17: str) -> str:
    """ValueError for a sign that the standard does not know."""
    total = sum(
        CODE_CHARACTERS.index(sign) * weight
        for sign, weight in zip(first_17, CHARACTER_WEIGHTS, strict=True)
    )
    return CODE_CHARACTERS[-total % 31]


def is_valid(code: str) -> bool:
    if len(code) != 18 or any(sign not in CODE_CHARACTERS for sign in code):
        return False
    return check_character(code[:17]) == code[17]
