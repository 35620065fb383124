"""Pace on screen: columns beside a campaign's cost, and the bar, the sentence and the notice on its own page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import streamlit as st

from perfdash.domain.campaigns import CampaignRow
from perfdash.domain.facts import MICRO
from perfdash.domain.pacing import Delivery, Pace
from perfdash.presentation import formatting, pacing
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.components.tables import Shown


def columns(deliveries: Iterable[Delivery]) -> tuple[Shown, ...]:
    """Where each campaign stands against its plan: of rows that have a `ref` and a `currency`.

    The index and the state first; without money the state says no more than that a campaign stalled.
    """
    found = {(one.ref, one.currency): one for one in deliveries}
    paces = {key: one.pace for key, one in found.items()}

    def of(value: Callable[[Pace], Any]) -> Callable[[Any], Any]:
        def shown(row: Any) -> Any:
            pace = paces.get((row.ref, row.currency))
            return None if pace is None else value(pace)

        return shown

    def state(row: Any) -> str:
        one, pace = found.get((row.ref, row.currency)), paces.get((row.ref, row.currency))
        return pacing.WORDS[pace.band] if pace else pacing.WORDS["stalled"] if one and one.is_silent else ""

    return (
        Shown("pace", "Pace", "percent", of(lambda pace: pace.index)),
        Shown("pace_state", "State", "text", state),
        Shown("planned", "Planned to date", "money", of(lambda pace: pace.planned / MICRO)),
        Shown("forecast", "Forecast", "money", of(lambda pace: pace.forecast / MICRO)),
    )


def draw_pace(row: CampaignRow, deliveries: Iterable[Delivery], stored_from: date | None) -> None:
    """How far the campaign of `row` is, without money whether it stalled; `stored_from` is the first stored day."""
    found = next((one for one in deliveries if (one.ref, one.currency) == (row.ref, row.currency)), None)
    pace = found.pace if found else None
    if found is not None and (found.is_silent if pace is None else pace.band == "stalled"):
        st.warning(f"{escape_markdown(pacing.stall(found), 300)}.", icon=":material/pause_circle:", title="Stalled")
    if found is None or pace is None:
        _without_pace(row)
        return
    st.html(pacing.bar(pace))
    st.markdown(f"{escape_markdown(pacing.sentence(pace, found.currency), 400)}.")
    st.caption(f"{escape_markdown(_of_budget(pace, found), 300)}.")
    if stored_from and found.flight.start < stored_from:
        st.caption(f"Earlier days than {formatting.day(stored_from)} were never fetched, so their cost is not in this.")


def _of_budget(pace: Pace, found: Delivery) -> str:
    """The bar in words: 57.00% of a budget of 100.00 EUR is spent; 6 of 10 days are over, to 6 Nov 2026 (the mark)."""
    days = f"{pace.elapsed} of {formatting.plural(pace.length, 'day')} {'is' if pace.elapsed == 1 else 'are'} over"
    until = f", to {formatting.day(found.complete_to)}" if found.complete_to else ""
    budget = pacing.amount(pace.budget, found.currency)
    return f"{pacing.share(pace.share_spent)} of a budget of {budget} is spent; {days}{until} (the mark)"


def _without_pace(row: CampaignRow) -> None:
    """Why none can be told, to those who see money: what the source does not report."""
    if row.flight_cost is None:
        return
    spent = pacing.amount(row.flight_cost, row.currency)
    if row.budget is None:
        st.caption("The source reports no budget for this campaign.")
    elif row.flight_start is None or row.flight_end is None:
        of_budget = f"Spent {spent} of a budget of {pacing.amount(row.budget, row.currency)}"
        st.caption(f"{escape_markdown(of_budget, 200)}. The source reports no flight to plan it over.")
