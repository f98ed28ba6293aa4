"""Where a webhook may lead: public addresses only, judged before anything is sent (reliability
13). Pure."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def _(text: str) -> str:
    """Marks a message id: it is translated where it is shown."""
    return text


NOT_PUBLIC = _("a public address only")
FORBIDDEN_V4 = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, where clouds keep their metadata
        "192.0.0.0/24", "192.88.99.0/24",  # protocol assignments, 6to4 relays
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  # documentation
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/4", "240.0.0.0/4",  # multicast, reserved, broadcast
    )
]  # fmt: skip
ALLOWED_V6 = ipaddress.IPv6Network("2000::/3")
"""All other unicast is loopback, mapped, NAT64, unique local, link-local or unassigned."""
FORBIDDEN_V6 = [
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them: an IPv4 address in disguise
        "2001:db8::/32", "3fff::/20",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
    )
]  # fmt: skip
HTTPS = 443
FIRST_UNPRIVILEGED = 1024


def url_problem(url: str, *, loopback: bool = False) -> str:
    """What is wrong with the address itself; "" when nothing is. `loopback` is the embedded
    default's leave."""
    try:
        parts = urlsplit(url)
        port = port_of(parts)
    except ValueError:
        return _("not a URL")
    if not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        return _("ASCII without blanks only")
    if parts.scheme != "https" and not (loopback and parts.scheme == "http"):
        return _("https only")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        return _("a host, and no user")
    if port != HTTPS and port < FIRST_UNPRIVILEGED and not loopback:
        return _("port 443 or from 1024")
    if (literal := parse_address(parts.hostname)) and not is_allowed(literal, loopback=loopback):
        return NOT_PUBLIC
    return ""


def port_of(parts: SplitResult) -> int:
    """ValueError for a port that is none."""
    usual = HTTPS if parts.scheme == "https" else 80
    return usual if parts.port is None else parts.port


def parse_address(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def is_allowed(address: IPAddress, *, loopback: bool = False) -> bool:
    """Closed unless known to be open. In the embedded default its own machine is allowed, and
    nothing else private."""
    if loopback and address.is_loopback:
        return True
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in FORBIDDEN_V4)
    return address in ALLOWED_V6 and not any(address in network for network in FORBIDDEN_V6)
