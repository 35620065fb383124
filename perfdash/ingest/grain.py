"""Rows that are finer than a fact: which of them are one fact, which only repeat another, and how they add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from perfdash.domain.control_totals import ControlTotals, MeasureTotals, stored_sums
from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import BareKey, Batch, FactKey, FinerRow, Quarantined, Sheet, Stored
from perfdash.domain.measures import ADDITIVE, BY_NAME, NAMES
from perfdash.ingest import same_key
from perfdash.ingest.fact_values import FLAGS
from perfdash.ingest.mapping import FieldMapping
from perfdash.ingest.page import Page

SPOILED = "another row of the same fact was refused"
_MOST = 2**63 - 1
_CPM_DISAGREES = "cpm_disagrees"


@dataclass(frozen=True, slots=True)
class PageFacts:
    """The facts of a page. Rows that are neither one, nor a duplicate, nor refused were added to another."""

    facts: dict[BareKey, Stored]
    duplicates: Sequence[int] = ()
    """Rows that are another row once more."""
    spoiled: Sequence[int] = ()
    """Rows that could be read, of facts of which another row could not: without it they would be too small."""
    parts: Mapping[BareKey, tuple[FinerRow, ...]] = field(default_factory=dict)


def settle(
    page: Page,
    mapping: FieldMapping,
    keys: Sequence[BareKey],
    values: Sequence[Stored],
    good: Sequence[int],
    bad: Sequence[int],
) -> PageFacts:
    """What the rows at `good` are together. `bad` are refused rows with a key that can be read.

    BadAnswer, with the setting to write, for rows of one key of which nothing says how they belong together.
    """
    whole = len(good) == len(keys)
    facts = dict(zip(keys, values, strict=True)) if whole else {keys[at]: values[at] for at in good}
    if not mapping.finer and len(facts) == len(good) and not any(keys[at] in facts for at in bad):
        return PageFacts(facts)
    places: dict[BareKey, list[int]] = {}
    for at in sorted((*good, *bad)):
        places.setdefault(keys[at], []).append(at)
    if not mapping.finer:
        some = [group for key, group in places.items() if key in facts and len(group) > 1]
        said: list[Stored | None] = list(values)
        for at in bad:
            said[at] = None
        raise BadAnswer(same_key.sentence(page.records, mapping, keys, some, said))
    return _Finer(page, mapping, keys, values, frozenset(bad)).settled(facts, places)


class _Finer:
    """The rows of one page by what they are finer."""

    def __init__(
        self, page: Page, mapping: FieldMapping, keys: Sequence[BareKey], values: Sequence[Stored], bad: frozenset[int]
    ) -> None:
        self._page, self._mapping, self._keys, self._values, self._bad = page, mapping, keys, values, bad
        columns = [page.raw(one) or [None] * page.rows for one in mapping.finer]
        self._finer = list(zip(*(map(same_key.text_of, column) for column in columns), strict=True))
        self._duplicates: list[int] = []
        self._spoiled: list[int] = []

    def settled(self, facts: dict[BareKey, Stored], places: Mapping[BareKey, Sequence[int]]) -> PageFacts:
        parts: dict[BareKey, tuple[FinerRow, ...]] = {}
        for key, group in places.items():
            refused = key not in facts or not self._bad.isdisjoint(group)
            if not refused:
                parts[key] = self._parts(group)
                facts[key] = added_up(key, [part.values for part in parts[key] if part.values is not None])
                continue
            parts[key] = tuple(FinerRow(self._finer[at], None) for at in group)
            self._spoiled += (at for at in group if at not in self._bad)
            facts.pop(key, None)
        return PageFacts(facts, self._duplicates, self._spoiled, parts)

    def _parts(self, group: Sequence[int]) -> tuple[FinerRow, ...]:
        if len(group) == 1:
            return (FinerRow(self._finer[group[0]], self._values[group[0]]),)
        firsts: dict[tuple[str, ...], int] = {}
        for at in group:
            first = firsts.setdefault(self._finer[at], at)
            if first != at:
                self._refuse_unlike(first, at)
                self._duplicates.append(at)
        return tuple(FinerRow(finer, self._values[at]) for finer, at in firsts.items())

    def _refuse_unlike(self, first: int, at: int) -> None:
        records, mapping = self._page.records, self._mapping
        if not same_key.alike(records[first], records[at], mapping, self._values[first], self._values[at]):
            raise BadAnswer(same_key.sentence(records, mapping, self._keys, [[first, at]], self._values))


def added_up(key: BareKey, rows: Sequence[Stored]) -> Stored:
    """The rows of one fact as one. What does not add up, such as reach and reported ratios, stands for one row only."""
    if len(rows) == 1:
        return rows[0]
    currency, *columns, _, _, flags = zip(*rows, strict=True)
    sums = [_sum(name, column, key) for name, column in zip(NAMES, columns, strict=True)]
    told = {flag for text in flags for flag in text.split(",")} - {_CPM_DISAGREES}
    return currency[0], *sums, None, None, ",".join(flag for flag in FLAGS if flag in told)


def _sum(name: str, column: Sequence[int | None], key: BareKey) -> int | None:
    reported = [value for value in column if value is not None]
    if not reported or name not in ADDITIVE:
        return None
    found = sum(reported)
    if abs(found) > _MOST:
        raise BadAnswer(
            f"The rows of campaign {key[1]} on {key[2]}, {key[0]}, add up to more {BY_NAME[name].spoken} than can be "
            "stored; nothing was stored."
        )
    return found


def across(pages: Sequence[Batch]) -> list[Batch]:
    """The pages of one answer with rows of one fact added up although they are on several pages.

    BadAnswer when one and the same row is on two of them.
    """
    on: dict[BareKey, list[int]] = {}
    for number, page in enumerate(pages):
        for key in page.parts:
            on.setdefault(key, []).append(number)
    several = {key: numbers for key, numbers in on.items() if len(numbers) > 1}
    if not several:
        return list(pages)
    changes = [_Change(page) for page in pages]
    for key, numbers in several.items():
        _refuse_repeats(pages, key, numbers)
        parts = [part for number in numbers for part in pages[number].parts[key]]
        if any(part.values is None for part in parts):
            for number in numbers:
                changes[number].refuse(key)
            continue
        whole = added_up(key, [part.values for part in parts if part.values is not None])
        changes[numbers[0]].facts[key] = whole
        for number in numbers[1:]:
            changes[number].give_away(key)
    return [change.page() for change in changes]


def _refuse_repeats(pages: Sequence[Batch], key: BareKey, numbers: Iterable[int]) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for number in numbers:
        for part in pages[number].parts[key]:
            first = seen.setdefault(part.finer, number)
            if first != number:
                raise BadAnswer(
                    f"A row of campaign {key[1]} on {key[2]}, {key[0]}, is on page {first + 1} and on page "
                    f"{number + 1}: the pages changed while they were read. Nothing was stored; sync again."
                )


class _Change:
    """One page, of which some facts go elsewhere."""

    def __init__(self, page: Batch) -> None:
        self._page = page
        self.facts: dict[BareKey, Stored] = dict(Sheet.of(page.facts).rows)
        self._added = page.added
        self._refused: list[Quarantined] = []
        self._lost: list[Stored] = []

    def give_away(self, key: BareKey) -> None:
        """Its rows are counted by an earlier page."""
        del self.facts[key]
        self._added += 1

    def refuse(self, key: BareKey) -> None:
        """The rows that could be read of a fact of which another row could not."""
        rows = [part for part in self._page.parts[key] if part.values is not None]
        if not rows:
            return
        del self.facts[key]
        self._added -= len(rows) - 1
        self._refused += (_refused(FactKey(*key), part) for part in rows)
        self._lost += (part.values for part in rows if part.values is not None)

    def page(self) -> Batch:
        return replace(
            self._page,
            facts=Sheet(self.facts),
            quarantined=(*self._page.quarantined, *self._refused),
            added=self._added,
            totals=self._totals(),
        )

    def _totals(self) -> ControlTotals | None:
        totals = self._page.totals
        if totals is None or not self._lost:
            return totals
        sums = stored_sums(self._lost, totals.measures)
        return totals + ControlTotals({name: MeasureTotals(refused=sums[name]) for name in totals.measures})


def _refused(key: FactKey, part: FinerRow) -> Quarantined:
    values: Any = part.values
    numbers = dict(zip(NAMES, values[1:], strict=False))
    return Quarantined(SPOILED, key, same_key.payload_of_part(key, part.finer), key.day, key.platform, numbers["cost"])
