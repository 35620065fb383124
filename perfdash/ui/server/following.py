"""Open pages are drawn again when what they show is out of date: one look at the store for all of them, whoever wrote.

The look is one cheap question while nothing was committed. A page that is out of date runs once more, and the run asks
the store as ever who is signed in: nothing that was found here reaches a browser.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Mapping

from starlette.concurrency import run_in_threadpool

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.errors import PerfdashError
from perfdash.store.auth import login
from perfdash.store.engine import Store
from perfdash.store.pulse import Pulse
from perfdash.store.query import overview
from perfdash.ui.runtime import context, drawn_pages
from perfdash.ui.runtime.drawn_pages import Drawn, Revisions, Runs
from perfdash.ui.server import sockets

_log = logging.getLogger(__name__)
LOOK_SECONDS = 0.2


class Follower:
    """What the store was at when it was last looked at. Looks do not overlap; `demo`: its users may sign in."""

    def __init__(self, store: Store, *, demo: bool) -> None:
        self._store, self._demo = store, demo
        self._pulse = Pulse(store)
        self._beat: Hashable = None
        self._rights: Hashable = None
        self._revisions: Revisions = ()
        self._runs: Runs = ()
        self._users: dict[int, Principal | None] = {}

    def moved(self) -> bool:
        """Ask the store whether anything was committed since the last look and, if so, where everything is now."""
        beat = self._pulse.beat()
        if beat == self._beat:
            return False
        rights = login.rights(self._store)
        if rights != self._rights:
            self._rights = rights
            self._users.clear()
        self._revisions = overview.stamp(self._store, OPERATOR)
        self._runs = overview.runs_stamp(self._store, OPERATOR)
        self._beat = beat  # at last: a look that failed is taken again
        return True

    def old(self, drawn: Mapping[str, Drawn]) -> list[str]:
        """The pages that would show something else now, or to somebody with other rights."""
        return [page for page, at in drawn.items() if self._is_other(at) or at.is_old(self._revisions, self._runs)]

    def _is_other(self, at: Drawn) -> bool:
        number = at.principal.user_id
        if number is None:  # a client link never changes, and when it ends its session does
            return False
        if number not in self._users:
            self._users[number] = login.principal_of(self._store, number, demo=self._demo)
        return self._users[number] != at.principal

    def close(self) -> None:
        self._pulse.close()


async def watch() -> None:
    """For as long as the server runs."""
    seen, follower = -1, None
    said = ""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            if follower is None:
                follower = await run_in_threadpool(_follower)
            seen = await _look(follower, seen)
            said = ""
        except PerfdashError as error:
            if str(error) != said:
                said = str(error)
                _log.error("The open pages cannot follow the store: %s", said)
        except Exception:  # noqa: BLE001  whatever it was, the next look must come
            _log.exception("The open pages could not be looked at.")


async def _look(follower: Follower, seen: int) -> int:
    """Have pages drawn again; gives the version of `drawn_pages` that was looked at."""
    known = drawn_pages.pages.names()  # before the open ones, so that none counts as gone that was opened meanwhile
    pages = sockets.open_pages()
    drawn_pages.pages.forget(known - pages.keys())
    if not pages:
        return seen
    version, drawn = drawn_pages.pages.version, drawn_pages.pages.all()
    of_open = {page: drawn[page] for page in pages.keys() & drawn.keys()}
    for page in await run_in_threadpool(_found(follower, of_open, anew=version != seen)):
        if drawn_pages.pages.take(page, of_open[page]):
            pages[page].draw_again()
    return version


def _found(follower: Follower, drawn: Mapping[str, Drawn], *, anew: bool) -> Callable[[], list[str]]:
    return lambda: follower.old(drawn) if follower.moved() or anew else []


def _follower() -> Follower:
    return Follower(context.store(), demo=context.settings().demo)
