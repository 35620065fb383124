"""Adding up measures in SQL, so that no sum can overflow: SQLite's SUM raises beyond 64 bits.

Each measure is added in two parts, the millions and the rest, and put together in Python, where integers have no end.
A sum of 10^15 micros over 100,000 facts is 10^20; its parts stay below 10^15. It costs about 15 % of a plain SUM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Label, case, cast, func

from perfdash.metrics import Sums
from perfdash.payload import MICRO

PAIRED = {
    "cost_of_views": ("cost", "views"),
    "cost_of_engagements": ("cost", "engagements"),
    "cost_of_conversions": ("cost", "conversions"),
    "cost_of_revenue": ("cost", "revenue"),
    "impressions_of_engagements": ("impressions", "engagements"),
}
"""Name of a sum -> the measure that is added, and the one that a row must report to count."""
MONEY = ("cost", "revenue")
COUNTED = ("impressions", "clicks", "views", "engagements", "conversions", "reach")
ADDED = tuple(f.name for f in fields(Sums) if f.name not in ("rows", "reach"))


def measures(money: bool) -> tuple[str, ...]:
    """The columns that a question reads; without money no column of money appears in its SQL at all."""
    return (*COUNTED, *MONEY) if money else COUNTED


def summed(versions: FromClause, money: bool) -> list[Label[Any]]:
    """The columns of one group's sums, to be read back by `sums_of` with the same `money`."""
    c = versions.c
    found: list[Label[Any]] = [func.count().label("facts")]
    # Reach cannot be added, so it is known only where the group is a single fact.
    found.append(case((func.count() == 1, func.max(c.reach))).label("reach"))
    for name in _names(money):
        of, if_reported = PAIRED.get(name, (name, None))
        counted = c[of] if if_reported is None else case((c[if_reported].is_not(None), c[of]))
        found += [whole.label(f"{name}_{part}") for part, whole in zip("hl", parts(counted), strict=True)]
    return found


def parts(measure: ColumnElement[Any]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """The sums of the millions and of the rest of `measure`, both 64-bit integers in both databases."""
    return (
        cast(func.sum(measure // MICRO), BigInteger),
        cast(func.sum(measure % MICRO), BigInteger),
    )


def sums_of(row: Sequence[Any], money: bool) -> Sums:
    """The Sums of the columns that `summed` gave, in their order."""
    rows, reach, *found = row
    pairs = zip(found[::2], found[1::2], strict=True)
    added = {
        name: None if high is None else high * MICRO + low
        for name, (high, low) in zip(_names(money), pairs, strict=True)
    }
    return Sums(rows=rows, reach=reach, **added)


def _names(money: bool) -> list[str]:
    return [name for name in ADDED if money or not any(part in name for part in MONEY)]
