"""One field of many rows at once: the values of `perfdash.reported`, which decides what is right, without its cost.

Each function looks at a column as a whole and takes a short way when every value in it is of the usual form; otherwise
it goes value by value. Both ways end in the same values; a test compares them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import MIN_EMIN, Context, Decimal, Inexact, InvalidOperation, Overflow, localcontext
from functools import partial
from itertools import repeat
from operator import mul
from types import NoneType
from typing import Any, Generic, TypeVar, cast

from perfdash.domain.day_spelling import reader_of
from perfdash.domain.numbers import DoubtfulNumber, RefusedValue, is_unsaid
from perfdash.domain.values import (
    LONGEST_ID,
    LONGEST_RATIO,
    MOST,
    count,
    damaged,
    exact,
    identifier,
    micros,
    spreadsheet_zeros,
)
from perfdash.ingest.columnar_rows import Kinds, as_decimal, kinds_of
from perfdash.ingest.mapping import Field
from perfdash.ingest.number_styles import NumberTexts

T = TypeVar("T")
Values = Sequence[object]

# Whatever is not exact, or beyond what money can be, leaves the short way, before 1e999999999 could unfold.
_SHORT = Context(prec=40, Emin=MIN_EMIN, Emax=20, traps=[Inexact, InvalidOperation, Overflow])
_NUMBERS = frozenset((int, Decimal))
_TEXTS = frozenset((str, NoneType))
_AS_WRITTEN = frozenset((bytes, int))
_SURELY_BELOW_BOUND, _EXACT_FLOAT = 12, 10**15
_MANY_DECIMALS = re.compile(rb"\.[0-9]{7}")
_PRINTABLE = bytes(range(32, 127))


@dataclass(frozen=True, slots=True)
class ConvertedColumn(Generic[T]):
    """The values of one field in the order of the rows. A row in `problems` has a reason and no meaningful value."""

    values: list[T]
    problems: dict[int, str] = dataclasses.field(default_factory=dict)
    rounded: list[int] = dataclasses.field(default_factory=list)
    """Rows of which a value had more decimals than are kept."""


Convert = Callable[[Values, Field, Kinds], ConvertedColumn[T]]
"""One of the functions below."""


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
    return (
        _by_table(values, list(dict.fromkeys(values)), one, blank)
        if kinds <= _TEXTS
        else convert_each(values, one, blank)
    )


def _by_table(values: Values, distinct: Values, one: Callable[[object], T], blank: T) -> ConvertedColumn[T]:
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


def without_unsaid(values: Values) -> Values:
    """None for a text that says that nothing is reported, such as N/A."""
    kinds = kinds_of(values)
    if str not in kinds or not kinds <= _TEXTS:
        return values
    unsaid = {text for text in set(values) if type(text) is str and is_unsaid(text)}
    return [None if value in unsaid else value for value in values] if unsaid else values


def counts(values: Values, field: Field, kinds: Kinds) -> ConvertedColumn[int]:
    """Whole numbers; see values.count."""
    whole: list[int] = []
    if field.power == 0 and kinds == {int}:
        whole = cast(list[int], values)
    elif field.power == 0 and kinds == {str}:
        numbers = _plain_texts(cast(list[str], values), int, field)
        whole = numbers or []
    if whole and min(whole) >= 0 and max(whole) <= MOST:
        return ConvertedColumn(whole)
    return _each_number(values, kinds, partial(count, label=field.label, power=field.power, reading=field.numbers), 0)


def amounts(values: Values, field: Field, kinds: Kinds, signed: bool = False) -> ConvertedColumn[int]:
    """Integer millionths; see values.micros."""
    whole = _millionths(values, field, kinds)
    if whole and min(whole) >= (-MOST if signed else 0) and max(whole) <= MOST:
        return ConvertedColumn(whole)
    one = partial(micros, label=field.label, power=field.power, reading=field.numbers, signed=signed)
    pairs = _each_number(values, kinds, one, (0, False))
    rounded = [place for place, (_, was_rounded) in enumerate(pairs.values) if was_rounded]
    return dataclasses.replace(cast(Any, pairs), values=[value for value, _ in pairs.values], rounded=rounded)


def _millionths(values: Values, field: Field, kinds: Kinds) -> list[int]:
    """The short way; nothing when there is none for these. Those beyond what money can be may be wrong."""
    power = 6 + field.power
    if kinds == {int}:
        return [number * 10**power for number in cast(list[int], values)]
    if kinds == {str}:
        return _exact_millionths(_plain_texts(cast(list[str], values), Decimal, field) or [], power)
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
    """Each x 10^6 by way of floats, or nothing when one of them has more than six decimals, or is too large.

    A float is off by at most 2^-53 of the number, and so is its product: together by less than a quarter of a
    millionth while the result is not over 10^15.
    """
    if _MANY_DECIMALS.search(b"\n".join(_written(values, kinds))):
        return []
    try:
        whole = list(map(round, map(mul, map(float, values), repeat(1e6))))
    except OverflowError:
        return []
    return whole if min(whole) >= -_EXACT_FLOAT and max(whole) <= _EXACT_FLOAT else []


def _written(values: Sequence[object], kinds: Kinds) -> list[bytes]:
    return cast(list[bytes], values if kinds == {bytes} else [value for value in values if type(value) is bytes])


def ratios(values: Values, field: Field, kinds: Kinds) -> ConvertedColumn[str]:
    """Decimals kept digit by digit, as text; see reported.exact."""
    if field.power == 0 and (texts := _digits(values, kinds, field)):
        longest = max(map(len, texts))
        if longest <= LONGEST_RATIO and "E" not in "".join(texts) and _is_below_bound(texts, longest):
            return ConvertedColumn(texts)
    return _each_number(values, kinds, partial(exact, label=field.label, power=field.power, reading=field.numbers), "")


def _digits(values: Values, kinds: Kinds, field: Field) -> list[str] | None:
    """What a Decimal of each would be as text. None when they are not all numbers of a usual form."""
    if kinds == {bytes}:
        return b"\n".join(cast(list[bytes], values)).decode().split("\n")
    if bytes in kinds and kinds <= _AS_WRITTEN:
        return list(map(str, map(as_decimal, values)))
    if kinds == {str}:
        numbers = _plain_texts(cast(list[str], values), Decimal, field)
        return None if numbers is None or any(map(Decimal.is_signed, numbers)) else list(map(str, numbers))
    return list(map(str, cast(list[Decimal], values))) if kinds <= _NUMBERS else None


def _is_below_bound(texts: list[str], longest: int) -> bool:
    return longest <= _SURELY_BELOW_BOUND or max(map(abs, map(Decimal, texts))) < 10**12


def _plain_texts(texts: list[str], number: Callable[[str], T], field: Field) -> list[T] | None:
    """Numbers of texts that hold nothing but digits and at most one dot between them; None when one does not."""
    if not field.numbers.plain:
        looked_at = NumberTexts.of(texts, field.numbers.whole)
        if not looked_at.plain or not (field.numbers.has_point or "." not in looked_at.lines):
            return None
    try:
        return list(map(number, texts))
    except ValueError:  # a whole number with decimals
        return None


def _each_number(values: Values, kinds: Kinds, one: Callable[[object], T], blank: T) -> ConvertedColumn[T]:
    """Value by value, equal texts once. All that is in doubt has one reason, that of the first."""
    doubts: list[str] = []

    def told(value: object) -> T:
        try:
            return one(value)
        except DoubtfulNumber as doubt:
            doubts.append(str(doubt))
            raise RefusedValue(doubts[0]) from None

    return by_distinct(values, kinds, told, blank)


_WHOLE_DAYS = frozenset((str, NoneType, int, Decimal, bytes))


def days_of(values: Values, field: Field, kinds: Kinds) -> ConvertedColumn[date]:
    """Day labels; see day_spelling. Each spelling is read once, after a look at all of them."""
    distinct = list(dict.fromkeys(values)) if kinds <= _WHOLE_DAYS else list(values)
    read = reader_of(map(as_decimal, distinct), field.label, field.days)
    return _by_table(values, distinct, read, date.min) if kinds <= _WHOLE_DAYS else convert_each(values, read, date.min)


def ids(values: Values, field: Field, kinds: Kinds, required: bool = False) -> ConvertedColumn[str]:
    """Ids as text; see values.identifier."""
    if kinds == {str}:
        texts = list(map(str.strip, cast(list[str], values)))
        joined = "".join(texts)
        # What is printable holds none of the characters that an id is refused for.
        if (
            is_printable(joined)
            and max(map(len, texts)) <= LONGEST_ID
            and not (required and "" in texts)
            and not any(sign in joined for sign in _OF_SPREADSHEETS)  # single characters cost next to nothing
        ):
            return _whole_ids(ConvertedColumn(texts), field)
    one = partial(identifier, label=field.label, required=required)
    return _whole_ids(by_distinct(values, kinds, one, ""), field)


_OF_SPREADSHEETS = "+.="
"""One of them stands in whatever a spreadsheet makes of an id: 1.2E+17, 12.0, ="12"."""


def _whole_ids(column: ConvertedColumn[str], field: Field) -> ConvertedColumn[str]:
    """Without the ids of which a spreadsheet kept the first 15 digits."""
    lost = spreadsheet_zeros(set(column.values)) if field.from_file else frozenset()
    if not lost:
        return column
    reason = f"{field.label} {damaged('all end in zeros behind 15 digits')}"
    return ConvertedColumn(
        column.values, {place: reason for place, value in enumerate(column.values) if value in lost} | column.problems
    )


def is_printable(text: str) -> bool:
    """str.isprintable, which takes five times as long over plain ASCII."""
    if not text.isascii():
        return text.isprintable()
    return not text.encode().translate(None, _PRINTABLE)
