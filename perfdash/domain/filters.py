"""What is being asked: the filters of a question, and the checks of what is typed into them.

Filters narrow; they never grant. An empty tuple means "all that the principal may see".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

from perfdash.domain.accounts import Days
from perfdash.domain.errors import UsageError
from perfdash.domain.facts import MICRO

Grain = Literal["row", "campaign"]
MAX_CPM_MICROS = 10**12
Ranges = tuple[tuple[str, Days], ...]
"""The days of each client, by client, where they are not the same ones; () where they are."""


@dataclass(frozen=True, slots=True)
class Filters:
    """One question. Frozen and hashable: it is part of every cache key and every receipt.

    `max_cpm` is in micros of the one currency in view, inclusive. Grain `row` is campaign x platform x day with
    creators summed; `campaign` is the campaign over the filtered days and platforms.
    """

    days: Days
    """All that is in view; with `ranges` from the first day of any client to the last of any."""
    clients: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    currency: str | None = None
    max_cpm: int | None = None
    cpm_grain: Grain = "row"
    raw: bool = False
    """True: as the source reports it, without corrections."""
    ranges: Ranges = ()

    def over(self, days: Days, ranges: Ranges = ()) -> Filters:
        """The same about other days."""
        return replace(self, days=days, ranges=ranges)

    def days_of(self, client: str) -> Days:
        """The days that are in view of `client`."""
        return dict(self.ranges).get(client, self.days)

    def among(self, clients: tuple[str, ...]) -> Filters:
        """The same about these clients, each over its own days."""
        if not self.ranges or not clients:
            return replace(self, clients=clients)
        days, ranges = joined({client: self.days_of(client) for client in clients})
        return replace(self, clients=clients, days=days, ranges=ranges)


def joined(of_client: Mapping[str, Days]) -> tuple[Days, Ranges]:
    """The days of at least one client as one range from the first to the last, and of each where they differ."""
    every = of_client.values()
    hull = Days(min(days.start for days in every), max(days.end for days in every))
    return hull, () if all(days == hull for days in every) else tuple(sorted(of_client.items()))


def range_of(start: date | None, end: date | None) -> Days:
    """A checked custom range; a reversed one is refused with a sentence, never swapped silently."""
    if start is None or end is None:
        raise UsageError("A date range needs both a first and a last day (YYYY-MM-DD).")
    if start > end:
        raise UsageError(f"The first day {start} is after the last day {end}; swap them.")
    return Days(start, end)


def cpm_limit(text: str) -> int:
    """A limit such as "12.50" in micros; refuses what is not a number from 0 to 1,000,000."""
    try:
        micros = Decimal(text.strip()) * MICRO
        if micros != int(micros) or not 0 <= micros <= MAX_CPM_MICROS:
            raise InvalidOperation
    except (ArithmeticError, ValueError) as error:
        raise UsageError(
            f"The CPM limit {text!r} is not a number from 0 to 1000000 with at most 6 decimals."
        ) from error
    return int(micros)
