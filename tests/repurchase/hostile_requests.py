"""Requests as nobody means them, made from a seed: hosts, sizes, texts, numbers, dates, ids,
headers, bodies (F-27)."""

import ast
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from django.contrib import admin
from drf_spectacular.generators import SchemaGenerator

from tests.repurchase.real_rows import Rows, filled, names_of

ROOT = Path(__file__).parents[2]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PERSONAS = ("stranger", "seller", "reviewer", "admin", "key")
SURROGATE = "\ud800"
LONG = "长" * 100_000

TEXTS = [
    "", " ", "\0", "a\0b", SURROGATE, f"x{SURROGATE}y", LONG, "x" * 256, "x" * 65_000, "\u202eمرحبا", "👩‍👩‍👧‍👦", "\ufeff=1+1",
    "'", '"', "\\", "%", "%s%n", "{}", "{0.__class__}", "<script>", "../../etc/passwd", "a\r\nSet-Cookie: x=1", "null",
    "[", "http://[", "//evil.example", "user:", "a:b:c", ":", "::", ",", "\x1b[2J", "ﷺ" * 50, "e\u0301" * 50,
]  # fmt: skip
NUMBERS = [
    "0", "-1", "-0", "1.5", "1e400", "-1e400", "NaN", "sNaN", "Infinity", "-inf", "1e-400", "9" * 30, "9" * 5000,
    str(2**31), str(2**63), str(2**64), f"-{2**63 + 1}", "٣", "１２", "²", "0x10", "1_000", "1,000.00", "+5", "00007",
]  # fmt: skip
DATES = [
    "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "1000000000000-01-01", "-0001-01-01", "2026-13-01",
    "2026-02-30", "2026-02-29", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-30T24:00:00Z",
    "2026-11-30T00:00:00+99:99", "2026-W01-1", "9999-12-31T23:59:59Z", "12/31/999999999999", "now",
]  # fmt: skip
IDS = [
    "0",
    "-1",
    str(2**31),
    str(2**63),
    "9" * 40,
    str(UUID(int=0)),
    str(UUID(int=2**128 - 1)),
    "BR-",
    "A" * 24,
    "x",
]
SEGMENTS = [
    "%00", "a%00b", "%ED%A0%80", "%FF", "%F0%9F%98%80", "..%2F..", "a" * 2000, "%E2%80%AE", "9" * 40, "_00", "1_2F2",
    "%25", "%0A", ".", "-", "%5B", str(2**63),
]  # fmt: skip
HOSTS = [
    "evil.example", "127.0.0.1.evil.example", "[::1", "a" * 300, "localhost:99999999", "localhost:x", "lo_cal", "💥",
    "10.0.0.1", "..", "localhost@evil.example", "",
]  # fmt: skip
HEADERS = {
    "Referer": ["http://[", "https://[::1", "x" * 10_000, "\x80", "//", "http://a:99999999/"],
    "Origin": ["http://[", "null", "x" * 10_000, "https://evil.example"],
    "Accept": ["", "*", "a/b;q=x", "text/html;;", "application/" + "x" * 5000, "*/*;q=NaN"],
    "Accept-Language": ["*", "x" * 5000, "zh-" * 200, "en;q=9e9", "\x80"],
    "Accept-Encoding": ["gzip;q=x", "x" * 5000],
    "Authorization": ["Bearer", "Bearer \x80", "Basic !!", f"Bearer {'x' * 10_000}", "Bearer a b c"],
    "Cookie": ["sessionid=\x80; csrftoken=x", f"sessionid={'x' * 5000}", "django_language=../../x", "=;=;", "messages=x"],
    "If-Match": ['"', "*", '"x', 'W/"1"', "9" * 5000],
    "If-None-Match": ['"', "*", ",,,", 'W/"', "x" * 5000],
    "If-Modified-Since": ["x", "Thu, 01 Jan 999999999999 00:00:00 GMT", "Mon, 00 Jan 0000 00:00:00 GMT"],
    "Last-Event-ID": ["-1", "9" * 40, "\x80", "٣", "1e9"],
    "Idempotency-Key": ["", "\x80", "x" * 5000, "a b"],
    "X-Erp-Client": ["/", "mango/", "x" * 5000, "mango/9e9", "a/b/c", "\x80", "mango/999999999999999999999999.1"],
    "X-Request-Id": ["x" * 5000, "\x80", "a b"],
    "X-Forwarded-For": ["x", "999.1.1.1", "::::", "x" * 5000],
    "User-Agent": ["", "x" * 100_000, "\x80"],
    "Hx-Request": ["true"],
    "Hx-Current-Url": ["http://[", "x" * 10_000, "\x80"],
    "Hx-Prompt": ["\x80"],
    "Range": ["bytes=9-1", "bytes=-", "x"],
    "X-Http-Method-Override": ["DELETE", "x" * 100],
}  # fmt: skip
TYPES = [
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + "x" * 300, "text/xml", "application/xml", "text/plain; charset=utf-99", "",
    "application/json; charset=utf-16", "application/x-www-form-urlencoded; charset=klingon", "x", "image/png",
    "multipart/form-data; boundary=b; charset=utf-99", "multipart/form-data; boundary=\x80",
]  # fmt: skip
BODIES = [
    b"", b"\0", b"\xff\xfe", b"{", b"[]", b"null", b'"x"', b"1e400", b"NaN", b'{"a":' * 3000, b"[" * 100_000, b"=" * 1500,
    b"&" * 5000, b"a=%00&b=%ff", b"--b\r\n", b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n",
    b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\xff\0.pdf\"\r\n\r\nx", b"<a", b"<?xml version='1.0' encoding='x'?><a/>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b'{"rows": [{}]}', b'{"rows": [null, 1, "x", []]}', "\ufeff{}".encode(),
    b'{"\\ud800": "\\ud800"}', b'{"rows": {"a": 1}}', b"x" * 3_000_000,
]  # fmt: skip
FILES = [
    b"", b"\0" * 100, b"%PDF-1.7", b"PK\x03\x04", b"order,amount,currency,reference\n\0,1e400,USD,\xff\n",
    b"order,amount,currency,reference,received_at\nBR-1,9e99,USD,x,1000000000000-01-01\n", b"\xff\xfe\0", b'"' * 1000,
    "order,amount,currency,reference\n\ud800,NaN,£,👩\n".encode(errors="surrogatepass"),
]  # fmt: skip
NAMES = [
    "a.csv",
    "",
    "\0.pdf",
    "../../x.pdf",
    "x" * 500 + ".pdf",
    "👩.xlsx",
    "\u202efdp.exe",
    "a\r\nb.csv",
]
FAMILIES = ("host", "text", "number", "date", "id", "header", "body", "file", "size")


