"""What a link's row says, and whether it still opens: while it is neither over nor revoked, and its maker may share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, exists, or_, select

from perfdash.access import roles_that_may
from perfdash.link_question import Shared, read
from perfdash.store.schema import grants, links, users

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
        row.link_id, row.client_id, row.label, read(row.question, row.client_id, row.as_of), row.money, row.author,
        row.created_at, row.expires_at, row.revoked_at, row.revoked_by or "",
    )  # fmt: skip


def state_of(link: Link, now: datetime, *, shareable: bool) -> State:
    """In a word. `stopped`: whoever made it may not share this client any more (`may_still_share`)."""
    if link.revoked_at is not None:
        return "revoked"
    if link.expires_at <= now:
        return "expired"
    return "active" if shareable else "stopped"


def opens(now: datetime, demo: bool) -> ColumnElement[bool]:
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
