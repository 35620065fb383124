"""The open sockets of this process, looked at all together: what has ended goes, also when nobody says a word."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from perfdash.ui import gate_sessions
from perfdash.ui.gate_socket import Guard

_log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
"""A page sees the form within one look of its session's end, and its socket is closed within two."""

_guards: set[Guard] = set()


def enter(guard: Guard) -> None:
    _guards.add(guard)


def leave(guard: Guard) -> None:
    """The socket is gone."""
    _guards.discard(guard)
    guard.left()


async def watch() -> None:
    """For as long as the server runs: one question to the store a look, and none while nobody is signed in."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await look()
        except Exception:  # noqa: BLE001  whatever it was, the next look must come
            _log.exception("The open pages could not be looked at.")


async def look() -> None:
    """Tell every socket whose session has ended; one that does not read what it is sent keeps no other one waiting."""
    behind = {guard: session for guard in _guards if (session := guard.session) is not None}
    if not behind:
        return
    living = await gate_sessions.alive(frozenset(behind.values()))
    ending = [guard.end(session) for guard, session in behind.items() if session not in living]
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            for outcome in await asyncio.gather(*ending, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, OSError):  # which is a browser that left
                    _log.error("An open page could not be ended.", exc_info=outcome)
