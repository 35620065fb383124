"""The tables of client links: what each shows, until when, and who used it when."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, String, Table, Text

from perfdash.store.tables import client_column, metadata
from perfdash.store.types import Instant

links = Table(
    "links",
    metadata,
    client_column(),
    Column("link_id", String(32), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("label", String(200), nullable=False),
    Column("question", Text, nullable=False),  # the filters as `link_question.kept` writes them, days as dates
    Column("as_of", Instant),  # the pinned moment; NULL follows the present
    Column("money", Boolean, nullable=False),
    Column("author", String(100), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("revoked_by", String(100)),
    PrimaryKeyConstraint("client_id", "link_id"),
    # Not unique: constraints on client data start with the client, and a token is unguessable anyway.
    Index(None, "token_hash"),
)

link_views = Table(
    "link_views",
    metadata,
    client_column(),
    Column("link_id", String(32), nullable=False),
    Column("session_id", String(32), nullable=False),
    Column("at", Instant, nullable=False),
    Column("what", String(60), nullable=False),  # opened, or the page or export that was asked for
    PrimaryKeyConstraint("client_id", "link_id", "session_id", "at", "what"),
    ForeignKeyConstraint(["client_id", "link_id"], ["links.client_id", "links.link_id"]),
)
