"""One field of many rows at once: the values of `perfdash.reported`, which decides what is right, without its cost.

Each function looks at a column as a whole and takes a short way when every value in it is of the usual form; otherwise
it goes value by value. Both ways end in the same values; a test compares them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import MIN_EMIN, Context, Decimal, Inexact, InvalidOperation, Overflow, localcontext
from functools import partial
from itertools import repeat
from operator import mul
from types import NoneType
from typing import Any, Generic, TypeVar, cast

from perfdash.domain.facts import MICRO
from perfdash.domain.values import (
    LONGEST_ID,
    LONGEST_NUMBER,
    LONGEST_RATIO,
    MAX_COUNT,
    MAX_UNITS,
    RefusedValue,
    count,
    exact,
    identifier,
    micros,
)
from perfdash.ingest.columnar_rows import ColumnValues, as_decimal
from perfdash.ingest.mapping import Field

T = TypeVar("T")
Values = Sequence[object]

_DECIMALS = re.compile(r"[0-9]++(?:\.[0-9]++)?(?:\n[0-9]++(?:\.[0-9]++)?)*+", re.ASCII)
# Whatever is not exact, or beyond what money can be, leaves the short way, before 1e999999999 could unfold.
_SHORT = Context(prec=40, Emin=MIN_EMIN, Emax=16, traps=[Inexact, InvalidOperation, Overflow])
_NUMBERS = frozenset((int, Decimal))
_TEXTS = frozenset((str, NoneType))
_AS_WRITTEN = frozenset((bytes, int))
_SURELY_BELOW_BOUND = 12
_MANY_DECIMALS = re.compile(rb"\.[0-9]{7}")
_PRINTABLE = bytes(range(32, 127))


@dataclass(frozen=True, slots=True)
class ConvertedColumn(Generic[T]):
    """The values of one field in the order of the rows. A row in `problems` has a reason and no meaningful value."""

    values: list[T]
    problems: dict[int, str] = dataclasses.field(default_factory=dict)
    rounded: list[int] = dataclasses.field(default_factory=list)
    """Rows of which a value had more decimals than are kept."""


Kinds = AbstractSet[type]
"""The types of a column's values, looked at once for all questions about them."""
Convert = Callable[[Values, Field, Kinds], ConvertedColumn[T]]
"""One of the functions below."""


def kinds_of(values: Values) -> Kinds:
    """By type and not by value: a Decimal takes its time to find that it is not None, or no text.

    bytes: a number as it was written (see columnar_rows.py), with a point and without an exponent.
    """
    return values.kinds if isinstance(values, ColumnValues) else set(map(type, values))


def convert_each(values: Values, one: Callable[[object], T], blank: T) -> ConvertedColumn[T]:
    """Value by value; `blank` stands for one that is refused."""
    found, problems = [], {}
    for place, value in enumerate(values):
        try:
            found.append(one(as_decimal(value)))
        except RefusedValue as refusal:
            problems[place] = str(refusal)
            found.append(blank)
    return ConvertedColumn(found, problems)


def by_distinct(values: Values, kinds: Kinds, one: Callable[[object], T], blank: T) -> ConvertedColumn[T]:
    """The same for texts that repeat from row to row, such as days and names: each is converted once."""
    if not kinds <= _TEXTS:
        return convert_each(values, one, blank)
    distinct = list(set(values))
    column = convert_each(distinct, one, blank)
    table = dict(zip(distinct, column.values, strict=True))
    refused = {distinct[place]: reason for place, reason in column.problems.items()}
    problems = {place: refused[value] for place, value in enumerate(values) if value in refused} if refused else {}
    return ConvertedColumn(list(map(table.__getitem__, values)), problems)


def where_reported(values: Values, field: Field, convert: Convert[T]) -> ConvertedColumn[T | None]:
    """`convert` of the values that are there; None stays None."""
    kinds = kinds_of(values)
    if NoneType not in kinds:
        return cast(ConvertedColumn[T | None], convert(values, field, kinds))
    places = [place for place, value in enumerate(values) if value is not None]
    found: list[T | None] = [None] * len(values)
    if not places:
        return ConvertedColumn(found)
    column = convert([values[place] for place in places], field, kinds - {NoneType})
    for place, value in zip(places, column.values, strict=True):
        found[place] = value
    problems = {places[at]: reason for at, reason in column.problems.items()}
    return ConvertedColumn(found, problems, [places[at] for at in column.rounded])


def counts(values: Values, field: Field, kinds: Kinds) -> ConvertedColumn[int]:
    """Whole numbers; see reported.count."""
    whole: list[int] = []
    if field.power == 0 and kinds == {int}:
        whole = cast(list[int], values)
    elif field.power == 0 and kinds == {str} and not field.comma:
        numbers = _plain_texts(cast(list[str], values), int)
        whole = numbers or []
    if whole and min(whole) >= 0 and max(whole) <= MAX_COUNT:
        return ConvertedColumn(whole)
    return convert_each(values, partial(count, label=field.label, power=field.power, comma=field.comma), 0)


