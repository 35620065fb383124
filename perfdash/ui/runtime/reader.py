"""Who reads, where only words depend on it: to a client the people who correct and share are not their own team."""

from __future__ import annotations

import streamlit as st

from perfdash.domain.access import Principal

_OF_AGENCY = "_reader_of_agency"


def is_read_by(principal: Principal) -> None:
    """Remember it for this run; what may be seen never goes by it."""
    st.session_state[_OF_AGENCY] = principal.of_agency


def team() -> str:
    """What to call those who correct numbers here."""
    return "your team" if st.session_state.get(_OF_AGENCY, True) else "your agency"
