"""GET /link/TOKEN: the only way in without an account. It gives the browser a session of its own and the page.

The cookie goes to this address and what lies under it only: another link, and the account that the same browser may be
signed in to, are not touched by it.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from perfdash.domain.errors import PerfdashError
from perfdash.store.auth import sessions, throttling
from perfdash.store.share_links import links
from perfdash.store.share_links import views as link_views
from perfdash.ui.runtime import context, navigation
from perfdash.ui.runtime.addresses import LINK_PATH, base_path
from perfdash.ui.server import assets
from perfdash.ui.server.message_page import message_page
from perfdash.ui.server.page_sessions import LINK_COOKIE, LONGEST_TOKEN

_log = logging.getLogger(__name__)
MOST_OPENINGS, MOST_FROM_ONE, WITHIN = 240, 40, timedelta(hours=1)
"""Of one link, and of those from one network, in one process. Each opening is kept: as a session, in the link's log,
and in the audit. A browser that comes back opens nothing anew."""
MOST_COUNTED = 5000
"""Links, and links with a network, that are counted; of more, those go first that were opened longest ago."""
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_EARLY = ("sec-purpose", "purpose", "x-moz")
"""What browsers send with a request that nobody has clicked on yet."""
_openings: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()
_counting = threading.Lock()


@dataclass(frozen=True, slots=True)
class Opened:
    """What the link is called, and the cookie that opens the app; "" for a browser that has it."""

    label: str
    token: str
    expires_at: datetime


def routes() -> list[BaseRoute]:
    """Under the server's base path, if it has one."""
    return [Route(f"{base_path()}{LINK_PATH}/{{token}}", _open, methods=["GET"])]


async def _open(request: Request) -> Response:
    """The page, with the cookie set for who has none; 404 for whatever does not open, and why is nobody's business."""
    if request.method != "GET" or any(name in request.headers for name in _EARLY):
        # Nobody is looking yet. Browsers throw this away and ask again once somebody does.
        return Response(status_code=503, headers=PRIVATE)
    token = request.path_params["token"]
    try:
        network = throttling.network_of(request.client.host if request.client else "")
        opened = await run_in_threadpool(_begin, token, request.cookies.get(LINK_COOKIE, ""), network)
    except PerfdashError as error:
        _log.error("A client link could not be opened: %s", error)
        return _later()
    if opened == "rushed":
        return _later()
    if opened is None:
        return gone()
    root = f"{base_path()}{LINK_PATH}/{token}"
    response = HTMLResponse(assets.shell(root, navigation.title(opened.label, ())), headers=PRIVATE)
    if opened.token:
        response.set_cookie(
            LINK_COOKIE,
            opened.token,
            expires=opened.expires_at,
            path=root,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return response


def gone() -> Response:
    """The answer to every link that does not open, whatever the reason."""
    return message_page(
        "This link does not open",
        "It may have expired or been withdrawn; ask whoever sent it for a new one.",
        404,
        PRIVATE,
    )


def _later() -> Response:
    return message_page(
        "Not right now", "The numbers cannot be read at the moment; try again in a minute.", 503, PRIVATE
    )


def _begin(token: str, visit: str, network: str) -> Opened | Literal["rushed"] | None:
    store, now, settings = context.store(), context.now(), context.settings()
    link = links.open_link(store, token, now, demo=settings.demo)
    if link is None:
        return None
    if 0 < len(visit) <= LONGEST_TOKEN:
        found = sessions.by_token(store, visit, now, idle=settings.security.idle, touch=False)
        if found is not None and found.link_id == link.link_id:
            return Opened(link.label, "", found.expires_at)
    if _is_rushed(link.link_id, network, now):
        return "rushed"
    session, cookie = sessions.begin_link(store, link.link_id, now, link.expires_at, settings.security)
    link_views.viewed(store, link, session.session_id, link_views.OPENED, now)
    return Opened(link.label, cookie, session.expires_at)


def _is_rushed(link_id: str, network: str, now: datetime) -> bool:
    """True when so many have just opened this link that no people can be behind it; else one more has."""
    with _counting:
        counted = [(_last((link_id, ""), MOST_OPENINGS)), (_last((link_id, network), MOST_FROM_ONE))]
        if any(len(last) == last.maxlen and now - last[0] < WITHIN for last in counted):
            return True
        for last in counted:
            last.append(now)
        return False


def _last(key: tuple[str, str], most: int) -> deque[datetime]:
    last = _openings.pop(key, None) or deque[datetime](maxlen=most)
    _openings[key] = last
    while len(_openings) > MOST_COUNTED:
        _openings.popitem(last=False)
    return last
