"""The tables of corrections: each decision of a person, and what counts because of them.

`corrections` keeps who set what and why. `overlays` holds, for each corrected fact and span of revisions, the values
that count instead of the reported ones: computed once when something changes, so that a question is a plain join.
`correction_ranges` remembers what a range correction was about, so that rows that arrive in it later can be told.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Date, Index, Integer, PrimaryKeyConstraint, String, Table, Text, text

from perfdash.domain.measures import CORRECTABLE
from perfdash.store.tables import account_key, client_column, metadata


def _fact() -> tuple[Column[Any], ...]:
    return (
        client_column(),
        Column("day", Date, nullable=False),
        Column("account_id", Integer, nullable=False),
        Column("campaign_id", String(200), nullable=False),
        Column("creator_id", String(200), nullable=False),
        Column("platform", String(60), nullable=False),
    )


_FACT = ("client_id", "day", "account_id", "campaign_id", "creator_id", "platform")

corrections = Table(
    "corrections",
    metadata,
    *_fact(),
    Column("correction_id", Integer, nullable=False),
    Column("slot", String(12), nullable=False),
    Column("field", String(12), nullable=False),
    Column("value", BigInteger, nullable=False),
    # What the source reported, and what counted, when the correction was made.
    Column("currency", String(3), nullable=False),
    *(Column(f"raw_{name}", BigInteger, nullable=False) for name in CORRECTABLE),
    Column("before", BigInteger),  # NULL: the CPM of no impressions
    Column("reason", Text, nullable=False),
    Column("author", String(100), nullable=False),
    Column("batch_id", String(32)),
    Column("from_rev", Integer, nullable=False),
    Column("to_rev", Integer),
    Column("ended_as", String(12)),
    Column("ended_by", String(100)),
    Column("ended_reason", Text),
    PrimaryKeyConstraint("client_id", "correction_id"),
    account_key(),
    Index(
        "uq_corrections_active",
        *_FACT,
        "slot",
        unique=True,
        sqlite_where=text("to_rev IS NULL"),
        postgresql_where=text("to_rev IS NULL"),
    ),
    Index(None, "client_id", "batch_id", "day"),
)

correction_ranges = Table(
    "correction_ranges",
    metadata,
    client_column(),
    Column("batch_id", String(32), nullable=False),
    Column("platform", String(60), nullable=False),  # one row per platform; '' is all of them
    Column("account_id", Integer, nullable=False),
    Column("campaign_id", String(200), nullable=False),
    Column("day_from", Date, nullable=False),
    Column("day_to", Date, nullable=False),
    Column("slot", String(12), nullable=False),
    PrimaryKeyConstraint("client_id", "batch_id", "platform"),
    account_key(),
)

overlays = Table(
    "overlays",
    metadata,
    *_fact(),
    Column("from_rev", Integer, nullable=False),
    Column("to_rev", Integer),
    *(Column(name, BigInteger) for name in CORRECTABLE),
    PrimaryKeyConstraint(*_FACT, "from_rev"),
    account_key(),
)
