"""Numbers, days and moments as people read them. Data and exports never pass through here: they keep exact values.

Undefined is – and never 0. Money keeps its own currency's decimals: 12.30 EUR, 1,230 JPY.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from perfdash.domain.accounts import Days
from perfdash.domain.currencies import decimals
from perfdash.domain.facts import MICRO
from perfdash.domain.metrics import rounded

UNDEFINED = "–"
GAP = "\u00a0"
"""Stands between an amount and its currency, so that a line never breaks there."""
Number = Fraction | Decimal | int
_SCALES = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))


def number(value: Number | None, places: int = 0) -> str:
    """1,234.50; – when undefined. Halves go to the even neighbour, as in exports."""
    if value is None:
        return UNDEFINED
    return f"{rounded(Fraction(value), places):,.{places}f}".replace("-", "−")


def compact(value: Number | None) -> str:
    """Three digits that matter: 950, 12.3k, 1.20M. For tiles; the exact value stands in their help."""
    if value is None:
        return UNDEFINED
    exact = Fraction(value)
    for scale, letter in _SCALES:
        if abs(exact) >= scale:
            scaled = exact / scale
            return number(scaled, 3 - min(3, len(str(int(abs(scaled)))))) + letter
    return number(exact)


def money(value: Number | None, currency: str) -> str:
    """An amount in currency units: 1,234.50 EUR."""
    return UNDEFINED if value is None else f"{number(value, decimals(currency))}{GAP}{currency}"


def micros(value: int | None, currency: str) -> str:
    """An amount in micros: 1,234.50 EUR."""
    return money(None if value is None else Fraction(value, MICRO), currency)


def compact_money(value: Number | None, currency: str) -> str:
    """12.3k EUR; below a thousand with the currency's decimals."""
    if value is None or abs(Fraction(value)) < 1000:
        return money(value, currency)
    return f"{compact(value)}{GAP}{currency}"


def unit_price(value: Number | None, currency: str) -> str:
    """The price of one of something. Below one it keeps two decimals more, or 0.004 EUR would read 0.00."""
    if value is None or abs(Fraction(value)) >= 1:
        return money(value, currency)
    return f"{number(value, decimals(currency) + 2)}{GAP}{currency}"


def percent(value: Number | None, places: int = 2) -> str:
    """A fraction as per cent: 2.25%."""
    return UNDEFINED if value is None else f"{number(Fraction(value) * 100, places)}%"


def times(value: Number | None) -> str:
    """A multiple such as ROAS: 3.20×."""
    return UNDEFINED if value is None else f"{number(value, 2)}×"


def change(value: Number | None) -> str:
    """A relative change with its arrow: ▲ 12.5%, ▼ 3.0%, no change; – when there is none to show."""
    if value is None:
        return UNDEFINED
    size = percent(abs(Fraction(value)), 1)
    if size == "0.0%":
        return "no change"
    return f"{'▲' if value > 0 else '▼'} {size}"


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
    """When it happened, on a clock in `time_zone`: 08:03, yesterday 08:03, 14 Nov 08:03; "never" for None."""
    if at is None:
        return "never"
    zone = ZoneInfo(time_zone)
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return clock
    if local.date() == today - timedelta(days=1):
        return f"yesterday {clock}"
    return f"{day(local.date(), today)} {clock}"


def ago(passed: timedelta) -> str:
    """How long ago, in its largest unit: just now, 5 minutes ago, 3 hours ago, 2 days ago."""
    seconds = int(passed.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{plural(seconds // size, unit)} ago"
    return "just now"
