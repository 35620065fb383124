"""How the days of each platform settle, from the ledger: a line in words and a small table."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from perfdash import words
from perfdash.settling import FEWEST_DAYS, Curve
from perfdash.ui.plain import plain
from perfdash.ui.tables import Shown, draw

_TOLD = 2


def show(curves: Sequence[Curve] | None, *, money: bool) -> None:
    """Movement after the end of a day, and after each day from then on."""
    what = "cost" if money else "impressions"
    st.subheader("How your days settle")
    if curves is None:
        st.caption("Choose some clients: this is computed for a few at a time.")
        return
    told = [curve for curve in curves if curve.enough]
    if not told:
        st.caption(
            f"Too few days to tell: it takes {FEWEST_DAYS} final days that were fetched as they settled. A few weeks "
            "of daily syncs will do."
        )
        return
    st.markdown("  \n".join(_sentence(curve) for curve in told))
    last = max(len(curve.points) for curve in told)
    columns = [
        Shown("platform", "Platform", "text", _name, pinned=True),
        Shown(
            "days",
            "Days",
            "count",
            lambda row: row.days,
            "final days of the last two months that were fetched as they settled",
        ),
        *(_column(after) for after in range(last)),
    ]
    draw(curves, columns, alt=f"How far {what} was from its last value, by days after the day's end", key="settling")
    few = [_name(curve) for curve in curves if not curve.enough]
    if few:
        st.caption(f"Too few days to tell for {plain(words.listed(few))}.")
    st.caption(
        f"How far the {what} known then was from the {what} known last: the differences of the days, added without "
        "their signs, as a part of the whole. Only days that a fetch had just covered count."
    )


def _name(curve: Curve) -> str:
    return f"{curve.platform}, {curve.currency}" if curve.currency else curve.platform


def _column(after: int) -> Shown:
    label = "At day's end" if after == 0 else f"+{after} d"
    return Shown(
        f"after_{after}", label, "percent",
        lambda row: row.points[after].moved if after < len(row.points) else None,
        f"still to move {words.plural(after, 'day')} after the day's end",
    )  # fmt: skip


def _sentence(curve: Curve) -> str:
    """Your TikTok days move 3.1% after day 1, 0.4% after day 4."""
    points = [point for point in curve.points if point.moved is not None and point.after > 0] or list(curve.points)
    first, later = points[0], points[len(points) // 2]
    chosen = [first] if later is first else [first, later]
    told = ", ".join(f"{words.percent(point.moved, 1)} after day {point.after}" for point in chosen[:_TOLD])
    return f"Your {plain(_name(curve))} days move {told}."
