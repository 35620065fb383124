"""Days in view as people read them, also where clients in other time zones have others."""

from __future__ import annotations

from collections.abc import Mapping

from perfdash.domain.accounts import Days
from perfdash.domain.filters import Ranges
from perfdash.presentation import formatting

_MOST = 3


def told(days: Days, ranges: Ranges, names: Mapping[str, str]) -> str:
    """1–30 Nov 2026; Hoshi Tea House 31 Oct – 29 Nov 2026: first what most clients have, then who has other days.

    `names` are the names of clients, by slug.
    """
    if not ranges:
        return formatting.days(days)
    alike: dict[Days, list[str]] = {}
    for client, own in ranges:
        alike.setdefault(own, []).append(names.get(client, client))
    first, *others = sorted(alike, key=lambda own: (-len(alike[own]), -own.end.toordinal()))
    said = [formatting.days(first)]
    said += [f"{formatting.enumerate_names(alike[own], 2)} {formatting.days(own)}" for own in others[:_MOST]]
    if others[_MOST:]:
        said.append(f"{formatting.plural(sum(len(alike[own]) for own in others[_MOST:]), 'client')} others")
    return "; ".join(said)
