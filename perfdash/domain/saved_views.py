"""Saved views: a name for what the address of a page asks. No answer is kept, and nothing is granted by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from perfdash.domain.errors import UsageError

LONGEST_NAME, LONGEST_QUERY = 80, 2_000
MOST = 100
"""Views of one user."""
_KEY = re.compile(r"[a-z][a-z_]{0,29}", re.ASCII)
_PAGE = re.compile(r"[a-z0-9-]{0,60}", re.ASCII)
_NEVER = frozenset({"invitation", "code", "state", "token"})
"""What an address may hold for a moment and nobody is to keep."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """`page` is its place in the URL, "" for the first one; `query` what its address asks, without "?"."""

    name: str
    page: str
    query: str
    saved_at: datetime

    def names(self, client: str) -> bool:
        """True when the address asks about `client`, alone or as a part of a value."""
        return any(client in re.split(r"[^a-z0-9-]+", value) for _, value in parse_qsl(self.query))


def saved_view(name: str, page: str, asked: Mapping[str, Iterable[str]], now: datetime) -> SavedView:
    """A view of the user's own words and address; UsageError for what cannot be kept."""
    if not _PAGE.fullmatch(page):
        raise UsageError("This page has no address that could be kept.")
    return SavedView(_name(name), page, _query(asked), now)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(f"A view needs a name of at most {LONGEST_NAME} characters.")
    return name


def _query(asked: Mapping[str, Iterable[str]]) -> str:
    pairs: Sequence[tuple[str, str]] = [
        (key, value)
        for key, values in sorted(asked.items())
        if _KEY.fullmatch(key) and key not in _NEVER
        for value in values
    ]
    query = urlencode(pairs)
    if len(query) > LONGEST_QUERY:
        raise UsageError("This view asks for too much to be kept; choose fewer clients or platforms.")
    return query
