"""Expected failures on a page: one sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from perfdash.errors import PerfdashError
from perfdash.ui.plain import plain


@contextmanager
def calmly() -> Iterator[None]:
    """Show a PerfdashError of the block as what it is: its text may be read by a client. Everything else goes on up."""
    try:
        yield
    except PerfdashError as error:
        st.error(plain(str(error), 500), icon=":material/error:", title="This cannot be shown")
