"""What a browser sent, as values: nonsense becomes nothing, never an error."""


def parse_whole_number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def parse_search_text(text: str) -> str:
    return text.strip().replace("\0", "")[:100]
