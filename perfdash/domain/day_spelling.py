"""Days as people and machines write them. Whatever has one reading is read; 11/1/2026 only where its column decides.

A stamp with an offset, and an epoch, is a moment: its day is that of the account's time zone. A stamp without one is a
label and keeps its date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal

from perfdash.domain.numbers import RefusedValue, in_one_spelling, is_unsaid

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTHS = {name: n for n, name in enumerate(_MONTHS, 1)} | {name[:3]: n for n, name in enumerate(_MONTHS, 1)}
MONTHS["sept"] = 9
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,? ?)?"
_OFFSET = r"Z|(?:UTC|GMT)?[-+][0-9]{2}:?(?:[0-9]{2})?|UTC|GMT"
_HALF = r"[ap]\.?m\.?"
_CODES = {
    "Y": ("(?P<Y>[0-9]{4})", "YYYY"),
    "y": ("(?P<y>[0-9]{2})", "YY"),
    "m": ("(?P<m>[0-9]{2})", "MM"),
    "d": ("(?P<d>[0-9]{2})", "DD"),
    "b": (r"(?P<b>[a-z]{3,9})\.?", "month"),
    "B": (r"(?P<b>[a-z]{3,9})\.?", "month"),
    "a": (r"[a-z]{3,9}\.?", "weekday"),
    "A": (r"[a-z]{3,9}\.?", "weekday"),
    "H": ("(?P<H>[0-9]{2})", "HH"),
    "I": ("(?P<H>[0-9]{2})", "HH"),
    "M": ("(?P<M>[0-9]{2})", "MM"),
    "S": ("(?P<S>[0-9]{2})", "SS"),
    "f": ("(?P<f>[0-9]{1,9})", "ffffff"),
    "p": (f"(?P<p>{_HALF})", "AM"),
    "z": (f"(?P<z>{_OFFSET})", "+HH:MM"),
    "%": ("%", "%"),
}
_NUMERIC = "YymdHIMSf"
_CODE = re.compile("%(-?[A-Za-z%])")
LABEL_CODES = frozenset(_CODES) | {"-m", "-d", "-H", "-I", "-M", "-S", "-y"}
"""What a format may hold."""


@dataclass(frozen=True, slots=True)
class DayStyle:
    """How a day is written."""

    written: str
    """For people: YYYY-MM-DD."""
    pattern: re.Pattern[str]
    """With a group for each code, named like it."""

    def read(self, text: str, zone: tzinfo | None = None, home: tzinfo = UTC) -> date | None:
        """The day of exactly such a text, or None. `zone`: of a stamp without an offset; `home`: the account's."""
        found = self.pattern.fullmatch(text)
        return None if found is None else _day(found.groupdict(), zone, home)


def day_style(written: str = "%Y-%m-%d") -> DayStyle:
    """The style of a format as strftime has it. Other characters stand for themselves, and a day or month of one digit
    is understood wherever no other digits touch it."""
    parts = _CODE.split(written)
    pattern = [re.escape(part) if n % 2 == 0 else _code(parts, n) for n, part in enumerate(parts)]
    for_people = [part if n % 2 == 0 else _CODES[part[-1]][1] for n, part in enumerate(parts)]
    return DayStyle("".join(for_people), re.compile("".join(pattern), re.ASCII | re.IGNORECASE))


def _code(parts: list[str], n: int) -> str:
    code = parts[n][-1]
    pattern = _CODES[code][0]
    if code not in "mdHIMS":
        return pattern
    before, after = parts[n - 1], parts[n + 1]
    touches_code = (not before and n > 1 and parts[n - 2][-1] in _NUMERIC) or (
        not after and n + 2 < len(parts) and parts[n + 2][-1] in _NUMERIC
    )
    touches = touches_code or before[-1:].isdigit() or after[:1].isdigit()
    return pattern if touches else pattern.replace("{2}", "{1,2}")


