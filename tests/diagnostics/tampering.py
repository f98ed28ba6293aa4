"""What an attacker with the owner's rights could do: switch a table's triggers off first."""

import contextlib
import datetime as dt
import random
import uuid
from collections.abc import Iterator
from decimal import Decimal

from django.db import connection, models, transaction


@contextlib.contextmanager
def untriggered(*tables: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """What is done in the block never was, afterwards."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        yield
        transaction.set_rollback(True)


def other(value: object, field, dice: random.Random | None = None) -> object:
    """Another value of the same type; with dice, one that differs at any place."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | Decimal):
        return value + 1
    if isinstance(value, dt.datetime):
        return value + dt.timedelta(microseconds=1)
    if isinstance(value, dt.date):
        return value + dt.timedelta(days=1)
    if isinstance(value, uuid.UUID):
        return uuid.uuid4()
    if isinstance(value, dict):
        return {**value, "x": 1}
    if isinstance(value, list):
        return [*value, filled(field.base_field) if hasattr(field, "base_field") else "x"]
    if isinstance(value, bytes | memoryview):
        raw = bytes(value)
        at = dice.randrange(len(raw)) if dice else 0
        return (
            raw[:at] + bytes([raw[at] ^ (1 << (dice.randrange(8) if dice else 0))]) + raw[at + 1 :]
        )
    if isinstance(field, models.GenericIPAddressField):
        return "203.0.113.8" if value != "203.0.113.8" else "203.0.113.9"
    if isinstance(value, str) and value:
        at = dice.randrange(len(value)) if dice else 0
        return value[:at] + ("y" if value[at] != "y" else "z") + value[at + 1 :]
    return filled(field)


def filled(field) -> object:
    """For what is empty now."""
    kind = (field.target_field if field.is_relation else field).get_internal_type()
    return {
        "DateTimeField": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "DateField": dt.date(2026, 1, 1),
        "BooleanField": True,
        "UUIDField": uuid.uuid4(),
        "GenericIPAddressField": "203.0.113.99",
        "JSONField": {"x": 1},
        "CharField": "x",
        "TextField": "x",
    }.get(kind, 1)


def prepared(field, value):
    """As the driver takes it."""
    column = field.target_field if field.is_relation else field
    value = column.get_db_prep_value(value, connection)
    return str(value) if isinstance(value, uuid.UUID) else value