@dataclass(frozen=True, slots=True)
class Try:
    """One request: who asks what, and of which family the hostile values are; its seed settles the
    rest."""

    persona: str
    route: str
    method: str
    family: str
    seed: int = 0

    @property
    def dice(self) -> random.Random:
        return random.Random(f"{self.persona} {self.route} {self.method} {self.family} {self.seed}")


def entitled(route: str) -> tuple[str, ...]:
    """Who gets furthest: past the door, so that what is behind it is tried."""
    if route.startswith("admin/"):
        return ("admin", "reviewer")
    return ("key",) if route.startswith("api/") else ("seller", "stranger")


def every(routes: list[str], seed: int = 0) -> Iterator[Try]:
    """Every route × method × family by who is entitled, and by one more, in turn."""
    n = 0
    for route in routes:
        for method in METHODS:
            for family in FAMILIES:
                others = [p for p in PERSONAS if p not in entitled(route)]
                for persona in (*entitled(route), others[n % len(others)]):
                    yield Try(persona, route, method, family, seed)
                n += 1


def some(routes: list[str], count: int, seed: int) -> list[Try]:
    """A sample: two in three outside of the administration, whose pages are many and alike."""
    dice = random.Random(seed)
    ours = [route for route in routes if not route.startswith("admin/")]
    theirs = [route for route in routes if route.startswith("admin/")]
    found = []
    for n in range(count):
        route = dice.choice(theirs if n % 3 == 0 else ours)
        persona = dice.choice([*PERSONAS, *entitled(route) * 3])
        found.append(
            Try(
                persona,
                route,
                dice.choice(METHODS),
                FAMILIES[n % len(FAMILIES)],
                dice.randrange(2**32),
            )
        )
    return found


def request(one: Try, rows: Rows) -> dict[str, Any]:
    """What Django's client takes: `path`, `method`, `data`, `content_type`, `headers`, and META of
    the host."""
    dice = one.dice
    values = {name: quote(str(value), safe="/") for name, value in rows.of(one.route).items()}
    if one.family == "id":
        for name in names_of(one.route):
            values[name] = dice.choice([*SEGMENTS, *IDS])
    path = "/" + filled(one.route, values)
    query = _query(one, rows, dice)
    body, content_type = _body(one, rows, dice)
    headers = {}
    for name in dice.sample(sorted(HEADERS), 4) if one.family == "header" else ():
        headers[name] = dice.choice(HEADERS[name])
    host = dice.choice(HOSTS) if one.family == "host" else "testserver"
    return {
        "method": one.method,
        "path": path + (f"?{query}" if query else ""),
        "data": body,
        "content_type": content_type,
        "headers": headers,
        "SERVER_NAME": "testserver",
        "HTTP_HOST": host,
    }


