"""Which state of the numbers is shown: the moment they are shown as of, and whether corrections count.

Both are one control and one key in the URL. A moment is a day, its end in each client's zone, or an instant with its
offset; none is now. What is typed or linked is read strictly, and what cannot be used is said.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from perfdash.domain.as_of import AsOf, AtRevisions, parse
from perfdash.domain.errors import UsageError
from perfdash.domain.question import Question
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.query import overview
from perfdash.ui.filters import url as filter_url
from perfdash.ui.runtime import browser, context

KEY, VALUES = "as_of", "values"
OFFERED = 60
"""How many days back can be chosen without typing."""
COUNTED, RAW = filter_url.VALUES
_MOST_LEDGERS = 3
_DRAWN = "_moment_drawn"


def control(latest: date) -> tuple[AsOf | None, tuple[str, ...]]:
    """The moment that is asked for, None for now, and a phrase if it cannot be used; `latest` is anybody's today."""
    asked = st.selectbox(
        "As of",
        [str(latest - timedelta(days=n)) for n in range(1, OFFERED + 1)],
        index=None,
        key=KEY,
        bind="query-params",
        placeholder="Now",
        accept_new_options=True,
        help="Everything as it was known at the end of that day, in each client's time zone. Type any earlier day, or "
        "a moment with its offset from UTC, such as 2026-03-01T12:00Z.",
    )
    if asked is None:
        return None, ()
    try:
        return _past(asked, latest), ()
    except UsageError as error:
        return None, (f"as_of “{asked}”{error}",)


def _past(text: str, latest: date) -> AsOf:
    """What `text` says when it is a moment that is over; else a UsageError that goes on after the text."""
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
        st.session_state[KEY] = None


def counts_raw() -> bool:
    """True when what the sources reported is to be shown. Offered only where something was corrected."""
    if st.session_state.get(VALUES) not in (COUNTED, RAW):
        st.session_state[VALUES] = COUNTED
    return (
        st.segmented_control(
            "Corrections",
            filter_url.VALUES,
            key=VALUES,
            bind="query-params",
            required=True,
            help="counted: what your team corrected counts everywhere. raw: every number as its source reported it.",
        )
        == RAW
    )


def as_of_text(as_of: AsOf) -> str:
    """3 March 2026, end of day; or 1 March 2026, 13:00 on the viewer's clock."""
    if isinstance(as_of, AtRevisions):
        return "the revisions of an export"
    if isinstance(as_of, datetime):
        zone = browser.zone()
        local = as_of.astimezone(ZoneInfo(zone))
        return f"{_day(local)}, {local:%H:%M} ({zone})"
    return f"{_day(as_of)}, end of day"


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def body(question: Question) -> AbstractContextManager[Any]:
    """Where the page is drawn. Emptied at once when another moment is shown: no number stands under a banner that does
    not speak of it.
    """
    moved = st.session_state.get(_DRAWN, question.as_of) != question.as_of
    st.session_state[_DRAWN] = question.as_of
    return st.empty().container() if moved else st.container()


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
        f"the ledger of {client} begins on {_day(at.astimezone(ZoneInfo(browser.zone())))}"
        for client, at in overview.begins(store, question.principal, question.clients)
    ]
    line = formatting.enumerate_names(begun, _MOST_LEDGERS) or "no ledger has begun"
    st.info(
        escape_markdown(f"At this moment nothing was known yet; {line}.", 400),
        title="Before the first sync",
        icon=":material/history:",
    )
    return True
