"""What each cause on the page "Checks" is called, how a number comes about by it, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from perfdash.domain.cpm_causes import CauseName, RatioName
from perfdash.domain.metrics import rounded
from perfdash.presentation import formatting


class Words(NamedTuple):
    """A cause in words. `formula` may be ''; `advice` is one or two sentences to act on."""

    label: str
    formula: str
    advice: str


_NO_ACTION = "Nothing to do."
_COMMON: dict[CauseName, Words] = {
    "agrees": Words("Agrees", "", _NO_ACTION),
    "rounding": Words(
        "Rounding",
        "rounded more coarsely than it shows, or computed before the amounts were rounded",
        "Harmless row by row. Use the recomputed value wherever it is multiplied again.",
    ),
    "ambiguous": Words(
        "Ambiguous",
        "several causes give this very number",
        "Look at a row with larger numbers, or ask the source which of them it is.",
    ),
    "unexplained": Words(
        "Unexplained",
        "no known cause gives this number",
        "Open an example and ask the source how it is computed; a fee inside or outside of cost is often the reason.",
    ),
    "incomparable": Words(
        "Cannot be recomputed",
        "the row reports no revenue",
        "Ask the source to send revenue as well; without it nobody can check the number.",
    ),
}
_CPM: dict[CauseName, Words] = {
    "x1000": Words(
        "× 1000",
        "cost / impressions, or that × 1,000,000",
        "The source sends the price per impression, or in thousandths: set the field's unit in its mapping.",
    ),
    "x100": Words(
        "× 100",
        "CPM × 100, or CPM / 100",
        "The source sends cents, or costs in cents beside a CPM in units: set the field's unit in its mapping.",
    ),
    "per_reach": Words(
        "Per reach",
        "cost / reach × 1000",
        "The source divides by people reached, not by impressions: label it so, and do not compare it with a CPM.",
    ),
    "mean": Words(
        "Mean of ratios",
        "the plain mean of the CPMs of several rows",
        "The source averages CPMs where it should divide sums: use the recomputed value, and tell the source.",
    ),
}
_ROI: dict[CauseName, Words] = {
    "roas": Words(
        "ROAS called ROI",
        "revenue / cost, without − 1",
        "The source sends ROAS under the name of ROI: it reads exactly 1 (100%) too high. Quote the recomputed value.",
    ),
    "percent": Words(
        "In percent",
        "ROI × 100",
        "The source sends percent, not a fraction: set the field's unit in its mapping.",
    ),
    "roas_percent": Words(
        "ROAS in percent, called ROI",
        "revenue / cost × 100",
        "The source sends ROAS in percent under the name of ROI: set the unit, and quote the recomputed value.",
    ),
    "mean": Words(
        "Mean of ratios",
        "the plain mean of the ROIs of several rows",
        "The source averages ROIs where it should divide sums: use the recomputed value, and tell the source.",
    ),
}
FORMULAS: dict[RatioName, str] = {"cpm": "cost / impressions × 1000", "roi": "(revenue − cost) / cost"}


def words_of(measure: RatioName, name: CauseName) -> Words:
    return (_COMMON | (_CPM if measure == "cpm" else _ROI))[name]


def as_sent(measure: RatioName, said: Decimal, value: Fraction | None) -> str:
    """A value with as many decimals as `said`, what the source sends, has: so what agrees reads alike.

    ROI is in per cent, as everywhere.
    """
    if value is None:
        return formatting.UNDEFINED
    exponent = said.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    if measure == "cpm":
        return _decimal(value, places)
    return f"{_decimal(value * 100, max(places - 2, 0))}%"


def _decimal(value: Fraction, places: int) -> str:
    return f"{rounded(value, places):,.{places}f}".replace("-", formatting.MINUS)


def inline_label(measure: RatioName, name: CauseName) -> str:
    """The label inside of a sentence: per reach, but ROAS called ROI."""
    label = words_of(measure, name).label
    return label if label[:2].isupper() else label[0].lower() + label[1:]


def cause_label(measure: RatioName, name: CauseName, fits: Sequence[CauseName]) -> str:
    """The cause in a row: its label, and for an ambiguous one those that fit."""
    label = words_of(measure, name).label
    return label if name != "ambiguous" else f"{label}: {' or '.join(inline_label(measure, one) for one in fits)}"
