"""Numbers as people write them: 1,234.56, 1.234,56, $1.2K, (12.50), 50 %. What has two readings is refused with a hint.

A text is taken apart into its digits and what stands around them; which of comma and point divides the decimals is
what the styles that are left say. `number_styles` finds those for all number columns of an answer together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import lru_cache

from perfdash.domain import currency_signs

EXACT = Context(prec=10**6, Emax=MAX_EMAX, Emin=MIN_EMIN)
LONGEST_NUMBER = 60


class RefusedValue(ValueError):
    """The value cannot be taken as it stands; the text is a short reason that names the field."""


class DoubtfulNumber(RefusedValue):
    """The value has several readings, as many others of its column may have."""


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How numbers are written in text: what stands before the decimals, and between groups of digits."""

    decimal: str
    group: str

    def read(self, digits: str, scientific: bool = False) -> Decimal | None:
        """The number of digits, points, commas, blanks and apostrophes; None when this style does not write it so."""
        if not _pattern(self.decimal, "" if scientific else self.group).fullmatch(digits):
            return None
        for group in self.group:
            digits = digits.replace(group, "")
        return Decimal(digits.replace(self.decimal, "."))


@lru_cache(maxsize=100)
def _pattern(decimal: str, groups: str) -> re.Pattern[str]:
    grouped = [f"[1-9][0-9]{{0,2}}(?:{re.escape(group)}[0-9]{{3}})+" for group in groups]
    if "," in groups:
        grouped.append("[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}")  # as in India: 1,23,456
    whole = "|".join(["[0-9]+", *grouped])
    point = re.escape(decimal)
    return re.compile(f"(?:{whole})(?:{point}[0-9]*)?|{point}[0-9]+", re.ASCII)


POSSIBLE = tuple(NumberStyle(decimal, group) for decimal in ".," for group in ",. '" if group != decimal)
"""Every style that a text may show by itself."""
ENGLISH = NumberStyle(".", ", '")
CONTINENTAL = NumberStyle(",", ". '")
NAMED = {
    "1,234.56": ENGLISH,
    "1,23,456.78": ENGLISH,
    "1.234,56": CONTINENTAL,
    "1 234,56": NumberStyle(",", " '"),
    "1 234.56": NumberStyle(".", " '"),
    "1'234.56": NumberStyle(".", "' "),
}
"""The styles that a configuration can name. Blanks and apostrophes only group, so they are read in all of them."""


@dataclass(frozen=True, slots=True)
class NumberReading:
    """How the numbers of one field are read."""

    styles: tuple[NumberStyle, ...] = (ENGLISH,)
    """Those that may be meant; of several, all must agree on what a text says."""
    whole: bool = False
    """Counts: what would be no whole number shows that its comma or point only groups."""
    money: bool = False
    currency: str = ""
    """The account's; another currency's sign is refused."""
    percent: int | None = None
    """The power of ten that a percent sign stands for; None refuses it."""
    clash: str = ""
    """Two texts of the answer that cannot be of one style; then what has a comma or a point is refused."""
    machine: bool = False
    """Nothing but digits and one point is a machine's number, whatever else is in doubt."""
    plain: bool = False
    """Every text is known to be digits with at most one point between them, which is meant as one."""

    @property
    def has_point(self) -> bool:
        """True when a point can only stand before the decimals."""
        return self.machine or all(style.decimal == "." for style in self.styles)


@dataclass(frozen=True, slots=True)
class NumberParts:
    """A number's text taken apart. `digits` hold whatever groups them; `power` is of E+06, K and M."""

    digits: str
    negative: bool
    power: int
    scientific: bool
    around: tuple[str, ...]
    """The currency and percent signs beside it."""


