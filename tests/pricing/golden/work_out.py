"""Works the golden orders out by hand, so to speak: fractions, and the text of the requirements.

It shares nothing with the product: no import, no data file. Rates of VAT are written down from the
laws named beside them. `python work_out.py` prints orders.csv; a test compares the product with
it, and it with the file.

How the requirements were read where they leave room:
- one rounding, half up, an order, part and rate; VAT once, on goods and freight charged together
(R-64);
- out of prices that include VAT the VAT is taken out; what is left falls to the goods of each
commission rate (the
  lowest rate first) and to the freight by largest remainder, then the freight to the rates by
  their goods (R-59);
- under reverse charge VAT is 0 and the base net (R-64): the buyer pays what is left;
- what is shown as goods and as freight without tax is that rest in two parts, by largest
remainder, the goods
  first; the seller keeps the total less the tax and all fees, whoever set the prices;
- a tariff in another currency is exchanged by the one set of euro rates and rounded once (R-65,
R-66).
"""

import csv
import sys
from fractions import Fraction

DIGITS = {
    "USD": 2,
    "EUR": 2,
    "GBP": 2,
    "PLN": 2,
    "CNY": 2,
    "CHF": 2,
    "JPY": 0,
    "KRW": 0,
    "KWD": 3,
    "BHD": 3,
}
PER_EURO = {
    "EUR": "1", "USD": "1.0837", "GBP": "0.8431", "PLN": "4.2715", "CNY": "7.8463", "CHF": "0.9388",
    "JPY": "164.57", "KRW": "1489.33", "KWD": "0.33312", "BHD": "0.40848",
}  # fmt: skip

# commission by category from a day on
COMMISSION = {
    "apparel": [("2019-01-01", "0.08"), ("2025-03-01", "0.075")],
    "auto-parts": [("2019-01-01", "0.05")],
    "toys": [("2019-01-01", "0.08"), ("2025-03-01", "0.09")],
    "drones": [("2019-01-01", "0.06125")],
    "free": [("2019-01-01", "0")],
}

# service, negotiated, currency, from grams, base, step in grams, a begun step, minimum; cm³ a kg
# of the service
CARDS = [
    ("road", False, "USD", 0, 500, 1000, 200, 0),
    ("road", False, "USD", 20000, 3900, 1000, 150, 0),
    ("road", True, "USD", 0, 430, 1000, 172, 0),
    ("road", True, "USD", 20000, 3350, 1000, 129, 0),
    ("air", False, "CNY", 0, 9000, 500, 2500, 15000),
    ("air", True, "CNY", 0, 6000, 500, 1500, 12000),
    ("sea", False, "EUR", 0, 99, 100000, 1, 0),
]
DIVISOR = {"road": 6000, "air": 5000, "sea": None}

# VAT or GST: (from a day on, percent), and the law
VAT = {
    "AT": [("1984-01-01", "20")], "BE": [("1996-01-01", "21")], "BG": [("1999-01-01", "20")],
    "CY": [("2014-01-13", "19")], "CZ": [("2013-01-01", "21")], "DK": [("1992-01-01", "25")],
    "ES": [("2012-09-01", "21")], "FR": [("2014-01-01", "20")], "GR": [("2016-06-01", "24")],
    "HR": [("2012-03-01", "25")], "HU": [("2012-01-01", "27")], "IT": [("2013-10-01", "22")],
    "LT": [("2009-09-01", "21")], "LV": [("2012-07-01", "21")], "MT": [("2004-01-01", "18")],
    "NL": [("2012-10-01", "21")], "PL": [("2011-01-01", "23")], "PT": [("2011-01-01", "23")],
    "SE": [("1990-07-01", "25")], "SI": [("2013-07-01", "22")], "GB": [("2011-01-04", "20")],
    # 2. Corona-Steuerhilfegesetz
    "DE": [("2007-01-01", "19"), ("2020-07-01", "16"), ("2021-01-01", "19")],
    # Financial Provisions (Covid-19) (No. 2) Act 2020
    "IE": [("2012-01-01", "23"), ("2020-09-01", "21"), ("2021-03-01", "23")],
    "EE": [("2009-07-01", "20"), ("2024-01-01", "22"), ("2025-07-01", "24")],  # KMS § 15
    "FI": [("2013-01-01", "24"), ("2024-09-01", "25.5")],  # AVL § 84, laki 508/2024
    "LU": [("2015-01-01", "17"), ("2023-01-01", "16"), ("2024-01-01", "17")],  # loi du 26.10.2022
    "SK": [("2011-01-01", "20"), ("2025-01-01", "23")],  # zákon 278/2024
    "RO": [("2017-01-01", "19"), ("2025-08-01", "21")],  # Legea 141/2025
    "CH": [("2018-01-01", "7.7"), ("2024-01-01", "8.1")],  # MWSTG art. 25
    "NO": [("2005-01-01", "25")], "AU": [("2000-07-01", "10")], "NZ": [("2010-10-01", "15")],
    "JP": [("2019-10-01", "10")], "KR": [("1977-07-01", "10")], "RU": [("2019-01-01", "20"), ("2026-01-01", "22")],
    "SG": [("2024-01-01", "9")], "ZA": [("2018-04-01", "15")], "CA": [("2008-01-01", "5")],
    "US": [], "HK": [],  # no VAT
}  # fmt: skip
EU = {
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "HU",
    "IE",
    "IT",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "PL",
    "PT",
    "RO",
    "SE",
    "SI",
    "SK",
}
ACCOUNTED_BY_THE_CUSTOMER = {
    "BE",
    "ES",
    "FR",
    "IT",
    "NL",
}  # their use of article 194 of directive 2006/112/EC

