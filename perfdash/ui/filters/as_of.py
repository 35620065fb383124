"""Which state of the numbers is shown: the moment they are shown as of, and whether corrections count.

Both are one control and one key in the URL. A moment is a day, its end in each client's zone, or an instant with its
offset; none is now. What is typed or linked is read strictly, and what cannot be used is said.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.as_of import AsOf, last_monday, parse
from perfdash.domain.errors import UsageError
from perfdash.domain.question import Question
from perfdash.presentation import formatting, moments
from perfdash.presentation.escaping import escape_markdown
from perfdash.store import receipts
from perfdash.store.query import overview
from perfdash.ui.filters import url as filter_url
from perfdash.ui.runtime import browser, cache, context, reader

KEY, VALUES = "as_of", "values"
COUNTED, RAW = filter_url.VALUES
_CALENDAR = "as_of_day"
_MOST_LEDGERS = 3
_DRAWN, _SECOND = "_moment_drawn", "_second_place"


def control(principal: Principal, latest: date) -> tuple[AsOf | None, tuple[str, ...]]:
    """The moment that is asked for, None for now, and a phrase if it cannot be used; `latest` is anybody's today."""
    _carry()
    asked: str = st.session_state.get(KEY) or ""
    try:
        found, unusable = _past(asked, latest), ""
    except UsageError as error:
        found, unusable = None, f"as_of “{asked}”{error}"
    _calendar(found, latest)
    _shortcuts(principal, found, latest)
    return found, (unusable,) if unusable else ()


def _carry() -> None:
    """The moment as text and in the URL, out of sight: a calendar knows days, and a moment may be finer."""
    with st.container(key=f"{KEY}_text"):
        st.text_input("As of, in the address", key=KEY, bind="query-params", label_visibility="collapsed")
    st.html(f"<style>.st-key-{KEY}_text {{ display: none }}</style>")


def _calendar(found: AsOf | None, latest: date) -> None:
    day = found.astimezone(ZoneInfo(browser.zone())).date() if isinstance(found, datetime) else found
    st.session_state[_CALENDAR] = day if isinstance(day, date) else None
    st.date_input(
        escape_markdown(f"As of {moments.told(found, browser.zone())}"),
        value=None,
        key=_CALENDAR,
        min_value=filter_url.EARLIEST,
        max_value=latest,
        format="YYYY-MM-DD",
        on_change=_day_chosen,
        help="Everything as it was known at the end of that day, in each client's time zone. A moment with its offset "
        "from UTC goes into the address: as_of=2026-03-01T12:00Z.",
    )


def _day_chosen() -> None:
    day = st.session_state.get(_CALENDAR)
    st.session_state[KEY] = str(day) if isinstance(day, date) else ""


def _shortcuts(principal: Principal, found: AsOf | None, latest: date) -> None:
    """One click to the moments that are asked for most."""
    report = receipts.last_report(context.store(), principal)
    with st.container(horizontal=True, gap="small", key=f"{KEY}_shortcuts"):
        _shortcut("Last Monday", str(last_monday(latest)), f"The end of {formatting.weekday(last_monday(latest))}")
        if report is not None:
            _shortcut("My last report", _text(report.shown_at), f"Your export of {browser.clock(report.parts[0].at)}")
        if found is not None:
            _shortcut("Now", "", "What is known now")


def _shortcut(label: str, text: str, meaning: str) -> None:
    st.button(label, key=f"as_of_{label}", on_click=_go_to, args=(text,), type="tertiary", help=meaning)


def _go_to(text: str) -> None:
    st.session_state[KEY] = text


