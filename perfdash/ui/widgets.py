"""The parts that pages are made of: headline tiles, and the lines that say what is in view and how fresh it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from perfdash import export, words
from perfdash.export import Origins
from perfdash.metrics import METRICS, rounded
from perfdash.store.queries import Undefined
from perfdash.summary import MONEY, Figure
from perfdash.ui import actions, cache, viewer
from perfdash.ui.drawings import CORRECTED
from perfdash.ui.filters import Selection
from perfdash.ui.plain import plain
from perfdash.ui.questions import Headline
from perfdash.ui.syncing import sync_button

MOST_IN_A_ROW = 6
NARROWEST_TILE = 150
_COLORS = {"higher": "normal", "lower": "inverse", "neutral": "off"}


def headline(found: Headline, *, money: bool, without: tuple[str, ...] = ()) -> None:
    """The tiles, but for those `without`. Several currencies do not add up: counts first, then a row for each."""
    if not money:
        rows = [found.counts()]
    elif len(found.currencies) == 1:
        rows = [found.of(found.currencies[0], everything=True)]
    else:
        rows = [found.counts(), *(found.of(currency, everything=False) for currency in found.currencies)]
    for row in rows:
        tiles([figure for figure in row if figure.name not in without])


def tiles(figures: Sequence[Figure]) -> None:
    """One tile per figure: short on its face, exact in its help. Ten stand in two rows, as do eight."""
    with st.grid(
        len(figures) if len(figures) <= MOST_IN_A_ROW else -(-len(figures) // 2),
        min_column_width=NARROWEST_TILE,
        gap="small",
    ):
        for figure in figures:
            _tile(figure)


def _tile(figure: Figure) -> None:
    # The unit stands in the label: beside the number it would be cut off on a narrow tile.
    label = f"{figure.label} ({figure.currency})" if figure.currency and figure.name in MONEY else figure.label
    if figure.corrected:
        label += f" {CORRECTED}"
    delta = _delta(figure)
    moved = delta[0] in "+-"
    st.metric(
        label,
        face(figure),
        delta,
        delta_color=_COLORS[figure.better] if moved else "off",  # type: ignore[arg-type]
        delta_arrow="auto" if moved else "off",
        help=explained(figure),
        border=True,
        height="stretch",
    )


def face(figure: Figure) -> str:
    """What a tile shows."""
    if figure.kind == "count":
        return words.number(figure.value) if (figure.value or 0) < 100_000 else words.compact(figure.value)
    if figure.kind == "percent":
        return words.percent(figure.value)
    if figure.kind == "times":
        return words.times(figure.value)
    amount = words.unit_price if figure.name in METRICS else words.compact_money
    return amount(figure.value, figure.currency).removesuffix(f"{words.GAP}{figure.currency}")


def _delta(figure: Figure) -> str:
    """Streamlit reads the direction off an ASCII minus."""
    if figure.change is None:
        return words.UNDEFINED
    percent = f"{float(round(figure.change * 100, 1)):+.1f}%"
    return "0.0%" if percent in ("+0.0%", "-0.0%") else percent


def explained(figure: Figure) -> str:
    """What it means, its exact value, what it leaves out, the two values of its change, or why none is shown."""
    lines = [figure.definition]
    if figure.value is None:
        lines.append("Undefined for what is in view.")
    else:
        places = 0 if figure.kind == "count" else 6 if figure.kind == "money" else 8
        unit = figure.currency if figure.kind == "money" else ""
        lines.append(f"Exactly {export.text(rounded(figure.value, places))} {unit}".rstrip() + ".")
    if figure.note:
        lines.append(f"{figure.note[0].upper()}{figure.note[1:]}.")
    if figure.between:
        was, is_ = (face(replace(figure, value=side)) for side in figure.between)
        lines.append(f"Changed from {was} to {is_}.")
    if figure.corrected:
        lines.append(f"{corrections(figure.corrected)}.")
    if figure.why:
        lines.append(f"No change is shown: {figure.why}.")
    return "  \n".join(lines)


def corrections(rows: int) -> str:
    """2 rows here were corrected by your team"""
    return f"{words.plural(rows, 'row')} here {'was' if rows == 1 else 'were'} corrected by your team"


def period_line(asked: Selection, found: Headline) -> str:
    """23 Oct – 21 Nov 2026 · change against 23 Sep – 22 Oct 2026."""
    line = words.days(asked.period.days)
    if found.before is None:
        return f"{line} · no change shown: {found.why}" if found.why else line
    cut = asked.period.current
    till = f" (complete days only, to {words.day(cut.end)})" if cut and cut != asked.period.days else ""
    return f"{line} · {found.against}{till}"


def context(asked: Selection, found: Headline) -> Origins:
    """What is in view and how fresh it is; offers a sync when it is old. Returns where the numbers come from."""
    question = asked.question
    origins = cache.origins(question)
    known = origins.values()
    times = [origin.fetched_at for origin in known if origin.fetched_at]
    oldest = min(times, default=None)
    final = [origin.final_to for origin in known]
    last = min((day for day in final if day), default=None) if all(final) else None
    ends = f"final to {words.day(last)}" if last else "not final yet"
    st.caption(f"{period_line(asked, found)} · data fetched {viewer.clock(oldest)} · {ends}")
    if question.as_of is None and question.principal.lock is None and actions.is_old(question):
        st.caption(f":material/schedule: This data is older than {actions.OLD_AFTER.seconds // 3600} hours.")
        sync_button(question.principal, question.clients, "Sync now", key="sync_old_data", view=question.filters.days)
    return origins


def left_out(rows: Sequence[Undefined], grain: str) -> None:
    """The line about what a CPM limit left out because it has no CPM."""
    for row in rows:
        what = words.plural(row.rows, "row" if grain == "row" else "campaign")
        cost = words.micros(row.cost, row.currency)
        st.caption(f":material/filter_alt: Left out: {what} with cost but no impressions, {plain(cost)}.")
