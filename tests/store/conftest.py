"""The store under test: once on SQLite, once on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perfdash.store.engine import Store
from tests.store.builders import opened


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    """An empty store with the newest schema."""
    with opened(migrated_url) as found:
        yield found
