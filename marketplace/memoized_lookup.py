"""Answers that are worked out once, for the many orders that ask alike. Pure."""

from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class MemoizedLookup(dict[Key, Value], Generic[Key, Value]):
    """By key, what `work` makes of it: worked out when it is first asked for, then kept. A failure
    is not kept."""

    def __init__(self, work: Callable[[Key], Value]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, key: Key) -> Value:
        value = self[key] = self._work(key)
        return value
