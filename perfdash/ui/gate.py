"""The app's own HTTP routes.

/session turns a one-time ticket into an HttpOnly cookie, or drops the cookie. /healthz says that the server lives.
"""

from __future__ import annotations

import json
import logging
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from perfdash.errors import PerfdashError
from perfdash.store import sessions
from perfdash.ui import cookie, wiring

_log = logging.getLogger(__name__)
LARGEST_BODY = 1024


def routes() -> list[BaseRoute]:
    """What the server answers beside Streamlit's own paths."""
    return [
        Route(cookie.route_path(), _session, methods=["POST", "DELETE"]),
        Route("/healthz", _healthz, methods=["GET"]),
    ]


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _session(request: Request) -> Response:
    """204 with the cookie set or dropped; 403 from another site, 400 for a malformed body, 401 for a dead ticket."""
    if not _same_origin(request):
        return PlainTextResponse("This address answers only to its own pages.", status_code=403)
    if request.method == "DELETE":
        response = Response(status_code=204)
        response.delete_cookie(cookie.NAME, path="/", httponly=True, samesite="lax", secure=_encrypted(request))
        return response
    ticket = await _ticket(request)
    if ticket is None:
        return PlainTextResponse('Expected a JSON object {"ticket": "..."}.', status_code=400)
    try:
        redeemed = await run_in_threadpool(lambda: sessions.redeem(wiring.store(), ticket, wiring.now()))
    except PerfdashError as error:
        _log.error("A ticket could not be redeemed: %s", error)
        return PlainTextResponse("The database cannot be used right now.", status_code=503)
    if redeemed is None:
        return PlainTextResponse("This ticket is unknown, used or too old; sign in again.", status_code=401)
    response = Response(status_code=204, headers={"Cache-Control": "no-store"})
    response.set_cookie(
        cookie.NAME, redeemed.token, expires=redeemed.expires_at, path="/", httponly=True, samesite="lax",
        secure=_encrypted(request),
    )  # fmt: skip
    return response


def _same_origin(request: Request) -> bool:
    """The browser's own word on where the request comes from; a request without it does not come from our page."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", "")).netloc
    return bool(origin) and origin == request.headers.get("host")


def _encrypted(request: Request) -> bool:
    """True when the browser speaks TLS, also where a proxy ends it: the Origin is the browser's own view."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")


async def _ticket(request: Request) -> str | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    try:
        ticket = json.loads(body)["ticket"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return ticket if isinstance(ticket, str) and ticket else None
