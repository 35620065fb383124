"""The platforms side by side: a measure per row, a platform per column, how far apart they are at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import streamlit as st

from perfdash.domain.metrics import Sums, change, made_of_money
from perfdash.domain.question import Question
from perfdash.presentation import formatting, glossary, kpis
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui import downloads
from perfdash.ui.overview.snapshot import Snapshot, added, total

MEASURES = ("cost", "impressions", "clicks", "cpm", "ctr", "cpc", "roas", "engagement_rate", "cpv")
MOST = 5
"""More platforms do not fit side by side; the costliest stand here, the Campaigns page has all."""


@dataclass(frozen=True, slots=True)
class PivotRow:
    """A measure of each platform, as it reads. `apart`: the second against the first, where there are just two."""

    label: str
    cells: tuple[str, ...]
    apart: str


def pivot(shot: Snapshot) -> tuple[tuple[str, ...], tuple[PivotRow, ...]]:
    """The platforms, the one with the most cost (impressions without money) first, and their rows."""
    money = shot.question.principal.money
    size = "cost" if money else "impressions"
    sums = added(shot.groups, lambda group: group.platform)
    names = sorted(sums, key=lambda name: (-(getattr(sums[name], size) or 0), name))[:MOST]
    rows = [_share(size, [sums[name] for name in names], total(sums.values()))]
    told = (name for name in MEASURES if money or not made_of_money(name))
    rows += [_row(name, shot.currency, [sums[one] for one in names]) for name in told]
    return tuple(names), tuple(row for row in rows if any(cell != formatting.UNDEFINED for cell in row.cells))


def _share(size: str, each: Sequence[Sums], whole: Sums) -> PivotRow:
    all_of_it = getattr(whole, size) or 0
    shares = [Fraction(getattr(sums, size) or 0, all_of_it) if all_of_it else None for sums in each]
    cells = tuple(formatting.figure(share, "percent") for share in shares)
    return PivotRow(f"Share of {size}", cells, _apart(shares, "percent"))


def _row(name: str, currency: str, each: Sequence[Sums]) -> PivotRow:
    unit = formatting.unit_of(name)
    values = [kpis.value(name, kpis.Total(currency, sums)) for sums in each]
    label = glossary.entry_of(name).label
    named = f"{label} ({currency})" if unit in ("money", "price") and currency else label
    return PivotRow(named, tuple(formatting.digits(v, unit, currency) for v in values), _apart(values, unit))


def _apart(values: Sequence[Fraction | None], unit: formatting.Unit) -> str:
    """Of two: how far the second is from the first."""
    if len(values) != 2 or None in values:
        return formatting.UNDEFINED
    first, second = (value or Fraction(0) for value in values)
    return formatting.change(second - first if unit == "percent" else change(second, first), unit)


def platforms(question: Question, shot: Snapshot) -> None:
    """A table of text: each row has a unit of its own, so that nothing is there to be sorted. The CSV holds all."""
    names, rows = pivot(shot)
    two = len(names) == 2
    lines = [_line(["", *names, *(["Difference"] if two else [])]), "|:--" + "|--:" * (len(names) + two) + "|"]
    lines += [_line([row.label, *row.cells, *([row.apart] if two else [])]) for row in rows]
    with st.container(border=True, height="stretch", key="platforms"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown("**Platforms**", width="content")
            downloads.csv(question, "overview", key="overview_platforms_csv")
        st.markdown("\n".join(lines))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(escape_markdown(cell, 60) for cell in cells)} |"
