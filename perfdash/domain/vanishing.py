"""What an answer may take back: which known facts it closes, which are kept, and when it is not to be believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Literal

from perfdash.domain.errors import SuspiciousRun
from perfdash.domain.facts import BareKey, Batch, FactKey, Sheet, Stored
from perfdash.domain.measures import NAMES, FactValues

Closes = Literal["range", "named", "whole"]
"""What an answer can close. An API's, "range": all that was asked for, but for what it may no longer keep. A file,
"named": the platforms and days of which it has rows; it says nothing of what it does not name. "whole": a file of which
somebody says that it is the whole of its range."""
MOST_OF_ALL = 3
"""One in so many of the rows, or of the cost, may vanish at once."""
_COST = 1 + NAMES.index("cost")


@dataclass(frozen=True, slots=True)
class Closing:
    """What decides, besides the answer, which facts it may close."""

    closes: Closes = "range"
    answered_from: date | None = None
    """The source does not answer for older days (`retention_days`), so that its silence about them means nothing."""
    accepted: bool = False
    """An operator said that the source is right."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Known facts that the answer does not name: `vanished` ones are closed, those on `kept` days stay."""

    vanished: tuple[FactKey, ...] = ()
    kept: tuple[date, ...] = ()


def absent(
    batch: Batch,
    known: Mapping[FactKey, FactValues],
    from_files: AbstractSet[FactKey],
    restated: Mapping[FactKey, FactValues],
    closing: Closing,
) -> Absent:
    """What of `known` the answer takes back. SuspiciousRun when that is too much to be believed.

    A refused row names its fact; one without a key could be any, so nothing vanishes then. Days at the old end of which
    nothing came while younger ones are answered are taken for what the source no longer keeps.
    """
    if not known:
        return Absent()
    held, reach = Sheet.of(known).rows, _Reach(batch, closing, from_files)
    missing = _missing(batch, held)
    vanished = tuple(sorted(key for key in missing if reach.closes(key)))
    less = _decreases(held, restated) if batch.added or closing.closes == "named" else 0
    if (vanished or less) and not closing.accepted:
        _believe(vanished, {key: values for key, values in held.items() if reach.closes(key)}, less)
    return Absent(vanished, tuple(sorted({key.day for key in missing if reach.spares(key)})))


def _missing(batch: Batch, held: Mapping[BareKey, Stored]) -> list[FactKey]:
    facts, named = Sheet.of(batch.facts).rows, {row.key for row in batch.quarantined}
    if None in named or facts.keys() >= held.keys():
        return []
    return [FactKey(*key) for key in held if key not in facts and key not in named]


class _Reach:
    """How far one answer reaches."""

    def __init__(self, batch: Batch, closing: Closing, from_files: AbstractSet[FactKey]) -> None:
        self._closes, self._from_files = closing.closes, from_files
        self._pairs = {(platform, day) for day, _, platform, _ in Sheet.of(batch.facts).rows}
        self._pairs |= {(row.key.platform, row.key.day) for row in batch.quarantined if row.key is not None}
        self._days = {day for _, day in self._pairs}
        self._first = max(closing.answered_from or date.min, min(self._days, default=date.min))

    def closes(self, key: BareKey) -> bool:
        """True when the answer's silence about this fact takes it back."""
        day, _, platform, _ = key
        return (platform, day) in self._pairs if self._closes == "named" else not self.spares(key)

    def spares(self, key: BareKey) -> bool:
        """True when the answer was asked about this fact, and its silence says nothing about it all the same."""
        if self._closes != "range":
            return False
        return key[0] < self._first or (key in self._from_files and key[0] not in self._days)


def _decreases(held: Mapping[BareKey, Stored], restated: Mapping[FactKey, FactValues]) -> int:
    """What restated facts cost less than before: of rows that are added together, some may be missing."""
    return sum(max(0, held[key][_COST] - values[_COST]) for key, values in Sheet.of(restated).rows.items())


def _believe(vanished: Collection[FactKey], known: Mapping[BareKey, Stored], less: int) -> None:
    """All rows, all rows of a day that had cost, or more than a third of the rows or of the cost are too much."""
    cost, lost = _cost(known.values()), _cost(known[key] for key in vanished) + less
    days = _emptied(vanished, known)
    if len(vanished) * MOST_OF_ALL <= len(known) and lost * MOST_OF_ALL <= cost and not days:
        return
    of_cost = f"{share(min(lost, cost), cost)} of the known cost"
    missing = f"{len(vanished)} of {len(known)} known rows are missing from the answer" + (
        f" ({of_cost})" if lost else ""
    )
    if not vanished:
        missing = f"{of_cost} is missing from the answer, of which rows are parts of facts"
    whole = f", among them all of {_spoken(days)}" if days else ""
    raise SuspiciousRun(
        f"{missing}{whole}; nothing was stored. If the source is right, run sync with --accept-vanished."
    )


def _cost(rows: Iterable[Stored]) -> int:
    return sum(abs(values[_COST]) for values in rows)


def _emptied(vanished: Collection[FactKey], known: Mapping[BareKey, Stored]) -> list[date]:
    """The days that had cost and of which every known row vanishes, in order."""
    before, gone = Counter(key[0] for key in known), Counter(key.day for key in vanished)
    spent = {key.day for key in vanished if known[key][_COST]}
    return sorted(day for day in spent if gone[day] == before[day])


def _spoken(days: list[date]) -> str:
    more = f" and {len(days) - 3} more days" if len(days) > 3 else ""
    return ", ".join(map(str, days[:3])) + more


def share(part: int, whole: int) -> str:
    """A part as per cent; one that is not 0 never reads as 0%, nor one that is not all as 100%."""
    if not whole:
        return "100%"
    tenths = round(1000 * part / whole)
    tenths = max(1, tenths) if part else tenths
    tenths = min(999, tenths) if part < whole else tenths
    return f"{tenths / 10:g}%"
