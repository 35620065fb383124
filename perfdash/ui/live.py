"""An open page follows the store: new data shows by itself, and a session that ended elsewhere ends here at once."""

from __future__ import annotations

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.errors import StoreError
from perfdash.store.query import overview
from perfdash.ui.auth import session
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import context

Stamp = tuple[overview.Stamp, overview.RunsStamp | None]
_DRAWN, _SEEN = "_drawn", "_seen"


def stamp(principal: Principal, *, runs: bool = False) -> Stamp:
    """What the principal's data is at, with `runs` every run too. Take it before a page draws: then nothing is missed.

    Only a page that shows runs follows them: most change no number, and all others would be drawn again for nothing.
    """
    store = context.store()
    return overview.stamp(store, principal), overview.runs_stamp(store, principal) if runs else None


def follow(principal: Principal, at: Stamp | None) -> None:
    """From now on, draw the page again within a second of any change to what it was drawn for.

    None stands for a past, which nothing changes: the page then follows only who is signed in.
    """
    st.session_state[_DRAWN] = st.session_state.get(_DRAWN, 0) + 1
    _look(principal, at, st.session_state[_DRAWN])


def _is_newer(principal: Principal, at: Stamp | None) -> bool:
    return at is not None and stamp(principal, runs=at[1] is not None) != at


@st.fragment(run_every="1s")
def _look(principal: Principal, at: Stamp | None, drawn: int) -> None:
    """Draws nothing, so that a second in which nothing happened changes nothing on the page.

    A store that cannot be asked right now is asked again a second later; the page in view stays as it is.
    """
    if st.session_state.get(_SEEN) != drawn:  # this is the drawing itself, not a second later
        st.session_state[_SEEN] = drawn
        return
    try:
        moved = session.current(touch=False) != principal or _is_newer(principal, at) or sidebar.unwritten()
    except StoreError:
        return
    if moved:
        session.draw_again()
