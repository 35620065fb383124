"""Expected failures on a page: one sentence, never a traceback, and nothing about the machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from perfdash.errors import ConfigError, PerfdashError, StoreError
from perfdash.ui.plain import plain

_log = logging.getLogger(__name__)
_CONFIGURATION = (
    "The configuration of this installation is not right. Whoever runs it finds the reason in the server's log."
)
_STORE = "The database cannot be used right now. Whoever runs it finds the reason in the server's log; try again later."


def told(error: PerfdashError) -> str:
    """What a viewer is told. Where the database is and what is configured, other clients' names too, is the log's."""
    if not isinstance(error, ConfigError | StoreError):
        return plain(str(error), 600)
    _log.error("%s", error)
    return _CONFIGURATION if isinstance(error, ConfigError) else _STORE


@contextmanager
def calmly() -> Iterator[None]:
    """Show a PerfdashError of the block as what it is: its text may be read by a client. Everything else goes on up."""
    try:
        yield
    except PerfdashError as error:
        st.error(told(error), icon=":material/error:", title="This cannot be shown")
