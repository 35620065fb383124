"""The audit as admins read it: narrowed by who, what, about whom, when and which words, and taken out whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.presentation import tables
from perfdash.store import audit
from perfdash.store.audit import AuditEntry, AuditFilter
from perfdash.store.auth import users
from perfdash.store.query import catalog
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, draw
from perfdash.ui.runtime import browser, context

ACTIONS = tuple(sorted({*audit.OF_CLIENTS, *audit.OF_USERS, *audit.OF_STORE}))
EVERYTHING = AuditFilter()
LONGEST = 200
MOST_EXPORTED = audit.MOST_EXPORTED
COLUMNS = (
    ("line", "line"),
    ("at", "at (UTC)"),
    ("actor", "actor"),
    ("action", "action"),
    ("subject", "subject"),
    ("detail", "detail"),
)
"""Of the export: name and header."""


def filter_controls(principal: Principal) -> AuditFilter:
    """The filters; nothing chosen is everything. Names that are no users and clients any more can be typed."""
    people = [user.username for user in users.list_users(context.store(), principal)]
    clients = [client.slug for client in catalog.clients(context.store(), principal)]
    with st.grid(3, min_column_width=200, gap="small"):
        actor = st.selectbox(
            "Who",
            ["operator", "unknown", *people],
            index=None,
            placeholder="Anybody",
            key="audit_actor",
            accept_new_options=True,
            help="Who did it. The operator works on the command line; unknown is a name that nobody has.",
        )
        actions = st.multiselect("What", ACTIONS, placeholder="Any action", select_all=False, key="audit_actions")
        subject = st.selectbox(
            "About",
            [*clients, audit.EVERY_CLIENT, *people],
            index=None,
            placeholder="Anything",
            key="audit_subject",
            accept_new_options=True,
            help="A client or a user. A look at all clients at once names none of them.",
        )
        text = st.text_input("Words in the detail", max_chars=LONGEST, placeholder="Any", key="audit_text")
        first = st.date_input("From", value=None, key="audit_from", format="YYYY-MM-DD")
        last = st.date_input("To", value=None, key="audit_to", format="YYYY-MM-DD")
    since, until = _moments(first, last)
    return AuditFilter(since, until, _name(actor), tuple(actions), _name(subject), (text or "").strip())


def _name(value: str | None) -> str:
    return (value or "").strip()[:LONGEST]


def _moments(first: object, last: object) -> tuple[datetime | None, datetime | None]:
    """Whole days on the viewer's clock; turned round when they came in the wrong order."""
    days = [day if isinstance(day, date) else None for day in (first, last)]
    if days[0] and days[1] and days[0] > days[1]:
        days.reverse()
    zone = ZoneInfo(browser.zone())
    since = datetime.combine(days[0], time.min, zone) if days[0] else None
    until = datetime.combine(days[1] + timedelta(days=1), time.min, zone) if days[1] else None
    return since, until


def lines(principal: Principal, wanted: AuditFilter) -> tuple[tuple[AuditEntry, ...], bool]:
    """The newest lines that are shown, and whether there are older ones beside them."""
    found = audit.entries(context.store(), principal, asked=wanted, limit=component_tables.MOST_ROWS + 1)
    return found[: component_tables.MOST_ROWS], len(found) > component_tables.MOST_ROWS


def table(found: Sequence[AuditEntry]) -> None:
    """One row per line, newest first."""
    columns = (
        Shown("at", "When", "instant", lambda one: one.at, pinned=True),
        Shown("actor", "Who", "text", lambda one: one.actor or "nobody known"),
        Shown("action", "What", "text", lambda one: one.action),
        Shown("subject", "About", "text", lambda one: one.subject),
        Shown("detail", "Detail", "text", lambda one: one.detail, "double-click a cell to read all of it"),
    )
    draw(found, columns, alt="Lines of the audit, newest first", key="audit")


def csv_of(wanted: AuditFilter) -> Callable[[Principal], str]:
    """All lines as asked, for who asks at the click; that leaves a line too."""
    return lambda who: tables.to_csv(listing(audit.exported(context.store(), who, wanted, context.now())))


def listing(entries: Sequence[AuditEntry]) -> tables.Table:
    """The lines as one exact table, moments to the microsecond: 2026-11-14T08:03:00.000007+00:00."""
    rows = ((e.number, e.at.astimezone(UTC).isoformat(), e.actor, e.action, e.subject, e.detail) for e in entries)
    return tables.listing("audit", COLUMNS, rows)
