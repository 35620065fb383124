"""The same days as known at two moments: their sums then and now, and which part of the difference was restated. Pure.

Then + restated + first reported later = now. Which days were complete at the earlier moment is decided here too: only
those can be held against each other; a younger day was still filling, and its difference says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import TypeVar

from perfdash.domain.accounts import Days
from perfdash.domain.metrics import Sums
from perfdash.domain.restatements import Moved, Movement, RestatedField, by_key

Key = TypeVar("Key", bound=Hashable)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ThenNow:
    """One currency's sums of the same days then and now. `moved`: its restatements; `late`: those of final days."""

    currency: str
    then: Sums = field(default_factory=Sums)
    now: Sums = field(default_factory=Sums)
    moved: Movement = field(default_factory=lambda: Movement(""))
    late: Movement = field(default_factory=lambda: Movement(""))

    def sides(self, name: RestatedField) -> tuple[int | None, int | None]:
        """A measure then and now, in its integers; None where nothing reports it."""
        return getattr(self.then, name), getattr(self.now, name)

    def difference(self, name: RestatedField) -> int | None:
        """now - then; what is not reported counts as nothing. None: neither side reports it."""
        then, now = self.sides(name)
        return None if then is None and now is None else (now or 0) - (then or 0)

    def share(self, name: RestatedField) -> Fraction | None:
        """The difference as a part of what was known then; None when that was nothing."""
        then, difference = self.sides(name)[0], self.difference(name)
        return Fraction(difference, abs(then)) if then and difference is not None else None

    def first_reported(self, name: RestatedField) -> int:
        """What of the difference no restatement made: rows that were first reported later."""
        return (self.difference(name) or 0) - (self.moved.difference(name) or 0)

    def differs(self, name: RestatedField) -> bool:
        """True when it is another number now, or rows were restated although their sum is what it was."""
        return bool(self.difference(name) or self.moved.count(name))


def then_and_now(
    then: Mapping[tuple[Key, str], Sums],
    now: Mapping[tuple[Key, str], Sums],
    restated: Sequence[Moved],
    key_of: Callable[[Moved], Key],
) -> dict[tuple[Key, str], ThenNow]:
    """Per key and currency, of every key that either side or a restatement names."""
    moved = by_key(restated, key_of)
    late = by_key((one for one in restated if one.timing == "after"), key_of)
    found = {}
    for key in dict.fromkeys([*then, *now, *moved]):
        nothing = Movement(key[1])
        sums = then.get(key, Sums()), now.get(key, Sums())
        found[key] = ThenNow(key[1], *sums, moved.get(key, nothing), late.get(key, nothing))
    return found


@dataclass(frozen=True, slots=True)
class SharedDays:
    """The same days of some clients."""

    days: Days
    clients: tuple[str, ...]


def split(
    in_view: Mapping[str, Days], complete: Mapping[str, date]
) -> tuple[tuple[SharedDays, ...], tuple[SharedDays, ...]]:
    """The days in view of each client that were complete up to its last complete day, and those that were not.

    A client without a complete day has only younger ones. Clients with the same days share a span.
    """
    whole: dict[Days, list[str]] = {}
    filling: dict[Days, list[str]] = {}
    for client, days in sorted(in_view.items()):
        last = complete.get(client, days.start - _ONE_DAY)
        if last >= days.start:
            whole.setdefault(Days(days.start, min(last, days.end)), []).append(client)
        if last < days.end:
            filling.setdefault(Days(max(last + _ONE_DAY, days.start), days.end), []).append(client)
    return _shared(whole), _shared(filling)


def _shared(found: Mapping[Days, list[str]]) -> tuple[SharedDays, ...]:
    return tuple(SharedDays(days, tuple(names)) for days, names in sorted(found.items(), key=lambda one: one[1]))


def hull(spans: Iterable[SharedDays]) -> Days | None:
    """From the first day of any to the last of any; None when there is none."""
    each = [span.days for span in spans]
    return Days(min(days.start for days in each), max(days.end for days in each)) if each else None