def _hostile(family: str, dice: random.Random) -> str:
    known = {"number": NUMBERS, "date": DATES, "id": IDS}
    if family == "size":
        return "9" * dice.choice([256, 4096, 100_000])
    return dice.choice(known.get(family, TEXTS))


def _value(name: str, one: Try, rows: Rows, dice: random.Random) -> str:
    """Half of the values are ones that are taken: what looks at the others comes after."""
    if dice.random() < 0.5 and name in (good := plausible(rows)):
        return str(good[name])
    return _hostile(one.family, dice)


def _query(one: Try, rows: Rows, dice: random.Random) -> str:
    if one.family in ("host", "header", "body", "file"):
        return ""
    names = [
        *asked_names(),
        "p",
        "o",
        "all",
        "e",
        "_facets",
        "_popup",
        "_to_field",
        "_changelist_filters",
        "next",
        "valid_from__gte",
    ]
    chosen = dice.sample(names, 3)
    if one.route.startswith("api/"):
        chosen = dice.sample(api_query(one.route, one.method) or names, 1)
    pairs = [(name, _value(name, one, rows, dice)[:8000]) for name in chosen]
    return urlencode(pairs, errors="surrogatepass")


def _body(one: Try, rows: Rows, dice: random.Random) -> tuple[bytes, str]:
    if one.method in ("GET", "HEAD", "OPTIONS"):
        return b"", "application/octet-stream"
    if one.family == "body":
        return dice.choice(BODIES), dice.choice(TYPES)
    if one.family == "file":
        return _multipart(one, rows, dice)
    if one.route.startswith("api/"):
        body = _shaped(api_body(one.route, one.method), "", one, rows, dice)
        return json.dumps(body).replace('"1e400"', "1e400").replace(
            '"NaN"', "NaN"
        ).encode(), "application/json"
    return urlencode(
        _form(one, rows, dice), errors="surrogatepass"
    ).encode(), "application/x-www-form-urlencoded"


def _form(one: Try, rows: Rows, dice: random.Random) -> list[tuple[str, str]]:
    names = admin_names(one.route) if one.route.startswith("admin/") else asked_names()
    names = [*names, *(n for n in plausible(rows) if ":" in n)]
    return [
        (name, _value(name, one, rows, dice)) for name in dice.sample(names, min(len(names), 40))
    ]


def _multipart(one: Try, rows: Rows, dice: random.Random) -> tuple[bytes, str]:
    parts = []
    for name, value in [("kind", "licence"), ("format", "auto"), *_form(one, rows, dice)[:4]]:
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        parts.append(head.encode(errors="surrogatepass"))
    name = dice.choice(NAMES)
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    parts.append(
        head.encode()
        + b"Content-Type: application/pdf\r\n\r\n"
        + dice.choice(FILES)
        + b"\r\n--b--\r\n"
    )
    return b"".join(parts), "multipart/form-data; boundary=b"


def _shaped(schema: dict, name: str, one: Try, rows: Rows, dice: random.Random) -> Any:
    """A body of the shape that the published schema says, some of its leaves hostile, now and then
    of another type."""
    if (good := plausible(rows)) and name in good and dice.random() < 0.6:
        value = good[name]
        return [value] if schema.get("type") == "array" else value
    if dice.random() < 0.06:
        return dice.choice([None, [], {}, True, -1, 1e308, [[]], {"a": {}}, 2**70, ""])
    if "properties" in schema:
        kept = [
            each
            for each in schema["properties"]
            if each in schema.get("required", ()) or dice.random() < 0.5
        ]
        return {each: _shaped(schema["properties"][each], each, one, rows, dice) for each in kept}
    if schema.get("type") == "array":
        return [
            _shaped(schema.get("items", {}), name, one, rows, dice)
            for _ in range(dice.choice([1, 1, 2]))
        ]
    text = _hostile(one.family, dice)
    if schema.get("type") in ("integer", "number") and dice.random() < 0.7:
        return dice.choice([0, -1, 2**31, 2**63, 10**30, 1.5, 1e308, text])
    return text


