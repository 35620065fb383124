"""What commands that ask share: who asks, about which platforms, and as of when."""

from __future__ import annotations

from perfdash.access import OPERATOR, Principal
from perfdash.asof import AsOf, read
from perfdash.domain.question import of_every_day
from perfdash.errors import UsageError
from perfdash.store import queries, users
from perfdash.store.engine import Store


def principal_named(store: Store, username: str | None, demo: bool) -> Principal:
    """The active user `username`; the operator without one."""
    if username is None:
        return OPERATOR
    for user in users.list_users(store, OPERATOR):
        if user.username == users.canonical(username):
            principal = users.principal_of(store, user.user_id, demo=demo)
            if principal is not None:
                return principal
    raise UsageError(f"There is no active user {username!r}; `python -m perfdash users list` shows them.")


def platforms_named(store: Store, principal: Principal, wanted: list[str], as_of: AsOf | None) -> tuple[str, ...]:
    """Names as they are stored, whatever case they were typed in."""
    known = {name.casefold(): name for name in queries.platforms(store, of_every_day(principal, (), as_of))}
    for name in wanted:
        if name.casefold() not in known:
            raise UsageError(
                f"There is no platform {name!r}; known: {', '.join(sorted(known.values())) or 'none yet'}."
            )
    return tuple(sorted({known[name.casefold()] for name in wanted}))


def moment(text: str, option: str = "--as-of") -> AsOf:
    """A day or a moment, as it was typed for `option`."""
    try:
        return read(text)
    except UsageError as error:
        raise UsageError(f"{option} {error}") from None
