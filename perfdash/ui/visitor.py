"""Where the visitor of this page comes from, as the gate saw it: nothing that a visitor says about itself."""

from __future__ import annotations

import streamlit as st

ADDRESS = "x-perfdash-address"
"""The header that only the gate sets; it removes what a visitor sends under this name."""
SCHEME = "x-perfdash-scheme"
"""Likewise "http" or "https": what the visitor's browser speaks, also where a proxy ends TLS."""


def address() -> str:
    """The visitor's address, for counting tries; '' where no gate stands before the page, as in tests."""
    return _of_gate(ADDRESS)


def encrypted() -> bool:
    """True when the visitor's browser speaks TLS."""
    return _of_gate(SCHEME) == "https"


def _of_gate(name: str) -> str:
    value = st.context.headers.get(name)
    return value if isinstance(value, str) else ""  # AppTest hands out mocks
