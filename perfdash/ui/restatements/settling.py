"""How the days of each platform settle: how far they still move after they end."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from perfdash.domain.settlement import FEWEST_DAYS, Curve
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.components.tables import Shown, draw


def settling(curves: Sequence[Curve] | None, *, money: bool) -> None:
    """One small table: what was still to move after the end of a day, and after each day from then on."""
    what = "cost" if money else "impressions"
    st.header("How your days settle")
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
    last = max(len(curve.points) for curve in told)
    several = len({curve.currency for curve in told}) > 1
    columns = [
        Shown("platform", "Platform", "text", lambda curve: curve.platform, pinned=True),
        Shown("currency", "Currency", "text", lambda curve: curve.currency if several else ""),
        *(_column(after) for after in range(last)),
        Shown("days", "Days", "count", lambda curve: curve.days, "final days of two months, fetched as they settled"),
    ]
    draw(told, columns, alt=f"How far {what} was from its last value, by days after the day's end", key="settling")
    few = [_name(curve) for curve in curves if not curve.enough]
    if few:
        st.caption(f"Too few days to tell for {escape_markdown(formatting.enumerate_names(few))}.")
    st.caption(
        f"How far the {what} known then was from the {what} known last: the differences of the days, added without "
        "their signs, as a part of the whole. Only days that a fetch had just covered count."
    )


def _name(curve: Curve) -> str:
    return f"{curve.platform}, {curve.currency}" if curve.currency else curve.platform


def _column(after: int) -> Shown:
    label = "At day's end" if after == 0 else f"+{after} d"
    return Shown(
        f"after_{after}",
        label,
        "percent",
        lambda curve: curve.points[after].moved if after < len(curve.points) else None,
        f"still to move {formatting.plural(after, 'day')} after the day's end",
    )
