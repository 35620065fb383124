"""The app's own HTTP routes: /session turns a one-time ticket into an HttpOnly cookie, or drops it; two for watchers.

Those of client links and of files for import have a module each.
/healthz says that the process lives, /readyz that it may be sent visitors. The gate stands before all of them.
"""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import datetime
from functools import cache

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from perfdash.domain.errors import ConfigError, PerfdashError
from perfdash.store import migrations
from perfdash.store.auth import known_browsers, sessions
from perfdash.ui.auth import cookie, oidc_callback
from perfdash.ui.runtime import context
from perfdash.ui.server import link_route, places, upload_route
from perfdash.ui.server.caller import is_from_own_page

GOOD_FOR_SECONDS = 1.0
PATIENCE_SECONDS = 5.0


class Readiness:
    """One answer for all who ask within a second. Lives on the event loop."""

    def __init__(self) -> None:
        self._asking: asyncio.Future[str] | None = None
        self._asked_at = 0.0

    async def problem(self) -> str:
        """What is wrong, in a sentence without details; "" when the store answers and its schema is current."""
        now = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now - self._asked_at >= GOOD_FOR_SECONDS):
            self._asked_at, self._asking = now, asyncio.ensure_future(run_in_threadpool(_problem))
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await asyncio.shield(self._asking)
        except TimeoutError:
            return "The database does not answer in time."


def _problem() -> str:
    try:
        current = migrations.current(context.store())
    except ConfigError as error:
        _log.error("Not ready: %s", error)
        return "The configuration cannot be used; the server's log says why."
    except PerfdashError as error:
        _log.error("Not ready: %s", error)
        return "The database cannot be used right now."
    except Exception:  # noqa: BLE001  a watcher gets an answer, whatever it was
        _log.exception("Not ready.")
        return "The server cannot answer right now; its log says why."
    return "" if current == _head() else "The database is not of this version of perfdash."


@cache
def _head() -> str:
    return migrations.head()


_log = logging.getLogger(__name__)
LARGEST_BODY = 1024


def routes() -> list[BaseRoute]:
    """What the server answers beside Streamlit's own paths; for watchers with and without the server's base path."""
    inside = cookie.route_path().removesuffix(cookie.PATH)
    readiness = Readiness()

    async def ready(_request: Request) -> Response:
        problem = await readiness.problem() or _waiting()
        return PlainTextResponse(problem or "ok", status_code=503 if problem else 200)

    watched = [Route(f"{base}/healthz", _healthz) for base in sorted({"", inside})]
    watched += [Route(f"{base}/readyz", ready) for base in sorted({"", inside})]
    session = Route(cookie.route_path(), _session, methods=["POST", "DELETE"])
    return [session, *upload_route.routes(), *link_route.routes(), *watched]


def _waiting() -> str:
    """What is wrong when pages wait for other pages; not so who waits for what he asked for himself."""
    too_long = places.places.longest_wait > places.TOO_LONG_SECONDS
    return "Pages wait too long: more is asked than this server can answer." if too_long else ""


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _session(request: Request) -> Response:
    """204 with the cookie set or dropped; 403 from another site, 400 for a malformed body, 401 for a dead ticket."""
    if not is_from_own_page(request.headers):
        return PlainTextResponse("This address answers only to its own pages.", status_code=403)
    if request.method == "DELETE":
        response = Response(status_code=204)
        for name in {*cookie.counting_names(cookie.NAME, _host(request), tls=False)}:
            tls = _encrypted(request) or name.startswith("__Host-")
            response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=tls)
        oidc_callback.drop_identity(request, response)
        return response
    ticket = await _ticket(request)
    if ticket is None:
        return PlainTextResponse('Expected a JSON object {"ticket": "..."}.', status_code=400)
    try:
        redeemed, known = await run_in_threadpool(_redeem, ticket, request.cookies.get(cookie.KNOWN, ""))
    except PerfdashError as error:
        _log.error("A ticket could not be redeemed: %s", error)
        return PlainTextResponse("The database cannot be used right now.", status_code=503)
    if redeemed is None:
        return PlainTextResponse("This ticket is unknown, used or too old; sign in again.", status_code=401)
    response = Response(status_code=204, headers={"Cache-Control": "no-store"})
    _give(request, response, cookie.NAME, redeemed.token, redeemed.expires_at)
    if known:
        _give(request, response, cookie.KNOWN, known, context.now() + known_browsers.GOOD_FOR)
    oidc_callback.drop_identity(request, response)
    return response


def _redeem(ticket: str, known: str) -> tuple[sessions.Redeemed | None, str]:
    """What the ticket is good for, and the cookie by which this browser is known from now on."""
    store, now = context.store(), context.now()
    redeemed = sessions.redeem(store, ticket, now)
    if redeemed is None or redeemed.user_id is None:
        return redeemed, ""
    return redeemed, known_browsers.issue(store, redeemed.user_id, known, now)


def _give(request: Request, response: Response, stem: str, value: str, expires_at: datetime) -> None:
    tls = _encrypted(request)
    name = cookie.outer_name(stem, _host(request), tls=tls)
    response.set_cookie(name, value, expires=expires_at, path="/", httponly=True, samesite="lax", secure=tls)


def _host(request: Request) -> str:
    return request.headers.get("host", "").lower()


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
