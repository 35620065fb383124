"""The parts that pages are made of: headline tiles, and the lines that say what is in view and how fresh it is."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from perfdash.presentation import formatting, periods
from perfdash.presentation.columns import Origins
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.query import catalog
from perfdash.store.query.overview import Undefined
from perfdash.ui.campaigns.headline import Headline
from perfdash.ui.components.kpis import tiles
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.runtime import browser, cache, context
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


def period_line(asked: Selection, found: Headline, *, shows_change: bool = True) -> str:
    """23 Oct – 21 Nov 2026 · change against 23 Sep – 22 Oct 2026; without `shows_change` the days alone."""
    names = {client.slug: client.name for client in catalog.clients(context.store(), asked.question.principal)}
    line = periods.told(asked.period.days, asked.period.ranges, names)
    if not shows_change:
        return line
    if found.before is None:
        return f"{line} · no change shown: {found.why}" if found.why else line
    cut = asked.period.current
    till = f" (complete days only, to {formatting.day(cut.end)})" if cut and cut != asked.period.days else ""
    return f"{line} · {found.against}{till}"


def draw_context(asked: Selection, found: Headline, *, shows_change: bool = True) -> Origins:
    """What is in view and how fresh it is; offers a sync when it is old. Returns where the numbers come from.

    `shows_change`: the page shows one, so that what it is measured against belongs to it.
    """
    question = asked.question
    origins = cache.origins(question)
    known = origins.values()
    times = [origin.fetched_at for origin in known if origin.fetched_at]
    oldest = min(times, default=None)
    final = [origin.final_to for origin in known]
    last = min((day for day in final if day), default=None) if all(final) else None
    ends = f"final to {formatting.day(last)}" if last else "not final yet"
    line = escape_markdown(period_line(asked, found, shows_change=shows_change), 600)
    st.caption(f"{line} · data fetched {browser.clock(oldest)} · {ends}")
    if shows_change and found.fairness:
        st.caption(f":material/balance: {escape_markdown(found.fairness, 400)}.")
    if question.as_of is None and question.principal.lock is None and refresh.is_old(question):
        st.caption(f":material/schedule: This data is older than {refresh.OLD_AFTER.seconds // 3600} hours.")
        sync_button(question.principal, question.clients, "Sync now", key="sync_old_data", view=question.filters.days)
    return origins


def draw_left_out(rows: Sequence[Undefined], grain: str) -> None:
    """The line about what a CPM limit left out because it has no CPM."""
    for row in rows:
        what = formatting.plural(row.rows, "row" if grain == "row" else "campaign")
        cost = formatting.micros(row.cost, row.currency)
        st.caption(f":material/filter_alt: Left out: {what} with cost but no impressions, {escape_markdown(cost)}.")
