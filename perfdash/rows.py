"""Rows of an answer -> facts, campaign attributes and creators, or a reason why a row is refused.

What is normalised, flagged, quarantined and fatal stands in docs/sources.md. `read` takes the rows of one page, field
by field rather than row by row: the same work at a fraction of the cost. `answer.together` joins pages.
fetched = facts + quarantined + duplicates in every result.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import compress
from typing import TypeVar

from perfdash import platforms, reported, row_attributes, row_values
from perfdash.accounts import Account, Days
from perfdash.conversions import ConvertedColumn, Kinds, Values, by_distinct, ids
from perfdash.mapping import Field, Mapping
from perfdash.payload import Batch, FactKey, Quarantined
from perfdash.reported import WRONG_TYPE, RefusedValue
from perfdash.row_shape import Page, payload_of
from perfdash.sheet import BareKey, Sheet, Stored, same

CONFLICT = "the same campaign, creator, platform and day came with different values"
T = TypeVar("T")


def read(records: Sequence[object], mapping: Mapping, account: Account, days: Days) -> Batch:
    """The rows of one page as a batch. Raises nothing for a bad row, whatever it is: it is quarantined.

    `days` is what was asked for; a row of another day is refused.
    """
    return _Reader(records, mapping, account, days).batch() if records else Batch({}, {}, {})


class _Reader:
    """Reads one page, once."""

    def __init__(self, records: Sequence[object], mapping: Mapping, account: Account, days: Days) -> None:
        self._records, self._mapping, self._account, self._range = records, mapping, account, days
        self._asked = {name.casefold(): name for name in account.platforms}
        self._page = Page(records, mapping)
        self._unknown: set[str] = set()

    def batch(self) -> Batch:
        """Keys first: a refused row whose key can be read keeps its current version in the ledger."""
        page = self._page
        days, campaigns, names, creators = self._key_columns()
        keys: Sequence[BareKey] = list(zip(days, campaigns, names, creators, strict=True))
        keyless = frozenset(page.problems)
        self._check_asked(days, names)
        unknown = [place for place, name in enumerate(names if self._unknown else ()) if name in self._unknown]
        values = row_values.read(page, self._account.currency, unknown)
        attributes = row_attributes.columns(page)
        people = row_attributes.creator_names(page, creators)
        refused = [
            self._refused(page.problems[place], None if place in keyless else FactKey(*keys[place]), place)
            for place in sorted(page.problems)
        ]
        good = [place not in page.problems for place in range(len(keys))] if refused else None
        keys, values, places = _only(keys, good), _only(values, good), _only(range(len(keys)), good)
        attributes = {name: _only(column, good) for name, column in attributes.items()}
        facts, conflicts, duplicates = self._settled(keys, values, places, refused)
        return Batch(
            Sheet(facts),
            row_attributes.by_campaign(_only(campaigns, good), attributes),
            row_attributes.by_creator(_only(creators, good), _only(people, good)),
            (*refused, *conflicts),
            duplicates,
            len(self._records),
        )

    def _key_columns(self) -> tuple[list[date], list[str], list[str], list[str]]:
        """In the order of FactKey."""
        page = self._page
        campaigns = page.required("campaign", partial(ids, required=True)).values
        days = page.required("day", row_attributes.days).values
        names = page.required("platform", self._platforms).values
        creators = page.optional("creator", ids)
        told = [""] * len(names) if creators is None else [creator or "" for creator in creators.values]
        return days, campaigns, names, told

    def _platforms(self, values: Values, field: Field, kinds: Kinds) -> ConvertedColumn[str]:
        return by_distinct(values, kinds, partial(self._platform, field), "")

    def _platform(self, field: Field, value: object) -> str:
        """Its one spelling; an asked one is spelled as the configuration does."""
        if value is not None and type(value) is not str:
            raise RefusedValue(f"{field.label} {WRONG_TYPE}")
        name, known = platforms.spelled(reported.plain(field.spelled(value or "")))
        if not name:
            raise RefusedValue(f"{field.label} is missing")
        name = self._asked.get(name.casefold(), name)
        if not known:
            self._unknown.add(name)
        return name

    def _check_asked(self, days: list[date], names: list[str]) -> None:
        outside = {day for day in set(days) if day not in self._range}
        others = {name for name in set(names) if self._asked and name.casefold() not in self._asked}
        for place, (day, name) in enumerate(zip(days, names, strict=True) if outside or others else ()):
            if day in outside:
                self._page.refuse(place, f"day {day} was not asked for (asked: {self._range})")
            elif name in others:
                self._page.refuse(place, "platform was not asked for")

    def _settled(
        self, keys: list[BareKey], values: list[Stored], places: list[int], refused: list[Quarantined]
    ) -> tuple[dict[BareKey, Stored], list[Quarantined], int]:
        """The facts; rows that contradict another of the same key; how many rows only repeat another."""
        facts = dict(zip(keys, values, strict=True))
        spoiled = {row.key for row in refused if row.key in facts}
        if len(facts) == len(keys) and not spoiled:
            return facts, [], 0
        rows: dict[BareKey, list[int]] = {}
        for at, key in enumerate(keys):
            rows.setdefault(key, []).append(at)
        conflicts: list[Quarantined] = []
        for key in sorted(rows):
            first, *others = rows[key]
            if key in spoiled or not all(same(values[first], values[other]) for other in others):
                del facts[key]
                conflicts += [self._refused(CONFLICT, FactKey(*key), places[at]) for at in rows[key]]
            else:
                facts[key] = values[first]
        return facts, conflicts, len(keys) - len(facts) - len(conflicts)

    def _refused(self, reason: str, key: FactKey | None, place: int) -> Quarantined:
        return Quarantined(reason[:300], key, payload_of(self._records[place], self._mapping))


def _only(column: Sequence[T], good: list[bool] | None) -> list[T]:
    return list(column) if good is None else list(compress(column, good))
