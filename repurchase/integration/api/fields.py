"""Fields of the API: amounts are decimal texts beside their currency, instants UTC with Z."""

import datetime as dt
from operator import attrgetter
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.money import Money, decimal_text


class AmountSerializer(serializers.Serializer):
    amount = serializers.CharField(help_text="Plain decimal with all minor digits of the currency.")
    currency = serializers.CharField(help_text="ISO 4217.")


def amount_payload(minor: int, currency: str) -> dict[str, str]:
    return {"amount": decimal_text(minor, currency), "currency": currency}


@extend_schema_field(AmountSerializer)
class MoneyField(serializers.Field):
    def to_representation(self, value: Money) -> dict[str, str]:
        return amount_payload(value.minor, value.currency)


@extend_schema_field(AmountSerializer)
class MinorField(serializers.Field):
    """A column of minor units, and the column that holds its currency; null where the first is
    null."""

    def __init__(self, minor: str, *, currency: str = "currency", **options: Any) -> None:
        super().__init__(source="*", read_only=True, **options)
        self.minor, self.currency = attrgetter(minor), attrgetter(currency)

    def to_representation(self, row: Any) -> dict[str, str] | None:
        minor = self.minor(row)
        return None if minor is None else amount_payload(minor, self.currency(row))


class InstantField(serializers.DateTimeField):
    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=dt.UTC, **options)


class TextField(serializers.CharField):
    """Free text of the caller's: blank is the same as not sent."""

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(
            max_length=max_length, required=False, allow_blank=True, default="", **options
        )
