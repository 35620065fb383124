"""A campaign's flight and budget in words and one bar."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import streamlit as st

from perfdash import words
from perfdash.accounts import Days
from perfdash.asof import AsOf, today_at
from perfdash.domain.campaigns import CampaignRow
from perfdash.ui import wiring
from perfdash.ui.plain import plain
from perfdash.ui.tables import used


def flight_line(row: CampaignRow) -> None:
    """Whose it is, where it runs, from when to when."""
    parts = [row.client, row.status or "", words.listed(row.platforms), _flight(row), row.campaign]
    st.caption(" · ".join(plain(part, 120) for part in parts if part))


def _flight(row: CampaignRow) -> str:
    if row.flight_start and row.flight_end and row.flight_start <= row.flight_end:
        return f"flight {words.days(Days(row.flight_start, row.flight_end))}"
    if row.flight_start:
        return f"from {words.day(row.flight_start)}"
    return f"until {words.day(row.flight_end)}" if row.flight_end else ""


def budget_bar(row: CampaignRow, stored_from: date | None, as_of: AsOf | None = None) -> None:
    """Cost of the whole flight against the budget; `stored_from` is the client's first stored day."""
    share = used(row)
    if share is None or row.flight_cost is None:
        st.caption("The source reports no budget for this campaign.")
        return
    spent, budget = words.micros(row.flight_cost, row.currency), words.micros(row.budget, row.currency)
    over = f" · :red[**{plain(words.percent(share - 1, 1))} over budget**]" if share > 1 else ""
    today = today_at(as_of, "UTC", wiring.now())
    text = f"Spent {plain(spent)} of {plain(budget)} ({plain(words.percent(share, 1))}){_elapsed(row, today)}{over}"
    st.progress(min(1.0, float(share)), text=text)
    if stored_from and row.flight_start and row.flight_start < stored_from:
        st.caption(f"Earlier days than {words.day(stored_from)} were never fetched, so their cost is not in this.")


def _elapsed(row: CampaignRow, today: date) -> str:
    """How much of the flight is over, by whole days in UTC: a hint beside the bar, not a figure."""
    if not row.flight_start or not row.flight_end or row.flight_start > row.flight_end:
        return ""
    whole = (row.flight_end - row.flight_start).days + 1
    passed = min(max((today - row.flight_start).days, 0), whole)
    return f" · {plain(words.percent(Fraction(passed, whole), 0))} of the flight is over"