def amounts(values: Values, field: Field, kinds: Kinds, signed: bool = False) -> ConvertedColumn[int]:
    """Integer millionths; see reported.micros."""
    whole = _millionths(values, field, kinds)
    most = MAX_UNITS * MICRO
    if whole and min(whole) >= (-most if signed else 0) and max(whole) <= most:
        return ConvertedColumn(whole)
    one = partial(micros, label=field.label, power=field.power, comma=field.comma, signed=signed)
    pairs = convert_each(values, one, (0, False))
    rounded = [place for place, (_, was_rounded) in enumerate(pairs.values) if was_rounded]
    return dataclasses.replace(cast(Any, pairs), values=[value for value, _ in pairs.values], rounded=rounded)


def _millionths(values: Values, field: Field, kinds: Kinds) -> list[int]:
    """The short way; nothing when there is none for these. Those beyond what money can be may be wrong."""
    power = 6 + field.power
    if kinds == {int}:
        return [number * 10**power for number in cast(list[int], values)]
    if kinds == {str} and not field.comma:
        return _exact_millionths(_plain_texts(cast(list[str], values), Decimal) or [], power)
    if bytes in kinds and kinds <= _AS_WRITTEN:
        whole = _written_millionths(cast(list[bytes | int], values), kinds) if power == 6 else []
        return whole or _exact_millionths(list(map(as_decimal, values)), power)
    return _exact_millionths(cast(list[Decimal], values), power) if kinds <= _NUMBERS else []


def _exact_millionths(numbers: list[Decimal], power: int) -> list[int]:
    """Each x 10^power, or nothing when one of them is out of range or would have to be rounded."""
    try:
        with localcontext(_SHORT):  # an operator costs half of the context's own method
            scaled = list(map(mul, numbers, repeat(Decimal(10**power))))
        return list(map(int, map(_SHORT.to_integral_exact, scaled)))
    except ArithmeticError:
        return []


def _written_millionths(values: list[bytes | int], kinds: Kinds) -> list[int]:
    """Each x 10^6 by way of floats, or nothing when one of them has more than six decimals.

    A float is off by at most 2^-53 of the number, and so is its product: together by less than a quarter of a
    millionth while the result is not over 10^15, which is also the most that money can be.
    """
    if _MANY_DECIMALS.search(b"\n".join(_written(values, kinds))):
        return []
    try:
        return list(map(round, map(mul, map(float, values), repeat(1e6))))
    except OverflowError:
        return []


def _written(values: Sequence[object], kinds: Kinds) -> list[bytes]:
    return cast(list[bytes], values if kinds == {bytes} else [value for value in values if type(value) is bytes])


def ratios(values: Values, field: Field, kinds: Kinds) -> ConvertedColumn[str]:
    """Decimals kept digit by digit, as text; see reported.exact."""
    if field.power == 0 and not field.comma and (texts := _digits(values, kinds)):
        longest = max(map(len, texts))
        if longest <= LONGEST_RATIO and "E" not in "".join(texts) and _is_below_bound(texts, longest):
            return ConvertedColumn(texts)
    return convert_each(values, partial(exact, label=field.label, power=field.power, comma=field.comma), "")


def _digits(values: Values, kinds: Kinds) -> list[str] | None:
    """What a Decimal of each would be as text. None when they are not all numbers of a usual form."""
    if kinds == {bytes}:
        return b"\n".join(cast(list[bytes], values)).decode().split("\n")
    if bytes in kinds and kinds <= _AS_WRITTEN:
        return list(map(str, map(as_decimal, values)))
    if kinds == {str}:
        numbers = _plain_texts(cast(list[str], values), Decimal)
        return None if numbers is None else list(map(str, numbers))
    return list(map(str, cast(list[Decimal], values))) if kinds <= _NUMBERS else None


def _is_below_bound(texts: list[str], longest: int) -> bool:
    return longest <= _SURELY_BELOW_BOUND or max(map(abs, map(Decimal, texts))) < 10**12


def _plain_texts(texts: list[str], number: Callable[[str], T]) -> list[T] | None:
    """Numbers of texts that hold nothing but digits and at most one dot between them; None when one does not."""
    lines = "\n".join(texts)
    if lines.count("\n") != len(texts) - 1 or not _DECIMALS.fullmatch(lines) or max(map(len, texts)) > LONGEST_NUMBER:
        return None
    return None if number is cast(Any, int) and "." in lines else list(map(number, texts))


def ids(values: Values, field: Field, kinds: Kinds, required: bool = False) -> ConvertedColumn[str]:
    """Ids as text; see reported.identifier."""
    if kinds == {str}:
        texts = list(map(str.strip, cast(list[str], values)))
        # What is printable holds none of the characters that an id is refused for.
        if is_printable("".join(texts)) and max(map(len, texts)) <= LONGEST_ID and not (required and "" in texts):
            return ConvertedColumn(texts)
    return convert_each(values, partial(identifier, label=field.label, required=required), "")


def is_printable(text: str) -> bool:
    """str.isprintable, which takes five times as long over plain ASCII."""
    if not text.isascii():
        return text.isprintable()
    return not text.encode().translate(None, _PRINTABLE)
