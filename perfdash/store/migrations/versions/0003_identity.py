"""Identity: invitations, throttling, OpenID Connect, client links, and why a session ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the tables and columns; what is there stays valid."""
    _widen()
    _ways_in()
    _links()
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
    op.create_index(op.f("ix_audit_action"), "audit", ["action"])


def _widen() -> None:
    op.add_column("users", sa.Column("email", sa.String(length=254), nullable=True))
    op.add_column("users", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.create_index("uq_users_email", "users", ["email"], unique=True)
    # Sessions are made anew, as SQLite cannot loosen a column: everybody signs in once more after this upgrade.
    op.drop_table("tickets")
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False, server_default="password"),
        sa.Column("link_id", sa.String(length=32), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_as", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"])
    op.create_index(op.f("ix_sessions_link_id"), "sessions", ["link_id"])
    op.create_table(
        "tickets",
        sa.Column("ticket_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.session_id"], name=op.f("fk_tickets_session_id")),
        sa.PrimaryKeyConstraint("ticket_hash", name=op.f("pk_tickets")),
    )


def _ways_in() -> None:
    op.create_table(
        "invitations",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_invitations_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invitations")),
    )
    op.create_index(op.f("ix_invitations_user_id"), "invitations", ["user_id"])
    op.create_table(
        "tries",
        sa.Column("try_id", sa.String(length=32), nullable=False),
        sa.Column("account_key", sa.String(length=64), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("try_id", name=op.f("pk_tries")),
    )
    op.create_index(op.f("ix_tries_account_key_address_key_at"), "tries", ["account_key", "address_key", "at"])
    op.create_index(op.f("ix_tries_address_key_at"), "tries", ["address_key", "at"])
    op.create_table(
        "spent_identities",
        sa.Column("identity_hash", sa.String(length=64), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("identity_hash", name=op.f("pk_spent_identities")),
    )
    op.create_index(op.f("ix_spent_identities_spent_at"), "spent_identities", ["spent_at"])


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("client_id", sa.String(length=63), nullable=False),
        sa.Column("link_id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=True),
        sa.Column("money", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_by", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_links_client_id")),
        sa.PrimaryKeyConstraint("client_id", "link_id", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_token_hash"), "links", ["token_hash"])
    op.create_table(
        "link_views",
        sa.Column("client_id", sa.String(length=63), nullable=False),
        sa.Column("link_id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_link_views_client_id")),
        sa.ForeignKeyConstraint(
            ["client_id", "link_id"], ["links.client_id", "links.link_id"], name=op.f("fk_link_views_client_id_link_id")
        ),
        sa.PrimaryKeyConstraint("client_id", "link_id", "session_id", "at", "what", name=op.f("pk_link_views")),
    )
