"""An open page follows the store: the server has it drawn again when its numbers move, and it says so quietly.

No page asks by itself whether anything has changed; `server/following` does, once for all of them.
"""

from __future__ import annotations

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.question import Question, of_every_day
from perfdash.presentation import formatting
from perfdash.store.scope import pinned
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import browser, cache, drawn_pages, streamlit_internals
from perfdash.ui.runtime.drawn_pages import Drawn
from perfdash.ui.runtime.navigation import PageRecord

_SHOWN = "_shown"


def stamp(principal: Principal, page: PageRecord) -> Drawn:
    """What the principal's data is at. Take it before a page draws: then nothing is missed.

    Only a page that shows runs follows them: most change no number, and all others would be drawn again for nothing.
    """
    if pinned(principal, None) is not None:
        return Drawn(principal)
    runs = cache.runs_stamp(of_every_day(principal)) if page.follows_runs else None
    return Drawn(principal, revisions=cache.stamp(principal), runs=runs)


def follow(at: Drawn, question: Question, page: PageRecord) -> None:
    """From now on the page is drawn again within a second of any change to what it was drawn for, `at`.

    A past is changed by nothing: the page then follows only who is signed in.
    """
    name = streamlit_internals.page_id()
    if name is None:
        return
    past = page.has_past and question.as_of is not None
    drawn = Drawn(
        at.principal,
        frozenset(question.clients if "client" in page.obeys else ()),
        None if past else at.revisions,
        None if past else at.runs,
        sidebar.unwritten(),
    )
    drawn_pages.pages.put(name, drawn)


def say_what_moved(at: Drawn, question: Question, page: PageRecord, *, by_itself: bool) -> None:
    """One quiet line when the same page shows other numbers than before and nobody has asked for that.

    Not for who may not know how many rows changed: to them, a line beside the same numbers would tell that amounts did.
    """
    asked = (question.shared(), page.path)
    before, known = st.session_state.get(_SHOWN, (None, None))
    st.session_state[_SHOWN] = (asked, at.revisions)
    if not by_itself or before != asked or not known or known == at.revisions:
        return
    rows = cache.rows_since(question, known)
    if rows:
        changed = f"{formatting.plural(rows, 'row')} changed"
        st.toast(f"Updated {browser.clock(browser.now())}: {changed}.", icon=":material/update:")
