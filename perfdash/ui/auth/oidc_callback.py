"""What surrounds Streamlit's own routes for OpenID Connect: /auth/login, and /oauth2callback where a person comes back.

Streamlit returns everybody to the front page, says nothing of a sign-in that came to nothing, and leaves the identity
and the provider's tokens in the browser for 30 days. Here the page and its filters are remembered, the form learns what
happened, the identity stays for minutes, and the tokens never reach the browser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import parse_qs, quote, unquote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perfdash.domain.oidc import CALLBACK, FRESH
from perfdash.ui.runtime import streamlit_internals
from perfdash.ui.runtime.addresses import base_path
from perfdash.ui.runtime.streamlit_internals import USER_COOKIE, cookie_parser

LOGIN = f"/{streamlit_internals.LOGIN}"
RETURN, OUTCOME = "perfdash_return", "perfdash_oidc"
"""Our own cookies on the way: the page that was left, and why nobody came back signed in."""
CANCELLED, FAILED = "cancelled", "failed"
MOST_SECONDS_AWAY, SECONDS_TO_READ = 15 * 60, 60
_PAGE = re.compile(r"/[A-Za-z0-9_-]*")
_QUERY = re.compile(r"[!-~]{0,2000}")
_Header = tuple[bytes, bytes]


class OidcCallback:
    """ASGI middleware behind the gate: rewrites the answers of those two routes and touches nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._base = base_path()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        rewrite = self._rewriting(scope["path"]) if scope["type"] == "http" else None
        if rewrite is None:
            await self._app(scope, receive, send)
            return

        async def rewritten(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*rewrite(scope, self._base, message["headers"])]}
            await send(message)

        await self._app(scope, receive, rewritten)

    def _rewriting(self, path: str) -> Callable[[Scope, str, Iterable[_Header]], Iterator[_Header]] | None:
        return {self._base + LOGIN: _leaving, self._base + CALLBACK: _returning}.get(path)


def drop_identity(request: Request, response: Response) -> None:
    """Take from the browser what a provider said: it was used, or nobody wants it any more."""
    for name in request.cookies:
        if streamlit_internals.of_provider(name):
            response.delete_cookie(name, path=base_path() or "/", httponly=True, samesite="lax")


def is_own_page(page: str, base: str) -> bool:
    """True for a page of this app, with or without filters: nothing that a browser could take for another host."""
    path, _, query = page.partition("?")
    inside = path.startswith(base or "/") and _PAGE.fullmatch(path[len(base) :] or "/")
    return bool(inside and _QUERY.fullmatch(query) and "#" not in query)


def _leaving(scope: Scope, base: str, headers: Iterable[_Header]) -> Iterator[_Header]:
    """To the provider: the browser keeps the page that it left, as it names it itself."""
    request = Headers(scope=scope)
    yield from headers
    own = re.fullmatch(rf"https?://{re.escape(request.get('host', ''))}(/[^#]*)", request.get("referer", ""))
    page = own[1] if own and is_own_page(own[1], base) else ""
    yield _cookie(base, RETURN, quote(page, safe=""), MOST_SECONDS_AWAY)


def _returning(scope: Scope, base: str, headers: Iterable[_Header]) -> Iterator[_Header]:
    """From the provider: back to the page that was left, with an identity for minutes, or with what went wrong."""
    page = unquote(cookie_parser(Headers(scope=scope).get("cookie", "")).get(RETURN, ""))
    signed_in = False
    for name, value in headers:
        if name.lower() == b"location" and page and is_own_page(page, base):
            yield name, page.encode("ascii")
        elif name.lower() == b"set-cookie":
            short = _for_minutes(value.decode("latin-1"))
            if short is not None:
                signed_in = signed_in or (short.startswith(f"{USER_COOKIE}=") and not _ends(short))
                yield name, short.encode("latin-1")
        else:
            yield name, value
    yield _cookie(base, RETURN, "", 0)
    yield _cookie(base, OUTCOME, "" if signed_in else _outcome(scope), SECONDS_TO_READ)


def _for_minutes(cookie: str) -> str | None:
    """One of Streamlit's cookies as the browser may have it; None for the provider's tokens, which nobody needs."""
    name = cookie.partition("=")[0]
    if not streamlit_internals.of_provider(name) or _ends(cookie):
        return cookie
    if streamlit_internals.is_tokens(name):
        return None
    return re.sub(r"(?i)max-age=\d+", f"Max-Age={int(FRESH.total_seconds())}", cookie)


def _ends(cookie: str) -> bool:
    return "max-age=0" in cookie.lower()


def _outcome(scope: Scope) -> str:
    said = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("error", [""])[0]
    return CANCELLED if said == "access_denied" else FAILED


def _cookie(base: str, name: str, value: str, seconds: int) -> _Header:
    """A cookie that no script reads; without a value, its end. Under TLS the gate adds Secure."""
    text = f"{name}={value}; Path={base or '/'}; Max-Age={seconds if value else 0}; HttpOnly; SameSite=Lax"
    return b"set-cookie", text.encode("ascii")
