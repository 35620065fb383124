"""What an admin's buttons do: the deed, asked of the store anew by who presses, and then one sentence about it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import streamlit as st

from perfdash.domain.access import Capability, Principal
from perfdash.domain.errors import PerfdashError
from perfdash.ui.auth import session
from perfdash.ui.components import messages
from perfdash.ui.runtime.addresses import base_path


def run_as_admin(deed: Callable[[Principal], str], *, needs: Capability = "users") -> None:
    """Run `deed` for the user who is signed in at this moment, who must have `needs`, and keep what it says happened.

    For callbacks: the page may have been drawn long ago, for an admin who is none any more.
    """
    principal = session.current()
    if principal is None or not principal.may(needs):
        return
    try:
        messages.done("admin", deed(principal))
    except PerfdashError as error:
        messages.failed("admin", error)


def absolute_address(path: str) -> str:
    """`path` on this installation, as the admin's own browser reaches it."""
    here = st.context.url
    if not isinstance(here, str):  # AppTest hands out mocks
        return path
    parts = urlsplit(here)
    return f"{parts.scheme}://{parts.netloc}{base_path()}{path}"
