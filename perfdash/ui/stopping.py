"""A server that is told to stop ends by itself, soon, and with exit code 0: whoever watches it sees no failure."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

from perfdash.ui import streamlit_internals

LONGEST_SECONDS = 20.0
"""For what is still at work, such as a page that fetches. The database survives its end at any moment."""


def end_well() -> None:
    """From now on SIGTERM stops the server that runs in this thread; a second one, or too long a stop, ends it at once.

    uvicorn by itself ends with the signal it got, which reads like a crash, and waits for ever for a busy connection.
    """
    server = streamlit_internals.running_server()
    if threading.current_thread() is threading.main_thread() and server is not None:
        signal.signal(signal.SIGTERM, _stopping(server))


def _stopping(server: Any) -> Any:
    def stop(_number: int, _frame: FrameType | None) -> None:
        if server.should_exit:
            os._exit(0)
        server.should_exit = True
        last = threading.Timer(LONGEST_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()

    return stop