ISO = day_style()
_TIME = (
    r"(?:(?:T|,? )(?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?"
    rf"(?: ?(?P<p>{_HALF}))?(?: ?(?P<z>{_OFFSET}))?(?: ?\([a-z .]+\))?)?"
)
_MONTH = r"(?P<b>[a-z]{3,9})\.?"
_KNOWN = tuple(
    re.compile(_WEEKDAY + pattern + _TIME, re.ASCII | re.IGNORECASE)
    for pattern in (
        r"(?P<Y>[0-9]{4})(?P<s>[-/.])(?P<m>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})",
        r"(?P<Y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
        rf"{_MONTH}[ -]?(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?:, ?|[ -])(?P<Y>[0-9]{{4}})",
        rf"(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th|\.)?(?: of)?[-/. ]?{_MONTH},?[-/. ]?(?P<Y>[0-9]{{4}})",
        rf"(?P<d>[0-9]{{1,2}})[-/. ]{_MONTH}[-/. ](?P<y>[0-9]{{2}})",
        rf"(?P<Y>[0-9]{{4}})[-/. ]{_MONTH}[-/. ](?P<d>[0-9]{{1,2}})",
    )
)
_THREE = re.compile(
    _WEEKDAY + r"(?P<one>[0-9]{1,2})(?P<s>[-/. ])(?P<two>[0-9]{1,2})(?P=s)(?P<three>[0-9]{4}|[0-9]{2})" + _TIME,
    re.ASCII | re.IGNORECASE,
)
_ORDERS = ("dmy", "mdy", "ymd")
_HOUR_LABEL = re.compile("(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])")
_DIGITS = re.compile(r"([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_SECONDS = (946_684_800, 4_102_444_800)
"""The years 2000 to 2099: an epoch outside of them is none."""
_SERIALS = (20_000, 80_000)
_FIRST_SERIAL = date(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class DayReading:
    """How the days of one field are read."""

    styles: tuple[DayStyle, ...] = ()
    """The formats that are configured; without any, every spelling that has one reading."""
    zone: tzinfo | None = None
    """Of stamps without an offset; None: they are labels."""
    home: tzinfo = UTC
    """The account's."""
    serials: bool = False
    """In spreadsheets a day may be the number of days since 1900."""
    beside: Callable[[], Iterable[str]] = tuple
    """Texts of other columns of days, which may show in what order day and month stand."""

    @property
    def written(self) -> str:
        """For people; '' when any spelling will do."""
        return " or ".join(style.written for style in self.styles)


def reader_of(column: Iterable[object], label: str, reading: DayReading) -> Callable[[object], date]:
    """What reads each value of `column`, having looked at all of them. It raises RefusedValue."""
    values = list(column)
    serials = reading.serials and _are_serials(values)
    orders = _Orders(label, values, reading.beside) if not reading.styles else _Orders(label)

    def read(value: object) -> date:
        if value is None or (type(value) is str and is_unsaid(value)):
            raise RefusedValue(f"{label} is missing")
        if isinstance(value, date):
            return _of_moment(value, reading) if isinstance(value, datetime) else value
        if serials and str(value).strip()[:1].isdigit():
            return _FIRST_SERIAL + timedelta(days=int(Decimal(str(value).strip())))
        if type(value) is not str and type(value) is not int and type(value) is not Decimal:
            raise RefusedValue(f"{label} is of a type that it cannot have")
        found = _in_formats(value, reading) if reading.styles else _in_any(str(value), reading, orders)
        if found is None:
            how = f"a day written {reading.written}" if reading.styles else f"a day of a known spelling{_HINT}"
            raise RefusedValue(f"{label} is not {how}")
        return found

    return read


_HINT = ": write its format"


def _in_formats(value: str | int | Decimal, reading: DayReading) -> date | None:
    text = in_one_spelling(str(value))
    found = (style.read(text, reading.zone, reading.home) for style in reading.styles)
    return next((day for day in found if day is not None), None)


def _in_any(value: str, reading: DayReading, orders: _Orders) -> date | None:
    text = " ".join(in_one_spelling(value).split())
    for known in _KNOWN:
        if (found := known.fullmatch(text)) and (day := _day(found.groupdict(), reading.zone, reading.home)):
            return day
    if found := _THREE.fullmatch(text):
        return orders.day(found, reading)
    return _of_epoch(text, reading)


def _of_moment(moment: datetime, reading: DayReading) -> date:
    if moment.tzinfo is None and reading.zone is not None:
        moment = moment.replace(tzinfo=reading.zone)
    return (moment if moment.tzinfo is None else moment.astimezone(reading.home)).date()


def _day(parts: dict[str, str | None], zone: tzinfo | None, home: tzinfo) -> date | None:
    """The day that the named parts of a text speak of, or None when there is none such."""
    month = MONTHS.get((parts.get("b") or "").casefold()) if parts.get("b") else int(parts.get("m") or 0)
    year = int(parts.get("Y") or 2000 + int(parts.get("y") or 0))
    try:
        found = date(year, month or 0, int(parts.get("d") or 0))
        if parts.get("H") is None:
            return found
        hour = _hour(int(parts.get("H") or 0), parts.get("p") or "")
        clock = time(hour, int(parts.get("M") or 0), int(parts.get("S") or 0))
        offset = _offset(parts["z"]) if parts.get("z") else zone
        return found if offset is None else datetime.combine(found, clock, offset).astimezone(home).date()
    except (ValueError, OverflowError):
        return None


def _hour(hour: int, half: str) -> int:
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError
    return hour % 12 + (12 if half[0] in "pP" else 0)


def _offset(text: str | None) -> tzinfo:
    digits = re.sub("[^-+0-9]", "", text or "")
    if not digits:
        return UTC
    minutes = int(digits[1:3]) * 60 + int(digits[3:5] or 0)
    return timezone(timedelta(minutes=-minutes if digits[0] == "-" else minutes))


def _of_epoch(text: str, reading: DayReading) -> date | None:
    """The day of seconds, milliseconds or microseconds since 1970; not of 2026110113, which is an hour."""
    found = _DIGITS.fullmatch(text)
    if found is None or _HOUR_LABEL.fullmatch(text):
        return None
    whole = found.group(1)
    places = {10: 0, 9: 0, 13: 3, 12: 3, 16: 6}.get(len(whole))
    seconds = int(whole) // 10**places if places is not None else 0
    if not _SECONDS[0] <= seconds < _SECONDS[1]:
        return None
    return datetime.fromtimestamp(seconds, UTC).astimezone(reading.home).date()


def _are_serials(values: Iterable[object]) -> bool:
    """True when all that begin like a number are; a file may end with a line of totals."""
    texts = [text for value in values if (text := str(value).strip())[:1].isdigit()]
    return bool(texts) and all(
        (found := _DIGITS.fullmatch(text)) is not None and _SERIALS[0] <= int(found.group(1)) <= _SERIALS[1]
        for text in texts
    )


class _Orders:
    """In which order the days of a column that are written like 11/1/2026 have day, month and year."""

    def __init__(self, label: str, values: Iterable[object] = (), beside: Callable[[], Iterable[str]] = tuple) -> None:
        fits = _fits(values)
        self._left = _left(fits)
        if fits and len(self._left) > 1:
            self._left = _left([*fits, *_fits(beside())]) or self._left
        self._clash = "" if self._left or not fits else f"{label}: {_clash(fits)}"
        open_ones = ((match, days) for match, _ in fits if len(set((days := _dates(match, self._left)).values())) > 1)
        self._doubt = next((f"{label}: {_doubt(match, days)}" for match, days in open_ones), "")

    def day(self, match: re.Match[str], reading: DayReading) -> date | None:
        """The day of one of them. RefusedValue, with the setting to write, while it could be another one."""
        if self._clash:
            raise RefusedValue(self._clash)
        found = set(_dates(match, self._left).values())
        if len(found) > 1:
            raise RefusedValue(self._doubt)
        if not found:
            return None
        day = found.pop()
        parts = match.groupdict() | {"Y": str(day.year), "m": str(day.month), "d": str(day.day)}
        return _day(parts, reading.zone, reading.home)


_Fits = list[tuple[re.Match[str], frozenset[str]]]


def _fits(values: Iterable[object]) -> _Fits:
    """The texts that are like 11/1/2026, each with the orders in which it is a day."""
    texts = (" ".join(in_one_spelling(value).split()) for value in values if type(value) is str)
    matches = (found for text in dict.fromkeys(texts) if (found := _THREE.fullmatch(text)))
    return [(match, fitting) for match in matches if (fitting := frozenset(_dates(match, _ORDERS)))]


def _left(fits: _Fits) -> list[str]:
    return [order for order in _ORDERS if all(order in fitting for _, fitting in fits)]


def _dates(match: re.Match[str], orders: Iterable[str]) -> dict[str, date]:
    """The day that a text like 11/1/2026 is in each order in which it is one."""
    numbers = (match["one"], match["two"], match["three"])
    found = {}
    for order in orders:
        parts = dict(zip(order, numbers, strict=True))
        if order == "ymd" and (len(match["one"]), len(match["three"])) != (2, 2):
            continue
        year = int(parts["y"]) + (2000 if len(parts["y"]) == 2 else 0)
        with suppress(ValueError):
            found[order] = date(year, int(parts["m"]), int(parts["d"]))
    return found


def _clash(fits: _Fits) -> str:
    match, fitting = min(fits, key=lambda one: len(one[1]))
    other = next((one for one, others in fits if not others & fitting), match)
    return f"days are written in two ways here ({_shown(match)} and {_shown(other)}): write its format"


def _doubt(match: re.Match[str], days: dict[str, date]) -> str:
    ways = dict(zip(days.values(), days, strict=True))
    named = " or ".join(f"{day.day} {_MONTHS[day.month - 1].capitalize()} {day.year}" for day in ways)
    codes = {"d": "%d", "m": "%m", "y": "%Y" if len(match["three"]) == 4 else "%y"}
    formats = " or ".join(f'"{match["s"].join(codes[part] for part in order)}"' for order in ways.values())
    return f"{_shown(match)} may be {named}: write its format, {formats}"


def _shown(match: re.Match[str]) -> str:
    return match["s"].join((match["one"], match["two"], match["three"]))
