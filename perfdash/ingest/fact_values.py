"""The numbers of each row as a fact holds them, with its flags, and what they add up to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from operator import gt
from typing import cast

from perfdash.domain import values as domain_values
from perfdash.domain.facts import Stored
from perfdash.domain.measures import ADDITIVE, ALWAYS, MEASURES, OPTIONAL, Measure
from perfdash.domain.values import WRONG_TYPE, RefusedValue
from perfdash.ingest.columnar_rows import Kinds
from perfdash.ingest.convert import Convert, ConvertedColumn, T, Values, amounts, by_distinct, counts, ratios
from perfdash.ingest.mapping import Field
from perfdash.ingest.page import Page

_CENTS = re.compile(r"[0-9]{1,6}+(?:\.[0-9]{1,2})?+(?:\n[0-9]{1,6}+(?:\.[0-9]{1,2})?+)*+", re.ASCII)


@dataclass(frozen=True, slots=True)
class FactColumns:
    """What rows say of their facts: row by row as it is stored, and measure by measure."""

    rows: list[Stored]
    measures: Mapping[str, Sequence[int | None]]
    """The additive measures that some row reports. What cannot be read is 0 or None there."""
    without_cost: Collection[int]
    """The rows of which the cost cannot be read."""

    def sums(self) -> dict[str, int]:
        """Of each measure all that came."""
        return {name: sum(filter(None, column)) for name, column in self.measures.items()}

    def sums_of(self, places: Iterable[int]) -> dict[str, int]:
        """Of each measure what came in these rows."""
        some = list(places)
        return {name: sum(column[at] or 0 for at in some) for name, column in self.measures.items()}


def read_values(page: Page, currency: str, unknown: list[int]) -> FactColumns:
    """The content of each row; the rows at `unknown` have a platform that is not known."""
    always = {name: page.required(name, _CONVERT[name]) for name in ALWAYS}
    page.checked("currency", partial(_currencies, currency=currency))
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
    reported: dict[str, Sequence[int | None]] = {
        name: column.values for name, column in {**always, **optional}.items() if column and name in ADDITIVE
    }
    return FactColumns(list(zip(*columns, strict=True)), reported, always["cost"].problems.keys())


FLAGS = (
    "unknown_platform",
    *(f"{name}_rounded" for name in ALWAYS),
    "clicks_over_impressions",
    "cpm_disagrees",
    *(f"{name}_rounded" for name in OPTIONAL),
)
"""In the order in which a fact has them: two versions of it are compared by them too."""


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
        if said.strip() and said.strip().upper() != currency:
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
    """The flags of each row, in the order of `flagged`, which is that of FLAGS."""
    found = [""] * rows
    for flag, places in flagged.items():
        for place in places:
            found[place] = f"{found[place]},{flag}" if found[place] else flag
    return found
