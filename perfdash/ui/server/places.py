"""How many runs and downloads there may be at once: of one visitor, of one kind of visitors, and in all.

Python runs one thread at a time, so each run more makes every other one slower, and what hands messages on with them.
Who waits gets the next place in turn: first a visitor with fewer under way, then the one served longest ago.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["account", "link", "stranger"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom work is counted for: a user's account, a client link, or the network that a stranger comes from."""

    kind: Kind
    name: str


MOST = 6
SHARES: dict[Kind, int] = {"account": MOST, "link": 2, "stranger": 2}
"""What strangers and links may have together leaves places for those who signed in."""
EACH: dict[Kind, int] = {"account": 2, "link": 2, "stranger": 1}
LEASE_SECONDS = 10.0
"""What takes longer waits for something else than this process; it counts no more, or a few would stop everybody."""
TOO_LONG_SECONDS = 10.0
MOST_SERVED = 1000


class Slot:
    """One place, held or waited for: for the run of one page, or for its download. `wake` is called once it is held."""

    def __init__(self, places: Places, wake: Callable[[], None]) -> None:
        self._places, self.wake = places, wake

    def take(self, visitor: Visitor) -> bool:
        """True when the place is held. Else it is waited for from now on, and `wake` is called."""
        return self._places.take(self, visitor)

    def leave(self) -> None:
        """Held or waited for no more."""
        self._places.leave(self)


class Places:
    """All places of one process. Lives on the event loop only; `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: OrderedDict[Slot, tuple[Visitor, float]] = OrderedDict()
        self._overdue: set[Slot] = set()
        self._waiting: dict[Slot, tuple[Visitor, float]] = {}
        self._served: OrderedDict[Visitor, int] = OrderedDict()
        self._turn = 0

    def take(self, place: Slot, visitor: Visitor) -> bool:
        if place in self._held or place in self._overdue:
            return True
        if place in self._waiting and self._waiting[place][0] == visitor:
            return False
        _, since = self._waiting.get(place, (visitor, self._clock()))
        self._waiting[place] = (visitor, since)
        self._serve(but=place)
        return place in self._held

    def leave(self, place: Slot) -> None:
        self._waiting.pop(place, None)
        self._overdue.discard(place)
        if self._held.pop(place, None):
            self._serve()

    def look(self) -> None:
        """What has lasted too long counts no more. To be called now and then."""
        now = self._clock()
        while self._held:
            place, (_, since) = next(iter(self._held.items()))
            if now - since < LEASE_SECONDS:
                break
            del self._held[place]
            self._overdue.add(place)
        self._serve()

    @property
    def longest_wait(self) -> float:
        """Seconds that somebody waits who has nothing under way and is no stranger: others are in the way."""
        busy = {visitor for visitor, _ in self._held.values()}
        since = [at for who, at in self._waiting.values() if who.kind != "stranger" and who not in busy]
        return self._clock() - min(since) if since else 0.0

    def _serve(self, but: Slot | None = None) -> None:
        """Give free places to who waits; `but` needs no waking."""
        while self._waiting and len(self._held) < MOST:
            of_each = Counter(visitor for visitor, _ in self._held.values())
            of_kind = Counter(visitor.kind for visitor, _ in self._held.values())
            may = [
                (of_each[who], self._served.get(who, 0), since, place)
                for place, (who, since) in self._waiting.items()
                if of_each[who] < EACH[who.kind] and of_kind[who.kind] < SHARES[who.kind]
            ]
            if not may:
                return
            self._give(min(may, key=lambda one: one[:3])[-1], but)

    def _give(self, place: Slot, but: Slot | None) -> None:
        visitor, _ = self._waiting.pop(place)
        self._held[place] = (visitor, self._clock())
        self._turn += 1
        self._served.pop(visitor, None)
        self._served[visitor] = self._turn
        while len(self._served) > MOST_SERVED:
            self._served.popitem(last=False)
        if place is not but:
            place.wake()


places = Places()
"""Those of this process."""
