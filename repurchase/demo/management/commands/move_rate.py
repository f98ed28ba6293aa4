"""`manage.py move_rate --store S --currency USD --percent 3`: moves a sandbox store's market
(docs/operating.md)."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import CommandError, CommandParser

from marketplace.mirror.commands import ImportCommand, get_store_by_code
from repurchase.demo import market


class Command(ImportCommand):
    help = "Moves an exchange rate of one sandbox store, simulated, and says how many renegotiations that opened."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--store", required=True, help="a sandbox store's code")
        parser.add_argument(
            "--currency", default="USD", help="against the store's settlement currency"
        )
        parser.add_argument("--percent", default="3", help="up, or down below zero; at most 20")

    def work(self, **options: Any) -> dict[str, Any]:
        try:
            percent = Decimal(options["percent"])
        except InvalidOperation:
            raise CommandError(f"INPUT_INVALID: {options['percent']} is no percentage") from None
        opened = market.move_rate(
            store=get_store_by_code(options["store"]),
            currency=options["currency"],
            percent=percent,
            by="system:command",
        )
        return {"opened_renegotiations": opened}
