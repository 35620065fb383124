"""Browsers that signed in before, by a cookie of their own: who guesses a password from elsewhere does not keep its
user out of them. The cookie opens nothing. It names no user, and nobody without the store's key can make one.
"""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection

from perfdash.store.auth.keyed import keyed
from perfdash.store.auth.session_rows import name_of
from perfdash.store.auth.user_rows import canonical
from perfdash.store.engine import Store

GOOD_FOR = timedelta(days=180)
MOST = 4
"""Users of one browser that it is known for: the last ones."""
_ENTRY = re.compile(r"([0-9]{1,6})-([0-9a-f]{16})-([0-9a-f]{64})")
_LONGEST = 1000


def issue(store: Store, user_id: int, earlier: str, now: datetime) -> str:
    """The cookie of a browser in which this user has just signed in, and which brought the cookie `earlier`."""
    with store.writing() as connection:
        name = name_of(connection, user_id)
        others = [entry for entry in _entries(earlier) if not _is_of(connection, entry, name, now)]
        day, number = str(_day(now)), secrets.token_hex(8)
        entry = f"{day}-{number}-{_seal(connection, name, day, number)}"
    return ".".join([entry, *others][:MOST])


def browser_of(connection: Connection, username: str, cookie: str, now: datetime) -> str:
    """The number of the browser, when the user of that name (as typed) has signed in in it before; else ''."""
    found = (entry for entry in _entries(cookie) if _is_of(connection, entry, canonical(username), now))
    return next((entry.split("-")[1] for entry in found), "")


def _entries(cookie: str) -> list[str]:
    return [entry for entry in cookie[:_LONGEST].split(".") if _ENTRY.fullmatch(entry)][:MOST]


def _is_of(connection: Connection, entry: str, name: str, now: datetime) -> bool:
    day, number, seal = entry.split("-")
    young = 0 <= _day(now) - int(day) <= GOOD_FOR.days
    return young and hmac.compare_digest(seal, _seal(connection, name, day, number))


def _seal(connection: Connection, name: str, day: str, number: str) -> str:
    return keyed(connection, "browser", f"{name}\0{day}\0{number}")


def _day(now: datetime) -> int:
    return int(now.timestamp()) // 86_400
