"""/readyz: may this server be sent visitors? Asked of the store at most once a second, however many ask."""

from __future__ import annotations

import asyncio
import logging
from functools import cache

from starlette.concurrency import run_in_threadpool

from perfdash.errors import ConfigError, PerfdashError
from perfdash.store import migrations
from perfdash.ui import wiring

_log = logging.getLogger(__name__)
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
        current = migrations.current(wiring.store())
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
