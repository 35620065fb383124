"""One reported value -> one exact value, or a reason why not. Nothing is guessed: what has two readings is refused."""

from __future__ import annotations

import re
from datetime import date
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal

from perfdash.payload import MICRO

Number = int | Decimal | str | None
"""How numbers arrive: JSON numbers (int, Decimal) or text such as "1,234.50"; None is missing or null."""

MAX_COUNT = 10**15
MAX_UNITS = 10**9
"""Of money and conversions: 10^15 micros, far inside 64 bits even when thousands of rows are added up."""

_COMMA_GROUPS = re.compile(r"-?(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# Control characters, lone surrogates, line separators and what reverses the direction of text around it.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_EXACT = Context(prec=10**6, Emax=MAX_EMAX, Emin=MIN_EMIN)
_ZERO, _MOST, _SIXTH, _BOUND = Decimal(0), Decimal(MAX_UNITS), Decimal("0.000001"), Decimal(10**12)
_LONGEST_NUMBER, _LONGEST_RATIO, _FEWEST_EXPONENT = 60, 38, -30


class Refused(ValueError):
    """The value cannot be taken as it stands; the text is a short reason that names the field and quotes no content."""


def count(value: Number, field: str) -> int:
    """A whole number from 0 to 10^15."""
    number = value if type(value) is int else _number(value, field)
    if number < 0:
        raise Refused(f"{field} is negative")
    if number > MAX_COUNT:
        raise Refused(f"{field} is too large")
    whole = int(number)
    if whole != number:
        raise Refused(f"{field} is not a whole number")
    return whole


def micros(value: Number, field: str, flags: list[str], signed: bool = False) -> int:
    """Units -> integer millionths. More than six decimals are rounded half-even and flagged `<field>_rounded`."""
    if type(value) is int and 0 <= value <= MAX_UNITS:
        return value * MICRO
    number = Decimal(value) if type(value) is int else _number(value, field)
    if number < _ZERO and not signed:
        raise Refused(f"{field} is negative")
    if not -_MOST <= number <= _MOST:
        raise Refused(f"{field} is too large")
    scaled = number.scaleb(6, _EXACT)
    whole = int(scaled)
    if whole == scaled:
        return whole
    flags.append(f"{field}_rounded")
    return int(number.quantize(_SIXTH, ROUND_HALF_EVEN, _EXACT).scaleb(6, _EXACT))


def exact(value: Number, field: str) -> Decimal:
    """A number kept digit by digit beside what is recomputed (the reported CPM and ROI)."""
    number = Decimal(value) if type(value) is int else _number(value, field)
    if not -_BOUND < number < _BOUND:
        raise Refused(f"{field} is too large")
    text = str(number)
    if "E" in text:
        if number.adjusted() < _FEWEST_EXPONENT:
            raise Refused(f"{field} has too many decimals")
        text = format(number, "f")
        number = Decimal(text)
    if len(text) > _LONGEST_RATIO:
        raise Refused(f"{field} has too many decimals")
    return number


def _number(value: Number, field: str) -> Decimal:
    if type(value) is Decimal:
        return value
    if value is None:
        raise Refused(f"{field} is missing")
    text = str(value)
    if len(text) > _LONGEST_NUMBER or not _COMMA_GROUPS.fullmatch(text):
        raise Refused(f"{field} is not a number of a known format")
    return Decimal(text.replace(",", ""))


def day(value: str | None, field: str) -> date:
    """A day label YYYY-MM-DD, and no other of the forms that ISO 8601 allows."""
    if value is None:
        raise Refused(f"{field} is missing")
    if _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise Refused(f"{field} is not a day written YYYY-MM-DD")


def identifier(value: str | int | None, field: str, longest: int = 200) -> str:
    """An id as text, trimmed; '' only for a missing or empty one."""
    if value is None:
        return ""
    text = str(value).strip() if type(value) is str or abs(value) < 10**longest else "9" * (longest + 1)  # type: ignore[arg-type]
    if len(text) > longest:
        raise Refused(f"{field} is longer than {longest} characters")
    if _UNSAFE.search(text):
        raise Refused(f"{field} holds control characters")
    return text


def name(value: object, field: str, longest: int = 300) -> str | None:
    """A display name: control characters go, the rest is cut at `longest`; None when nothing is left."""
    if value is None:
        return None
    if type(value) is int and abs(value) < MAX_COUNT:
        return str(value)
    if type(value) is not str:
        raise Refused(f"{field} is not text")
    return plain(value)[:longest].strip() or None


def plain(text: str) -> str:
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
    off = abs(int(reported.scaleb(6, _EXACT)) * impressions - cost * 1000)
    if off <= impressions:
        return False
    decimals = len(format(reported, "f").partition(".")[2])
    return off > impressions * (MICRO // int(10 ** min(6, decimals)))
