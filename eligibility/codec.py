"""Frozen values ↔ canonical JSON text, exact: facts and their like, Decimal, date, datetime,
timedelta, codes. Pure.

A text names its classes and their fields, so a value can be read although a class has got fields
since (they take their defaults) or has put them in another order. An object that stands in many
places is written once: the text is {"classes": [[name, fields…]…], "objects": [[class, values…]…],
"value": …}. A value is plain JSON, or one of {"d": Decimal}, {"t": datetime}, {"D": date}, {"s":
timedelta}, {"c": code}, {"m": [[key, value]…]}, {"o": place in objects}. Sequences are read back
as tuples.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any

from diagnostics.codes import Code
from eligibility import facts, findings
from eligibility.screening import ChunkInputs, GateInputs
from marketplace.money import Rates

CLASSES: Mapping[str, type] = {
    each.__name__: each
    for each in (
        *(
            c
            for c in vars(facts).values()
            if isinstance(c, type) and c.__module__ == facts.__name__
        ),
        findings.Finding,
        Rates,
        ChunkInputs,
        GateInputs,
    )
}
ENCODED_CLASSES = frozenset(CLASSES.values())
PLAIN_TYPES = frozenset((str, int, bool, type(None)))


class Unreadable(ValueError):
    """The text is not one that `encode` writes."""


def encode(value: Any, *, without: frozenset[str] = frozenset()) -> str:
    """`without`: fields that are not kept, named once; they take their class's empty value when
    read."""
    writer = _ValueEncoder(without)
    top = writer.write(value)
    content = {"classes": writer.classes, "objects": writer.objects, "value": top}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


class _ValueEncoder:
    def __init__(self, without: frozenset[str]) -> None:
        self.classes: list[list[str]] = []
        self.objects: list[list[Any]] = []
        self._without = without
        self._classes: dict[type, tuple[int, Callable[[Any], Sequence[Any]]]] = {}
        self._places: dict[int, int] = {}

    def write(self, value: Any) -> Any:
        kind = type(value)
        if kind in PLAIN_TYPES:
            return value
        if kind in (tuple, list):
            return [each if type(each) in PLAIN_TYPES else self.write(each) for each in value]
        if kind in ENCODED_CLASSES:
            return {"o": self._write_object(value)}
        return self._write_special(value)

    def _write_object(self, value: Any) -> int:
        place = self._places.get(id(value))
        if place is None:
            number, values_of = self._classes.get(type(value)) or self._register_class(type(value))
            row = [
                each if type(each) in PLAIN_TYPES else self.write(each) for each in values_of(value)
            ]
            place = self._places[id(value)] = len(self.objects)
            self.objects.append([number, *row])
        return place

    def _register_class(self, kind: type) -> tuple[int, Callable[[Any], Sequence[Any]]]:
        names = [name for name in _field_names(kind) if name not in self._without]
        values_of = (
            attrgetter(*names)
            if len(names) > 1
            else lambda value: [getattr(value, n) for n in names]
        )
        self._classes[kind] = len(self.classes), values_of
        self.classes.append([kind.__name__, *names])
        return self._classes[kind]

    def _write_special(self, value: Any) -> dict[str, Any]:
        if isinstance(value, Decimal):
            return {"d": str(value)}
        if isinstance(value, dt.datetime):
            return {"t": value.isoformat()}
        if isinstance(value, dt.date):
            return {"D": value.isoformat()}
        if isinstance(value, dt.timedelta):
            return {"s": [value.days, value.seconds, value.microseconds]}
        if isinstance(value, Mapping):
            return {"m": [[self.write(k), self.write(v)] for k, v in value.items()]}
        if isinstance(value, Code):
            return {"c": str(value)}
        if isinstance(value, str | int):  # another enumeration is kept as what it stands for
            return {"v": value.value} if hasattr(value, "value") else value
        raise TypeError(f"{type(value).__name__} has no place in a record")


def _field_names(kind: type) -> Sequence[str]:
    return [f.name for f in fields(kind)] if is_dataclass(kind) else kind._fields


def decode(text: str) -> Any:
    """The value that was written. Raises Unreadable."""
    try:
        content = json.loads(text)
        return _ValueDecoder(content["classes"], content["objects"]).read(content["value"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise Unreadable(str(error)) from error


class _ValueDecoder:
    def __init__(self, classes: list[list[str]], objects: list[list[Any]]) -> None:
        self._classes = [(CLASSES[name], names) for name, *names in classes]
        self._objects: list[Any] = []
        for number, *values in objects:  # an object stands after those it holds
            kind, names = self._classes[number]
            held = {name: self.read(value) for name, value in zip(names, values, strict=True)}
            self._objects.append(kind(**EMPTY_FIELDS.get(kind, {}) | held))

    def read(self, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(self.read(each) for each in value)
        if not isinstance(value, dict):
            return value
        ((kind, content),) = value.items()
        return self._read_special(kind, content)

    def _read_special(self, kind: str, content: Any) -> Any:
        if kind == "o":
            return self._objects[content]
        if kind == "m":
            return {self.read(k): self.read(v) for k, v in content}
        return DECODERS[kind](content)


DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "d": Decimal,
    "t": dt.datetime.fromisoformat,
    "D": dt.date.fromisoformat,
    "s": lambda parts: dt.timedelta(*parts),
    "c": Code,
    "v": lambda value: value,
}
EMPTY_FIELDS: Mapping[type, Mapping[str, Any]] = {facts.OrderFacts: {"ship_to": {}}}
"""What a field that is not kept is read as."""
