"""The viewer's clock: moments are told on it, while days keep the labels of their account's zone."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from perfdash.presentation import formatting
from perfdash.ui.runtime import context


def zone() -> str:
    """The viewer's time zone as the browser says it; UTC when it says none that exists."""
    try:
        name = st.context.timezone
        return ZoneInfo(name).key if isinstance(name, str) else "UTC"
    except (ValueError, KeyError, OSError):  # malformed, unknown here, or a folder
        return "UTC"


def now() -> datetime:
    return context.now()


def clock(at: datetime | None) -> str:
    return formatting.moment(at, now(), zone())


ADDRESS = "x-perfdash-address"
"""The header that only the gate sets; it removes what a visitor sends under this name."""
SCHEME = "x-perfdash-scheme"
"""Likewise "http" or "https": what the visitor's browser speaks, also where a proxy ends TLS."""

LINK = "x-perfdash-link"
"""Likewise the path of the client link that somebody came by: "/link/TOKEN"; not sent for all others."""
ACCOUNT = "x-perfdash-account"
"""Likewise "yes" for a visitor of a link whose browser also holds the cookie of an account; it stays unused there."""


def link_path() -> str:
    """The path of the client link that this page lies under; "" for everybody else."""
    return _of_gate(LINK)


def has_account() -> bool:
    """True for a visitor of a client link whose browser also is, or was, signed in here."""
    return _of_gate(ACCOUNT) == "yes"


def address() -> str:
    """The visitor's address, for counting tries; '' where no gate stands before the page, as in tests."""
    return _of_gate(ADDRESS)


def known_as(name: str) -> str:
    """The value of one of the app's own cookies, as it was when this page connected; '' where there is none."""
    value = st.context.cookies.get(name)
    return value if isinstance(value, str) else ""  # AppTest hands out mocks


def encrypted() -> bool:
    """True when the visitor's browser speaks TLS."""
    return _of_gate(SCHEME) == "https"


def _of_gate(name: str) -> str:
    value = st.context.headers.get(name)
    return value if isinstance(value, str) else ""  # AppTest hands out mocks


def theme() -> Literal["light", "dark"]:
    """The theme that the viewer has chosen; for marks whose ink a chart cannot take from it by itself."""
    return "dark" if st.context.theme.type == "dark" else "light"