_MAGNITUDES = {"k": 3, "tsd": 3, "m": 6, "mn": 6, "mio": 6, "b": 9, "bn": 9, "mrd": 9}
_SIGN = r"%|(?:(?:rs|fr|sfr|kr|bs|s/|b/|руб)\.)|[^\s\d.,'()+\-%\"=]{1,5}"
_WRITTEN = re.compile(
    r"(?P<open>\()?\ *(?P<first>[-+])?\ *"
    rf"(?P<before>{_SIGN})?\ *(?P<second>[-+])?\ *"
    r"(?P<digits>[0-9.,](?:[0-9.,' ]*[0-9.,])?)"
    r"(?:e(?P<exponent>[-+]?[0-9]{1,3})(?![^\W_]))?\ *"
    r"(?:(?P<magnitude>tsd|mio|mrd|mn|bn|[kmb])(?![^\W\d_]|/)\.?)?\ *"
    rf"(?P<third>-)?\ *(?P<after>{_SIGN})?\ *(?P<last>-)?\ *(?P<close>\))?",
    re.IGNORECASE,
)
_LIKENESS = {
    **dict.fromkeys(map(ord, "\u2019\u2018\u02bc\u2032\u00b4`"), "'"),
    **dict.fromkeys(map(ord, "\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u061c"), None),
    **dict.fromkeys(map(ord, "\uff05\u066a\ufe6a"), "%"),
    **{code: " " for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs"},
    9: " ",
}
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_WITHHELD = re.compile(r"[<>≤≥] ?[0-9.,]+ ?%?")
_NOTHING = frozenset(("", "-", "--", "---", "----", ".", "null", "none", "nil", "nan"))
_UNSAID = frozenset(
    (
        *("n/a", "#n/a", "na", "n.a.", "n/d", "n.d.", "k.a.", "not available", "not applicable", "not reported"),
        *("not set", "(not set)", "unknown", "undefined", "*", "**", "***", "?", "...", "\u2026"),
    )
)
_UNWRAPPED = re.compile(r'="([^"]*)"')


def in_one_spelling(text: str) -> str:
    """`text` with one kind of blank, apostrophe and minus, without what is around it and what nobody sees."""
    return unwrapped(text.translate(_LIKENESS).strip())


def unwrapped(text: str) -> str:
    """What a spreadsheet wrapped up so that it stays text: ="123"."""
    found = _UNWRAPPED.fullmatch(text)
    return found.group(1).strip() if found else text


def is_nothing(text: str) -> bool:
    """True for what people write where nothing is: an empty text, a dash, null."""
    return in_one_spelling(text).casefold() in _NOTHING


def is_unsaid(text: str) -> bool:
    """True for a text that says "not reported": nothing at all, N/A, or only a bound such as <10."""
    said = in_one_spelling(text).casefold()
    return said in _NOTHING or said in _UNSAID or _WITHHELD.fullmatch(said) is not None


def parts_of(text: str) -> NumberParts | None:
    """A number's text taken apart; None when it is none."""
    if len(text) > LONGEST_NUMBER:
        return None
    found = _WRITTEN.fullmatch(in_one_spelling(text))
    if found is None:
        return None
    minus = [sign for name in ("first", "second", "third", "last") if (sign := found[name])]
    brackets = (found["open"] is not None, found["close"] is not None)
    if len(minus) + any(brackets) > 1 or brackets[0] != brackets[1]:
        return None
    power = int(found["exponent"] or 0) + _MAGNITUDES.get((found["magnitude"] or "").casefold(), 0)
    around = tuple(sign for name in ("before", "after") if (sign := found[name]))
    negative = brackets[0] or "-" in minus
    return NumberParts(found["digits"], negative, power, found["exponent"] is not None, around)


_TYPED = re.compile(r"-?(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?", re.ASCII)


_TYPED_COMMA = re.compile(r"-?(?:[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})|[1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]+)", re.ASCII)
"""A decimal comma where it can be nothing else: 131,50 and 1.234,50, but not 1,234."""


def typed_number(text: str, label: str) -> Decimal:
    """What somebody typed into a form: 1,234.50, or with a decimal comma where no comma could part thousands."""
    if len(text) > LONGEST_NUMBER:
        raise RefusedValue(f"{label} is not a number of a known format")
    if _TYPED_COMMA.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
    if not _TYPED.fullmatch(text):
        raise RefusedValue(f"{label} is not a number of a known format")
    return Decimal(text.replace(",", ""))


def read_number(text: str, label: str, reading: NumberReading) -> Decimal:
    """The number that `text` is. RefusedValue when it is none, DoubtfulNumber when it may be two."""
    parts = parts_of(text)
    if parts is None:
        raise RefusedValue(f"{label} is not a number of a known format")
    power = parts.power + _meaning(parts.around, label, reading)
    number = _decided(parts, text, label, reading)
    number = number.scaleb(power, EXACT) if power else number
    return number.copy_negate() if parts.negative and number else number


def _decided(parts: NumberParts, text: str, label: str, reading: NumberReading) -> Decimal:
    if reading.machine and _PLAIN.fullmatch(text):
        return Decimal(parts.digits)
    if reading.clash and re.search("[.,]", parts.digits):
        raise DoubtfulNumber(f"{label}: numbers are written in two ways here ({reading.clash}): {_HINT}")
    found = readings(parts, reading)
    if not found:
        raise RefusedValue(f"{label} is not a number of a known format")
    if len(found) > 1:
        ways = " or ".join(format(number.normalize(EXACT), "f") for number in sorted(found))
        raise DoubtfulNumber(f"{label}: {parts.digits} may be {ways}: {_HINT}")
    return next(iter(found))


_HINT = 'write records.numbers = "1,234.56" or "1.234,56"'


def readings(parts: NumberParts, reading: NumberReading) -> dict[Decimal, list[NumberStyle]]:
    """What the digits are in each of the styles, and in which."""
    found: dict[Decimal, list[NumberStyle]] = {}
    for style in reading.styles:
        number = style.read(parts.digits, parts.scientific)
        if number is not None:
            found.setdefault(number, []).append(style)
    if len(found) > 1 and reading.whole and not parts.power and not parts.around:
        # Where it could be 1.234, it is 1234. Three zeros behind a point may be decimals of a machine.
        grouped = max(found)
        if "," in parts.digits or int(grouped) % 1000:
            return {grouped: found[grouped]}
    return found


def _meaning(around: Iterable[str], label: str, reading: NumberReading) -> int:
    """The power of a percent sign. RefusedValue for what cannot stand beside this number."""
    power, seen = 0, set[bool]()
    for sign in around:
        is_percent = sign == "%"
        if is_percent in seen:
            fits = None
        elif is_percent:
            fits, power = (None if reading.percent is None else True), reading.percent or 0
        else:
            fits = currency_signs.may_mean(sign, reading.currency) if reading.money else None
        seen.add(is_percent)
        if fits is None:
            raise RefusedValue(f"{label} is not a number of a known format")
        if not fits:
            raise RefusedValue(f"{label} is in another currency than the account's {reading.currency}")
    return power
