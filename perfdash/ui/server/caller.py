"""Who stands at the gate, from what cannot be made up: the connection, and what a trusted proxy says of it."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from perfdash.domain.security import Network, Security, is_of_loopback
from perfdash.ui.auth import cookie
from perfdash.ui.runtime import browser

_log = logging.getLogger(__name__)
RawHeaders = Sequence[tuple[bytes, bytes]]
_HOST = re.compile(r"([a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])\.?(?::([0-9]{1,5}))?", re.ASCII)
_warned, _warned_of_name = threading.Event(), threading.Event()
_DEFAULT_PORTS = {"http": "80", "https": "443"}
KEPT = frozenset(
    name.encode()
    for name in (
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "origin",
        "pragma",
        "purpose",
        "range",
        "referer",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-user",
        "sec-purpose",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-moz",
    )
)
"""The only headers that are passed on: whatever else claims to say who somebody is never arrives."""
_ONCE = (b"host", b"origin", b"content-length", b"sec-fetch-site", b"content-type")


@dataclass(frozen=True, slots=True)
class Caller:
    """`address` is the visitor's. `encrypted`: the browser speaks TLS; None when only a proxy could know.

    `host` and `origin` are as sent, in small letters and without the scheme's own port; `origin` is "" when absent.
    """

    address: str
    encrypted: bool | None
    host: str
    origin: str

    @property
    def speaks_tls(self) -> bool:
        """By the connection's word or, behind a proxy that says nothing, by that of the browser."""
        if self.encrypted is not None:
            return self.encrypted
        return self.origin.startswith("https://")

    @property
    def is_own_page(self) -> bool:
        """True when the browser says that a page of this very host is asking."""
        schemes = ("http", "https") if self.encrypted is None else ("https",) if self.encrypted else ("http",)
        return any(self.origin == f"{scheme}://{_portless(self.host, scheme)}" for scheme in schemes)


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """Why nobody is let in here: the status and a sentence for it."""

    status: int
    why: str


def caller(client: str, scheme: str, headers: RawHeaders, security: Security) -> Caller | RefusedRequest:
    """Who asks over a connection from `client`; RefusedRequest for a host that is not ours, or for headers at odds."""
    # Two lengths: a proxy before us may see another end of this request, and give the rest of it to somebody else.
    two_ends = bool(_values(headers, b"content-length") and _values(headers, b"transfer-encoding"))
    if two_ends or any(len(_values(headers, name)) > 1 for name in _ONCE):
        return RefusedRequest(400, "This request contradicts itself.")
    host = "".join(_values(headers, b"host")).lower()
    found = _HOST.fullmatch(host)
    if not found or (found[2] and int(found[2]) > 65535):
        return RefusedRequest(400, "This request names no host.")
    if not _is_allowed(found[1], security.allowed_hosts) or (security.loopback_only and not is_of_loopback(found[1])):
        _warn_of_name(found[1], security)
        return RefusedRequest(421, "This server does not answer under that name.")
    origin = _origin("".join(_values(headers, b"origin")))
    secure = scheme in ("https", "wss") or None
    client = str(_address(client) or client)
    if not _is_trusted(client, security.trusted_proxies):
        _warn_once(client, headers)
        return Caller(client, secure, host, origin)
    hops = [hop for value in _values(headers, b"x-forwarded-for") for hop in value.split(",")]
    said = ",".join(_values(headers, b"x-forwarded-proto")).split(",")[-1].strip().lower()
    known = {"https": True, "http": False}.get(said, secure)
    return Caller(_visitor_address(client, hops, security.trusted_proxies), known, host, origin)


