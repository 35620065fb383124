"""What a page says besides its numbers: errors as sentences, and messages after a button until a run has shown them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import streamlit as st

from perfdash.domain.errors import ConfigError, PerfdashError, StoreError
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.runtime import context
from perfdash.ui.runtime.streamlit_internals import StopException

_log = logging.getLogger(__name__)
_CONFIGURATION = (
    "The configuration of this installation is not right. Whoever runs it finds the reason in the server's log."
)
_STORE = "The database cannot be used right now. Whoever runs it finds the reason in the server's log; try again later."


def public_text(error: PerfdashError) -> str:
    """What a viewer is told. Where the database is and what is configured, other clients' names too, is the log's."""
    if not isinstance(error, ConfigError | StoreError):
        return escape_markdown(str(error), 600)
    _log.error("%s", error)
    return _CONFIGURATION if isinstance(error, ConfigError) else _STORE


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a PerfdashError of the block as what it is: its text may be read by a client. Everything else goes on up."""
    try:
        yield
    except PerfdashError as error:
        st.error(public_text(error), icon=":material/error:", title="This cannot be shown")


SHOWN_FOR = timedelta(seconds=15)
_KEPT, _DRAWN = "_flash", "_flash_drawn"
Place = Literal["admin", "correction", "revert", "client link", "import"]
"""Where messages are shown, beside the button that brings them; each place holds the newest."""


@dataclass(frozen=True, slots=True)
class Flash:
    """A message, already escaped. `shown_at` None: no run that showed it has come to its end yet."""

    kind: Literal["done", "error"]
    text: str
    icon: str
    shown_at: datetime | None = None


def done(place: Place, text: str, *, icon: str = "check_circle") -> None:
    """Keep that it worked."""
    _keep(place, Flash("done", escape_markdown(text, 400), icon))


def failed(place: Place, error: PerfdashError) -> None:
    """Keep that it did not, and why."""
    _keep(place, Flash("error", public_text(error), "error"))


def show(place: Place) -> None:
    """Draw what is kept for this place, until it was there for `SHOWN_FOR`."""
    flash = _kept().get(place)
    if flash is None:
        return
    if flash.shown_at is not None and context.now() - flash.shown_at > SHOWN_FOR:
        del _kept()[place]
        return
    st.session_state.setdefault(_DRAWN, set()).add(place)
    icon = f":material/{flash.icon}:"
    if flash.kind == "done":
        st.success(flash.text, icon=icon)
    else:
        st.error(flash.text, icon=icon, title="Nothing was changed")


@contextmanager
def seen_at_the_end() -> Iterator[None]:
    """Around a page: what it has drawn counts as shown once the page came to its end, also by `st.stop`."""
    drawn: set[Place] = set()
    kept, st.session_state[_DRAWN] = _kept(), drawn
    try:
        yield
    except StopException:  # from here on st.session_state only stops again
        _settle(kept, drawn)
        raise
    _settle(kept, drawn)


def _settle(kept: dict[Place, Flash], drawn: set[Place]) -> None:
    for place in drawn & kept.keys():
        if kept[place].shown_at is None:
            kept[place] = replace(kept[place], shown_at=context.now())


def _keep(place: Place, flash: Flash) -> None:
    _kept()[place] = flash


def _kept() -> dict[Place, Flash]:
    kept: dict[Place, Flash] = st.session_state.setdefault(_KEPT, {})
    return kept
