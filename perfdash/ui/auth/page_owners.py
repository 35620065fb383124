"""Which sign-in session each open page belongs to: the gate, outside the script, asks what the script has learned.

In this process only, as Streamlit's own sessions are. A page whose socket is open is never forgotten; of those that
have gone, whose page may still come back, the last ones are kept.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict

MOST_GONE = 2000
"""Pages without a socket that are remembered; the oldest go first."""

_bound: dict[str, str] = {}
_sockets: Counter[str] = Counter()
_gone: OrderedDict[str, None] = OrderedDict()
_lock = threading.Lock()


def set_owner(streamlit_session_id: str, perfdash_session_id: str | None) -> None:
    """Say whose page this is, whenever a run has learned it; None: nobody's, and so the sign-in form's."""
    with _lock:
        if perfdash_session_id is None:
            _bound.pop(streamlit_session_id, None)
            _gone.pop(streamlit_session_id, None)
            return
        _bound[streamlit_session_id] = perfdash_session_id
        if streamlit_session_id not in _sockets:
            _keep_gone(streamlit_session_id)


def owner_of(streamlit_session_id: str) -> str | None:
    """The sign-in session behind a page; None when it has none, or is not known."""
    with _lock:
        return _bound.get(streamlit_session_id)


def socket_opened(streamlit_session_id: str) -> None:
    """A socket carries this page from now on."""
    with _lock:
        _sockets[streamlit_session_id] += 1
        _gone.pop(streamlit_session_id, None)


def socket_closed(streamlit_session_id: str) -> None:
    """The page's socket is gone; the page may come back for a while."""
    with _lock:
        _sockets[streamlit_session_id] -= 1
        if _sockets[streamlit_session_id] <= 0:
            del _sockets[streamlit_session_id]
            if streamlit_session_id in _bound:
                _keep_gone(streamlit_session_id)


def _keep_gone(streamlit_session_id: str) -> None:
    _gone.pop(streamlit_session_id, None)
    _gone[streamlit_session_id] = None
    while len(_gone) > MOST_GONE:
        _bound.pop(_gone.popitem(last=False)[0], None)
