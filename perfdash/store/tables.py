"""What every table shares: the metadata with its naming, and the column that leads every key on client data."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def client_column() -> Column[str]:
    """`client_id`, a slug; the first column of every table on client data."""
    return Column("client_id", String(63), ForeignKey("clients.client_id"), nullable=False)


def account_key() -> ForeignKeyConstraint:
    """(client, account) names a row of `accounts`."""
    return ForeignKeyConstraint(["client_id", "account_id"], ["accounts.client_id", "accounts.account_id"])
