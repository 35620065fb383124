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
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from perfdash.store.types import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _client() -> Column[str]:
    return Column("client_id", String(63), ForeignKey("clients.client_id"), nullable=False)


def _measures() -> tuple[Column[Any], ...]:
    """Fresh columns for what a fact reports (payload.FactValues); optional ones are NULL when not reported."""
    return (
        Column("currency", String(3), nullable=False),
        Column("impressions", BigInteger, nullable=False),
        Column("clicks", BigInteger, nullable=False),
        Column("cost", BigInteger, nullable=False),
        Column("reach", BigInteger),
        Column("views", BigInteger),
        Column("engagements", BigInteger),
        Column("conversions", BigInteger),
        Column("revenue", BigInteger),
        # Exact decimals as text: what the API says, never mixed with what we compute.
        Column("reported_cpm", String(40)),
        Column("reported_roi", String(40)),
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
    _client(),
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


def _account_fk() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["client_id", "account_id"], ["accounts.client_id", "accounts.account_id"])


revisions = Table(
    "revisions",
    metadata,
    _client(),
    Column("revision", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("author", String(100), nullable=False),
    Column("at", Instant, nullable=False),
    Column("run_id", Integer),
    PrimaryKeyConstraint("client_id", "revision"),
    UniqueConstraint("client_id", "at"),
)

runs = Table(
    "runs",
    metadata,
    _client(),
    Column("run_id", Integer, nullable=False),
    Column("account_id", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # running committed failed suspicious aborted
    Column("trigger", String(20), nullable=False),  # cli watch page demo
    Column("author", String(100), nullable=False),
    Column("day_from", Date, nullable=False),
    Column("day_to", Date, nullable=False),
    Column("platforms", Text, nullable=False, server_default=""),
    Column("started_at", Instant, nullable=False),
    Column("fetch_began", Instant),
    Column("fetch_ended", Instant),
    Column("finished_at", Instant),
    Column("revision", Integer),
    *(
        Column(name, Integer, nullable=False, server_default="0")
        for name in (
            "fetched", "new", "restated", "reappeared", "unchanged", "quarantined", "duplicate", "vanished",
            "requests", "retries",
        )
    ),
    Column("message", Text, nullable=False, server_default=""),
    Column("resume_at", Instant),
    Column("log", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("client_id", "run_id"),
    _account_fk(),
    Index(None, "client_id", "account_id", "state", "day_to"),
)  # fmt: skip

leases = Table(
    "leases",
    metadata,
    _client(),
    Column("account_id", Integer, nullable=False),
    Column("token", String(64), nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("expires_at", Instant, nullable=False),
    PrimaryKeyConstraint("client_id", "account_id"),
    _account_fk(),
)

facts = Table(
    "facts",
    metadata,
    *_fact_key(),
    Column("from_rev", Integer, nullable=False),
    *_measures(),
    PrimaryKeyConstraint(*FACT_KEY),
    _account_fk(),
    # Whole-flight cost and the campaign's own page ask for one campaign over all days.
    Index(None, "client_id", "account_id", "campaign_id", "day"),
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
    _account_fk(),
    sqlite_with_rowid=False,
)

campaigns = Table(
    "campaigns",
    metadata,
    _client(),
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
    _account_fk(),
)

creators = Table(
    "creators",
    metadata,
    _client(),
    Column("account_id", Integer, nullable=False),
    Column("creator_id", String(200), nullable=False),
    Column("name", String(300), nullable=False),
    PrimaryKeyConstraint("client_id", "account_id", "creator_id"),
    _account_fk(),
)

quarantine = Table(
    "quarantine",
    metadata,
    _client(),
    Column("run_id", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("account_id", Integer, nullable=False),
    Column("reason", String(300), nullable=False),
    Column("row_key", String(700), nullable=False, server_default=""),
    Column("payload", Text, nullable=False),
    PrimaryKeyConstraint("client_id", "run_id", "ordinal"),
    ForeignKeyConstraint(["client_id", "run_id"], ["runs.client_id", "runs.run_id"]),
)

receipts = Table(
    "receipts",
    metadata,
    # One row per client in the export, so that a client's rows can be read, and purged, by client.
    _client(),
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

users = Table(
    "users",
    metadata,
    Column("user_id", Integer, primary_key=True),
    Column("username", String(100), nullable=False, unique=True),
    Column("name", String(200), nullable=False, server_default=""),
    Column("password_hash", String(100), nullable=False),
    Column("role", String(10), nullable=False),
    Column("money", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("demo", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    _client(),
    Column("user_id", Integer, ForeignKey("users.user_id"), nullable=False),
    PrimaryKeyConstraint("client_id", "user_id"),
    Index(None, "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", String(32), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.user_id"), nullable=False, index=True),
    Column("token_hash", String(64), unique=True),
    Column("created_at", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

tickets = Table(
    "tickets",
    metadata,
    Column("ticket_hash", String(64), primary_key=True),
    Column("session_id", String(32), ForeignKey("sessions.session_id"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

audit = Table(
    "audit",
    metadata,
    Column("audit_id", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String(60), primary_key=True),
    Column("value", Text, nullable=False),
)
