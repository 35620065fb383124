"""Client links are looked up by their id, on every message of a page that came by one."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_index(op.f("ix_links_link_id"), "links", ["link_id"])