def _text(moment: AsOf) -> str:
    """To the last digit: what was exported a moment after a sync has that sync in it."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(moment)


def _past(text: str, latest: date) -> AsOf | None:
    """What `text` says when it is a moment that is over; else a UsageError that goes on after the text."""
    if not text:
        return None
    try:
        found = parse(text)
    except UsageError as error:
        raise UsageError(", which lacks its offset from UTC" if "offset" in str(error) else "") from None
    day = found.date() if isinstance(found, datetime) else found
    if day < filter_url.EARLIEST:
        raise UsageError("")
    if found > context.now() if isinstance(found, datetime) else found >= latest:
        raise UsageError(", which is not over yet")
    return found


def back_to_now() -> None:
    """Leave the past, in the URL too."""
    if KEY in st.session_state:
        st.session_state[KEY] = ""


def counts_raw() -> bool:
    """True when what the sources reported is to be shown. Offered only where something was corrected."""
    if st.session_state.get(VALUES) not in (COUNTED, RAW):
        st.session_state[VALUES] = COUNTED
    with st.container(key="filter_values"):
        chosen = st.segmented_control(
            "Corrections",
            filter_url.VALUES,
            key=VALUES,
            bind="query-params",
            required=True,
            help=f"counted: what {reader.team()} corrected counts everywhere. "
            "raw: every number as its source reported it.",
        )
    return chosen == RAW


def as_of_text(as_of: AsOf) -> str:
    """the end of Tue 3 Mar 2026; or Sun 1 Mar 2026, 13:00 on the viewer's clock."""
    return moments.told(as_of, browser.zone())


def body(question: Question) -> AbstractContextManager[Any]:
    """Where the page is drawn. With another moment it changes places and the old one is emptied at once: no number
    stands under a banner that does not speak of it. (An emptied place cannot be drawn in: Streamlit sends the last
    only of what stood in one.)
    """
    state = st.session_state
    if state.get(_DRAWN, question.as_of) != question.as_of:
        state[_SECOND] = not state.get(_SECOND, False)
    state[_DRAWN] = question.as_of
    if state.get(_SECOND, False):
        st.empty()
        return st.container()
    place = st.container()
    st.empty()
    return place


def banner(question: Question, *, obeyed: bool = True) -> None:
    """While a past is shown: which, how much was recorded since, and one click back. Not `obeyed`: it shows now."""
    as_of = question.as_of
    if as_of is None:
        return
    if question.principal.lock is not None:
        if obeyed:
            moment = escape_markdown(as_of_text(as_of))
            st.caption(f":material/history: As it was on {moment}: what was reported or corrected later is not in it.")
        return
    about = f"what was known then. {_recorded_since(question)} since" if obeyed else "this page always shows now"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"**As of {escape_markdown(as_of_text(as_of))}**: {about}.", icon=":material/history:", width="stretch")
        st.button("Back to now", on_click=back_to_now, type="primary", icon=":material/update:", key="back_to_now")


def _recorded_since(question: Question) -> str:
    """14 syncs with changes and 1 correction: how much was recorded after the question's moment."""
    kinds = overview.recorded_since(context.store(), question)
    corrections = sum(kinds.pop(kind, 0) for kind in ("correction", "revert"))
    parts = [formatting.plural(sum(kinds.values()), "sync with changes", "syncs with changes")]
    parts += [formatting.plural(corrections, "correction")] if corrections else []
    return formatting.enumerate_names(parts)


def nothing_known_yet(question: Question) -> bool:
    """Say so, and when the ledgers begin, where nothing had been stored at its moment; False when something had."""
    store = context.store()
    known = () if question.as_of is None else overview.revisions_at(store, question)
    if not known or any(revision for _, revision in known):
        return False
    begun = [
        f"the ledger of {client} begins on {formatting.day(at.astimezone(ZoneInfo(browser.zone())).date())}"
        for client, at in cache.begins(question)
    ]
    line = formatting.enumerate_names(begun, _MOST_LEDGERS) or "no ledger has begun"
    st.info(
        escape_markdown(f"At this moment nothing was known yet; {line}.", 400),
        title="Before the first sync",
        icon=":material/history:",
    )
    return True
