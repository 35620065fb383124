"""Throttling of sign-ins: at most 5 tries for one account from one address, and 60 from one address, in 15 minutes.

Per pair, so that who guesses a victim's password locks out himself and nobody else. A try is written before any work is
done for it, and counted under a lock: guesses at the same moment do not share one count. The rows live in the store, so
a restart forgets nothing, and name nobody: they hold keyed digests, and are deleted once they count no more.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import ColumnElement, Connection, delete, insert, select, text

from perfdash.store import schema
from perfdash.store.audit import write_line
from perfdash.store.auth.login import username_if_known
from perfdash.store.auth.user_rows import canonical
from perfdash.store.engine import Store

WINDOW = timedelta(minutes=15)
PER_PAIR, PER_ADDRESS = 5, 60
UNKNOWN = "unknown"
"""What the audit calls a name that nobody has: it may be a password that slipped into the wrong field."""
THROTTLED = "sign in throttled"
_KEY = "tries_key"


@dataclass(frozen=True, slots=True)
class Wait:
    """Refused without any work: the next try may be made at `until`."""

    until: datetime


def claim(store: Store, username: str, address: str, now: datetime) -> Wait | None:
    """Count a try for `username` as it was typed, from `address` ('' where none is known), or refuse it with a Wait.

    None: it may go ahead; `succeeded` gives it back.
    Refusing looks at the typed name only, never at whether there is such a user.
    """
    with store.writing() as connection:
        account_key, address_key = _keys(connection, username, address)
        _take_turn(connection, store, address_key)
        connection.execute(delete(schema.tries).where(schema.tries.c.at <= now - WINDOW))
        until = _full_until(connection, account_key, address_key, counts_address=bool(address))
        if until is not None:
            _note_once(connection, username, now)
            return Wait(until)
        row = {"account_key": account_key, "address_key": address_key, "at": now}
        connection.execute(insert(schema.tries).values(try_id=secrets.token_hex(16), **row))
        return None


def succeeded(store: Store, username: str, address: str) -> None:
    """The right password: earlier slips of this pair count no more."""
    with store.writing() as connection:
        account_key, address_key = _keys(connection, username, address)
        t = schema.tries.c
        pair = (t.account_key == account_key) & (t.address_key == address_key)
        connection.execute(delete(schema.tries).where(pair))


def failed(store: Store, username: str, now: datetime) -> None:
    """Leave an audit line about a try that failed; its count stays."""
    with store.writing() as connection:
        subject = username_if_known(connection, username) or UNKNOWN
        write_line(connection, subject, "sign in failed", subject, "", now)


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 one, which a visitor has whole."""
    try:
        found = ip_address(address.partition("%")[0].strip())
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped) if mapped is not None else str(ip_network((found, 64), strict=False))


def _keys(connection: Connection, username: str, address: str) -> tuple[str, str]:
    key = _key(connection)

    def keyed(what: str, value: str) -> str:
        return hmac.new(key, f"{what}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    return keyed("account", canonical(username)), keyed("address", network_of(address))


def _key(connection: Connection) -> bytes:
    """The store's own key, made at the first try; of two processes that make one, the first one's stays."""
    statement = select(schema.meta.c.value).where(schema.meta.c.key == _KEY)
    found = connection.execute(statement).scalar_one_or_none()
    if found is None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE meta IN SHARE ROW EXCLUSIVE MODE"))
            found = connection.execute(statement).scalar_one_or_none()
        if found is None:
            found = secrets.token_hex(32)
            connection.execute(insert(schema.meta).values(key=_KEY, value=found))
    return bytes.fromhex(found)


def _take_turn(connection: Connection, store: Store, address_key: str) -> None:
    """One claim per address at a time. SQLite has one writer anyway."""
    if store.dialect == "postgresql":
        number = int.from_bytes(bytes.fromhex(address_key)[:8], "big", signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": number})


def _full_until(connection: Connection, account_key: str, address_key: str, *, counts_address: bool) -> datetime | None:
    """When the next try may be made, if that is not now."""
    t = schema.tries.c
    from_here = t.address_key == address_key
    waits = [_freed(connection, from_here & (t.account_key == account_key), PER_PAIR)]
    if counts_address:  # where no address is known, everybody would share one count
        waits.append(_freed(connection, from_here, PER_ADDRESS))
    return max((until for until in waits if until is not None), default=None)


def _freed(connection: Connection, which: ColumnElement[bool], most: int) -> datetime | None:
    """When fewer than `most` of these tries will count; None when that is so already."""
    newest = select(schema.tries.c.at).where(which).order_by(schema.tries.c.at.desc()).limit(most)
    moments = list(connection.execute(newest).scalars())
    return moments[-1] + WINDOW if len(moments) == most else None


def _note_once(connection: Connection, username: str, now: datetime) -> None:
    """One line per name and window: who goes on knocking must not fill the audit."""
    a = schema.audit.c
    subject = username_if_known(connection, username) or UNKNOWN
    said = (a.action == THROTTLED) & (a.subject == subject) & (a.at > now - WINDOW)
    if connection.execute(select(a.audit_id).where(said).limit(1)).first() is None:
        write_line(connection, subject, THROTTLED, subject, "", now)
