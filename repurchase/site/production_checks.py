"""What keeps the portal from starting in production: secrets, hosts, mail, seal and stock that
only suit a machine of one's own. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "testserver"})
MIN_SECRET_LENGTH = 43
"""Characters of a secret: 256 bits, as `secrets.token_urlsafe(32)` writes them."""

DEFAULT_SECRET_PREFIXES = (
    "django-insecure",
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "password",
    "example",
    "insecure",
    "test",
    "demo",
)
"""What secrets that were never set begin with."""

PLACEHOLDER_WORDS = (
    "change-me",
    "change_me",
    "changeme",
    "example",
    "insecure",
    "password",
    "placeholder",
    "replace",
    "your",
)
"""What secrets that were copied from a guide hold somewhere."""

SHARED_RUN_LENGTH = 10
"""Characters in a row that two random secrets never have in common."""

PUBLIC_SUFFIX = re.compile(r"\.?[^.]*|\.(?:ac|co|com|edu|gov|net|org)\.[a-z]{2}", re.IGNORECASE)
"""What lies below a top-level domain, which anybody may register: .com, .co.uk."""

DEFAULT_PASSWORDS = frozenset(
    {"", "postgres", "password", "owner", "web", "worker", "changeme", "secret"}
)
DEMO_MAIL = ("filebased", "console", "locmem", "dummy")


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteSettings:
    """The settings that are judged."""

    debug: bool
    embedded: bool
    secrets: Mapping[str, str]
    hosts: Collection[str]
    site_url: str
    tls: bool
    mail: str
    stock_source: str
    seal_is_demo: bool
    database_password: str
    database_is_remote: bool

    @property
    def is_production(self) -> bool:
        """The embedded default is for its own machine: with another host it is judged like any
        other."""
        hosts = {_host_name(host) for host in self.hosts} | {urlsplit(self.site_url).hostname or ""}
        return not self.embedded or not hosts <= LOOPBACK


def errors(site: SiteSettings) -> list[str]:
    """Why it may not start; nothing where it is no production."""
    if not site.is_production:
        return []
    checks = {
        "DEBUG is on": site.debug,
        "ALLOWED_HOSTS holds *": any("*" in host for host in site.hosts),
        "ALLOWED_HOSTS is empty": not site.hosts,
        "ALLOWED_HOSTS lets in every host of a top-level domain": any(
            map(_is_public_suffix, site.hosts)
        ),
        "SITE_URL is not https": not site.site_url.lower().startswith("https://"),
        "TLS is off: cookies and pages would travel unencrypted": not site.tls,
        "STOCK_SOURCE is the simulator": _is_within_module(
            site.stock_source, "repurchase.demo.simulator"
        ),
        "SEAL_CERTIFICATE is the self-made one of the demo": site.seal_is_demo,
        "EMBEDDED is on for a host that is not loopback: the demo mailbox and the simulator would be served": site.embedded,
        "the emails go to a mailbox of the demo, to nobody": any(
            kind in site.mail for kind in DEMO_MAIL
        ),
        "the password of the database is a default one": site.database_is_remote
        and site.database_password.lower() in DEFAULT_PASSWORDS,
    }
    return [*(text for text, wrong in checks.items() if wrong), *_secret_errors(site.secrets)]


def _secret_errors(named: Mapping[str, str]) -> list[str]:
    found = []
    for name, secret in named.items():
        low = secret.lower()
        if (
            low.startswith(DEFAULT_SECRET_PREFIXES)
            or any(word in low for word in PLACEHOLDER_WORDS)
            or len(set(secret)) < 5
        ):
            found.append(f"{name} is a default one")
        elif len(secret) < MIN_SECRET_LENGTH:
            found.append(f"{name} is shorter than {MIN_SECRET_LENGTH} characters (256 bits)")
    for (one, first), (other, second) in combinations(named.items(), 2):
        if first == second:
            found.append(f"{one} and {other} are equal")
        elif (
            SequenceMatcher(None, first, second, autojunk=False).find_longest_match().size
            >= SHARED_RUN_LENGTH
        ):
            found.append(
                f"{one} and {other} have {SHARED_RUN_LENGTH} or more characters in a row in common"
            )
    return found


def _is_public_suffix(host: str) -> bool:
    return host.startswith(".") and PUBLIC_SUFFIX.fullmatch(host.rstrip(".")) is not None


def _is_within_module(path: str, module: str) -> bool:
    return path == module or path.startswith(f"{module}.")


def _host_name(host: str) -> str:
    """Without its port: [::1]:8000 is ::1."""
    return (
        host.partition("]")[0].lstrip("[")
        if host.startswith("[")
        else host.rsplit(":", 1)[0]
        if host.count(":") == 1
        else host
    )
