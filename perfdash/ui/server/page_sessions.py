"""What the gate asks the store: whose cookies these are, and whether a session still lives. Never on the event loop."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Collection

from starlette.concurrency import run_in_threadpool

from perfdash.domain.errors import PerfdashError
from perfdash.store.auth import sessions
from perfdash.store.auth.session_rows import Session
from perfdash.store.share_links import links
from perfdash.ui.auth import cookie
from perfdash.ui.runtime import context
from perfdash.ui.runtime.streamlit_internals import cookie_parser
from perfdash.ui.server.places import Visitor

_log = logging.getLogger(__name__)
LINK_COOKIE = cookie.LINK
NAMES = (cookie.NAME, LINK_COOKIE)
LONGEST_TOKEN = 200
MOST_TOKENS = 8
"""A browser has one of each name, or few where another path or domain has its own; each costs a look into the store."""


async def sessions_of_cookies(headers: Collection[tuple[bytes, bytes]]) -> frozenset[str]:
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


async def visitor_of_cookies(headers: Collection[tuple[bytes, bytes]]) -> Visitor | None:
    """Whom a socket with these cookies counts for; None for a stranger."""
    found = await sessions_of_cookies(headers)
    return await visitor_of(min(found)) if found else None


async def visitor_of(session_id: str) -> Visitor | None:
    """Whom the pages of a session count for: its user, with all sessions of theirs, or its link."""
    try:
        found = await run_in_threadpool(_session, session_id)
    except PerfdashError:
        return None
    if found is None:
        return None
    return Visitor("link", found.link_id) if found.link_id else Visitor("account", str(found.user_id))


def _session(session_id: str) -> Session | None:
    idle = context.settings().security.idle
    return sessions.by_id(context.store(), session_id, context.now(), idle=idle, touch=False)


async def alive_sessions(session_ids: Collection[str]) -> frozenset[str]:
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
    store, now, idle = context.store(), context.now(), context.settings().security.idle
    found = (sessions.by_token(store, token, now, idle=idle, touch=False) for token in tokens)
    known = frozenset(session.session_id for session in found if session is not None)
    return known - links.closed_sessions(store, known, now, demo=context.settings().demo)


def _alive(session_ids: Collection[str]) -> frozenset[str]:
    store, now, settings = context.store(), context.now(), context.settings()
    found = sessions.alive(store, session_ids, now, settings.security.idle)
    return found - links.closed_sessions(store, found, now, demo=settings.demo)


MOST = 5000
"""Files that are remembered, in this process, of which the oldest go first: a click makes a new one."""

_owners: OrderedDict[tuple[str, str], None] = OrderedDict()


def give_file(url: str, session_id: str) -> None:
    """The pages of this sign-in session may have the file at `url`, such as "/media/9f...c1.csv"."""
    _owners.pop((url, session_id), None)
    _owners[url, session_id] = None
    while len(_owners) > MOST:
        _owners.popitem(last=False)


def may_have_file(url: str, session_ids: Collection[str]) -> bool:
    """True when one of these sessions was given the file."""
    return any((url, session_id) in _owners for session_id in session_ids)
