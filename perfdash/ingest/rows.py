"""Rows of an answer -> facts, campaign attributes and creators, or a reason why a row is refused.

What is normalised, flagged, quarantined and fatal stands in docs/sources.md. `read` takes the rows of one page, field
by field rather than row by row: the same work at a fraction of the cost. `merge_pages.merge` joins pages.
fetched = facts + quarantined + duplicates in every result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import compress
from operator import gt
from typing import cast

from perfdash.domain import accounts
from perfdash.domain import values as domain_values
from perfdash.domain.accounts import Account, Days
from perfdash.domain.facts import BareKey, Batch, CampaignAttributes, FactKey, Quarantined, Sheet, Stored, same_values
from perfdash.domain.measures import ALWAYS, MEASURES, OPTIONAL, Measure
from perfdash.domain.values import WRONG_TYPE, RefusedValue
from perfdash.ingest.convert import (
    Convert,
    ConvertedColumn,
    Kinds,
    T,
    Values,
    amounts,
    by_distinct,
    counts,
    ids,
    is_printable,
    ratios,
)
from perfdash.ingest.mapping import Field, FieldMapping
from perfdash.ingest.page import Page, payload_of


def days_of(values: Values, field: Field, kinds: Kinds) -> ConvertedColumn[date]:
    """Day labels, written as the field says."""
    return by_distinct(values, kinds, partial(domain_values.day, label=field.label, style=field.style), date.min)


def display_names(values: Values, field: Field, kinds: Kinds, longest: int = 300) -> ConvertedColumn[str | None]:
    """Texts for people; None when nothing is left of one."""
    if not field.spellings and kinds == {str}:
        texts = list(map(str.strip, cast(list[str], values)))
        # What is printable has nothing to be taken out of it.
        if all(texts) and is_printable("".join(texts)) and max(map(len, texts)) <= longest:
            return ConvertedColumn(cast(list[str | None], texts))

    def one(value: object) -> str | None:
        said = field.spelled(value) if type(value) is str else value
        return domain_values.name(said, field.label, longest)

    return by_distinct(values, kinds, one, None)


def attribute_columns(page: Page) -> dict[str, Sequence[object]]:
    """The attributes of campaigns that some row reports, by the names of CampaignAttributes."""
    found: dict[
        str, ConvertedColumn[date | None] | ConvertedColumn[int | None] | ConvertedColumn[str | None] | None
    ] = {
        "name": page.optional("campaign_name", display_names),
        "status": page.optional("status", partial(display_names, longest=40)),
        "budget": page.optional("budget", amounts),
        "flight_start": page.optional("flight_start", days_of),
        "flight_end": page.optional("flight_end", days_of),
    }
    return {name: column.values for name, column in found.items() if column is not None}


def creator_names(page: Page, creators: Sequence[str]) -> Sequence[str | None]:
    """The name of each row's creator; one that stands in a row without a creator is neither kept nor judged."""
    column = page.unnoted("creator_name", display_names)
    if column is None:
        return [None] * len(creators)
    for place, reason in column.problems.items():
        if creators[place]:
            page.refuse(place, reason)
    return column.values


def by_campaign(campaigns: Sequence[str], said: Mapping[str, Sequence[object]]) -> dict[str, CampaignAttributes]:
    """Every campaign with the last value of each attribute that its rows report."""
    last = {name: _last(campaigns, values) for name, values in said.items()}
    return {
        campaign: CampaignAttributes(campaign, **{name: of.get(campaign) for name, of in last.items()})  # type: ignore[arg-type]
        for campaign in dict.fromkeys(campaigns)
    }


def by_creator(creators: Sequence[str], said: Sequence[str | None]) -> dict[str, str]:
    """The last name that is reported of each creator."""
    found = _last(creators, said)
    found.pop("", None)
    return found


def _last(owners: Sequence[str], values: Sequence[T | None]) -> dict[str, T]:
    if None not in values:
        return dict(zip(owners, cast(Sequence[T], values), strict=True))
    return {owner: value for owner, value in zip(owners, values, strict=True) if value is not None}


_CENTS = re.compile(r"[0-9]{1,6}+(?:\.[0-9]{1,2})?+(?:\n[0-9]{1,6}+(?:\.[0-9]{1,2})?+)*+", re.ASCII)


def read_values(page: Page, currency: str, unknown: list[int]) -> list[Stored]:
    """The content of each row, as it is stored; the rows at `unknown` have a platform that is not known."""
    always = {name: page.required(name, _CONVERT[name]) for name in ALWAYS}
    page.optional("currency", partial(_currencies, currency=currency))
    cpm = page.optional("cpm", ratios)
    optional = {name: page.optional(name, _CONVERT[name]) for name in OPTIONAL}
    roi = page.optional("roi", ratios)
    impressions, clicks, cost = (always[name].values for name in ("impressions", "clicks", "cost"))
    flagged = {
        "unknown_platform": unknown,
        **{f"{name}_rounded": column.rounded for name, column in always.items()},
        "clicks_over_impressions": _more_clicks(impressions, clicks),
        "cpm_disagrees": _disagreeing(cpm, cost, impressions),
        **{f"{name}_rounded": column.rounded for name, column in optional.items() if column},
    }
    rows = len(impressions)
    required = (column.values for column in always.values())
    others = (_told(column, rows) for column in optional.values())
    ratio_texts = (_told(column, rows) for column in (cpm, roi))
    columns = ([currency] * rows, *required, *others, *ratio_texts, _flags(flagged, rows))
    return list(zip(*columns, strict=True))