def is_from_own_page(headers: Mapping[str, str]) -> bool:
    """The browser's own word on where a request comes from; without it, it does not come from a page of ours."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    scheme, _, origin = headers.get("origin", "").partition("://")
    return scheme in ("http", "https") and bool(origin) and origin == headers.get("host")


def forwarded_headers(headers: RawHeaders, who: Caller, link: str = "") -> list[tuple[bytes, bytes]]:
    """The headers for the app: the harmless ones of the visitor, and our own word on address, scheme and client link.

    Of the cookies that open something, only what counts at this address, under the app's own names for it: under a
    link's, that of the link. Those of another installation on the same host never arrive.
    """
    kept = [(name, value) for name, value in headers if name in KEPT and name != b"cookie"]
    cookies = _values(headers, b"cookie")
    of_account = _renaming(cookies, who)
    counting = [_renamed(value, {cookie.LINK: cookie.LINK} if link else of_account) for value in cookies]
    kept += [(b"cookie", value.encode("latin-1")) for value in counting if value]
    said = {browser.ADDRESS: who.address, browser.SCHEME: "https" if who.speaks_tls else "http"}
    if link:
        said |= {browser.LINK: link, browser.ACCOUNT: "yes" if cookie.NAME in of_account.values() else "no"}
    return kept + [(name.encode(), value.encode("ascii", "replace")) for name, value in said.items()]


def _renaming(cookies: Iterable[str], who: Caller) -> dict[str, str]:
    """From the names that count of what this browser sends, to the app's own."""
    sent = {_name(chunk) for value in cookies for chunk in value.split(";")}
    found: dict[str, str] = {}
    for stem in (cookie.NAME, cookie.KNOWN):
        names = cookie.counting_names(stem, who.host, tls=who.speaks_tls)
        found |= dict.fromkeys([name for name in names if name in sent][:1], stem)
    return found


def _renamed(cookies: str, names: Mapping[str, str]) -> str:
    """A cookie header with what `names` has under its new name, no other cookie of ours, cut where Starlette cuts."""
    chunks = cookies.split(";")
    kept = [chunk for chunk in chunks if not cookie.is_ours(_name(chunk)) or _name(chunk) in names]
    return ";".join(_called(chunk, names.get(_name(chunk))) for chunk in kept)


def _called(chunk: str, name: str | None) -> str:
    return chunk if name in (None, _name(chunk)) else f"{name}={chunk.partition('=')[2]}"


def _name(chunk: str) -> str:
    return chunk.partition("=")[0].strip()


def _values(headers: RawHeaders, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for found, value in headers if found == name]


def _origin(text: str) -> str:
    """The origin in one spelling; "null" for whatever is none."""
    found = re.fullmatch(r"(https?)://([^/?#@\s]+)", text.lower(), re.ASCII)
    return f"{found[1]}://{_portless(found[2], found[1])}" if found else "null" if text else ""


def _portless(host: str, scheme: str) -> str:
    return host.removesuffix(f":{_DEFAULT_PORTS[scheme]}")


def _is_allowed(name: str, allowed: Iterable[str]) -> bool:
    patterns = tuple(allowed)
    return not patterns or any(
        name == pattern or (pattern.startswith("*.") and name.endswith(pattern[1:])) for pattern in patterns
    )


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in `text`, with or without a port; an IPv4 address that came over IPv6 as itself."""
    try:
        return _unmapped(ip_address(text.strip()))
    except ValueError:
        pass
    bare = re.fullmatch(r"\s*(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::[0-9]{1,5})?\s*", text, re.ASCII)
    try:
        return _unmapped(ip_address(bare[1] or bare[2])) if bare else None
    except ValueError:
        return None


def _unmapped(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _is_trusted(text: str, trusted: tuple[Network, ...]) -> bool:
    found = _address(text)
    return found is not None and any(found in network for network in trusted)


def _visitor_address(client: str, hops: Sequence[str], trusted: tuple[Network, ...]) -> str:
    """The last hop that is no proxy of ours; nothing left of a hop that nobody can read is believed."""
    address = client
    for hop in reversed(hops):
        found = _address(hop)
        if found is None:
            break
        address = str(found)
        if not _is_trusted(address, trusted):
            break
    return address


def _warn_of_name(name: str, security: Security) -> None:
    """A proxy on this machine that nobody told of looks the same as a trick; who runs the server knows."""
    if security.loopback_only and not _warned_of_name.is_set():
        _warned_of_name.set()
        _log.warning(
            "Refused a request to %s: without allowed_hosts only this machine's own names are answered. If a proxy "
            "stands before this server, set allowed_hosts and trusted_proxies under [security] (docs/deploy.md).",
            name,
        )


def _warn_once(client: str, headers: RawHeaders) -> None:
    if _values(headers, b"x-forwarded-for") and not _warned.is_set():
        _warned.set()
        _log.warning(
            "%s sends X-Forwarded-For, but is no trusted proxy: all its visitors count as one address. If it is your "
            "proxy, name it in [security] trusted_proxies (docs/deploy.md).",
            client,
        )
