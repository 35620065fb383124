"""One reported value -> one exact value, or a reason why not. Nothing is guessed: what has two readings is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

from perfdash.domain.facts import MICRO
from perfdash.domain.numbers import EXACT, NumberReading, read_number, unwrapped
from perfdash.domain.numbers import RefusedValue as RefusedValue

WRONG_TYPE = "is of a type that it cannot have"
_ENGLISH = NumberReading()
MOST = 2**63 - 1
"""Of whatever is stored, in its own unit: what 64 bits hold."""
LONGEST_ID = 200
_LONGEST_EXACT = 15
"""Digits of a number that a spreadsheet keeps."""

# Control characters, lone surrogates, line separators and what reverses the direction of text around it.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNITS = tuple(10**places for places in range(6, -1, -1))
LONGEST_RATIO, _FEWEST_EXPONENT = 38, -30
_LARGEST, _SIXTH, _BOUND = Decimal(MOST), Decimal("0.000001"), Decimal(10**12)
_LARGEST_MICROS = _LARGEST.scaleb(-6)
_DAMAGED = re.compile(r"[-+]?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+", re.ASCII)
_FLOATING = re.compile(r"([0-9]+)[.]0+", re.ASCII)


def count(value: object, label: str, power: int = 0, reading: NumberReading = _ENGLISH) -> int:
    """`value` x 10^`power` as a whole number that is not negative."""
    number = number_of(value, label, power, reading)
    if number < 0:
        raise RefusedValue(f"{label} is negative")
    if number > _LARGEST:
        raise RefusedValue(f"{label} is too large")
    whole = int(number)
    if whole != number:
        raise RefusedValue(f"{label} is not a whole number")
    return whole


def micros(
    value: object, label: str, power: int = 0, reading: NumberReading = _ENGLISH, signed: bool = False
) -> tuple[int, bool]:
    """`value` x 10^`power` units as integer millionths, and whether more than six decimals were rounded (half-even)."""
    number = number_of(value, label, power, reading)
    if number < 0 and not signed:
        raise RefusedValue(f"{label} is negative")
    if not -_LARGEST_MICROS <= number <= _LARGEST_MICROS:
        raise RefusedValue(f"{label} is too large")
    scaled = number.scaleb(6, EXACT)
    whole = int(scaled)
    if whole == scaled:
        return whole, False
    return int(number.quantize(_SIXTH, ROUND_HALF_EVEN, EXACT).scaleb(6, EXACT)), True


def exact(value: object, label: str, power: int = 0, reading: NumberReading = _ENGLISH) -> str:
    """A number kept digit by digit beside what is recomputed (the reported CPM and ROI): its text, without exponent."""
    number = number_of(value, label, power, reading)
    if not -_BOUND < number < _BOUND:
        raise RefusedValue(f"{label} is too large")
    text = str(number)
    if "E" in text:
        if number.adjusted() < _FEWEST_EXPONENT:
            raise RefusedValue(f"{label} has too many decimals")
        text = format(number, "f")
    if len(text) > LONGEST_RATIO:
        raise RefusedValue(f"{label} has too many decimals")
    return text


def number_of(value: object, label: str, power: int = 0, reading: NumberReading = _ENGLISH) -> Decimal:
    """`value` x 10^`power` of a JSON number (int or Decimal) or of text such as "1,234.50"."""
    if type(value) is Decimal:
        number = value
    elif type(value) is int:
        number = Decimal(value)
    elif type(value) is str:
        number = read_number(value, label, reading)
    else:
        raise RefusedValue(f"{label} is missing" if value is None else f"{label} {WRONG_TYPE}")
    return number.scaleb(power, EXACT) if power else number


def identifier(value: object, label: str, required: bool = False) -> str:
    """An id (text or a whole number) as trimmed text; '' only for a missing or empty one that is not `required`.

    What a spreadsheet made of an id is undone where nothing was lost, and refused where digits are gone.
    """
    if type(value) is int:
        text = str(value) if abs(value) < 10**LONGEST_ID else "9" * (LONGEST_ID + 1)
    elif type(value) is str:
        text = _as_before(unwrapped(value.strip()), label)
    elif value is None:
        text = ""
    elif type(value) is Decimal and value == value.to_integral_value():
        text = _as_before(str(value), label)
    else:
        raise RefusedValue(f"{label} {WRONG_TYPE}")
    if required and not text:
        raise RefusedValue(f"{label} is missing")
    if len(text) > LONGEST_ID:
        raise RefusedValue(f"{label} is longer than {LONGEST_ID} characters")
    if _UNSAFE.search(text):
        raise RefusedValue(f"{label} holds control characters")
    return text


def _as_before(text: str, label: str) -> str:
    """The id that a spreadsheet wrote as a number."""
    if _DAMAGED.fullmatch(text):
        raise RefusedValue(f"{label} {damaged('written like 1.2E+17')}")
    found = _FLOATING.fullmatch(text)
    if found is None:
        return text
    if len(found.group(1)) > _LONGEST_EXACT:
        raise RefusedValue(f"{label} {damaged('of more than 15 digits with decimals')}")
    return found.group(1)


def damaged(how: str) -> str:
    """What is said of an id of which a spreadsheet has lost digits."""
    return f"was damaged by a spreadsheet ({how}): digits are lost, so export it again and keep the column as text"


def spreadsheet_zeros(texts: Iterable[str]) -> frozenset[str]:
    """The ids of a column of which a spreadsheet kept 15 digits: all long ones end in zeros from there on."""
    long = {text for text in texts if len(text) > _LONGEST_EXACT and text.isascii() and text.isdigit()}
    tails = [text[_LONGEST_EXACT:] for text in long]
    lost = bool(tails) and not any(tail.strip("0") for tail in tails) and sum(map(len, tails)) >= _TELLING_ZEROS
    return frozenset(long) if lost else frozenset()


_TELLING_ZEROS = 3
"""Fewer zeros in all could be chance."""


def name(value: object, label: str, longest: int = 300) -> str | None:
    """A display name: control characters go, the rest is cut at `longest`; None when nothing is left."""
    if value is None:
        return None
    if type(value) is int and abs(value) < 10**15:
        return str(value)
    if type(value) is not str:
        raise RefusedValue(f"{label} is not text")
    return clean_text(value)[:longest].strip() or None


def clean_text(text: str) -> str:
    """`text` without control characters; line breaks and tabs become blanks."""
    if _UNSAFE.search(text) is None:
        return text.strip()
    return _UNSAFE.sub(lambda found: " " if found.group() in "\t\n\r\u2028\u2029" else "", text).strip()


def cpm_disagrees(reported: Decimal, cost: int, impressions: int) -> bool:
    """True when a reported CPM is not cost / impressions x 1000 at its own number of decimals (at most six).

    One unit in the last place is allowed, since nobody says how it was rounded. `cost` in micros.
    """
    if impressions == 0:
        return reported != 0
    whole, _, part = str(reported).partition(".")
    if len(part) <= 6 and "E" not in whole and "E" not in part:  # which is nearly always, and then whole numbers do
        unit: int = _UNITS[len(part)] * impressions
        return abs(int(whole + part) * unit - cost * 1000) > unit
    off = abs(int(reported.scaleb(6, EXACT)) * impressions - cost * 1000)
    if off <= impressions:
        return False
    decimals = len(format(reported, "f").partition(".")[2])
    return off > impressions * (MICRO // int(10 ** min(6, decimals)))