# (country, postal code): percent or None, jurisdiction in the code, whose number the seller gives,
# VAT remitted
APART = {
    ("ES", "35001"): (None, "ES-CN", "", False),  # Canary Islands: art. 6(1)(b)
    ("ES", "52001"): (None, "ES-ML", "", False),  # Melilla: art. 6(2)(d)
    ("DE", "78266"): (None, "DE-78266", "", False),  # Büsingen: art. 6(2)(b)
    ("DE", "27498"): (None, "DE-27498", "", False),  # Heligoland: art. 6(2)(a)
    ("IT", "23041"): (None, "IT-23030", "", False),  # Livigno: art. 6(2)(e)
    ("FI", "22100"): (None, "AX", "", False),  # Åland: art. 6(1)(d)
    ("GR", "63086"): (None, "GR-69", "", False),  # Mount Athos: art. 6(1)(a)
    ("GB", "GY1 1AA"): (None, "GG", "", False),  # Guernsey is no part of the United Kingdom
    ("GB", "JE1 1AA"): ("5", "JE", "JE", False),  # GST (Jersey) Law 2007
    ("GB", "BT1 5GS"): ("20", "XI", "GB", True),  # Northern Ireland: Windsor Framework art. 8
    ("IM", "IM1 1AA"): ("20", "GB", "GB", True),  # Isle of Man Act 1979
    ("MC", "98000"): ("20", "FR", "FR", True),  # Monaco: art. 7
    ("FR", "97400"): ("8.5", "RE", "FR", False),  # Réunion: art. 6(1)(c), CGI art. 296
    ("PT", "9500-150"): ("16", "PT", "PT", True),  # Azores: CIVA art. 18(3)
    ("AT", "6691"): ("19", "AT", "AT", True),  # Jungholz: UStG § 10 (4)
}

INPUTS = [
    "case",
    "day",
    "country",
    "postal_code",
    "currency",
    "prices_include_tax",
    "lines",
    "freight_charged",
    "local_return",
    "buyer_number",
    "buyer_number_checked",
    "service",
    "weight_g",
    "volume_cm3",
]
WORKED_OUT = [
    "tax_code",
    "charged_weight_g",
    "goods",
    "freight",
    "tax",
    "total",
    "commissions",
    "ear_review",
    "carrier",
    "saving_outside_the_range",
    "return_warehouse",
    "payment",
    "vat_remittance",
    "all_fees",
    "goods_without_tax",
    "freight_without_tax",
    "seller_keeps",
]


def half_up(value: Fraction) -> int:
    doubled = 2 * value
    return int((doubled + 1) // 2) if value >= 0 else -half_up(-value)


def minor(text: str, currency: str) -> int:
    exact = Fraction(text) * 10 ** DIGITS[currency]
    assert exact.denominator == 1, (text, currency)
    return int(exact)


def written(amount: int, currency: str) -> str:
    digits = DIGITS[currency]
    text = str(amount).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}" if digits else text


