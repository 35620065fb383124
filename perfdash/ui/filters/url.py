"""What a link asks for: the query string read strictly, before the filters' widgets see it.

Widgets drop what they cannot use without a word, or, for dates and numbers, let some of it through. Reading the link
here first lets the page say what was ignored, and correct what a widget would have kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from perfdash.domain.accounts import Days
from perfdash.domain.comparison import LABELS
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Grain, cpm_limit, range_of
from perfdash.domain.periods import DEFAULT_PRESET, PRESET_LABELS, Preset

Key = Literal["client", "range", "dates", "platform", "currency", "max_cpm", "cpm_grain", "compare", "values"]
KEYS: tuple[Key, ...] = get_args(Key)
GRAINS: tuple[Grain, ...] = get_args(Grain)
EARLIEST = date(2000, 1, 1)
VALUES = ("counted", "raw")
"""Numbers with what was corrected, or as the sources report them."""
_BY_LABEL = {label: preset for preset, label in PRESET_LABELS.items()}


@dataclass(frozen=True, slots=True)
class LinkChoices:
    """What a link may name for this principal. Clients outside the scope are simply not there."""

    clients: tuple[str, ...]
    platforms: tuple[str, ...]
    currencies: tuple[str, ...]
    latest: date
    """The last day that anybody in scope can mean by today."""
    money: bool = True


@dataclass(frozen=True, slots=True)
class LinkValues:
    """The link's usable part where a widget alone would get it wrong, and a phrase for each unusable part."""

    preset: Preset
    dates: Days | None
    max_cpm: float | None
    ignored: tuple[str, ...]
    mended: bool
    """True when what the widgets will take from the link differs from this, so they must be set to it."""


def parse(raw: Mapping[Key, Sequence[str]], known: LinkChoices) -> LinkValues:
    """The link's values, each either usable or named in `ignored`; never raises, whatever was typed."""
    ignored: list[str] = []
    valid: dict[Key, tuple[str, ...]] = {
        "client": known.clients,
        "platform": known.platforms,
        "currency": known.currencies if known.money else (),
        "cpm_grain": GRAINS if known.money else (),
        "compare": tuple(LABELS.values()),
        "values": VALUES,
    }
    for key, choices in valid.items():
        ignored += [_said(key, value) for value in raw.get(key, ()) if value not in choices]
    dates, late = _dates(raw.get("dates", ()), known.latest, ignored)
    preset = _preset(raw.get("range", ()), dates, ignored)
    limit = _limit(raw.get("max_cpm", ()), known.money, ignored)
    custom = bool(raw.get("dates")) or _BY_LABEL.get((raw.get("range") or ("",))[-1]) == "custom"
    # Streamlit drops the second of two equal values, and would show half a range for a single day.
    one_day = dates is not None and dates.start == dates.end
    lost = late or one_day or (custom and dates is None)
    return LinkValues(preset, dates, limit, tuple(ignored), lost or (bool(raw.get("max_cpm")) and limit is None))


def _said(key: str, *values: str) -> str:
    return f"{key} “{' to '.join(values)}”"


def _preset(values: Sequence[str], dates: Days | None, ignored: list[str]) -> Preset:
    """Dates alone mean a custom range; a custom range without usable dates means the default."""
    if not values:
        return "custom" if dates else DEFAULT_PRESET
    preset = _BY_LABEL.get(values[-1])
    if preset is None:
        ignored.append(_said("range", values[-1]))
        return "custom" if dates else DEFAULT_PRESET
    if preset == "custom" and dates is None:
        if not any(phrase.startswith("dates") for phrase in ignored):
            ignored.append(f"{_said('range', values[-1])} without dates")
        return DEFAULT_PRESET
    return preset


def _dates(values: Sequence[str], latest: date, ignored: list[str]) -> tuple[Days | None, bool]:
    """The range, and whether it was cut at `latest`."""
    if not values:
        return None, False
    try:
        first, last = (date.fromisoformat(value) for value in values)
        asked = range_of(first, last)
        if first < EARLIEST or first > latest:
            raise UsageError("The range lies outside of all data.")
    except (ValueError, UsageError):
        ignored.append(_said("dates", *values))
        return None, False
    if last > latest:
        ignored.append(f"dates after {latest}")
    return Days(first, min(last, latest)), asked.end > latest


def _limit(values: Sequence[str], money: bool, ignored: list[str]) -> float | None:
    if not values:
        return None
    try:
        if not money:
            raise UsageError("Amounts of money are not shown.")
        cpm_limit(values[-1])
        return float(values[-1])
    except (ValueError, UsageError):
        ignored.append(_said("max_cpm", values[-1]))
        return None
