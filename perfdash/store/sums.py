"""Adding up measures in SQL, so that no sum can overflow: SQLite's SUM raises beyond 64 bits.

Money and conversions, which count in millionths, are added in two parts, the millions and the rest, and put together in
Python, where integers have no end: 10^15 micros in each of 100,000 facts are 10^20, their parts are small. Counts
are at most 10^12 a fact, so a plain sum holds for nine million facts; splitting those too costs 20 to 50 % more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Label, case, cast, func, literal

from perfdash.domain.measures import IN_MILLIONTHS, MONEY, NAMES, NOT_ADDITIVE
from perfdash.metrics import ADDED, PAIRED, Sums, made_of_money
from perfdash.payload import MICRO

SPLIT = frozenset(IN_MILLIONTHS)
_COUNTED = tuple(name for name in NAMES if name not in MONEY)


def measures(money: bool) -> tuple[str, ...]:
    """The columns that a question reads; without money no column of money appears in its SQL at all."""
    return NAMES if money else _COUNTED


def summed(versions: FromClause, money: bool) -> list[Label[Any]]:
    """The columns of one group's sums, to be read back by `sums_reader`."""
    c = versions.c
    found: list[Label[Any]] = [func.count().label("facts")]
    # A constant where nothing in view is corrected.
    found.append(func.count(c.corrected).label("corrected") if "corrected" in c else literal(0).label("corrected"))
    # What cannot be added is known only where the group is a single fact.
    found += [case((func.count() == 1, func.max(c[name]))).label(name) for name in _alone(money)]
    for name in _names(money):
        of, if_reported = PAIRED.get(name, (name, None))
        counted = c[of] if if_reported is None else case((c[if_reported].is_not(None), c[of]))
        added = parts(counted) if of in SPLIT else (cast(func.sum(counted), BigInteger),)
        found += [part.label(f"{name}_{n}") for n, part in enumerate(added)]
    return found


def parts(measure: ColumnElement[Any]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """The sums of the millions and of the rest of `measure`, both 64-bit integers in both databases."""
    return (
        cast(func.sum(measure // MICRO), BigInteger),
        cast(func.sum(measure % MICRO), BigInteger),
    )


def sums_reader(money: bool) -> Callable[[Sequence[Any]], Sums]:
    """How to read back, for each group, the columns that `summed` gave with the same `money`."""
    single, added = ["rows", "corrected", *_alone(money)], _names(money)
    names = [*single, *added]
    split = [*(False for _ in single), *(PAIRED.get(name, (name,))[0] in SPLIT for name in added)]

    def sums_of(columns: Sequence[Any]) -> Sums:
        left = iter(columns)
        found = {}
        for name, in_parts in zip(names, split, strict=True):
            value = next(left)
            if in_parts:
                rest = next(left)
                value = None if value is None else value * MICRO + rest
            found[name] = value
        return Sums(**found)

    return sums_of


def _alone(money: bool) -> list[str]:
    return [name for name in NOT_ADDITIVE if money or name not in MONEY]


def _names(money: bool) -> list[str]:
    return [name for name in ADDED if money or not made_of_money(name)]
