"""How an answer writes its numbers, found from all of its number columns together: they are of one locale.

A text allows some styles (1,234.56 only those whose decimals stand behind a point); what all texts allow is meant.
Where that leaves both meanings of 1,234 open, the text is in doubt and nobody guesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any

from perfdash.domain.numbers import (
    LONGEST_NUMBER,
    POSSIBLE,
    NumberReading,
    NumberStyle,
    is_nothing,
    is_unsaid,
    parts_of,
    readings,
)
from perfdash.ingest.columnar_rows import kinds_of
from perfdash.ingest.mapping import Field

PLAIN_TEXTS = re.compile(r"-?+[0-9]++(?:\.[0-9]++)?(?:\n-?+[0-9]++(?:\.[0-9]++)?)*+", re.ASCII)
"""Lines of nothing but digits and at most one point between them."""
_SURELY_DECIMALS = re.compile(r"[0-9]{4}\.|(?:^|\n)-?0[0-9]*\.|\.(?![0-9]{3}(?:\n|\Z))", re.ASCII)
_ONE_POINT = re.compile(r"[0-9]{1,3}\.[0-9]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NumberTexts:
    """The texts of one number column, looked at once. `plain`: all are digits with at most one point between them."""

    texts: Sequence[str]
    plain: bool
    whole: bool
    lines: str

    @classmethod
    def of(cls, texts: Sequence[str], whole: bool) -> NumberTexts:
        lines = "\n".join(texts)
        one_each = lines.count("\n") == len(texts) - 1
        plain = one_each and PLAIN_TEXTS.fullmatch(lines) is not None and max(map(len, texts)) <= LONGEST_NUMBER
        return cls(texts, plain, whole, lines)

    @property
    def shows(self) -> list[str]:
        """The texts that can say something of the style; one of each is enough."""
        if not self.plain:
            return list(dict.fromkeys(self.texts))
        if "." not in self.lines:
            return []
        surely = None if self.whole else _SURELY_DECIMALS.search(self.lines)
        return ["0.5"] if surely else list(dict.fromkeys(text for text in self.texts if "." in text))


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """One field of numbers: what stands in it, and in which rows nothing can be picked."""

    field: Field
    values: Sequence[Any] | None
    problems: dict[int, str]
    texts: NumberTexts | None = None
    """None: none of its values is a text."""

    @classmethod
    def of(cls, field: Field, values: Sequence[Any] | None, problems: dict[int, str], rows: int) -> NumberColumn:
        if values is None:
            return cls(field, [0] * rows if field.zero_when_missing else None, problems)
        if field.zero_when_missing and NoneType in kinds_of(values):
            values = [0 if value is None else value for value in values]
        texts = _texts(field, values)
        if texts is not None and not texts.plain:
            values = _reported(field, values)
            texts = _texts(field, values)
        return cls(field, values, problems, texts)

    def read_in(self, found: StylesFound, from_file: bool, currency: str) -> NumberColumn:
        """With what is known of all numbers of its answer. Where nothing is a text, nothing is left to be known."""
        if self.texts is None:
            return self
        reading = self.field.numbers
        if len(reading.styles) > 1:
            machine = not from_file and any(style.decimal == "." for style in found.styles)
            reading = replace(reading, styles=found.styles, clash=found.clash, machine=machine)
        plain = self.texts is not None and self.texts.plain and (reading.has_point or "." not in self.texts.lines)
        reading = replace(reading, currency=currency, plain=plain)
        return replace(self, field=replace(self.field, numbers=reading))


def settled(
    columns: Mapping[str, NumberColumn], shown: Iterable[NumberColumn], from_file: bool, currency: str
) -> dict[str, NumberColumn]:
    """`columns`, each to be read in the styles that those of its whole answer, `shown`, leave together."""
    open_ones = [column for column in shown if len(column.field.numbers.styles) > 1]
    found = styles_of([column.texts for column in open_ones if column.texts is not None], from_file)
    return {name: column.read_in(found, from_file, currency) for name, column in columns.items()}


def _texts(field: Field, values: Sequence[Any]) -> NumberTexts | None:
    kinds = kinds_of(values)
    if str not in kinds or field.constant is not None:
        return None
    texts = values if kinds == {str} else [value for value in values if type(value) is str]
    return NumberTexts.of(texts, field.numbers.whole)


def _reported(field: Field, values: Sequence[Any]) -> Sequence[Any]:
    """None for a text that says "not reported". Where zeros are left out, only nothing at all is a zero."""
    said = {value for value in values if type(value) is str}
    table = {text: 0 if field.zero_when_missing and is_nothing(text) else None for text in said if is_unsaid(text)}
    if not table:
        return values
    return [table[value] if type(value) is str and value in table else value for value in values]


@dataclass(frozen=True, slots=True)
class StylesFound:
    """The styles that are left, and two texts that cannot be of one style, if there are any."""

    styles: tuple[NumberStyle, ...]
    clash: str = ""


def styles_of(columns: Iterable[NumberTexts], from_file: bool) -> StylesFound:
    """What all texts of all columns allow. An API's 1.234 has a decimal point, unless that is disproved."""
    allowed: dict[frozenset[NumberStyle], str] = {}
    has_open_point = has_open = False
    for column in columns:
        whole = NumberReading(POSSIBLE, whole=column.whole)
        for text in column.shows:
            parts = parts_of(text)
            found = {} if parts is None else readings(parts, whole)
            if parts is not None and found:
                allowed.setdefault(frozenset(style for some in found.values() for style in some), parts.digits)
                has_open = has_open or len(found) > 1
                has_open_point = has_open_point or (len(found) > 1 and _ONE_POINT.fullmatch(parts.digits) is not None)
    left = frozenset(POSSIBLE).intersection(*allowed)
    if not left:
        return _clash(allowed)
    points = frozenset(style for style in left if style.decimal == ".")
    if points and (not has_open or (has_open_point and not from_file)):
        left = points
    return StylesFound(tuple(style for style in POSSIBLE if style in left))


def _clash(allowed: dict[frozenset[NumberStyle], str]) -> StylesFound:
    """Commas and points in one place is a contradiction; blanks here and commas there only leave each text alone."""
    shown = {".": "", ",": ""}
    for styles, digits in allowed.items():
        decimals = {style.decimal for style in styles}
        if len(decimals) == 1:
            shown[decimals.pop()] = digits
    if all(shown.values()):
        return StylesFound(POSSIBLE, f"{shown['.']} and {shown[',']}")
    return StylesFound(POSSIBLE)
