"""Paging by cursor: what the source hands out for the next page, and that it does not lead round in a circle (pure)."""

from __future__ import annotations

from decimal import Decimal

from perfdash import paths
from perfdash.errors import BadAnswer
from perfdash.reported import plain
from perfdash.sources.vocabulary import CursorPaging

LONGEST_SHOWN = 40
_MOST_NAMED = 6


class Cursors:
    """The cursors of one answer, in the order in which they were handed out."""

    def __init__(self, paging: CursorPaging) -> None:
        self._paging = paging
        self._seen: dict[str, int] = {}

    def after(self, body: object) -> str | None:
        """The cursor to ask with next; None: that was all. BadAnswer for one that was handed out before."""
        more = self._paging.more
        if more is not None and not holds(paths.look_up(more)(body)):
            return None
        cursor = self._cursor(paths.look_up(self._paging.next)(body))
        if cursor is None:
            if more is not None:
                raise BadAnswer(f"{more} says that there is more, but {self._paging.next} is missing")
            return None
        if cursor in self._seen:
            raise BadAnswer(self._circle(cursor))
        self._seen[cursor] = len(self._seen)
        return cursor

    def _cursor(self, found: object) -> str | None:
        if not is_there(found):
            return None
        if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
            raise BadAnswer(f"{self._paging.next} is neither text nor a number")
        text = str(found)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise BadAnswer(f"{self._paging.next} holds half a character, which cannot be sent back")
        return text

    def _circle(self, cursor: str) -> str:
        names = [_shown(name) for name in list(self._seen)[self._seen[cursor] :]]
        if len(names) == 1:
            return f"the cursor {names[0]} was handed out again for its own next page: the pages would never end"
        if len(names) > _MOST_NAMED:
            names = [*names[: _MOST_NAMED - 2], "...", names[-1]]
        return f"the cursors go round in a circle: {' -> '.join([*names, _shown(cursor)])}"


def is_there(value: object) -> bool:
    """JMESPath's truth: null, false and what is empty are not there; 0 is, as it may well be a cursor."""
    return value is not None and value is not False and value not in ("", [], {})


def holds(value: object) -> bool:
    """Whether a `more` says yes: a flag, a count, the address of the next page."""
    if isinstance(value, str):
        return value.strip().lower() not in ("", "0", "false")
    return is_there(value) and value != 0


def _shown(cursor: str) -> str:
    return plain(cursor)[:LONGEST_SHOWN].strip()
