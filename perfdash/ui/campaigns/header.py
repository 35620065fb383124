"""The parts that pages are made of: headline tiles, and the lines that say what is in view and how fresh it is."""

from __future__ import annotations

import streamlit as st

from perfdash.domain.filters import Grain
from perfdash.domain.question import Question
from perfdash.presentation import formatting, periods
from perfdash.presentation.columns import Origins
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.query.overview import LeftOut
from perfdash.ui.campaigns.headline import Headline
from perfdash.ui.components.kpis import tiles
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.runtime import browser, cache
from perfdash.ui.sync_health import refresh
from perfdash.ui.sync_health.progress import sync_button


def draw_tiles(found: Headline, *, money: bool, without: tuple[str, ...] = ()) -> None:
    """The tiles, but for those `without`. Several currencies do not add up: counts first, then a row for each."""
    if not money:
        rows = [found.counts()]
    elif len(found.currencies) == 1:
        rows = [found.of(found.currencies[0], everything=True)]
    else:
        rows = [found.counts(), *(found.of(currency, everything=False) for currency in found.currencies)]
    for row in rows:
        tiles([figure for figure in row if figure.name not in without])


def days_line(asked: Selection) -> str:
    """The days in view, each client's where they differ: 23 Oct – 21 Nov 2026."""
    return periods.told(asked.period.days, asked.period.ranges, cache.client_names(asked.question.principal))


def change_line(asked: Selection, found: Headline) -> str:
    """change against 23 Sep – 22 Oct 2026; or why none is shown, '' where none was asked for."""
    if found.before is None:
        return f"no change shown: {found.why}" if found.why else ""
    cut = asked.period.current
    till = f" (complete days only, to {formatting.day(cut.end)})" if cut and cut != asked.period.days else ""
    return f"{found.against}{till}"


def draw_context(
    asked: Selection, found: Headline, *, shows_days: bool = True, shows_change: bool = True, also: str = ""
) -> Origins:
    """What is in view and how fresh it is; offers a sync when it is old. Returns where the numbers come from.

    `shows_days`: the page has not said them yet. `shows_change`: it shows one, so that what it is measured against
    belongs to it. How it is made fair and what else is to be known, `also`, stand behind a question mark: only what
    warns has a line of its own.
    """
    question = asked.question
    origins = cache.origins(question)
    known = origins.values()
    times = [origin.fetched_at for origin in known if origin.fetched_at]
    oldest = min(times, default=None)
    final = [origin.final_to for origin in known]
    last = min((day for day in final if day), default=None) if all(final) else None
    ends = f"final to {formatting.day(last)}" if last else "not final yet"
    parts = [days_line(asked) if shows_days else "", change_line(asked, found) if shows_change else ""]
    lines = [
        " · ".join(
            [*(escape_markdown(part, 600) for part in parts if part), f"data fetched {browser.clock(oldest)}", ends]
        )
    ]
    more = [f"{escape_markdown(part, 400)}." for part in (found.fairness if shows_change else "", also) if part]
    if shows_change and found.warns:
        lines.append(f":material/balance: {more.pop(0)}")
    st.caption("  \n".join(lines), help="\n\n".join(more) or None)
    if question.as_of is None and question.principal.lock is None and refresh.is_old(question):
        st.caption(f":material/schedule: This data is older than {refresh.OLD_AFTER.seconds // 3600} hours.")
        sync_button(question.principal, question.clients, "Sync now", key="sync_old_data", view=question.filters.days)
    return origins


def draw_left_out(question: Question) -> None:
    """The line about what a CPM limit leaves out, in money, and one click to judge by the other grain."""
    found = cache.left_out(question)
    if not found:
        return
    grain = question.filters.cpm_grain
    whole = sum(one.cost for one in found) + sum(group.sums.cost or 0 for group in cache.groups(question))
    with st.container(horizontal=True, vertical_alignment="center", key="left_out"):
        parts = [_left_out(one, grain) for one in found]
        of_all = f" of {formatting.micros(whole, found[0].currency)}"
        line = f"CPM limit, applied to each {grain}, leaves out {' and '.join(parts)}{of_all}"
        st.caption(f":material/filter_alt: {escape_markdown(line, 400)}.", width="content")
        if question.principal.lock is not None:  # fixed, as the limit is
            return
        st.button(
            "Apply to whole campaigns instead" if grain == "row" else "Apply to each row instead",
            key="other_grain",
            on_click=_judge_by,
            args=("campaign" if grain == "row" else "row",),
            type="tertiary",
        )


def _left_out(one: LeftOut, grain: str) -> str:
    """12 rows over it, 17,032.12 USD"""
    why = "without impressions" if one.undefined else "over it"
    return f"{formatting.plural(one.rows, grain)} {why}, {formatting.micros(one.cost, one.currency)}"


def _judge_by(grain: Grain) -> None:
    st.session_state["cpm_grain"] = grain
