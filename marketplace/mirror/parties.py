"""Buyers and SKUs that an order history names: added when they are new, left alone when they are
known."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from marketplace import clock
from marketplace.mirror.online_retail import SOURCE
from marketplace.mirror.profiles import Profile
from marketplace.mirror.profiles import ProfileCategory as Assumed
from marketplace.models import Buyer, Category, CommissionRate, Sku, Store

UNCATEGORISED = "uncategorised"
COMMISSION_VALID_FROM = dt.date(2000, 1, 1)
INSERT_BATCH_SIZE = 2000
BUYER_FIELDS = [
    "email", "is_certified_business", "certificate_valid_until", "tax_number", "city", "street", "postal_code",
]  # fmt: skip
SKU_FIELDS = ["category", "hs_code", "weight_g", "on_hand", "stock_synced_at"]


def add_buyers(
    *, store: Store, homes: Mapping[str, tuple[str, bool]], profile: Profile | None, at: dt.datetime
) -> None:
    """`homes`: customer → (country of the latest order, whether the country was assumed)."""
    rows = (_build_buyer(store, customer, *home, profile, at) for customer, home in homes.items())
    Buyer.objects.bulk_create(rows, batch_size=INSERT_BATCH_SIZE, ignore_conflicts=True)


def _build_buyer(
    store: Store,
    customer: str,
    country: str,
    assumed: bool,
    profile: Profile | None,
    at: dt.datetime,
) -> Buyer:
    made = Buyer(
        store=store,
        external_id=customer,
        name=f"Customer {customer}",
        country=country,
        source=SOURCE,
        mirrored_at=at,
        assumed=["name", *(["country"] if assumed else [])],
    )
    if profile:
        _assume_buyer(made, profile, at)
    return made


def _assume_buyer(buyer: Buyer, profile: Profile, at: dt.datetime) -> None:
    buyer.email = profile.buyers["email"].format(id=buyer.external_id)
    buyer.is_certified_business = True
    buyer.certificate_valid_until = at.date() + dt.timedelta(
        days=profile.buyers["certificate_days"]
    )
    buyer.tax_number = profile.buyers["tax_number"].format(
        id=buyer.external_id, country=buyer.country
    )
    buyer.city, buyer.postal_code = profile.place_of(buyer.country)
    buyer.street = profile.street
    buyer.assumed = [*buyer.assumed, *BUYER_FIELDS]


def add_skus(
    *,
    store: Store,
    titles: Mapping[str, str],
    prices: Mapping[str, Decimal],
    profile: Profile | None,
    at: dt.datetime,
) -> None:
    """`prices`: the last unit price of each, by which a profile assumes the weight."""
    known = set(Sku.objects.filter(store=store).values_list("code", flat=True))
    new = {code: title for code, title in titles.items() if code not in known}
    categories = _categories_by_code(profile, at) if new else {}
    synced = clock.now(store)
    rows = (
        _build_sku(store, code, title, prices[code], profile, categories, at, synced)
        for code, title in new.items()
    )
    Sku.objects.bulk_create(rows, batch_size=INSERT_BATCH_SIZE)


def _build_sku(
    store: Store,
    code: str,
    title: str,
    price: Decimal,
    profile: Profile | None,
    categories: Mapping[str, Category],
    at: dt.datetime,
    synced: dt.datetime,
) -> Sku:
    made = Sku(store=store, code=code, title=title or code, source=SOURCE, mirrored_at=at)
    made.assumed = ["origin_country", *([] if title else ["title"])]
    if not profile:
        made.category = categories[UNCATEGORISED]
        return made
    found = profile.category_of(title)
    made.category, made.hs_code = categories[found.code], found.hs
    made.weight_g = profile.weight_g(price)
    made.on_hand, made.stock_synced_at = int(profile.stock["on_hand"]), synced
    made.origin_country = str(profile.stock["origin_country"])
    made.assumed += SKU_FIELDS
    return made


def _categories_by_code(profile: Profile | None, at: dt.datetime) -> dict[str, Category]:
    if not profile:
        names = {"name_en": "Uncategorised", "name_zh": "未分类"}
        return {
            UNCATEGORISED: Category.objects.get_or_create(code=UNCATEGORISED, defaults=names)[0]
        }
    return {
        assumed.code: _get_or_create_category(assumed, profile.name, at)
        for assumed in profile.categories
    }


def _get_or_create_category(assumed: Assumed, profile: str, at: dt.datetime) -> Category:
    """The platform's category, with the profile's commission only where it has none (R-59)."""
    category, _ = Category.objects.get_or_create(
        code=assumed.code, defaults={"name_en": assumed.name_en, "name_zh": assumed.name_zh}
    )
    if not category.commission_rates.exists():
        CommissionRate.objects.create(
            category=category,
            rate=assumed.commission,
            valid_from=COMMISSION_VALID_FROM,
            source=f"profile:{profile}",
            mirrored_at=at,
            assumed=["rate"],
        )
    return category
