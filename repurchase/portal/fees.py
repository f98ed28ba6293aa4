"""试算: what an order would cost if … (B-7). Each change asks the server anew; nothing is
written."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET

from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Category, Membership, RateCard, Store
from marketplace.money import Money, round_half_up
from pricing.totals import Amounts, amounts_of
from repurchase.batches.services import fee_quotes
from repurchase.batches.services.fee_quotes import FeeQuote
from repurchase.models import OrderFee
from repurchase.portal.decorators import member_required
from repurchase.portal.fee_form import DEFAULTS, FeeForm
from repurchase.templatetags.parts import active_locale


@dataclass(frozen=True, kw_only=True, slots=True)
class FeeComparisonRow:
    fee: OrderFee
    moved: Money | None  # since the case that is held for comparison; None: nothing to compare with


@dataclass(frozen=True, kw_only=True, slots=True)
class FeeQuoteDisplay:
    quote: FeeQuote
    parts: Sequence[tuple[str, Money, Sequence[FeeComparisonRow]]]
    moved: Money | None

    def money(self, minor: int) -> Money:
        return Money(minor, self.quote.asked.currency)

    @property
    def amounts(self) -> Amounts:
        return amounts_of(self.quote.outcome.offer.priced)

    @property
    def profit(self) -> Money:
        return self.money(self.quote.outcome.profit_minor)

    @property
    def margin(self) -> Decimal | None:
        """To a hundredth of a percent."""
        margin = self.quote.outcome.margin
        return None if margin is None else Decimal(round_half_up(margin * 10_000)).scaleb(-4)

    @property
    def price(self) -> Money | None:
        minor = self.quote.outcome.price_minor
        return None if minor is None else self.money(minor)


@require_GET
@member_required()
def fees(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The whole page, or what changes of it."""
    store = membership.store
    typed = request.GET if "country" in request.GET else _default_query()
    form = _build_fee_form(typed, store)
    held = request.GET.get("held", "")
    context = {"active": "fees", "form": form, "held": held, "typed": _query_without_held(typed)}
    if form.is_valid():
        try:
            found = _quote_from_form(form, store)
            context["shown"] = _compare_quotes(found, _held_quote(held, store))
        except Problem as problem:
            context["problem"] = problem
    return render(request, "fees/outcome.html" if request.htmx else "fees/page.html", context)


def _default_query() -> QueryDict:
    first = Category.objects.filter(commission_rates__rate__isnull=False).order_by("code").first()
    query = QueryDict(mutable=True)
    query.update(DEFAULTS | {"category_1": first.code if first else ""})
    return query


def _build_fee_form(typed: QueryDict, store: Store) -> FeeForm:
    names = active_locale().territories
    codes = set(RateCard.objects.values_list("country", flat=True)) | {"DE"}
    countries = sorted(
        ((code, f"{names.get(code, code)} ({code})") for code in codes), key=lambda pair: pair[1]
    )
    return FeeForm(typed, countries=countries, settlement=store.settlement_currency)


def _quote_from_form(form: FeeForm, store: Store) -> FeeQuote:
    return fee_quotes.quote(store=store, asked=form.asked(), now=clock.now(store))


def _query_without_held(typed: QueryDict) -> str:
    query = typed.copy()
    query.pop("held", None)
    return query.urlencode()


def _held_quote(text: str, store: Store) -> FeeQuote | None:
    """The case that is held for comparison, worked out anew: a browser's word for an amount is not
    taken."""
    form = _build_fee_form(QueryDict(text), store) if text else None
    try:
        return _quote_from_form(form, store) if form and form.is_valid() else None
    except Problem:
        return None


def _compare_quotes(quote: FeeQuote, held: FeeQuote | None) -> FeeQuoteDisplay:
    currency = quote.asked.currency
    comparable = held if held and held.asked.currency == currency else None
    before = dict(_fees_with_keys(comparable.fees)) if comparable else None
    rows = [
        FeeComparisonRow(fee=fee, moved=_fee_difference(fee, key, before))
        for key, fee in _fees_with_keys(quote.fees)
    ]
    parts = [(part, list(lines)) for part, lines in groupby(rows, key=lambda row: row.fee.part)]
    moved = None
    if before is not None:
        total = sum(fee.amount_minor for fee in quote.fees) - sum(
            fee.amount_minor for fee in before.values()
        )
        moved = Money(total, currency)
    return FeeQuoteDisplay(
        quote=quote,
        parts=[
            (part, Money(sum(r.fee.amount_minor for r in lines), currency), lines)
            for part, lines in parts
        ],
        moved=moved,
    )


def _fees_with_keys(fees: Sequence[OrderFee]) -> Iterator[tuple[tuple[str, int], OrderFee]]:
    """Each line by its kind, and where a kind has several (a commission a rate) by its place among
    them."""
    seen: Counter[str] = Counter()
    for fee in fees:
        seen[fee.kind] += 1
        yield (fee.kind, seen[fee.kind]), fee


def _fee_difference(fee: OrderFee, key: tuple[str, int], before: Mapping | None) -> Money | None:
    if before is None:
        return None
    was = before[key].amount_minor if key in before else 0
    return Money(fee.amount_minor - was, fee.currency)
