"""What each open page was last drawn for: the server, outside of the script, sees by it when a page is out of date.

In this process only, as Streamlit's own sessions are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from perfdash.domain.access import Principal

Revisions = tuple[tuple[str, int], ...]
"""(client, last revision), by client."""
Runs = tuple[tuple[str, int, int], ...]
"""(client, last run, runs in progress), by client."""
MOST = 10_000
"""Open pages that are remembered; of more, those go first that were drawn longest ago."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """For whom, and what it shows: the revisions of the clients in view and, where a page shows runs, those.

    None for what nothing changes. `clients` are those in view; empty for all in scope. `again` asks for another run as
    soon as this one is over.
    """

    principal: Principal
    clients: frozenset[str] = frozenset()
    revisions: Revisions | None = None
    runs: Runs | None = None
    again: bool = False

    def is_old(self, revisions: Revisions, runs: Runs) -> bool:
        """True when a client in view is elsewhere now, by the positions of all clients that there are."""
        if self.again:
            return True
        if self.revisions is not None and self._seen(revisions) != self._seen(self.revisions):
            return True
        return self.runs is not None and self._seen(runs) != self._seen(self.runs)

    def _seen(self, all_of: Iterable[tuple[str, *tuple[int, ...]]]) -> tuple[tuple[str, *tuple[int, ...]], ...]:
        may, named = self.principal.may_see, self.clients
        return tuple(one for one in all_of if (not named or one[0] in named) and may(one[0]))


class DrawnPages:
    """By Streamlit's name of the page. `version` moves whenever a page was drawn."""

    def __init__(self) -> None:
        self.version = 0
        self._drawn: OrderedDict[str, Drawn] = OrderedDict()
        self._by_itself: set[str] = set()
        self._lock = threading.Lock()

    def put(self, page: str, drawn: Drawn) -> None:
        """A run has drawn the page, or is about to."""
        with self._lock:
            self.version += 1
            self._drawn.pop(page, None)
            self._drawn[page] = drawn
            while len(self._drawn) > MOST:
                self._by_itself.discard(self._drawn.popitem(last=False)[0])

    def all(self) -> Mapping[str, Drawn]:
        """Those that were drawn and not taken since."""
        with self._lock:
            return dict(self._drawn)

    def take(self, page: str, drawn: Drawn) -> bool:
        """Forget the page until it is drawn again; False when that has happened meanwhile."""
        with self._lock:
            if self._drawn.get(page) is not drawn:
                return False
            del self._drawn[page]
            return True

    def names(self) -> set[str]:
        """All pages of which anything is remembered."""
        with self._lock:
            return self._drawn.keys() | self._by_itself

    def forget(self, pages: Iterable[str]) -> None:
        """These are gone: one that comes back is drawn anew."""
        with self._lock:
            for page in pages:
                self._drawn.pop(page, None)
                self._by_itself.discard(page)

    def say_by_itself(self, page: str, by_itself: bool) -> None:
        """Whether the server or somebody at the browser has asked for the page's next run."""
        with self._lock:
            (self._by_itself.add if by_itself else self._by_itself.discard)(page)

    def is_by_itself(self, page: str) -> bool:
        """True once, in the run that nobody at the browser has asked for."""
        with self._lock:
            found = page in self._by_itself
            self._by_itself.discard(page)
            return found


pages = DrawnPages()
"""Those of this process."""
