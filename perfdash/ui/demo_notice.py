"""While the demo's past is still being replayed: how far it is, and a reason not to fetch the present yet."""

from __future__ import annotations

import streamlit as st

from perfdash.demo import history
from perfdash.ui import wiring


def replaying() -> bool:
    """Say how far the replay is; True while it goes on, and pages leave the API to it."""
    if not wiring.settings().demo:
        return False
    state = history.progress(wiring.store(), wiring.now())
    if state.complete:
        return False
    st.info(
        f"Thirty daily syncs are being replayed, so that this demo has a past: day {state.done} of {history.DAYS}. "
        "Numbers appear as they arrive.",
        title="The demo is filling", icon=":material/history:",
    )  # fmt: skip
    return True
