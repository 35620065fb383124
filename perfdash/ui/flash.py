"""What came of a button: kept by its callback, shown by the page that is drawn next, with its kind beside the text.

A callback draws nothing: the second click of a double click cuts its run short, and the message with it. So a message
stays until a run that showed it came to its end, and then for a moment: the page may be drawn again before it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import streamlit as st

from perfdash.errors import PerfdashError
from perfdash.ui import wiring
from perfdash.ui.calm import told
from perfdash.ui.plain import plain
from perfdash.ui.streamlit_internals import StopException

SHOWN_FOR = timedelta(seconds=15)
_KEPT, _DRAWN = "_flash", "_flash_drawn"
Place = Literal["admin", "correction", "client link"]
"""Where messages are shown; each place holds the newest."""


@dataclass(frozen=True, slots=True)
class Flash:
    """A message, already escaped. `shown_at` None: no run that showed it has come to its end yet."""

    kind: Literal["done", "error"]
    text: str
    icon: str
    toast: bool
    shown_at: datetime | None = None


def done(place: Place, text: str, *, icon: str = "check_circle", toast: bool = False) -> None:
    """Keep that it worked. `toast`: for buttons far below the place where the message is shown."""
    _keep(place, Flash("done", plain(text, 400), icon, toast))


def failed(place: Place, error: PerfdashError, *, toast: bool = False) -> None:
    """Keep that it did not, and why."""
    _keep(place, Flash("error", told(error), "error", toast))


def show(place: Place) -> None:
    """Draw what is kept for this place, until it was there for `SHOWN_FOR`."""
    flash = _kept().get(place)
    if flash is None:
        return
    if flash.shown_at is not None and wiring.now() - flash.shown_at > SHOWN_FOR:
        del _kept()[place]
        return
    st.session_state.setdefault(_DRAWN, set()).add(place)
    icon = f":material/{flash.icon}:"
    if flash.toast and flash.shown_at is None:
        st.toast(flash.text, icon=icon)
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
            kept[place] = replace(kept[place], shown_at=wiring.now())


def _keep(place: Place, flash: Flash) -> None:
    _kept()[place] = flash


def _kept() -> dict[Place, Flash]:
    kept: dict[Place, Flash] = st.session_state.setdefault(_KEPT, {})
    return kept