@cache
def asked_names() -> list[str]:
    """Every name under which a view asks for what a form or an address holds, from the source."""
    found = set()
    for path in chain(
        (ROOT / "repurchase" / "portal").glob("*.py"), [ROOT / "qualification" / "desk.py"]
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            holder = (
                node.func.value
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                else None
            )
            holder = node.value if isinstance(node, ast.Subscript) else holder
            key = (
                node.slice
                if isinstance(node, ast.Subscript)
                else (node.args[0] if isinstance(node, ast.Call) and node.args else None)
            )
            if (
                isinstance(holder, ast.Attribute | ast.Name)
                and isinstance(key, ast.Constant)
                and isinstance(key.value, str)
            ):
                called = holder.attr if isinstance(holder, ast.Attribute) else holder.id
                if called in ("POST", "GET", "sent"):
                    found.add(key.value)
    return sorted(found | {"username", "password", "language", "next", "orders"})


def admin_names(route: str) -> list[str]:
    """The fields of the model whose page it is, with those of its inlines and of the list's own
    form."""
    names = [
        "action",
        "_selected_action",
        "index",
        "select_across",
        "_save",
        "_continue",
        "post",
        "username",
        "password",
    ]
    for model, model_admin in admin.site._registry.items():
        if f"/{model._meta.app_label}/{model._meta.model_name}/" in f"/{route}":
            names += [
                f"{f.name}{part}" for f in model._meta.fields for part in ("", "_0", "_1")
            ] + ["reason", "why", "verdict", "password1", "password2", "usable_password"]
            for inline in model_admin.inlines:
                prefix = inline.model._meta.model_name
                prefixes = {prefix, f"{prefix}_set", "memberships", "days"}
                names += [
                    f"{p}-{n}"
                    for p in prefixes
                    for n in ("TOTAL_FORMS", "INITIAL_FORMS", "0-id", "0-DELETE")
                ]
                names += [f"{p}-0-{f.name}" for p in prefixes for f in inline.model._meta.fields]
    return names


@cache
def _schema() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


def _operation(route: str, method: str) -> dict:
    plain = "/" + route.replace("<ref:ref>", "{ref}").replace("<uuid:", "{").replace(
        "<fileform:", "{"
    ).replace(">", "}")
    return _schema()["paths"].get(plain, {}).get(method.lower(), {})


def _resolved(schema: Any) -> Any:
    """Without references: each stands for what it names."""
    if isinstance(schema, list):
        return [_resolved(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolved(_schema()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for joined in ("allOf", "oneOf", "anyOf"):
        if joined in schema:
            return _resolved(schema[joined][0])
    return {key: _resolved(value) for key, value in schema.items()}


@cache
def api_body(route: str, method: str) -> dict:
    content = _operation(route, method).get("requestBody", {}).get("content", {})
    return _resolved(
        content.get("application/json", {}).get("schema", {"type": "object", "properties": {}})
    )


@cache
def api_query(route: str, method: str) -> list[str]:
    return [
        p["name"] for p in _operation(route, method).get("parameters", []) if p["in"] == "query"
    ]


def plausible(rows: Rows) -> dict[str, Any]:
    """Values that are taken, by the names that ask for them."""
    order, key = rows.orders[0], rows.values["key"]
    return {
        "order_ids": [each.number for each in rows.orders[:2]],
        "orders": [order.number],
        "buyer": order.buyer.external_id,
        "order": rows.special["orders/<ref:ref>/payment"]["ref"] + "",
        "currency": "USD",
        "amount": "1.00",
        "reference": "T-9",
        "sku": rows.skus[0],
        "quantity": 1,
        "on_hand": 5,
        "policy": "partial",
        "act": "preview",
        "action": "tick",
        "version": 1,
        "url": "https://erp.example.com/x",
        "scopes": "read",
        "name": "test",
        "consent": "yes",
        "why": "because",
        "reason": "because",
        "line": 1,
        "line_no": 1,
        "country": "DE",
        "incoterm": "DAP",
        "key": "1",
        "kind": "licence",
        "all": True,
        "moq": 5,
        "hs_code": "691110",
        "at": "2026-11-25T09:00:00Z",
        "carrier": "C",
        "tracking": "T",
        f"ok:{key}:valid_until": "on",
        f"value:{key}:valid_until": "1000000000000-01-01",
        f"seal:{key}": "yes",
        "csrfmiddlewaretoken": "x",
        "username": "alice@example.com",
        "password": "a long password",
        "valid_from": "2030-01-01",
    }
