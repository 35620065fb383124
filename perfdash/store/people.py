"""The tables about people and the store itself: users, how they come in, sessions, audit, meta."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from perfdash.store.tables import client_column, metadata
from perfdash.store.types import Instant

users = Table(
    "users",
    metadata,
    Column("user_id", Integer, primary_key=True),
    Column("username", String(100), nullable=False, unique=True),
    Column("name", String(200), nullable=False, server_default=""),
    Column("password_hash", String(100), nullable=False),  # '' while there is no password: invited, or OpenID Connect
    Column("role", String(10), nullable=False),
    Column("money", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("demo", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("email", String(254)),  # as `emails.spelled`; what an OpenID Connect provider must have verified
    Column("erased_at", Instant),
    Index("uq_users_email", "email", unique=True),
)

grants = Table(
    "grants",
    metadata,
    client_column(),
    Column("user_id", Integer, ForeignKey("users.user_id"), nullable=False),
    PrimaryKeyConstraint("client_id", "user_id"),
    Index(None, "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", String(32), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.user_id"), index=True),  # NULL for visitors of a client link
    Column("kind", String(10), nullable=False, server_default="password"),  # password | oidc | link
    Column("link_id", String(32), index=True),
    Column("token_hash", String(64), unique=True),
    Column("created_at", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("ended_as", String(20)),  # why it was revoked: signed out, password, role, grants, deactivated, ...
)

tickets = Table(
    "tickets",
    metadata,
    Column("ticket_hash", String(64), primary_key=True),
    Column("session_id", String(32), ForeignKey("sessions.session_id"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.user_id"), nullable=False, index=True),
    Column("purpose", String(10), nullable=False),  # invite | reset
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

# Attempts to sign in that failed or are under way, for throttling. Keys are keyed digests: no names, no addresses.
tries = Table(
    "tries",
    metadata,
    Column("try_id", String(32), primary_key=True),
    Column("account_key", String(64), nullable=False),
    Column("address_key", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "account_key", "address_key", "at"),
    Index(None, "address_key", "at"),
)

# An identity token opens one session and never another: a copied cookie of the provider's sign-in is worth nothing.
spent_identities = Table(
    "spent_identities",
    metadata,
    Column("identity_hash", String(64), primary_key=True),
    Column("spent_at", Instant, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("audit_id", Integer, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("actor", String(100), nullable=False),
    Column("action", String(40), nullable=False, index=True),
    Column("subject", String(200), nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String(60), primary_key=True),
    Column("value", Text, nullable=False),
)
