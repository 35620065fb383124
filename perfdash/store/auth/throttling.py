"""Throttling of sign-ins. In 15 minutes at most 5 tries for one account from one address, 60 from one address and 240
from one site (an IPv6 /48); and at most 100 for one account that fail in a row, from wherever.

Per pair, so that who guesses a victim's password locks out himself. Beyond the 100 only browsers may try in which the
user signed in before: they have a count of their own, which no stranger can fill. A try is written before any work is
done for it, and counted under a lock: guesses at the same moment do not share one count. The rows live in the store, so
a restart forgets nothing, and name nobody: they hold keyed digests, and are deleted once they count no more.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, text, update

from perfdash.store import schema
from perfdash.store.audit import write_line
from perfdash.store.auth.keyed import keyed
from perfdash.store.auth.known_browsers import browser_of
from perfdash.store.auth.login import username_if_known
from perfdash.store.auth.user_rows import canonical, is_name
from perfdash.store.engine import Store
from perfdash.store.types import EPOCH

WINDOW = timedelta(minutes=15)
PER_PAIR, PER_ADDRESS, PER_SITE = 5, 60, 240
IN_A_ROW, REMEMBERED = 100, timedelta(days=30)
"""Failures of an account that are as many as NIST SP 800-63B allows; a month without any try begins anew."""
MOST_ACCOUNTS = 50_000
"""Whose failures are remembered: names that nobody has count too, and a flood of them must not fill the disk."""
UNKNOWN = "unknown"
"""What the audit calls a name that nobody has: it may be a password that slipped into the wrong field."""
THROTTLED = "sign in throttled"


@dataclass(frozen=True, slots=True)
class Wait:
    """Refused without any work: the next try may be made at `until`; None: not from here, however long one waits."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class _Counting:
    """Where a try comes from, as keyed digests. `guesses` is what failures in a row count for: account or browser."""

    account: str
    address: str
    site: str
    """'' for IPv4, and for a browser that is known: nothing counts there."""
    guesses: str
    known: bool = False


def claim(store: Store, username: str, address: str, now: datetime, browser: str = "") -> Wait | None:
    """Count a try for `username` as it was typed, from `address` ('' where none is known), or refuse it with a Wait.

    `browser` is the cookie by which it may be known. None: it may go ahead; `succeeded` gives it back.
    Refusing looks at the typed name only, never at whether there is such a user.
    """
    with store.writing() as connection:
        place = _place(connection, username, address, browser, now)
        _take_turns(connection, store, place)
        connection.execute(delete(schema.tries).where(schema.tries.c.at <= now - WINDOW))
        wait = _refused(connection, place, username, counts_address=bool(address))
        if wait is not None:
            _note_once(connection, username, now)
            return wait
        _write(connection, place, now)
        return None


def succeeded(store: Store, username: str, address: str, *, browser: str = "", now: datetime | None = None) -> None:
    """The right password: earlier slips of this pair count no more, and failures in a row begin anew.

    Of a known browser only its own: it says nothing of who tries elsewhere.
    """
    with store.writing() as connection:
        place = _place(connection, username, address, browser if now else "", now or EPOCH)
        t = schema.tries.c
        connection.execute(delete(schema.tries).where(t.account_key == place.account, t.address_key == place.address))
        connection.execute(delete(schema.guesses).where(schema.guesses.c.account_key == place.guesses))


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


def site_of(address: str) -> str:
    """The /48 of an IPv6 address, of which one visitor may have every /64; '' for others."""
    network = network_of(address)
    return str(ip_network(network).supernet(new_prefix=48)) if network.endswith("/64") else ""


def _place(connection: Connection, username: str, address: str, browser: str, now: datetime) -> _Counting:
    name = canonical(username)
    account = keyed(connection, "account", name)
    known = browser_of(connection, username, browser, now) if browser else ""
    if known:
        own = keyed(connection, "known browser", f"{name}\0{known}")
        if _failures(connection, own) < IN_A_ROW:  # one that was stolen is worth no more than a stranger
            return _Counting(account, own, "", own, known=True)
    network, site = network_of(address), site_of(address)
    return _Counting(
        account, keyed(connection, "address", network), keyed(connection, "site", site) if site else "", account
    )


def _take_turns(connection: Connection, store: Store, place: _Counting) -> None:
    """One claim per address, site and account at a time, taken in this order. SQLite has one writer anyway."""
    if store.dialect == "postgresql":
        for key in filter(None, (place.address, place.site, place.guesses)):
            number = int.from_bytes(bytes.fromhex(key)[:8], "big", signed=True)
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": number})


def _refused(connection: Connection, place: _Counting, username: str, *, counts_address: bool) -> Wait | None:
    t = schema.tries.c
    from_here = t.address_key == place.address
    waits = [_freed(connection, from_here & (t.account_key == place.account), PER_PAIR)]
    if counts_address and not place.known:  # where no address is known, everybody would share one count
        waits.append(_freed(connection, from_here, PER_ADDRESS))
        if place.site:
            waits.append(_freed(connection, t.address_key == place.site, PER_SITE))
    until = max((until for until in waits if until is not None), default=None)
    if until is not None:
        return Wait(until)
    return Wait(None) if is_name(canonical(username)) and _failures(connection, place.guesses) >= IN_A_ROW else None


def _write(connection: Connection, place: _Counting, now: datetime) -> None:
    rows = [{"account_key": place.account, "address_key": place.address}]
    if place.site:
        rows.append({"account_key": "", "address_key": place.site})
    connection.execute(insert(schema.tries), [row | {"try_id": secrets.token_hex(16), "at": now} for row in rows])
    g = schema.guesses.c
    connection.execute(delete(schema.guesses).where(g.at <= now - REMEMBERED))
    more = update(schema.guesses).where(g.account_key == place.guesses).values(failures=g.failures + 1, at=now)
    if connection.execute(more).rowcount == 0:
        _make_room(connection)
        connection.execute(insert(schema.guesses).values(account_key=place.guesses, failures=1, at=now))


def _make_room(connection: Connection) -> None:
    """Of too many names those go first that were tried least lately."""
    g = schema.guesses.c
    if (connection.scalar(select(func.count()).select_from(schema.guesses)) or 0) >= MOST_ACCOUNTS:
        oldest = select(g.account_key).order_by(g.at).limit(MOST_ACCOUNTS // 10)
        connection.execute(delete(schema.guesses).where(g.account_key.in_(oldest)))


def _failures(connection: Connection, key: str) -> int:
    return connection.scalar(select(schema.guesses.c.failures).where(schema.guesses.c.account_key == key)) or 0


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
