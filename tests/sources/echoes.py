"""A source that gives the key away: every way in which a server may say back what it was asked with, and every spelling
in which a secret may then stand somewhere."""

from __future__ import annotations

import base64
import gzip
import html
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from tests.sources.loopback import Answer, Asked, said
from tests.sources.routed import FIELDS, entry

UGLY = "k3y-that/nobody+may=see"
PLAIN = "EAAGm0PX4ZCpsBAKxTokenOfAVendor"
USER = "perfdash"
AUTHS: dict[str, dict[str, str]] = {
    "bearer": {"type": "bearer"},
    "header": {"type": "header", "name": "X-Api-Key", "prefix": "Token"},
    "query": {"type": "query", "name": "api_key"},
    "basic": {"type": "basic", "user": USER},
}
DAY = "2025-03-01"
PART = 8
"""So many characters of a key in a row are a part of it."""


def tables(auth: str) -> dict[str, Any]:
    """A source of type custom whose answers may page by next address."""
    return {
        "auth": AUTHS[auth],
        "request": {"path": "/report", "params": {"from": "{start}", "to": "{end}"}},
        "paging": {"type": "next_url", "next": "next", "total_rows": "total"},
        "records": {"path": "items"},
        "fields": FIELDS | {"campaign_name": "name", "creator": "by", "creator_name": "by_name", "status": "state"},
        "outcomes": [{"then": "rate_limited", "at": "code", "any_of": [40100]}],
    }


