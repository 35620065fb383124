"""Every change between two moments, told from what was said of each row. It imports nothing of perfdash."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.replay.rebuilt import Memory, Moment, Named, Owner, settles, starts

FIELDS = (
    "impressions",
    "clicks",
    "cost",
    "reach",
    "views",
    "engagements",
    "conversions",
    "revenue",
    "cpm",
    "roi",
)
"""In the order of perfdash; its last one, the currency, is that of the account and never changes here."""
ADDED = ("impressions", "clicks", "cost", "views", "engagements", "conversions", "revenue")
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Listed:
    """One change of one row. `then` or `now` is None where the row was not reported."""

    named: Named
    kind: str
    at: datetime
    revision: int
    timing: str
    then: Values | None
    now: Values | None


@dataclass(frozen=True)
class View:
    """Inclusive days; empty tuples mean all."""

    first: str
    last: str
    clients: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    currency: str | None = None


def listed(
    memory: Memory, view: View, since: Moment, until: Moment, zones: Mapping[str, str], *, while_open: bool = False
) -> list[Listed]:
    """What changed after `since` and up to `until`; what changed while its day was running only with `while_open`."""
    found = []
    for named, story in memory.facts.items():
        client, label, day, _, _, platform = named
        owner = memory.owners[label]
        if client not in zones or not view.first <= day <= view.last or (view.clients and client not in view.clients):
            continue
        if (view.platforms and platform not in view.platforms) or view.currency not in (None, owner.currency):
            continue
        begin, end = memory.before(since, client, zones[client]), memory.before(until, client, zones[client])
        over = starts(date.fromisoformat(day) + timedelta(days=1), owner.zone)
        for at, kind, then, now in _changes(story):
            if begin <= at < end and (while_open or at >= over):
                timing = "running" if at < over else _timing(memory, owner, day, at)
                revision = bisect_right(memory.moments[client], at)
                found.append(Listed(named, kind, at, revision, timing, then, now))
    return found


def _changes(
    story: Sequence[tuple[datetime, Values | None]],
) -> Iterator[tuple[datetime, str, Values | None, Values | None]]:
    for (_, then), (at, now) in pairwise(story):
        kind = "reappeared" if then is None else "vanished" if now is None else "restated"
        assert then != now
        yield at, kind, then, now


def _timing(memory: Memory, owner: Owner, day: str, at: datetime) -> str:
    if settles(owner, day) is None:
        return "provisional"
    final = memory.final_since(owner, day)
    return "after" if final is not None and at > final else "before"


def added_up(found: Iterable[Listed]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By campaign's day and revision: how many changes, of which kinds, of which fields, and what they add up to."""
    groups: dict[tuple[Any, ...], list[Listed]] = defaultdict(list)
    for one in found:
        client, label, day, campaign, _, _ = one.named
        groups[client, label, campaign, day, one.revision].append(one)
    return {key: _sum(some) for key, some in groups.items()}


def _sum(some: Sequence[Listed]) -> dict[str, Any]:
    total: dict[str, Any] = {
        "events": len(some),
        "vanished": sum(one.kind == "vanished" for one in some),
        "reappeared": sum(one.kind == "reappeared" for one in some),
    }
    for name in FIELDS:
        total[f"changed {name}"] = sum((one.then or {}).get(name) != (one.now or {}).get(name) for one in some)
    for name in ADDED:
        sides = [((one.then or {}).get(name), (one.now or {}).get(name)) for one in some]
        told = [(now or 0) - (then or 0) for then, now in sides if then is not None or now is not None]
        total[name] = sum(told) if told else None
    return total
