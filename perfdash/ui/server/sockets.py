"""All open sockets: one look at the store a second for all of them, and how many one visitor may have."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress

from perfdash.ui.server import page_sessions
from perfdash.ui.server.allowance import Allowance
from perfdash.ui.server.guard import Guard
from perfdash.ui.server.places import Kind, Visitor, places

_log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
"""A page sees the form within one look of its session's end, and its socket is closed within two."""

_guards: set[Guard] = set()
_loop: asyncio.AbstractEventLoop | None = None


def watch_socket(guard: Guard) -> None:
    _guards.add(guard)


def forget_socket(guard: Guard) -> None:
    """The socket is gone."""
    _guards.discard(guard)
    guard.left()


def close_malformed(page: str) -> None:
    """The browser of this page has sent what no page of ours sends. From any thread."""
    if _loop is not None:
        _loop.call_soon_threadsafe(_close_page, page)


def _close_page(page: str) -> None:
    guard = open_pages().get(page)
    if guard is not None:
        guard.malformed("widget")


MOST_SOCKETS: dict[Kind, int] = {"account": 400, "link": 200, "stranger": 100}
"""Of one account, of one link, and of strangers from one network."""
OPENINGS: dict[Kind, tuple[float, float]] = {"account": (400, 20.0), "link": (100, 5.0), "stranger": (100, 5.0)}
"""The same, for opening them: at once and a second."""
MOST_VISITORS = 1000
_openings: OrderedDict[Visitor, Allowance] = OrderedDict()


def may_open(visitor: Visitor) -> bool:
    """False for who has as many pages open, or opens as many, as nobody looks at."""
    allowance = _openings.pop(visitor, None) or Allowance(*OPENINGS[visitor.kind])
    _openings[visitor] = allowance
    while len(_openings) > MOST_VISITORS:
        _openings.popitem(last=False)
    return allowance.take() and sum(guard.visitor == visitor for guard in _guards) < MOST_SOCKETS[visitor.kind]


def open_pages() -> dict[str, Guard]:
    """The guards of all sockets whose page is known, by Streamlit's name of it."""
    return {guard.page: guard for guard in _guards if guard.page}


async def watch() -> None:
    """For as long as the server runs: one question to the store a look, and none while nobody is signed in."""
    global _loop
    _loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        places.look()
        try:
            await check_sockets()
        except Exception:  # noqa: BLE001  whatever it was, the next look must come
            _log.exception("The open pages could not be looked at.")


async def check_sockets() -> None:
    """Tell every socket whose session has ended; one that does not read what it is sent keeps no other one waiting."""
    behind = {guard: session for guard in _guards if (session := guard.watched) is not None}
    if not behind:
        return
    living = await page_sessions.alive_sessions(frozenset(behind.values()))
    ending = [guard.end(session) for guard, session in behind.items() if session not in living]
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            for outcome in await asyncio.gather(*ending, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, OSError):  # which is a browser that left
                    _log.error("An open page could not be ended.", exc_info=outcome)
