"""An open page follows the store: new data shows by itself, and a session that ended elsewhere ends here at once."""

from __future__ import annotations

import streamlit as st

from perfdash.access import Principal
from perfdash.errors import StoreError
from perfdash.store import queries
from perfdash.ui import filters, session, wiring

Stamp = tuple[tuple[str, int], ...]


def stamp(principal: Principal) -> Stamp:
    """What the principal's data is at; take it before a page renders, so that a commit meanwhile counts as new."""
    return tuple(queries.stamp(wiring.store(), principal))


@st.fragment(run_every="1s")
def follow(rendered: Principal, at: Stamp) -> None:
    """Rerun the page once the store moved on from `at` or the user is no longer who the page was rendered for.

    Draws nothing, so a second in which nothing happened sends nothing to change on the page. A store that cannot be
    asked right now is asked again a second later: the page in view stays as it is.
    """
    try:
        principal = session.current()
        moved = principal != rendered or stamp(rendered) != at or filters.unwritten()
    except StoreError:
        return
    if moved:
        st.rerun()
