"""What the gate asks the store: whose cookies these are, and whether a session still lives. Never on the event loop."""

from __future__ import annotations

import logging
from collections.abc import Collection

from starlette.concurrency import run_in_threadpool

from perfdash.errors import PerfdashError
from perfdash.store import links, sessions
from perfdash.ui import cookie, wiring
from perfdash.ui.streamlit_internals import cookie_parser

_log = logging.getLogger(__name__)
LINK_COOKIE = cookie.LINK
NAMES = (cookie.NAME, LINK_COOKIE)
LONGEST_TOKEN = 200
MOST_TOKENS = 8
"""A browser has one of each name, or few where another path or domain has its own; each costs a look into the store."""


async def of_cookies(headers: Collection[tuple[bytes, bytes]]) -> frozenset[str]:
    """The live sessions behind the cookies of a request; none for a heap of them, or without a store."""
    found = [cookie_parser(value.decode("latin-1")) for name, value in headers if name == b"cookie"]
    tokens = {cookies[name] for cookies in found for name in NAMES if 0 < len(cookies.get(name, "")) <= LONGEST_TOKEN}
    if not tokens or len(tokens) > MOST_TOKENS:
        return frozenset()
    try:
        return await run_in_threadpool(_of_tokens, tokens)
    except PerfdashError as error:
        _log.error("A cookie could not be looked up: %s", error)
        return frozenset()


async def alive(session_ids: Collection[str]) -> frozenset[str]:
    """Those of `session_ids` that live; all of them while the store cannot be asked.

    That is safe for pages: a page draws nothing that it has not asked the same store for. What is given out without a
    page, a file, goes by `of_cookies`.
    """
    try:
        return await run_in_threadpool(_alive, session_ids)
    except PerfdashError as error:
        _log.error("The sessions of open pages could not be looked up: %s", error)
        return frozenset(session_ids)


def _of_tokens(tokens: Collection[str]) -> frozenset[str]:
    store, now, idle = wiring.store(), wiring.now(), wiring.settings().security.idle
    found = (sessions.by_token(store, token, now, idle=idle, touch=False) for token in tokens)
    known = frozenset(session.session_id for session in found if session is not None)
    return known - links.shut(store, now, demo=wiring.settings().demo) if known else known


def _alive(session_ids: Collection[str]) -> frozenset[str]:
    store, now, settings = wiring.store(), wiring.now(), wiring.settings()
    found = sessions.alive(store, session_ids, now, settings.security.idle)
    return found - links.shut(store, now, demo=settings.demo)
