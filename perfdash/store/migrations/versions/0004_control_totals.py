"""Control totals of runs, what they refused, incomplete runs, imported files, daily budgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _added(table: str, *columns: sa.Column) -> None:  # type: ignore[type-arg]
    for column in columns:
        op.add_column(table, column)


def upgrade() -> None:
    """Runs that refused rows were called committed until now; they are incomplete, and their sums were not kept."""
    _added(
        "runs",
        *(sa.Column(name, sa.Integer(), nullable=False, server_default="0") for name in ("added", "left_out")),
        sa.Column("control", sa.Text(), nullable=False, server_default=""),
        *(
            sa.Column(name, sa.String(length=length), nullable=False, server_default="")
            for name, length in (("content_sha256", 64), ("file_name", 200), ("file_sha256", 64))
        ),
    )
    _added(
        "accounts",
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.Column("refuse_at_most", sa.Integer(), nullable=False, server_default="10000"),
        sa.Column("files_only", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _added("campaigns", sa.Column("budget_kind", sa.String(length=10), nullable=True))
    op.create_table(
        "refusals",
        sa.Column("client_id", sa.String(length=63), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("platform", sa.String(length=60), nullable=False, server_default=""),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("without_cost", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_refusals_client_id")),
        sa.ForeignKeyConstraint(
            ["client_id", "run_id"], ["runs.client_id", "runs.run_id"], name=op.f("fk_refusals_client_id_run_id")
        ),
        sa.PrimaryKeyConstraint("client_id", "run_id", "ordinal", name=op.f("pk_refusals")),
    )
    op.execute("UPDATE runs SET state = 'incomplete' WHERE state = 'committed' AND quarantined > 0")