def signed(amount: int, currency: str) -> str:
    return f"-{written(-amount, currency)}" if amount < 0 else written(amount, currency)


def exchanged(amount: int, of: str, into: str) -> int:
    if of == into:
        return amount
    units = Fraction(amount, 10 ** DIGITS[of]) / Fraction(PER_EURO[of]) * Fraction(PER_EURO[into])
    return half_up(units * 10 ** DIGITS[into])


def newest(rows: list, day: str):
    begun = [value for since, value in rows if since <= day]
    return begun[-1] if begun else None


def shared_out(total: int, weights: list[int]) -> list[int]:
    """By largest remainder; equal remainders in the order given."""
    if sum(weights) == 0:
        return [total] + [0] * (len(weights) - 1)
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    parts = [int(each // 1) for each in exact]
    left = total - sum(parts)
    for place in sorted(range(len(weights)), key=lambda i: (parts[i] - exact[i], i))[:left]:
        parts[place] += 1
    return parts


def vat(order: dict) -> tuple[str, Fraction, Fraction, bool]:
    """(tax code, rate charged, rate inside the prices, VAT remitted by the platform)."""
    country, place = order["country"], (order["country"], order["postal_code"])
    if place in APART:
        percent, jurisdiction, number_of, remitted = APART[place]
    else:
        percent, jurisdiction = newest(VAT[country], order["day"]), country
        number_of, remitted = country, country in EU or country == "GB"
    if percent is None:
        return f"O-{jurisdiction}-0.00", Fraction(0), Fraction(0), remitted
    rate = Fraction(percent) / 100
    number = order["buyer_number"]
    prefix = {"GR": "EL"}.get(jurisdiction, jurisdiction)
    at_home = place not in APART and country in ACCOUNTED_BY_THE_CUSTOMER
    if at_home and order["buyer_number_checked"] == "yes" and number.startswith(prefix):
        return f"AE-{jurisdiction}-0.00-{number}", Fraction(0), rate, remitted
    shown = percent if len(percent.partition(".")[2]) > 2 else f"{float_free(percent)}"
    return f"S-{jurisdiction}-{shown}-{number_of}123456789", rate, rate, remitted


def float_free(percent: str) -> str:
    whole, _, rest = percent.partition(".")
    return f"{whole}.{rest.ljust(2, '0')}"


def carried(order: dict) -> tuple[int, int, int, str, str]:
    """(charged weight, negotiated or else public price, its currency, is the saving outside 11.3 %
    to 18.7 %)."""
    service = order["service"]
    weight = int(order["weight_g"])
    if DIVISOR[service]:
        by_volume = Fraction(int(order["volume_cm3"]) * 1000, DIVISOR[service])
        weight = max(weight, -int(-by_volume // 1))
    prices = {}
    for name, negotiated, currency, start, base, step, each, least in CARDS:
        # the last card that begins at or below the weight stays
        if name == service and start <= weight:
            begun = -int(-Fraction(weight - start, step) // 1)
            prices[negotiated] = (max(base + begun * each, least), currency)
    outside = ""
    if len(prices) == 2:
        saving = Fraction(prices[False][0] - prices[True][0], prices[False][0])
        outside = "" if Fraction("0.113") <= saving <= Fraction("0.187") else "yes"
    price, currency = prices.get(True) or prices[False]
    return weight, price, currency, outside


def worked_out(order: dict) -> dict:
    currency = order["currency"]
    lines = [line.split() for line in order["lines"].split("; ")]
    freight = minor(order["freight_charged"], currency)
    code, charged_rate, inside_rate, remitted = vat(order)

    by_rate: dict[str, int] = {}
    for category, amount, *_ in lines:
        rate = newest(COMMISSION[category], order["day"])
        by_rate[rate] = by_rate.get(rate, 0) + minor(amount, currency)
    rates = sorted(by_rate, key=Fraction)
    gross = [by_rate[rate] for rate in rates]

    paid = sum(gross) + freight
    if order["prices_include_tax"] == "yes":
        inside = half_up(Fraction(paid) * inside_rate / (1 + inside_rate))
        net, tax = paid - inside, inside if charged_rate else 0
    else:
        net, tax = paid, half_up(paid * charged_rate)
    *net_goods, net_freight = shared_out(net, [*gross, freight])
    freight_parts = shared_out(net_freight, net_goods)
    relieved = net + tax < paid
    goods, shown_freight = (sum(net_goods), net_freight) if relieved else (sum(gross), freight)

    commissions, fees = [], 0
    for rate, part, share in zip(rates, net_goods, freight_parts, strict=True):
        amount = half_up((part + share) * Fraction(rate))
        commissions.append(
            f"{rate} x {written(part + share, currency)} = {written(amount, currency)}"
        )
        fees += amount
    ear = exchanged(12000, "USD", currency) if any("EAR" in line for line in lines) else 0
    weight, price, price_currency, outside = carried(order)
    carrier = exchanged(price, price_currency, currency)
    back = exchanged(230, "USD", currency) if order["local_return"] == "yes" else 0
    payment = half_up((net + tax) * Fraction("0.007"))
    remittance = half_up((net + tax) * Fraction("0.005")) if remitted else 0
    fees += ear + carrier + back + payment + remittance
    goods_without_tax, freight_without_tax = shared_out(net, [goods, shown_freight])
    amounts = {
        "goods": goods,
        "freight": shown_freight,
        "tax": tax,
        "total": net + tax,
        "ear_review": ear,
        "carrier": carrier,
        "return_warehouse": back,
        "payment": payment,
        "vat_remittance": remittance,
        "all_fees": fees,
        "goods_without_tax": goods_without_tax,
        "freight_without_tax": freight_without_tax,
        "seller_keeps": net - fees,
    }
    return {
        "tax_code": code,
        "charged_weight_g": weight,
        "commissions": "; ".join(commissions),
        "saving_outside_the_range": outside,
        **{name: signed(amount, currency) for name, amount in amounts.items()},
    }


DAY = "2025-10-15"
PLAIN = {
    "day": DAY,
    "country": "DE",
    "postal_code": "",
    "currency": "USD",
    "prices_include_tax": "no",
    "lines": "apparel 100.00",
    "freight_charged": "10.00",
    "local_return": "no",
    "buyer_number": "",
    "buyer_number_checked": "no",
    "service": "road",
    "weight_g": "4000",
    "volume_cm3": "0",
}
MIXED = "apparel 333.33; auto-parts 266.67; drones 150.01 EAR; apparel 0.05"
IN = {
    "USD": (MIXED, "47.11"), "EUR": ("toys 18.37; auto-parts 1.01", "3.33"), "GBP": ("drones 999.99 EAR", "0.00"),
    "PLN": ("apparel 4071.55; toys 12.35", "88.88"), "CNY": (MIXED, "150.00"), "CHF": ("auto-parts 77.05", "5.55"),
    "JPY": ("apparel 15001; drones 20333 EAR; auto-parts 7", "1499"), "KRW": ("toys 1250003", "9999"),
    "KWD": ("apparel 30.125; auto-parts 12.007", "1.005"), "BHD": ("drones 0.067 EAR; free 10.001", "0.333"),
}  # fmt: skip


def orders() -> list[dict]:
    cases: list[dict] = []

    def add(case: str, **fields: str) -> None:
        cases.append({"case": case, **PLAIN, **fields})

    flags = [("no", "no"), ("yes", "no"), ("no", "yes"), ("yes", "yes")]
    for n, country in enumerate(sorted(VAT)):
        inclusive, back = flags[n % 4]
        add(
            f"country {country}",
            country=country,
            lines=MIXED,
            freight_charged="47.11",
            local_return=back,
            prices_include_tax=inclusive,
        )
    changes = {
        "DE": ["2020-07-01", "2021-01-01"],
        "IE": ["2020-09-01", "2021-03-01"],
        "FI": ["2024-09-01"],
        "EE": ["2024-01-01", "2025-07-01"],
        "LU": ["2023-01-01", "2024-01-01"],
        "SK": ["2025-01-01"],
        "RO": ["2025-08-01"],
        "CH": ["2024-01-01"],
        "RU": ["2026-01-01"],
    }
    for country, days in changes.items():
        for n, day in enumerate(days):
            for when, on in (("the day before", the_day_before(day)), ("from", day)):
                add(
                    f"rate of {country} {when} {day}",
                    country=country,
                    day=on,
                    lines="apparel 1234.56; toys 0.49",
                    prices_include_tax="yes" if n % 2 else "no",
                )
    for on in ("2025-02-28", "2025-03-01"):
        add(f"commission on {on}", day=on, lines="apparel 500.00; toys 300.00; auto-parts 10.10")
    for currency, (lines, freight) in IN.items():
        for country, inclusive, back in (
            ("DE", "no", "yes"),
            ("FR", "yes", "no"),
            ("US", "no", "yes"),
            ("GB", "yes", "yes"),
        ):
            add(
                f"{currency} to {country}",
                country=country,
                currency=currency,
                lines=lines,
                freight_charged=freight,
                prices_include_tax=inclusive,
                local_return=back,
            )
    for country in sorted(ACCOUNTED_BY_THE_CUSTOMER):
        number = f"{country}0999999922"
        for label, fields in {
            "checked": {"buyer_number": number, "buyer_number_checked": "yes"},
            "checked, prices with tax": {
                "buyer_number": number,
                "buyer_number_checked": "yes",
                "prices_include_tax": "yes",
            },
            "not checked": {"buyer_number": number},
            "of another country": {"buyer_number": "DE0999999922", "buyer_number_checked": "yes"},
        }.items():
            add(
                f"reverse charge {country}, {label}",
                country=country,
                lines=MIXED,
                freight_charged="47.11",
                **fields,
            )
    add("no reverse charge in DE", buyer_number="DE0999999922", buyer_number_checked="yes")
    for country, postal in APART:
        for inclusive in ("no", "yes"):
            add(
                f"{country} {postal}",
                country=country,
                postal_code=postal,
                currency="EUR",
                lines=IN["EUR"][0],
                freight_charged="3.33",
                prices_include_tax=inclusive,
            )
    weights = [
        ("road", "1", "0"),
        ("road", "1000", "0"),
        ("road", "1001", "0"),
        ("road", "19999", "0"),
        ("road", "20000", "0"),
        ("road", "20001", "0"),
        ("road", "900", "120001"),
        ("air", "500", "0"),
        ("air", "501", "0"),
        ("air", "2000", "10001"),
        ("air", "3500", "1"),
        ("sea", "100000", "0"),
        ("sea", "100001", "9999999"),
    ]
    for service, weight, volume in weights:
        add(
            f"{service}, {weight} g, {volume} cm³",
            service=service,
            weight_g=weight,
            volume_cm3=volume,
        )
    for currency, goods, freight in (
        ("USD", "0.01", "0.01"),
        ("JPY", "3", "3"),
        ("KWD", "9.999", "0.001"),
        ("GBP", "123910.59", "1204.07"),
    ):
        add(
            f"tax inside {currency} {goods} and {freight}",
            currency=currency,
            lines=f"apparel {goods}",
            freight_charged=freight,
            prices_include_tax="yes",
        )
    add("pitfall 5", lines="apparel 18.37", freight_charged="0.00")
    add("a million", lines="apparel 1000000.00", freight_charged="0.00", country="US")
    add("one cent", lines="apparel 0.01", freight_charged="0.00")
    add("half a cent of commission", lines="auto-parts 0.10", freight_charged="0.00", country="US")
    add("nothing", lines="apparel 0.00", freight_charged="0.00")
    add("freight alone", lines="apparel 0.00; toys 0.00", freight_charged="12.34", country="US")
    add("free of commission", lines="free 99.99", freight_charged="1.00")
    add(
        "equal remainders", lines="apparel 0.01; auto-parts 0.01; toys 0.01", freight_charged="0.01"
    )
    add(
        "several of the same rate",
        day="2025-02-28",
        lines="apparel 0.06; toys 0.06; apparel 0.06",
        freight_charged="0.00",
    )
    return cases


def the_day_before(day: str) -> str:
    """All changes of rates in the table fall on the first of a month."""
    year, month, _ = map(int, day.split("-"))
    year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    last = (
        29 if month == 2 and year % 4 == 0 else {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)
    )
    return f"{year}-{month:02}-{last}"


def table() -> list[dict]:
    return [order | worked_out(order) for order in orders()]


def main(file=sys.stdout) -> None:
    writer = csv.DictWriter(file, INPUTS + WORKED_OUT, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table())


if __name__ == "__main__":
    main()
