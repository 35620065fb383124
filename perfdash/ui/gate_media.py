"""Whose file is whose: Streamlit serves a file to whoever knows its address, the gate only to whom it was made for.

The gate learns it from what the app sends to each page. No page of perfdash has other files than downloads: logo and
icon travel inside the page.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection

MOST = 5000
"""Files that are remembered, in this process, of which the oldest go first: a click makes a new one."""

_owners: OrderedDict[tuple[str, str], None] = OrderedDict()


def give(url: str, session_id: str) -> None:
    """The pages of this sign-in session may have the file at `url`, such as "/media/9f...c1.csv"."""
    _owners.pop((url, session_id), None)
    _owners[url, session_id] = None
    while len(_owners) > MOST:
        _owners.popitem(last=False)


def belongs(url: str, session_ids: Collection[str]) -> bool:
    """True when one of these sessions was given the file."""
    return any((url, session_id) in _owners for session_id in session_ids)
