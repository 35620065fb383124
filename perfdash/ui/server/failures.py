"""What goes wrong because of what a browser sends, or in a page: the log tells it, but nobody fills the log with it."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from perfdash.ui.runtime import streamlit_internals
from perfdash.ui.server.allowance import Allowance

_log = logging.getLogger(__name__)
NOTES, TRACEBACKS = (20, 0.5), (10, 1 / 6)
"""At once and a second from then on: lines, and tracebacks, which are 70 times as long."""


class Bounded:
    """Writes as often as `allowance` lets it, and then says how many were left out. From any thread."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance, self._lock, self._left_out = allowance, threading.Lock(), 0

    def write(self, level: int, text: str, *values: object, error: BaseException | None = None) -> bool:
        """False when it was left out."""
        with self._lock:
            if not self._allowance.take():
                self._left_out += 1
                return False
            left_out, self._left_out = self._left_out, 0
        _log.log(level, text, *values, exc_info=error)
        if left_out:
            _log.warning("%d more of the kind were left out of this log.", left_out)
        return True


_notes, _tracebacks = Bounded(Allowance(*NOTES)), Bounded(Allowance(*TRACEBACKS))


def note(text: str, *values: object) -> None:
    """One line about what a browser did."""
    _notes.write(logging.WARNING, text, *values)


def tell(error: Exception) -> None:
    """A page failed as nobody expected: its traceback, at most so many a minute."""
    _tracebacks.write(logging.ERROR, "A page failed.", error=error)


def is_malformed_value(error: Exception) -> bool:
    """True when Streamlit could not read a value that the browser sent for a widget."""
    return any(name == "deserialize" for name in _functions(error.__traceback__))


def _functions(trace: TracebackType | None) -> list[str]:
    found = []
    while trace is not None:
        if streamlit_internals.is_of_streamlit(trace.tb_frame.f_code.co_filename):
            found.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    return found
