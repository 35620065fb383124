"""Corrections: what people set, and the values that count because of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_FACT = ("client_id", "day", "account_id", "campaign_id", "creator_id", "platform")


def _fact() -> list[sa.Column]:  # type: ignore[type-arg]
    return [
        sa.Column("client_id", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.String(length=200), nullable=False),
        sa.Column("creator_id", sa.String(length=200), nullable=False),
        sa.Column("platform", sa.String(length=60), nullable=False),
    ]


def _keys(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f(f"fk_{table}_client_id")),
        sa.ForeignKeyConstraint(
            ["client_id", "account_id"],
            ["accounts.client_id", "accounts.account_id"],
            name=op.f(f"fk_{table}_client_id_account_id"),
        ),
    ]


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "corrections",
        *_fact(),
        sa.Column("correction_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=12), nullable=False),
        sa.Column("field", sa.String(length=12), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("raw_impressions", sa.BigInteger(), nullable=False),
        sa.Column("raw_clicks", sa.BigInteger(), nullable=False),
        sa.Column("raw_cost", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=True),
        sa.Column("from_rev", sa.Integer(), nullable=False),
        sa.Column("to_rev", sa.Integer(), nullable=True),
        sa.Column("ended_as", sa.String(length=12), nullable=True),
        sa.Column("ended_by", sa.String(length=100), nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        *_keys("corrections"),
        sa.PrimaryKeyConstraint("client_id", "correction_id", name=op.f("pk_corrections")),
    )
    op.create_index(
        "uq_corrections_active",
        "corrections",
        [*_FACT, "slot"],
        unique=True,
        sqlite_where=sa.text("to_rev IS NULL"),
        postgresql_where=sa.text("to_rev IS NULL"),
    )
    op.create_index(op.f("ix_corrections_client_id_batch_id_day"), "corrections", ["client_id", "batch_id", "day"])
    op.create_table(
        "correction_ranges",
        sa.Column("client_id", sa.String(length=63), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("platform", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.String(length=200), nullable=False),
        sa.Column("day_from", sa.Date(), nullable=False),
        sa.Column("day_to", sa.Date(), nullable=False),
        sa.Column("slot", sa.String(length=12), nullable=False),
        *_keys("correction_ranges"),
        sa.PrimaryKeyConstraint("client_id", "batch_id", "platform", name=op.f("pk_correction_ranges")),
    )
    op.create_table(
        "overlays",
        *_fact(),
        sa.Column("from_rev", sa.Integer(), nullable=False),
        sa.Column("to_rev", sa.Integer(), nullable=True),
        sa.Column("impressions", sa.BigInteger(), nullable=True),
        sa.Column("clicks", sa.BigInteger(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        *_keys("overlays"),
        sa.PrimaryKeyConstraint(*_FACT, "from_rev", name=op.f("pk_overlays")),
    )
