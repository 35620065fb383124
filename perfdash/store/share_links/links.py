"""Client links: read-only looks at one client's numbers without an account. Making, opening and revoking them.

The token is 256 random bits, shown once; the store keeps its SHA-256. Who came by a link is a principal like any other,
made anew on every rerun, whose lock is part of every statement (`store.scope`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, exists, insert, literal, or_, select, update

from perfdash.domain import share_links
from perfdash.domain.access import Principal, roles_that_may
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.question import Question
from perfdash.domain.secret import digest
from perfdash.domain.share_links import SHAREABLE, Against, Shared, from_text
from perfdash.store.audit import write_line
from perfdash.store.auth.session_rows import end_of_link
from perfdash.store.engine import Store
from perfdash.store.schema import clients, grants, links, sessions, users

State = Literal["active", "expired", "revoked", "stopped"]


@dataclass(frozen=True, slots=True)
class Link:
    """A client link as it was made. Its token is not kept. Instants are aware UTC."""

    link_id: str
    client: str
    label: str
    shared: Shared
    money: bool
    author: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str = ""


def link_of(row: Any) -> Link:
    """A row that carries all columns of `links` as a value. UsageError when its question cannot be read."""
    return Link(
        row.link_id,
        row.client_id,
        row.label,
        from_text(row.question, row.client_id, row.as_of),
        row.money,
        row.author,
        row.created_at,
        row.expires_at,
        row.revoked_at,
        row.revoked_by or "",
    )


def state_of(link: Link, now: datetime, *, shareable: bool) -> State:
    """In a word. `stopped`: whoever made it may not share this client any more (`may_still_share`)."""
    if link.revoked_at is not None:
        return "revoked"
    if link.expires_at <= now:
        return "expired"
    return "active" if shareable else "stopped"


def is_openable(now: datetime, demo: bool) -> ColumnElement[bool]:
    """The condition that a link still opens."""
    return and_(links.c.revoked_at.is_(None), links.c.expires_at > now, may_still_share(demo))


def may_still_share(demo: bool) -> ColumnElement[bool]:
    """The condition that a link's maker is still somebody who might make it: a link never outlives that right.

    `access.PERMISSIONS` as SQL.

    A later user of the same name is another person, so the maker must be older than the link.
    """
    u = users.c
    granted = exists().where(grants.c.client_id == links.c.client_id, grants.c.user_id == u.user_id)
    whole = and_(
        u.username == links.c.author,
        u.active.is_(True),
        u.erased_at.is_(None),
        u.created_at <= links.c.created_at,
        u.role.in_(roles_that_may("share")),
        or_(u.role.in_(roles_that_may("every client")), granted),
        or_(u.money.is_(True), links.c.money.is_(False)),
    )
    return exists(select(u.user_id).where(whole if demo else and_(whole, u.demo.is_(False))))


AT_ONCE = 500
LONGEST_LIFE = timedelta(days=366)
LONGEST_LABEL = 80
_NOT_HERE = "There is no such link here."

Clock = Callable[[], datetime]


def make(
    store: Store,
    question: Question,
    client: str,
    label: str,
    money: bool,
    expires_at: datetime,
    clock: Clock,
    *,
    against: Against | None = None,
    demo: bool = False,
) -> tuple[Link, str]:
    """A new link to what `question` shows of one client, and its token, which is kept nowhere.

    The question's moment pins the state that is shown; None follows the present. AccessDenied for who may not share
    this client, or its money; UsageError for what a link cannot hold. Nobody shares more than they see.
    """
    principal = question.principal
    require_may_share(principal, client)
    now = clock()
    _require_usable(question, client, money)
    shared = Shared(replace(question.filters, clients=(client,)), _moment(question, now), against)
    _require_holdable(shared, expires_at, now)
    token, made = (
        secrets.token_urlsafe(32),
        Link(secrets.token_hex(16), client, _label(label), shared, money, principal.name, now, expires_at),
    )
    with store.writing() as connection:
        _insert(connection, made, token)
        able = select(links.c.link_id).where(links.c.link_id == made.link_id, may_still_share(demo))
        if connection.execute(able).first() is None:  # the store's word counts, not that of a page that is open
            raise AccessDenied(f"There is no client {client!r} here.")
        until = f"{expires_at:%Y-%m-%d}"
        write_line(
            connection, principal.name, "link make", client, f"{made.label} ({made.link_id}), until {until}", now
        )
    return made, token


def open_link(store: Store, token: str, now: datetime, *, demo: bool = False) -> Link | None:
    """The link that `token` opens now; None when there is none, or it is over, revoked, or its maker may not share."""
    with store.reading() as connection:
        row = connection.execute(
            select(links).where(links.c.token_hash == digest(token), is_openable(now, demo))
        ).first()
    return None if row is None else link_of(row)


def principal_of(store: Store, link_id: str, now: datetime, *, demo: bool = False) -> Principal | None:
    """Who comes by a link, made anew from the store; None when it does not open any more."""
    link = current(store, link_id, now, demo=demo)
    if link is None:
        return None
    return Principal(f"link: {link.label}", "link", frozenset({link.client}), link.money, lock=link.shared.lock)


def current(store: Store, link_id: str, now: datetime, *, demo: bool = False) -> Link | None:
    """The link itself, while it opens."""
    with store.reading() as connection:
        row = connection.execute(select(links).where(links.c.link_id == link_id, is_openable(now, demo))).first()
    return None if row is None else link_of(row)


def closed_sessions(store: Store, session_ids: Collection[str], now: datetime, *, demo: bool = False) -> frozenset[str]:
    """Those of `session_ids`, which live, whose link does not open any more: its maker may not share now."""
    s, found, names = sessions.c, set[str](), iter(sorted(session_ids))
    still = exists().where(links.c.link_id == s.link_id, is_openable(now, demo))
    with store.reading() as connection:
        while some := list(islice(names, AT_ONCE)):
            came = select(s.session_id).where(s.session_id.in_(some), s.link_id.is_not(None), ~still)
            found.update(connection.scalars(came))
    return frozenset(found)


def revoke(store: Store, principal: Principal, client: str, link_id: str, now: datetime) -> None:
    """End a link and every session that came by it, at once: for its maker, the client's analysts, and admins.

    UsageError when there is no such link for this principal. Revoking one that is revoked changes nothing.
    """
    principal.require_account()
    with store.writing() as connection:
        this = (links.c.client_id == client) & (links.c.link_id == link_id)
        row = connection.execute(select(links).where(this)).first()
        if row is None or not _may_revoke(principal, row.client_id, row.author):
            raise UsageError(_NOT_HERE)
        values = {"revoked_at": now, "revoked_by": principal.name[:100]}
        if connection.execute(update(links).where(this & links.c.revoked_at.is_(None)).values(**values)).rowcount:
            write_line(connection, principal.name, "link revoke", row.client_id, f"{row.label} ({link_id})", now)
        end_of_link(connection, link_id, now)


def require_may_share(principal: Principal, client: str) -> None:
    """AccessDenied unless `principal` may make links to this client, or see who used them."""
    principal.require(client)
    principal.require_may("share")


def _may_revoke(principal: Principal, client: str, author: str) -> bool:
    if principal.name == author and principal.user_id is not None:
        return True
    return principal.may("share") and principal.may_see(client)


def _require_usable(question: Question, client: str, money: bool) -> None:
    filters = question.filters
    if set(question.clients) - {client}:
        raise UsageError("A link shows one client; choose that one only.")
    if question.only is not None:
        raise UsageError("A link shows all campaigns in view, not one alone.")
    if money and not question.principal.money:
        raise AccessDenied("Amounts of money are not part of your access, so you cannot share them.")
    if filters.max_cpm is not None and not money:
        raise UsageError("A link without money cannot hold a CPM limit; remove the limit, or share the money.")
    if filters.max_cpm is not None and filters.currency is None:
        raise UsageError("A CPM limit needs one currency; choose it first.")
    if filters.raw:
        raise UsageError("A link shows what counts, not raw values; switch Corrections to counted first.")


def _moment(question: Question, now: datetime) -> datetime | None:
    """The moment that a link is pinned to: a day ends at another one in each time zone, so it cannot be a day."""
    as_of = question.as_of
    if as_of is None:
        return None
    if not isinstance(as_of, datetime) or as_of.tzinfo is None or as_of > now:
        raise UsageError("A link can be pinned to a moment that is over, with its offset from UTC.")
    return as_of


def _require_holdable(shared: Shared, expires_at: datetime, now: datetime) -> None:
    if shared.against is not None and shared.against.kind not in SHAREABLE:
        raise UsageError("A comparison at the same age looks at many moments; a link can hold another comparison.")
    if expires_at.tzinfo is None or not now < expires_at <= now + LONGEST_LIFE:
        raise UsageError(f"A link expires within {LONGEST_LIFE.days} days.")


def _label(text: str) -> str:
    label = " ".join(text.split())
    if not label or len(label) > LONGEST_LABEL or not label.isprintable():
        raise UsageError(f"A link needs a name of at most {LONGEST_LABEL} characters, so that you know it again.")
    return label


def _insert(connection: Connection, made: Link, token: str) -> None:
    """Only beside its client: one that was just purged gets no link."""
    values = {
        "client_id": made.client,
        "link_id": made.link_id,
        "token_hash": digest(token),
        "label": made.label,
        "question": share_links.to_text(made.shared),
        "as_of": made.shared.as_of,
        "money": made.money,
        "author": made.author,
        "created_at": made.created_at,
        "expires_at": made.expires_at,
    }
    typed = [literal(value, links.c[name].type).label(name) for name, value in values.items()]
    there = select(*typed).where(clients.c.client_id == made.client)
    connection.execute(insert(links).from_select(list(values), there))
