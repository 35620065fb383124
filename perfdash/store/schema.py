"""The tables. Every key and unique constraint on client data starts with `client_id`, so tables partition by client.

`facts` holds the current version of each fact and `fact_history` the closed ones, so that a question about now never
walks over history. A version is valid from `from_rev` up to, but not including, `to_rev`, both revisions of its client.
Money is in integer micros, conversions in integer millionths, instants in integer microseconds UTC, days are labels.
Personal data stands only in `creators` and `users`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from perfdash.domain.measures import MEASURES, REPORTED_RATIOS
from perfdash.store.attempted import leases, quarantine, runs
from perfdash.store.corrected import correction_ranges, corrections, overlays
from perfdash.store.linked import link_views, links
from perfdash.store.people import (
    audit,
    grants,
    invitations,
    meta,
    sessions,
    spent_identities,
    tickets,
    tries,
    users,
)
from perfdash.store.tables import account_key, client_column, metadata
from perfdash.store.types import Instant

__all__ = [
    "ERASED_NAME",
    "FACT_KEY",
    "VALUES",
    "accounts",
    "audit",
    "campaigns",
    "clients",
    "correction_ranges",
    "corrections",
    "creators",
    "fact_history",
    "facts",
    "grants",
    "invitations",
    "leases",
    "link_views",
    "links",
    "meta",
    "metadata",
    "overlays",
    "quarantine",
    "receipts",
    "revisions",
    "runs",
    "sessions",
    "spent_identities",
    "tickets",
    "tries",
    "users",
]


def _measures() -> tuple[Column[Any], ...]:
    """Fresh columns for what a fact reports (FactValues); optional ones are NULL when not reported."""
    return (
        Column("currency", String(3), nullable=False),
        *(Column(measure.name, BigInteger, nullable=not measure.always) for measure in MEASURES),
        # Exact decimals as text: what the API says, never mixed with what we compute.
        *(Column(name, String(40)) for name in REPORTED_RATIOS),
        Column("flags", String(200), nullable=False, server_default=""),
    )


def _fact_key() -> tuple[Column[Any], ...]:
    """Client, then day: one client's days lie side by side, which is what nearly every question asks for."""
    return (
        Column("client_id", String(63), nullable=False),
        Column("day", Date, nullable=False),
        Column("account_id", Integer, nullable=False),
        Column("campaign_id", String(200), nullable=False),
        Column("creator_id", String(200), nullable=False),
        Column("platform", String(60), nullable=False),
    )


FACT_KEY = ("client_id", "day", "account_id", "campaign_id", "creator_id", "platform")
VALUES = tuple(column.name for column in _measures())
ERASED_NAME = ""
"""In place of a creator's name that must not come back. No source sends it: an empty name is none."""

clients = Table(
    "clients",
    metadata,
    Column("client_id", String(63), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("time_zone", String(60), nullable=False),
    Column("created_at", Instant, nullable=False),
    # The two counters are what serialises writers of one client: each write takes the next number from this row.
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("last_run", Integer, nullable=False, server_default="0"),
)

accounts = Table(
    "accounts",
    metadata,
    client_column(),
    Column("account_id", Integer, nullable=False),
    Column("source", String(63), nullable=False),
    Column("external_id", String(200), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("time_zone", String(60), nullable=False),
    Column("settlement_days", Integer),
    Column("history_days", Integer, nullable=False),
    Column("platforms", Text, nullable=False, server_default=""),
    Column("active", Boolean, nullable=False),
    PrimaryKeyConstraint("client_id", "account_id"),
    UniqueConstraint("client_id", "source", "external_id"),
)

revisions = Table(
    "revisions",
    metadata,
    client_column(),
    Column("revision", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("author", String(100), nullable=False),
    Column("at", Instant, nullable=False),
    Column("run_id", Integer),
    PrimaryKeyConstraint("client_id", "revision"),
    UniqueConstraint("client_id", "at"),
)

facts = Table(
    "facts",
    metadata,
    *_fact_key(),
    Column("from_rev", Integer, nullable=False),
    *_measures(),
    PrimaryKeyConstraint(*FACT_KEY),
    account_key(),
    sqlite_with_rowid=False,
)

fact_history = Table(
    "fact_history",
    metadata,
    *_fact_key(),
    Column("from_rev", Integer, nullable=False),
    Column("to_rev", Integer, nullable=False),
    Column("vanished", Boolean, nullable=False),
    *_measures(),
    PrimaryKeyConstraint(*FACT_KEY, "from_rev"),
    account_key(),
    sqlite_with_rowid=False,
)

campaigns = Table(
    "campaigns",
    metadata,
    client_column(),
    Column("account_id", Integer, nullable=False),
    Column("campaign_id", String(200), nullable=False),
    Column("from_rev", Integer, nullable=False),
    Column("to_rev", Integer),  # NULL while current: few rows, so one table serves both
    Column("name", String(300)),
    Column("budget", BigInteger),
    Column("flight_start", Date),
    Column("flight_end", Date),
    Column("status", String(40)),
    PrimaryKeyConstraint("client_id", "account_id", "campaign_id", "from_rev"),
    account_key(),
)

creators = Table(
    "creators",
    metadata,
    client_column(),
    Column("account_id", Integer, nullable=False),
    Column("creator_id", String(200), nullable=False),
    Column("name", String(300), nullable=False),
    PrimaryKeyConstraint("client_id", "account_id", "creator_id"),
    account_key(),
)

receipts = Table(
    "receipts",
    metadata,
    # One row per client in the export, so that a client's rows can be read, and purged, by client.
    client_column(),
    Column("receipt_id", String(32), nullable=False),
    Column("at", Instant, nullable=False),
    Column("author", String(100), nullable=False),
    Column("view", String(40), nullable=False),
    Column("filters", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("totals", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    PrimaryKeyConstraint("client_id", "receipt_id"),
)