def _convert(measure: Measure) -> Convert[int]:
    if measure.unit == "count":
        return counts
    return partial(amounts, signed=True) if measure.signed else amounts


_CONVERT = {measure.name: _convert(measure) for measure in MEASURES}


def _told(column: ConvertedColumn[T] | None, rows: int) -> list[T] | list[None]:
    return [None] * rows if column is None else column.values


def _currencies(values: Values, field: Field, kinds: Kinds, currency: str) -> ConvertedColumn[None]:
    """Nothing is kept: every row is in the account's currency, or refused."""

    def check(said: object) -> None:
        if type(said) is not str:
            raise RefusedValue(f"{field.label} {WRONG_TYPE}")
        if said.strip().upper() != currency:
            raise RefusedValue(f"{field.label} is not the account's {currency}")

    return by_distinct(values, kinds, check, None)


def _more_clicks(impressions: list[int], clicks: list[int]) -> list[int]:
    if not any(map(gt, clicks, impressions)):
        return []
    return [place for place, (many, few) in enumerate(zip(clicks, impressions, strict=True)) if many > few]


def _disagreeing(cpm: ConvertedColumn[str | None] | None, cost: list[int], impressions: list[int]) -> list[int]:
    if cpm is None:
        return []
    said = cpm.values
    places = range(len(said)) if None in said else _in_doubt(cast(list[str], said), cost, impressions)
    return [
        at
        for at in places
        if (text := said[at]) and domain_values.cpm_disagrees(Decimal(text), cost[at], impressions[at])
    ]


def _in_doubt(texts: list[str], cost: list[int], impressions: list[int]) -> Iterable[int]:
    """Where floats cannot tell that all is well. They can for amounts of at most two decimals, of which one unit in
    the last place is allowed: a little less than that is far more than what floats are off."""
    if not _CENTS.fullmatch("\n".join(texts)):
        return range(len(texts))
    numbers = map(float, texts)
    return [
        place
        for place, (said, paid, shown) in enumerate(zip(numbers, cost, impressions, strict=True))
        if abs(said * shown * 1000 - paid) >= 9.9 * shown
    ]


def _flags(flagged: dict[str, list[int]], rows: int) -> list[str]:
    """The flags of each row, in the order of `flagged`: two versions of a fact are compared by them too."""
    found = [""] * rows
    for flag, places in flagged.items():
        for place in places:
            found[place] = f"{found[place]},{flag}" if found[place] else flag
    return found


CONFLICT = "the same campaign, creator, platform and day came with different values"


def read_rows(records: Sequence[object], mapping: FieldMapping, account: Account, days: Days) -> Batch:
    """The rows of one page as a batch. Raises nothing for a bad row, whatever it is: it is quarantined.

    `days` is what was asked for; a row of another day is refused.
    """
    return _Reader(records, mapping, account, days).batch() if records else Batch({}, {}, {})


class _Reader:
    """Reads one page, once."""

    def __init__(self, records: Sequence[object], mapping: FieldMapping, account: Account, days: Days) -> None:
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
        values = read_values(page, self._account.currency, unknown)
        attributes = attribute_columns(page)
        people = creator_names(page, creators)
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
            by_campaign(_only(campaigns, good), attributes),
            by_creator(_only(creators, good), _only(people, good)),
            (*refused, *conflicts),
            duplicates,
            len(self._records),
        )

    def _key_columns(self) -> tuple[list[date], list[str], list[str], list[str]]:
        """In the order of FactKey."""
        page = self._page
        campaigns = page.required("campaign", partial(ids, required=True)).values
        days = page.required("day", days_of).values
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
        name, known = accounts.platform_spelling(domain_values.clean_text(field.spelled(value or "")))
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
            if key in spoiled or not all(same_values(values[first], values[other]) for other in others):
                del facts[key]
                conflicts += [self._refused(CONFLICT, FactKey(*key), places[at]) for at in rows[key]]
            else:
                facts[key] = values[first]
        return facts, conflicts, len(keys) - len(facts) - len(conflicts)

    def _refused(self, reason: str, key: FactKey | None, place: int) -> Quarantined:
        return Quarantined(reason[:300], key, payload_of(self._records[place], self._mapping))


def _only(column: Sequence[T], good: list[bool] | None) -> list[T]:
    return list(column) if good is None else list(compress(column, good))
