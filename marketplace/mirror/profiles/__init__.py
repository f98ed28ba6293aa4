"""Profiles: what is assumed where a format is silent. Pure: same input, same assumption."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from zlib import crc32

from diagnostics.codes import Code
from diagnostics.problem import Problem

FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileCategory:
    code: str
    name_en: str
    name_zh: str
    hs: str
    commission: Decimal
    words: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    name: str
    orders: Mapping[str, str | int]
    ratings: Mapping[str, int]
    buyers: Mapping[str, str | int]
    stock: Mapping[str, str | int]
    weights: Sequence[tuple[Decimal | None, int]]  # (up to this unit price, grams); None: any
    categories: Sequence[ProfileCategory]
    street: str
    places: Mapping[str, Sequence[str]]  # country → town, postal code

    def category_of(self, title: str) -> ProfileCategory:
        words = set(title.upper().replace(",", " ").split())
        return next(c for c in self.categories if not c.words or c.words & words)

    def weight_g(self, price: Decimal) -> int:
        return next(grams for limit, grams in self.weights if limit is None or price <= limit)

    def place_of(self, country: str) -> tuple[str, str]:
        town, postal_code = self.places.get(country, self.places["default"])
        return town, postal_code

    def stars(self, number: str, lines: int) -> list[int] | None:
        """Stars of an order's lines, by its number alone; None when nobody rated it."""
        fate = crc32(number.encode()) % 1000
        if fate < self.ratings["unrated_per_mille"]:
            return None
        if fate < self.ratings["unrated_per_mille"] + self.ratings["unhappy_per_mille"]:
            return [4 if n % 3 == 0 else 5 for n in range(lines)]
        every = self.ratings["four_stars_every"]
        return [4 if crc32(f"{number}/{n}".encode()) % every == 0 else 5 for n in range(lines)]


def load(name: str) -> Profile:
    """FILE_FORMAT_UNKNOWN when there is no such profile."""
    known = sorted(file.stem for file in FOLDER.glob("*.toml"))
    if name not in known:
        raise Problem(Code.FILE_FORMAT_UNKNOWN, value=name, limit=known)
    data = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"), parse_float=Decimal)
    places = data.pop("addresses")
    return Profile(
        name=data["name"],
        orders=data["orders"],
        ratings=data["ratings"],
        buyers=data["buyers"],
        stock=data["stock"],
        weights=[(w.get("up_to"), w["grams"]) for w in data["weights"]],
        categories=[
            ProfileCategory(**row | {"words": frozenset(row["words"])})
            for row in data["categories"]
        ],
        street=places.pop("street"),
        places=places,
    )
