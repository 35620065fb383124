"""Numbers, days and moments as people read them. Data and exports never pass through here: they keep exact values.

`figure` says every number of every place: the same value of the same unit always reads the same, on a tile, in a
table, a tooltip, a chart, a sentence. Undefined is –, and never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from perfdash.domain.accounts import Days
from perfdash.domain.currencies import decimals
from perfdash.domain.facts import MICRO
from perfdash.domain.measures import BY_NAME
from perfdash.domain.metrics import METRICS

UNDEFINED = "–"
MINUS = "\u2212"
GAP = "\u00a0"
"""Stands between an amount and its currency, so that a line never breaks there."""
Number = Fraction | Decimal | int
Unit = Literal["count", "money", "price", "percent", "times", "millionths"]
"""What a value is: a count; an amount; an amount for one, or for 1000, of something; a fraction said in per cent; a
multiple; a count that may have decimals. Amounts are in units of their currency, never in micros."""
Place = Literal["full", "short"]
"""`full` is for tables, sentences and tooltips; `short`, for tiles and axes, says 28,931.66 as 28.9k."""
_SCALES = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_SHORTENED_FROM = 10_000
_MICRO_PLACES = 6
_SMALL_CHANGE = Fraction(1, 10)
"""In per cent: below it one decimal tells too little."""
_OF_A_SMALL_ONE, _OF_A_PRICE = 4, 3
"""Digits that matter, at least: of a price below one, and of any other: a yen is too coarse for what a view costs."""


def figure(value: Number | None, unit: Unit, currency: str = "", place: Place = "full") -> str:
    """A number as it reads everywhere, with its unit: 1,234.50 EUR, 1,234 JPY, 0.007912 EUR, 2.25%, 3.20×, 12; or –.

    Where a header or a label names the currency already, `digits` says the same without it.
    """
    text = digits(value, unit, currency, place)
    named = value is not None and currency and unit in ("money", "price")
    return f"{text}{GAP}{currency}" if named else text


@lru_cache(maxsize=20_000, typed=True)
def digits(value: Number | None, unit: Unit, currency: str = "", place: Place = "full") -> str:
    """`figure` without the currency's code; the currency still decides the decimals."""
    if value is None:
        return UNDEFINED
    if unit == "percent":
        return f"{_written(Fraction(value) * 100, 2)}%"
    if unit == "times":
        return f"{_written(Fraction(value), 2)}×"
    exact = Fraction(value)
    if place == "short" and abs(exact) >= _SHORTENED_FROM:
        return _shortened(exact)
    if unit == "price":
        return _price(exact, decimals(currency))
    if unit == "money":
        return _written(exact, decimals(currency))
    if unit == "count" or exact.denominator == 1:
        return _decimal(exact, 0)
    return _written(exact, 2).rstrip("0").rstrip(".")


def micros(value: int | None, currency: str, place: Place = "full") -> str:
    """An amount as it is stored, in micros: 1,234.50 EUR."""
    return figure(None if value is None else Fraction(value, MICRO), "money", currency, place)


def exactly(value: Number | None, currency: str = "") -> str:
    """All of its digits, where sums are to be checked by hand; an amount with at least its currency's decimals."""
    if value is None:
        return UNDEFINED
    wanted = decimals(currency) if currency else 0
    while (Fraction(value) * 10**wanted).denominator != 1 and wanted < _MICRO_PLACES:
        wanted += 1
    return _decimal(Fraction(value), wanted)


def unit_of(name: str) -> Unit:
    """What a measure or a metric is; anything else is a count."""
    if name in METRICS:
        metric = METRICS[name]
        return "price" if metric.unit == "money" else "times" if metric.times else "percent"
    return BY_NAME[name].unit if name in BY_NAME else "count"


def change(value: Number | None, unit: Unit = "count") -> str:
    """A change with its sign: +3.6%, −10.0%; – when there is none to show, and never nothing for something: +0.03%.

    Of what is itself a percentage `value` is the difference, and reads in points: +1.2 pts. Of all else it is relative.
    """
    if value is None:
        return UNDEFINED
    exact = Fraction(value) * 100
    points = unit == "percent"
    places = 2 if abs(exact) < (1 if points else _SMALL_CHANGE) else 1
    while exact and not _rounded(exact, places):
        places += 1
    text = _decimal(exact, places if exact else 2 if points else 1)
    return f"{'+' if exact > 0 else ''}{text}{' pts' if points else '%'}"


