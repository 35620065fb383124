"""One reported value -> one exact value, or a reason why not. Nothing is guessed: what has two readings is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal

from perfdash.domain.facts import MICRO

_CODES = {
    "%Y": ("([0-9]{4})", "YYYY"),
    "%y": ("([0-9]{2})", "YY"),
    "%m": ("([0-9]{2})", "MM"),
    "%d": ("([0-9]{2})", "DD"),
}


@dataclass(frozen=True, slots=True)
class DayStyle:
    """How a day is written."""

    written: str
    """For people: YYYY-MM-DD."""
    pattern: re.Pattern[str]
    """One group each for year, month and day."""
    groups: tuple[int, int, int]
    """Which group is the year, the month and the day."""
    century: int = 0
    """Added to the year: two digits are a year of this century."""

    def read(self, text: str) -> date | None:
        """The day of exactly such a text, or None."""
        found = self.pattern.fullmatch(text)
        if found is None:
            return None
        year, month, day = found.group(*self.groups)
        try:
            return date(int(year) + self.century, int(month), int(day))
        except ValueError:
            return None


def day_style(written: str = "%Y-%m-%d") -> DayStyle:
    """The style of a format of %Y (or %y), %m and %d, each once; every other character stands for itself."""
    parts = re.split("(%[Yymd])", written)
    pattern = "".join(_CODES[part][0] if part in _CODES else re.escape(part) for part in parts)
    for_people = "".join(_CODES[part][1] if part in _CODES else part for part in parts)
    order = [part[1].lower() for part in parts if part in _CODES]
    groups = (order.index("y") + 1, order.index("m") + 1, order.index("d") + 1)
    return DayStyle(for_people, re.compile(pattern, re.ASCII), groups, 2000 if "%y" in parts else 0)


ISO = day_style()

WRONG_TYPE = "is of a type that it cannot have"
MAX_COUNT = 10**15
LONGEST_ID = 200
MAX_UNITS = 10**9
"""Of money and conversions: 10^15 micros, far inside 64 bits even when thousands of rows are added up."""

_COMMA_GROUPS = re.compile(r"-?(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?", re.ASCII)
_DOT_GROUPS = re.compile(r"-?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)?", re.ASCII)
_COMMA_TO_DOT = str.maketrans({".": None, ",": "."})
# Control characters, lone surrogates, line separators and what reverses the direction of text around it.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_EXACT = Context(prec=10**6, Emax=MAX_EMAX, Emin=MIN_EMIN)
_UNITS = tuple(10**places for places in range(6, -1, -1))
LONGEST_NUMBER, LONGEST_RATIO, _FEWEST_EXPONENT = 60, 38, -30
_MOST, _SIXTH, _BOUND = Decimal(MAX_UNITS), Decimal("0.000001"), Decimal(10**12)


class RefusedValue(ValueError):
    """The value cannot be taken as it stands; the text is a short reason that names the field and quotes no content."""


def count(value: object, label: str, power: int = 0, comma: bool = False) -> int:
    """`value` x 10^`power` as a whole number from 0 to 10^15. `comma`: text is written 1.234,50."""
    number = number_of(value, label, power, comma)
    if number < 0:
        raise RefusedValue(f"{label} is negative")
    if number > MAX_COUNT:
        raise RefusedValue(f"{label} is too large")
    whole = int(number)
    if whole != number:
        raise RefusedValue(f"{label} is not a whole number")
    return whole


def micros(value: object, label: str, power: int = 0, comma: bool = False, signed: bool = False) -> tuple[int, bool]:
    """`value` x 10^`power` units as integer millionths, and whether more than six decimals were rounded (half-even)."""
    number = number_of(value, label, power, comma)
    if number < 0 and not signed:
        raise RefusedValue(f"{label} is negative")
    if not -_MOST <= number <= _MOST:
        raise RefusedValue(f"{label} is too large")
    scaled = number.scaleb(6, _EXACT)
    whole = int(scaled)
    if whole == scaled:
        return whole, False
    return int(number.quantize(_SIXTH, ROUND_HALF_EVEN, _EXACT).scaleb(6, _EXACT)), True


def exact(value: object, label: str, power: int = 0, comma: bool = False) -> str:
    """A number kept digit by digit beside what is recomputed (the reported CPM and ROI): its text, without exponent."""
    number = number_of(value, label, power, comma)
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


def number_of(value: object, label: str, power: int, comma: bool) -> Decimal:
    """`value` x 10^`power` of a JSON number (int or Decimal) or of text such as "1,234.50"."""
    if type(value) is Decimal:
        number = value
    elif type(value) is int:
        number = Decimal(value)
    elif type(value) is str:
        number = _written(value, label, comma)
    else:
        raise RefusedValue(f"{label} is missing" if value is None else f"{label} {WRONG_TYPE}")
    return number.scaleb(power, _EXACT) if power else number


def _written(text: str, label: str, comma: bool) -> Decimal:
    known = _DOT_GROUPS if comma else _COMMA_GROUPS
    if len(text) > LONGEST_NUMBER or not known.fullmatch(text):
        raise RefusedValue(f"{label} is not a number of a known format")
    return Decimal(text.translate(_COMMA_TO_DOT) if comma else text.replace(",", ""))


def day(value: object, label: str, style: DayStyle = ISO) -> date:
    """A day label written exactly as `style` says; of the forms that ISO 8601 allows only YYYY-MM-DD."""
    if value is None:
        raise RefusedValue(f"{label} is missing")
    if type(value) is not str:
        raise RefusedValue(f"{label} {WRONG_TYPE}")
    found = style.read(value)
    if found is None:
        raise RefusedValue(f"{label} is not a day written {style.written}")
    return found


def identifier(value: object, label: str, required: bool = False) -> str:
    """An id (text or a whole number) as trimmed text; '' only for a missing or empty one that is not `required`."""
    if type(value) is int:
        text = str(value) if abs(value) < 10**LONGEST_ID else "9" * (LONGEST_ID + 1)
    elif type(value) is str:
        text = value.strip()
    elif value is None:
        text = ""
    else:
        raise RefusedValue(f"{label} {WRONG_TYPE}")
    if required and not text:
        raise RefusedValue(f"{label} is missing")
    if len(text) > LONGEST_ID:
        raise RefusedValue(f"{label} is longer than {LONGEST_ID} characters")
    if _UNSAFE.search(text):
        raise RefusedValue(f"{label} holds control characters")
    return text


def name(value: object, label: str, longest: int = 300) -> str | None:
    """A display name: control characters go, the rest is cut at `longest`; None when nothing is left."""
    if value is None:
        return None
    if type(value) is int and abs(value) < MAX_COUNT:
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
    off = abs(int(reported.scaleb(6, _EXACT)) * impressions - cost * 1000)
    if off <= impressions:
        return False
    decimals = len(format(reported, "f").partition(".")[2])
    return off > impressions * (MICRO // int(10 ** min(6, decimals)))
