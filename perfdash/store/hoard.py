"""Garbage collection put off while many values are made that all stay.

Python looks through everything that lives again and again while it grows: a third of the time in which 200,000 rows are
read.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_open = 0
_was_on = False


@contextmanager
def hoarding() -> Iterator[None]:
    """No collection inside, in any thread. May be nested and overlap between threads; the last one out turns it on.

    For stretches of computing only: over a wait for the network, the whole process would be left uncollected.
    """
    global _open, _was_on
    with _lock:
        if not _open:
            _was_on = gc.isenabled()
            gc.disable()
        _open += 1
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if not _open and _was_on:
                gc.enable()


def collect_seldom() -> None:
    """For a process that does nothing but syncs: collection stays on, but looks after 50,000 new values, not 700."""
    gc.set_threshold(50_000, 20, 50)