def signed(value: Number | None, unit: Unit, currency: str = "") -> str:
    """`figure` of a difference: also a rise has a sign."""
    return f"{'+' if value is not None and value > 0 else ''}{figure(value, unit, currency)}"


def _price(exact: Fraction, places: int) -> str:
    """With its currency's decimals, or as many more as three digits need; four digits below one."""
    if 0 < abs(exact) < 1:
        return _small(exact, places)
    wanted = max(places, _OF_A_PRICE - 1) if exact else places
    while wanted > places and abs(_rounded(exact, wanted)) >= 10**_OF_A_PRICE:
        wanted -= 1
    return _decimal(exact, wanted)


def _written(exact: Fraction, places: int) -> str:
    """With `places`; with more where it would read as nothing although it is something."""
    return _small(exact, places) if exact and not _rounded(exact, places) else _decimal(exact, places)


def _small(exact: Fraction, places: int) -> str:
    """Something below one, with the digits that matter; with `places` where rounding makes one of it."""
    wanted = _OF_A_SMALL_ONE
    while abs(exact) * 10 ** (wanted - _OF_A_SMALL_ONE + 1) < 1:
        wanted += 1
    return _decimal(exact, places if abs(_rounded(exact, wanted)) == 10**wanted else wanted)


def _shortened(exact: Fraction) -> str:
    """Three digits that matter: 12.3k, 1.20M."""
    for scale, letter in _SCALES:
        scaled = exact / scale
        if abs(scaled) < Fraction(1999, 2000):  # of the next smaller ones it is 999 or less
            continue
        places = 2
        while places and abs(_rounded(scaled, places)) >= 1000:
            places -= 1
        return _decimal(scaled, places) + letter
    return _decimal(exact, 0)


def _rounded(exact: Fraction, places: int) -> int:
    """`exact` x 10^`places` as a whole number; halves go to the even neighbour, as in exports."""
    whole: int = round(exact * 10**places)
    return whole


def _decimal(exact: Fraction, places: int) -> str:
    """1,234.50; what rounds to nothing has no sign."""
    whole = _rounded(exact, places)
    before, after = divmod(abs(whole), 10**places)
    return f"{MINUS if whole < 0 else ''}{before:,}" + (f".{after:0{places}d}" if places else "")


def plural(count: int, one: str, many: str = "") -> str:
    """1 row, 2 rows, 1,234 rows."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def enumerate_names(names: Sequence[str], most: int = 4) -> str:
    """A, B and C; what is over `most` is counted."""
    shown = [*names[:most], f"{len(names) - most} more"] if len(names) > most else list(names)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""


def day(label: date, around: date | None = None) -> str:
    """14 Nov 2026; without the year when it is that of `around`."""
    short = f"{label.day} {label:%b}"
    return short if around is not None and around.year == label.year else f"{short} {label.year}"


def weekday(label: date) -> str:
    """Mon 23 Nov 2026."""
    return f"{label:%a} {day(label)}"


def days(span: Days) -> str:
    """14 Nov 2026, 1–14 Nov 2026, 20 Oct – 14 Nov 2026 or 20 Dec 2025 – 14 Jan 2026."""
    first, last = span.start, span.end
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    return f"{day(first, last)} – {day(last)}"


def moment(at: datetime | None, now: datetime, time_zone: str) -> str:
    """When it happened, on a clock in `time_zone`, which it names; "never" for None.

    today 08:03 CET, yesterday 08:03 CET, 14 Nov 2026, 08:03 CET
    """
    if at is None:
        return "never"
    zone = ZoneInfo(time_zone)
    local, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    word = {today: "today", today - timedelta(days=1): "yesterday"}.get(local)
    clock = instant(at, time_zone)
    return f"{word}{clock.partition(',')[2]}" if word else clock


def instant(at: datetime, time_zone: str, *, seconds: bool = False) -> str:
    """14 Nov 2026, 08:03 CET; 14 Nov 2026, 08:03:12 UTC+07 where a zone has no name of its own."""
    local = at.astimezone(ZoneInfo(time_zone))
    name = local.strftime("%Z")
    clock = local.strftime("%H:%M:%S" if seconds else "%H:%M")
    return f"{day(local.date())}, {clock} {f'UTC{name}' if name[:1] in '+-' else name}"


def ago(passed: timedelta) -> str:
    """How long ago, in its largest unit: just now, 5 minutes ago, 3 hours ago, 2 days ago."""
    seconds = int(passed.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{plural(seconds // size, unit)} ago"
    return "just now"
