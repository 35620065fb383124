"""The viewer's clock: moments are told on it, while days keep the labels of their account's zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from perfdash import words
from perfdash.ui import wiring


def zone() -> str:
    """The viewer's time zone as the browser says it; UTC when it says none that exists."""
    try:
        name = st.context.timezone
        return ZoneInfo(name).key if isinstance(name, str) else "UTC"
    except (ValueError, KeyError, OSError):  # malformed, unknown here, or a folder
        return "UTC"


def now() -> datetime:
    return wiring.now()


def clock(at: datetime | None) -> str:
    return words.moment(at, now(), zone())
