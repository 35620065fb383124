"""The gate before everything: who is not signed in gets the sign-in form, what it is made of, and nothing else.

Whatever is not named here is refused. A refusal says as little as can be, and the same for what exists and what does
not. What is let in arrives without the visitor's own claims about itself, and what goes out carries the
browser's rules.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from perfdash.domain.errors import PerfdashError
from perfdash.domain.security import Security, at_address
from perfdash.store.auth import throttling
from perfdash.ui.auth import oidc, page_owners
from perfdash.ui.auth.oidc_callback import OidcCallback
from perfdash.ui.runtime import context, streamlit_internals
from perfdash.ui.runtime.addresses import LINK_PATH, base_path
from perfdash.ui.server import assets, caller, link_route, message_page, messages, page_sessions, paths, sockets
from perfdash.ui.server import headers as server_headers
from perfdash.ui.server.caller import Caller, RefusedRequest
from perfdash.ui.server.guard import Guard
from perfdash.ui.server.paths import Resource
from perfdash.ui.server.places import Visitor

LINGER_SECONDS = 5.0
"""For a browser to take the last that it was sent."""
_NOTHING = RefusedRequest(404, "There is nothing here.")


def middleware() -> list[Middleware]:
    """The gate for `st.App(middleware=...)`, before Streamlit's own.

    uvicorn would believe X-Forwarded-For of any process on this machine, and the gate would never see the connection's
    real address: only [security] trusted_proxies says whom to believe. And it would keep as much of an unfinished
    message in memory as the app itself may send, for every socket of a stranger; nobody has that much to say.
    """
    streamlit_internals.believe_no_proxy()
    streamlit_internals.limit_messages(messages.LARGEST)
    return [Middleware(Gate), Middleware(OidcCallback)]


class Gate:
    """ASGI middleware. One per process; what it remembers of the configuration is that of its start."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._base = base_path().strip("/")
        self._framed = context.on_community_cloud()
        self._security: Security | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what may pass, in the form in which it may."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = self._caller(scope)
        place = self._place(scope) if isinstance(who, Caller) else None
        tls = isinstance(who, Caller) and who.speaks_tls
        kind = place.kind if place else None

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                # A link that opens is answered with the page itself.
                shown = "page" if kind == "link" and message["status"] == 200 else kind
                headers = server_headers.secured(list(message.get("headers", [])), shown, tls=tls, framed=self._framed)
                message = {**message, "headers": headers}
            await send(message)

        if isinstance(who, RefusedRequest) or place is None:
            kind = None
            refused = who if isinstance(who, RefusedRequest) else self._unread(scope)
            # What still comes over a connection from one who is not understood is not read.
            ending = {"Connection": "close"} if refused.status == 400 else {}
            await self._refused(scope, refused, ending)(scope, receive, sealed)
            return
        arriving = _arriving(scope, who, place)
        answer = await self._own_answer(arriving, place)
        if answer is not None:
            kind = place.kind if answer.status_code == 200 else None
            await answer(scope, receive, sealed)
            return
        await self._app(arriving, receive, sealed)

    async def _own_answer(self, scope: Scope, place: Resource) -> Response | None:
        """What the gate answers itself, mostly no; None lets the request pass."""
        methods = paths.METHODS[place.kind]
        if place.kind == "media" and not await self._may_have(scope["headers"], place):
            return _refusal(_NOTHING)
        if place.kind == "stream" or (place.kind == "auth" and not _has_oidc()):
            return _refusal(_NOTHING)
        if scope["method"] not in methods:
            return _refusal(RefusedRequest(405, "This address does not do that."), Allow=", ".join(methods))
        if place.kind == "page" and place.name.endswith("/"):
            query = scope["query_string"].decode("ascii", "replace")
            return RedirectResponse(place.path.rstrip("/") + (f"?{query}" if query else ""), 308)
        if place.kind == "page":
            return assets.page(place.name)
        if place.kind == "static":
            return await assets.compressed(place.name, Headers(scope=scope))
        return None

    @staticmethod
    async def _may_have(headers: caller.RawHeaders, place: Resource) -> bool:
        return page_sessions.may_have_file(f"/{place.name}", await page_sessions.sessions_of_cookies(headers))

    def _refused(self, scope: Scope, refused: RefusedRequest, headers: dict[str, str]) -> Response:
        """In words of ours for who looks at it; an address that begins as a link's is answered as a dead link is."""
        base = f"/{self._base}" if self._base else ""
        if refused.status == 404 and scope["path"].startswith(f"{base}{LINK_PATH}/"):
            return link_route.gone()
        accepts = Headers(scope=scope).get("accept", "")
        if refused.status == 404 and "text/html" in accepts:
            return message_page.message_page(
                refused.why.rstrip("."), "Check the address, or begin at the first page.", 404
            )
        return _refusal(refused, **headers)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = self._caller(scope)
        place = self._place(scope) if isinstance(who, Caller) else None
        if isinstance(who, RefusedRequest):
            refusal = who
        elif place is None or place.kind != "stream":
            refusal = _NOTHING if place else self._unread(scope)
        elif not who.is_own_page:
            refusal = RefusedRequest(403, "This address answers only to its own pages.")
        else:
            scope = _arriving(scope, who, place)
            scope["headers"] = await _without_foreign_page(scope["headers"])
            known = await page_sessions.visitor_of_cookies(scope["headers"])
            visitor = known or Visitor("stranger", throttling.network_of(who.address))
            if sockets.may_open(visitor):
                await self._guarded(Guard(receive, send, visitor), scope, send)
                return
            refusal = RefusedRequest(429, "There are too many open pages already; close some.")
        answer = _refusal(refusal)
        answer.raw_headers = server_headers.secured(answer.raw_headers, None, tls=False)
        await receive()  # the handshake itself
        await WebSocket(scope, receive, send).send_denial_response(answer)
        # uvicorn writes a line into the log about each of them that ends before its connection does: it says so twice.
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await receive()
                await receive()

    async def _guarded(self, guard: Guard, scope: Scope, send: Send) -> None:
        sockets.watch_socket(guard)
        try:
            await self._app(scope, guard.receive, guard.send)
        finally:
            sockets.forget_socket(guard)
            streamlit_internals.end_connection(send, LINGER_SECONDS)

    def _caller(self, scope: Scope) -> Caller | RefusedRequest:
        client = scope.get("client")
        return caller.caller(
            client[0] if client else "", scope["scheme"], scope["headers"], self._configured_security()
        )

    def _place(self, scope: Scope) -> Resource | None:
        raw = scope.get("raw_path") or b""
        # Who stands behind us reads `path`; both must say the same.
        if not paths.is_plain(raw) or scope["path"] != raw.decode("ascii") or scope.get("root_path"):
            return None
        return paths.place(raw, self._base, server_headers.static_names())

    @staticmethod
    def _unread(scope: Scope) -> RefusedRequest:
        readable = paths.is_plain(scope.get("raw_path") or b"")
        return _NOTHING if readable else RefusedRequest(400, "This address is not written in a way that is read here.")

    def _configured_security(self) -> Security:
        """Read from the configuration alone: hosts and proxies count also while the database is away."""
        if self._security is None:
            try:
                address = str(st.get_option("server.address") or "")
                self._security = at_address(context.load_settings().security, address)
            except PerfdashError:  # every page says so, and shows nothing else
                return Security()
        return self._security


