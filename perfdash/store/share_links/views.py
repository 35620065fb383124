"""The list of client links, and who used each: a row for its opening, one for every page and every download."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import case, exists, func, insert, literal, select

from perfdash.domain.access import Principal
from perfdash.store.audit import write_line
from perfdash.store.engine import Store
from perfdash.store.schema import link_views, links
from perfdash.store.scope import narrowed
from perfdash.store.share_links.links import Link, State, link_of, may_still_share, require_may_share, state_of

OPENED = "Opened"
"""What the row of an opening says; the others name the page or the download."""


@dataclass(frozen=True, slots=True)
class LinkActivity:
    """A link, how it stands, how often it was opened, how many pages and downloads were asked for, and when last."""

    link: Link
    state: State
    opened: int
    views: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class LinkView:
    """One row of the log. `visit` tells apart those who came; it is nobody's name."""

    at: datetime
    visit: str
    what: str


def viewed(store: Store, link: Link, session_id: str, what: str, now: datetime) -> None:
    """Write down that who came by `link` in this session asked for `what`; an opening also stands in the audit."""
    v, what = link_views.c, what[:60]
    key = {"client_id": link.client, "link_id": link.link_id, "session_id": session_id, "at": now, "what": what}
    same = exists().where(*(v[name] == value for name, value in key.items()))
    still = exists().where(links.c.client_id == link.client, links.c.link_id == link.link_id)
    typed = [literal(value, v[name].type).label(name) for name, value in key.items()]
    with store.writing() as connection:
        connection.execute(insert(link_views).from_select(list(key), select(*typed).where(still, ~same)))
        if what == OPENED:
            write_line(connection, f"link: {link.label}", "link open", link.client, link.link_id, now)


def list_links(
    store: Store, principal: Principal, now: datetime, clients: Collection[str] = (), *, demo: bool = False
) -> tuple[LinkActivity, ...]:
    """The links to clients in scope, newest first; for admins and analysts, () for everyone else."""
    if not principal.may("share"):
        return ()
    v = link_views.c
    used = (
        select(
            v.client_id,
            v.link_id,
            func.count(case((v.what == OPENED, 1))).label("opened"),
            func.count(case((v.what != OPENED, 1))).label("views"),
            func.max(v.at).label("last"),
        )
        .where(narrowed(principal, v.client_id, clients))
        .group_by(v.client_id, v.link_id)
        .subquery("used")
    )
    same = (used.c.client_id == links.c.client_id) & (used.c.link_id == links.c.link_id)
    shareable = case((may_still_share(demo), 1), else_=0).label("shareable")
    statement = (
        select(links, used.c.opened, used.c.views, used.c.last, shareable)
        .outerjoin(used, same)
        .where(narrowed(principal, links.c.client_id, clients))
        .order_by(links.c.created_at.desc(), links.c.link_id)
    )
    with store.reading() as connection:
        rows = connection.execute(statement).all()
    found = [(_told(link_of(row), principal), row) for row in rows]
    return tuple(
        LinkActivity(
            link, state_of(link, now, shareable=bool(row.shareable)), row.opened or 0, row.views or 0, row.last
        )
        for link, row in found
    )


def _told(link: Link, principal: Principal) -> Link:
    """A price limit that somebody else chose is a price: it is not told without money."""
    if principal.money:
        return link
    return replace(link, shared=replace(link.shared, filters=replace(link.shared.filters, max_cpm=None)))


def views(store: Store, principal: Principal, client: str, link_id: str, limit: int = 200) -> tuple[LinkView, ...]:
    """The newest rows of a link's log first. AccessDenied for who may not share this client."""
    require_may_share(principal, client)
    v = link_views.c
    statement = (
        select(v.at, v.session_id, v.what)
        .where(narrowed(principal, v.client_id, (client,)), v.link_id == link_id)
        .order_by(v.at.desc(), v.session_id, v.what)
        .limit(limit)
    )
    with store.reading() as connection:
        # The session's name is worthless in a cookie, but its first letters are enough to tell visits apart.
        return tuple(LinkView(at, session_id[:6], what) for at, session_id, what in connection.execute(statement))
