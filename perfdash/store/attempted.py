"""The tables about syncing: runs, the lease of an account, and refused rows."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKeyConstraint, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from perfdash.store.tables import account_key, client_column, metadata
from perfdash.store.types import Instant

runs = Table(
    "runs",
    metadata,
    client_column(),
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
    account_key(),
    Index(None, "client_id", "account_id", "state", "day_to"),
)  # fmt: skip

leases = Table(
    "leases",
    metadata,
    client_column(),
    Column("account_id", Integer, nullable=False),
    Column("token", String(64), nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("expires_at", Instant, nullable=False),
    PrimaryKeyConstraint("client_id", "account_id"),
    account_key(),
)

quarantine = Table(
    "quarantine",
    metadata,
    client_column(),
    Column("run_id", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("account_id", Integer, nullable=False),
    Column("reason", String(300), nullable=False),
    Column("row_key", String(700), nullable=False, server_default=""),
    Column("payload", Text, nullable=False),
    PrimaryKeyConstraint("client_id", "run_id", "ordinal"),
    ForeignKeyConstraint(["client_id", "run_id"], ["runs.client_id", "runs.run_id"]),
)
