"""What an admin's buttons do: the deed, asked of the store anew by who presses, and then one sentence about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import streamlit as st

from perfdash.access import Principal
from perfdash.errors import PerfdashError
from perfdash.ui import session, wiring
from perfdash.ui.addresses import base_path
from perfdash.ui.plain import plain

_SAID = "_admin_said"
_SHOWN_FOR = timedelta(seconds=15)


def carry_out(deed: Callable[[Principal], str]) -> None:
    """Run `deed` for who is signed in at this moment, an admin, and keep what it says happened.

    For callbacks: the page may have been drawn long ago, for an admin who is none any more.
    """
    principal = session.current()
    if principal is None or principal.role != "admin":
        return
    try:
        st.session_state[_SAID] = ("done", deed(principal), wiring.now())
    except PerfdashError as error:
        st.session_state[_SAID] = ("error", str(error), wiring.now())


def last_said() -> None:
    """What came of the last press of a button, for a moment: the page may be drawn again before it was read."""
    kind, text, at = st.session_state.get(_SAID, ("", "", None))
    if at is None or wiring.now() - at > _SHOWN_FOR:
        st.session_state.pop(_SAID, None)
    elif kind == "done":
        st.success(plain(text, 400), icon=":material/check_circle:")
    else:
        st.error(plain(text, 400), icon=":material/error:", title="Nothing was changed")


def whole_address(path: str) -> str:
    """`path` on this installation, as the admin's own browser reaches it."""
    here = st.context.url
    if not isinstance(here, str):  # AppTest hands out mocks
        return path
    parts = urlsplit(here)
    return f"{parts.scheme}://{parts.netloc}{base_path()}{path}"
