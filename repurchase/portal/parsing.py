"""What a browser sent, as values: nonsense becomes nothing, never an error."""


def whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def sought(text: str) -> str:
    return text.strip().replace("\0", "")[:100]
