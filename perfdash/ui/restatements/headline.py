"""The headline of what changed: then, now and the difference of days that were complete then; the rest stands apart."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from perfdash.domain import as_of as as_of_rules
from perfdash.domain.as_of import AtRevisions
from perfdash.domain.question import Question
from perfdash.domain.restatements import LABELS, RestatedField
from perfdash.domain.then_and_now import ThenNow
from perfdash.presentation import formatting
from perfdash.presentation.corrections import corrections_between
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.corrections import read as correction_read
from perfdash.ui.restatements.comparison import ComparedDays
from perfdash.ui.restatements.since import Since
from perfdash.ui.restatements.values import amount, bare, signed_share, signed_text
from perfdash.ui.runtime import browser, context

_SHOWN = 20


def context_line(question: Question, since: Since, whole: ComparedDays, *, limited: bool) -> None:
    """Which days are compared, and with what. `limited`: a CPM limit was asked for."""
    days = f"{formatting.days(whole.days)}, complete" if whole.days else "No complete day"
    st.caption(
        f"{days} at {escape_markdown(since.told)} · against {until(question)} · as the sources report it, without "
        "corrections"
    )
    if limited:
        st.caption(":material/filter_alt_off: The CPM limit is not applied here: a row can move across it.")
    if since.clients and not question.principal.sees_all and set(question.clients) - set(since.clients):
        st.caption("Only the clients of this export are compared.")


def until(question: Question) -> str:
    """The later moment in a sentence."""
    return "now" if question.as_of is None else "the moment you look back to"


def sentence(field: RestatedField, one: ThenNow) -> str:
    """Cost 29,792.88 → 30,368.69 EUR: +575.81 (+1.9%)."""
    then, now = one.sides(field)
    sides = f"{bare(field, then, one.currency)} → {amount(field, now, one.currency)}"
    difference = one.difference(field)
    if not difference:
        return f"{LABELS[field]} {amount(field, now, one.currency)}: in sum what it was"
    share = one.share(field)
    relative = "" if share is None else f" ({signed_share(share)})"
    return f"{LABELS[field]} {sides}: {signed_text(field, difference, one.currency)}{relative}"


def sentences(field: RestatedField, totals: Sequence[ThenNow], whole: ComparedDays) -> None:
    """The headline, a line per currency; a calm word when nothing changed."""
    since = whole.since
    changed = [one for one in totals if one.moved.events or one.differs(field)]
    if whole.days is None:
        st.info(
            f"No day in view was complete at {escape_markdown(since.told)}, so there is nothing to hold against it.",
            icon=":material/hourglass_empty:",
            title="Nothing to compare",
        )
    elif not changed:
        st.info(
            f"Nothing changed since {escape_markdown(since.told)} on the days that were complete then.",
            icon=":material/check_circle:",
            title="No restatement",
        )
    for one in changed:
        line = escape_markdown(sentence(field, one))
        if len(changed) == 1:
            st.header(line)
            st.caption(counted(field, one))
            continue
        with st.container(gap=None):
            st.markdown(f"**{line}**")
            st.caption(counted(field, one))


def counted(field: RestatedField, one: ThenNow) -> str:
    """8 days restated, 1 of them after it was final (+17.36): 1,204 changes of rows, 3 vanished; the last ..."""
    moved = one.moved
    later = one.first_reported(field)
    first = f"First reported later: {signed_text(field, later, one.currency)}." if later else ""
    if not moved.events:
        return first
    days = formatting.plural(len(moved.days), "day restated", "days restated")
    late = ""
    if moved.late_days:
        was = "it was" if len(moved.late_days) == 1 else "they were"
        part = signed_text(field, one.late.difference(field) or 0, one.currency)
        late = f", {len(moved.late_days)} of them after {was} final ({part})"
    parts = [formatting.plural(moved.events, "change of a row", "changes of rows")]
    parts += [f"{moved.vanished:,} vanished"] if moved.vanished else []
    parts += [f"{moved.reappeared:,} reappeared"] if moved.reappeared else []
    return f"{days}{late}: {', '.join(parts)}; the last one {browser.clock(moved.last_at)}. {first}".rstrip()


def filling(field: RestatedField, side: ComparedDays) -> None:
    """The days that were not complete then: what was known of them, and what is now. Never part of the headline."""
    if side.days is None:
        return
    lines = [
        f"{bare(field, then or 0, one.currency)} → {amount(field, now or 0, one.currency)}"
        for one in side.totals()
        for then, now in [one.sides(field)]
        if one.differs(field)
    ]
    said = f"{LABELS[field]} {'; '.join(lines)}" if lines else f"{LABELS[field]} is what was known then"
    st.caption(
        escape_markdown(
            f"Still filling at {side.since.told}, and not counted above: {formatting.days(side.days)}. {said}.", 400
        )
    )


def corrections(question: Question, since: Since) -> None:
    """What people corrected meanwhile: told apart, since no platform changed it."""
    now = browser.now()
    moment = since.known if isinstance(since.at, AtRevisions) else since.at
    begin, end = as_of_rules.last_moment(moment, "UTC", now), as_of_rules.last_moment(question.as_of, "UTC", now)
    made = correction_read.list_corrections(context.store(), question.at(None))
    found = corrections_between(made, begin, end, question.filters.platforms)
    if not found:
        return
    with st.expander(
        f"{formatting.plural(len(found), 'decision')} of people in that time (corrections, not restatements)"
    ):
        for one in found[:_SHOWN]:
            what = f"{one.field} of {one.campaign}, {one.platform}, {formatting.day(one.day)} {one.what}: {one.reason}"
            st.markdown(f"{browser.clock(one.at)} · {escape_markdown(what, 300)}")
        if len(found) > _SHOWN:
            st.caption(f"and {len(found) - _SHOWN:,} more")
