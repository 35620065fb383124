"""Rows of an answer -> facts, campaign attributes and creators, or a reason why a row is refused.

What is normalised, flagged, refused and fatal stands in docs/sources.md. `read_rows` takes the rows of one page, field
by field rather than row by row: the same work at a fraction of the cost. `merge_pages.merge` joins pages.
fetched = facts + added + quarantined + duplicates + left out in every result.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import compress

from perfdash.domain import accounts
from perfdash.domain import values as domain_values
from perfdash.domain.accounts import Account, Days
from perfdash.domain.control_totals import ControlTotals, MeasureTotals
from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import BareKey, Batch, FactKey, Quarantined, Sheet
from perfdash.domain.values import WRONG_TYPE, RefusedValue
from perfdash.ingest import attributes, ownership, periods, totals
from perfdash.ingest.columnar_rows import Kinds
from perfdash.ingest.convert import ConvertedColumn, T, Values, by_distinct, days_of, ids
from perfdash.ingest.fact_values import FactColumns, read_values
from perfdash.ingest.grain import SPOILED, PageFacts, settle
from perfdash.ingest.mapping import Field, FieldMapping
from perfdash.ingest.page import Page
from perfdash.ingest.payload import payload_of
from perfdash.ingest.same_key import toml_text


def read_rows(
    records: Sequence[object], mapping: FieldMapping, account: Account, days: Days, answer: Sequence[object] = ()
) -> Batch:
    """The rows of one page as a batch. Raises nothing for a bad row, whatever it is: it is quarantined.

    BadAnswer for rows that cannot be what they should be, such as totals or those of another account. `days` is what
    was asked for; a row of another day is refused, or left out of a file. `answer` are all rows, where `records` are
    only some: how numbers and days are written may show in the others.
    """
    return (
        _Reader(Page(records, mapping, account, answer), records, mapping, account, days).batch()
        if records
        else Batch({}, {}, {}, totals=ControlTotals())
    )


class _Reader:
    """Reads one page, once."""

    def __init__(
        self, page: Page, records: Sequence[object], mapping: FieldMapping, account: Account, days: Days
    ) -> None:
        self._records, self._mapping, self._account, self._range = records, mapping, account, days
        self._asked = {name.casefold(): name for name in account.platforms}
        self._page = page
        self._unknown: set[str] = set()
        self._left_out = self._not_wanted()
        self._without_day: frozenset[int] = frozenset()
        self._without_platform: frozenset[int] = frozenset()

    def batch(self) -> Batch:
        """Keys first: a refused row whose key can be read keeps its current version in the ledger."""
        page, mapping = self._page, self._mapping
        days, campaigns, names, creators = self._key_columns()
        self._leave_out_footers()
        ownership.refuse_others(page, mapping.accounts, self._account, self._left_out)
        self._refuse_totals(campaigns, names)
        days = periods.booked(page, mapping, days_of, days, self._without_day, self._left_out)
        keyless = frozenset(page.problems)
        self._check_asked(days, names)
        keys: Sequence[BareKey] = list(zip(days, campaigns, names, creators, strict=True))
        unknown = [place for place, name in enumerate(names if self._unknown else ()) if name in self._unknown]
        values = read_values(page, self._account.currency, unknown)
        said = attributes.attribute_columns(page, days_of, mapping.fields.get("budget"))
        people = attributes.creator_names(page, creators)
        for place in self._left_out:
            page.problems.pop(place, None)
        bad = [place for place in page.problems if place not in keyless]
        good = self._good()
        every = range(len(keys))
        settled = settle(page, mapping, keys, values.rows, every if good is None else _only(every, good), bad)
        for place in settled.spoiled:
            page.refuse(place, SPOILED)
        good = self._good()
        told = attributes.by_campaign(
            _only(campaigns, good), _only(days, good), {name: _only(column, good) for name, column in said.items()}
        )
        return Batch(
            Sheet(settled.facts),
            told.campaigns,
            attributes.by_creator(_only(creators, good), _only(people, good)),
            tuple(self._refused(place, keyless, keys[place], values) for place in sorted(page.problems)),
            len(settled.duplicates),
            len(self._records),
            self._added(settled),
            len(self._left_out),
            self._totals(values, settled),
            told.newest,
            told.older,
            settled.parts,
        )

    def _not_wanted(self) -> set[int]:
        """The rows of which `records.where` does not hold."""
        where = self._mapping.where
        if where is None:
            return set()
        rows = enumerate(self._page.records)
        return {place for place, row in rows if place not in self._page.problems and _holds_not(where(row))}

    def _key_columns(self) -> tuple[list[date], list[str], list[str], list[str]]:
        """In the order of FactKey."""
        page = self._page
        campaigns = page.required("campaign", partial(ids, required=True)).values
        days = page.required("day", days_of)
        names = page.required("platform", self._platforms)
        creators = page.checked("creator", ids)
        told = [""] * page.rows if creators is None else [creator or "" for creator in creators.values]
        self._without_day, self._without_platform = frozenset(days.problems), frozenset(names.problems)
        return days.values, campaigns, names.values, told

    def _platforms(self, values: Values, field: Field, kinds: Kinds) -> ConvertedColumn[str]:
        return by_distinct(values, kinds, partial(self._platform, field), "")

    def _platform(self, field: Field, value: object) -> str:
        """Its one spelling; an asked one is spelled as the configuration does."""
        if value is not None and type(value) is not str:
            raise RefusedValue(f"{field.label} {WRONG_TYPE}")
        name, known = accounts.platform_spelling(domain_values.clean_text(field.spelled(value or "")))
        if not name:
            raise RefusedValue(f"{field.label} is missing")
        name = self._asked.get(name.casefold(), name)
        if not known:
            self._unknown.add(name)
        return name

    def _leave_out_footers(self) -> None:
        """Exports often end with totals and remarks, which are about no day."""
        if not self._mapping.from_file:
            return
        fields = [
            field
            for name in ("campaign", "day", "platform", "creator")
            if (field := self._mapping.fields.get(name)) is not None and field.constant is None
        ]
        for place in range(self._page.rows - 1, -1, -1):
            if place in self._left_out:
                continue
            row = self._page.records[place]
            if place not in self._without_day or not totals.reads_as_footer(row, [one.find(row) for one in fields]):
                return
            self._left_out.add(place)

    def _refuse_totals(self, campaigns: Sequence[str], names: Sequence[str]) -> None:
        wanted = [place not in self._left_out for place in range(len(names))] if self._left_out else None
        for field, column in (("campaign", campaigns), ("platform", names)):
            said = self._mapping.fields[field].constant is None
            found = totals.first_total(set(_only(column, wanted))) if said else None
            if found is None:
                continue
            place = next(at for at, text in enumerate(column) if text == found and at not in self._left_out)
            raise BadAnswer(self._total_told(place, self._mapping.fields[field], found))

    def _total_told(self, place: int, field: Field, found: str) -> str:
        came = field.find(self._page.records[place])
        text = came if type(came) is str else found
        said = text.replace("'", "\\'")
        condition = toml_text(f"{field.label} != '{said}'")
        return (
            f"Row {place + 1} looks like a total, which would count twice beside what it sums up: {field.label} is "
            f'"{domain_values.clean_text(text)}". Nothing was stored; leave such rows out with '
            f"records.where = {condition}"
        )

    def _check_asked(self, days: list[date], names: list[str]) -> None:
        outside = {day for day in set(days) if day not in self._range}
        others = {name for name in set(names) if self._asked and name.casefold() not in self._asked}
        for place, (day, name) in enumerate(zip(days, names, strict=True) if outside or others else ()):
            if day in outside and self._mapping.from_file and place not in self._without_day:
                self._left_out.add(place)
            elif day in outside:
                self._page.refuse(place, f"day {day} was not asked for (asked: {self._range})")
            elif name in others:
                self._page.refuse(place, "platform was not asked for")

    def _good(self) -> list[bool] | None:
        """Which rows are neither refused nor left out; None when all are good."""
        out = self._page.problems.keys() | self._left_out
        return [place not in out for place in range(self._page.rows)] if out else None

    def _added(self, settled: PageFacts) -> int:
        others = len(self._page.problems) + len(self._left_out) + len(settled.duplicates)
        return self._page.rows - others - len(settled.facts)

    def _refused(self, place: int, keyless: frozenset[int], key: BareKey, values: FactColumns) -> Quarantined:
        return Quarantined(
            self._page.problems[place][:300],
            None if place in keyless else FactKey(*key),
            payload_of(self._records[place], self._mapping),
            None if place in self._without_day else key[0],
            "" if place in self._without_platform else key[2],
            None if place in values.without_cost else values.measures["cost"][place],
        )

    def _totals(self, values: FactColumns, settled: PageFacts) -> ControlTotals:
        out = self._page.problems.keys() | self._left_out
        unread = {label: len(places - out) for label, places in self._page.unread.items()}
        read = values.sums()
        refused, duplicate, left_out = map(values.sums_of, (self._page.problems, settled.duplicates, self._left_out))
        measures = {name: MeasureTotals(read[name], 0, refused[name], duplicate[name], left_out[name]) for name in read}
        return ControlTotals(measures, {label: count for label, count in unread.items() if count})


def _holds_not(found: object) -> bool:
    """As JMESPath understands conditions: 0 holds."""
    return found is None or found is False or (type(found) in (str, list, dict) and not found)


def _only(column: Sequence[T], good: list[bool] | None) -> list[T]:
    return list(column) if good is None else list(compress(column, good))