def spellings(key: str) -> dict[str, str]:
    """The whole key, as it may be written: each by the name of its alphabet."""
    found = {
        "itself": key,
        "percent": quote(key, safe=""),
        "percent, small letters": quote(key, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d"),
        "percent, every letter": "".join(f"%{ord(letter):02X}" for letter in key),
        "backslashes": key.replace("/", "\\/"),
        "json escapes": escaped(key),
        "json escapes in capitals": "".join(f"\\u{ord(letter):04X}" for letter in key),
        "a page": html.escape(key).replace("/", "&#x2F;").replace("+", "&#43;"),
        "basic": base64.b64encode(f"{USER}:{key}".encode()).decode(),
    }
    return {name: text.rstrip("=") if name == "basic" else text for name, text in found.items()}


def escaped(key: str) -> str:
    """Every letter as JSON may write it: \\u006b."""
    return "".join(f"\\u{ord(letter):04x}" for letter in key)


def found_in(text: str, key: str) -> list[str]:
    """Which spellings of `key`, or which parts of it, stand in `text`; in any case."""
    folded = text.lower()
    whole = [name for name, spelled in spellings(key).items() if spelled.lower() in folded]
    parts = {key[at : at + PART].lower() for at in range(len(key) - PART + 1)}
    return whole + sorted(f"a part: {part}" for part in parts if part in folded)


def _echoed(asked: Asked, target: str) -> dict[str, Any]:
    """The request as frameworks print it in their debug pages."""
    return {"method": "GET", "url": target, "headers": asked.headers, "query": asked.query}


def refusals(key: str, target: Callable[[], str]) -> Iterator[tuple[str, Callable[[Asked], Answer]]]:
    """Refusals and faults that repeat the request."""
    for status in (200, 400, 401, 404, 429, 500, 599):
        yield (
            f"{status} that repeats headers and address",
            lambda asked, s=status: said(
                {"error": {"message": "bad request " + json.dumps(_echoed(asked, target()))}, "detail": asked.headers},
                s,
            ),
        )
    for status in (200, 403, 503):
        yield (
            f"{status}, a page that repeats them",
            lambda asked, s=status: said(
                f"<html><pre>{asked.headers} {target()} {key}</pre></html>".encode(), s, Content_Type="text/html"
            ),
        )
    for name, spelled in spellings(key).items():
        yield f"a refusal with the key: {name}", lambda _asked, t=spelled: said({"message": t, "code": t}, 422)
    yield "a code that is the key", lambda _asked: said({"code": key, "message": "no"})
    yield (
        "a rate limit with the key for its hint",
        lambda _asked: said({"code": 40100, "message": key}, Retry_After=f"Bearer {key}"),
    )
    yield "429 with the key for its hint", lambda _asked: said(b"", 429, Retry_After=key)
    for status in (301, 302, 307):
        yield (
            f"{status} with the key in it",
            lambda _asked, s=status: said(b"", s, Location=f"https://{key}.example.com/?api_key={key}"),
        )
    yield (
        "the key in every header that may be shown",
        lambda _asked: said(
            {"detail": "no"},
            400,
            X_Request_Id=f"{'r' * 50}{key}",
            X_Fb_Trace_Id=key,
            X_Tt_Logid=key,
            WWW_Authenticate=f'Basic realm="{key}"',
            Set_Cookie=f"session={key}",
            Server=key,
        ),
    )
    yield (
        "a request id in another spelling",
        lambda _asked: said({"items": [], "total": 0}, X_Request_Id=quote(key, safe="")),
    )
    yield "the key for its reason", lambda _asked: said(b"{}", 401).replace(b"Said", key.encode())


def answers(key: str) -> Iterator[tuple[str, Callable[[Asked], Answer]]]:
    """Good answers, and broken ones, that hold the key."""
    for name, spelled in spellings(key).items():
        rows = [
            entry(1, day=DAY, name=f"Spring {spelled}", state="on", by="k1", by_name=f"{spelled} Jones"),
            entry(2, day=DAY, network=f"Net {spelled}"[:60], state=spelled[:40]),
            entry(3, day=DAY, id=f"c-{spelled}"),
            entry(4, day=DAY, clicked=-1, name=spelled, spent=spelled),
            {"id": spelled, "day": spelled, "x" + spelled: [spelled, {"deep": spelled}]},
        ]
        body = json.dumps({"items": rows, "note": spelled, "total": len(rows)}).encode()
        # JSON's own escapes must stand in the body as they are, not be escaped once more.
        if "json" in name or name == "backslashes":
            body = body.replace(b"\\\\", b"\\")
        yield f"rows with the key: {name}", lambda _asked, b=body: said(b)
    half = len(key) // 2
    packed = gzip.compress(f'{{"items": [], "errors": ["{key[:half]}'.encode()) + gzip.compress(
        f'{key[half:]}"]}}'.encode()
    )
    yield "packed in two parts, the key in both", lambda _asked: said(packed, Content_Encoding="gzip")
    yield "packing named after the key", lambda _asked: said(b"{}", Content_Encoding=key)
    for there in (
        "http://evil.example/?token={key}",
        "https://{key}.evil.example/",
        "//{key}@evil.example/",
        "{key}://x/",
    ):
        yield (
            f"a foreign next address {there}",
            lambda _asked, t=there: said({"items": [entry(day=DAY)], "total": 9, "next": t.format(key=key)}),
        )
    yield (
        "a next address of its own with the key, round and round",
        lambda _asked: said({"items": [entry(day=DAY)], "total": 9, "next": f"/report?api_key={key}&token={key}"}),
    )
    yield "totals that are the key", lambda _asked: said({"items": [entry(day=DAY)], "total": key})
    yield "rows that are the key", lambda _asked: said({"items": key})
    yield "names that stand twice", lambda _asked: said(f'{{"{key}": 1, "{key}": 2}}'.encode())
    yield "no JSON after the key", lambda _asked: said(f'"{key}'.encode())
    yield "not text", lambda _asked: said(b'{"items": "\xff' + key.encode() + b'"}')
    yield (
        "an answer that is cut",
        lambda _asked: (
            lambda connection: connection.sendall(
                f'HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{{"items": ["{key}'.encode()
            )
        ),
    )
    yield "no HTTP", lambda _asked: lambda connection: connection.sendall(f"{key} {key}\r\n\r\n".encode())
    yield (
        "a broken header",
        lambda _asked: lambda connection: connection.sendall(f"HTTP/1.1 200 OK\r\n{key}\r\n\r\n".encode()),
    )
    yield (
        "a wrong length",
        lambda _asked: (
            lambda connection: connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {key}\r\n\r\n".encode())
        ),
    )


def faults(key: str, target: Callable[[], str] = str) -> dict[str, Callable[[Asked], Answer]]:
    """All of them by name. `target` gives the last request's address as it stood on the wire."""
    return dict([*refusals(key, target), *answers(key)])


def names(auth: str) -> list[str]:
    """Those that a server can do which was asked in this way: base64 is spoken with basic authentication only."""
    return [name for name in faults(UGLY) if auth == "basic" or not name.endswith(": basic")]


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