def _refusal(refused: RefusedRequest, **headers: str) -> Response:
    return PlainTextResponse(refused.why, refused.status, headers)


def _arriving(scope: Scope, who: Caller, place: Resource) -> Scope:
    """The request as the app gets it: our word on who asks, and nobody else's."""
    secure = {"http": "https", "websocket": "wss"} if who.speaks_tls else {"http": "http", "websocket": "ws"}
    return {
        **scope,
        "path": place.path,
        "scheme": secure[scope["type"]],
        "client": (who.address, 0),
        "headers": caller.forwarded_headers(scope["headers"], who, place.link),
    }


async def _without_foreign_page(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Streamlit takes whoever names a page's session for that page. Here only the same sign-in may come back to it.

    The browser names it as the third of its subprotocols; without it a new page begins.
    """
    said = b",".join(value for name, value in headers if name == b"sec-websocket-protocol")
    parts = [part.strip() for part in said.split(b",")]
    names_page = len(parts) == streamlit_internals.SUBPROTOCOLS
    owner = page_owners.owner_of(parts[-1].decode("latin-1")) if names_page else None
    if owner is None or owner not in await page_sessions.sessions_of_cookies(headers):
        parts = parts[: streamlit_internals.SUBPROTOCOLS - 1]
    others = [pair for pair in headers if pair[0] != b"sec-websocket-protocol"]
    return [*others, (b"sec-websocket-protocol", b", ".join(parts))] if said else others


def _has_oidc() -> bool:
    """True where the secrets name a provider that may be used; one whose answers could be made up opens no address."""
    return bool(oidc.settings().providers)
