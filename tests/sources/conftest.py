"""A ledger of its own for a test that takes what a source says all the way into the database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.store.ledger_kit import Ledger


@pytest.fixture
def ledger(_sqlite_template: Path, tmp_path: Path) -> Iterator[Ledger]:
    """An empty SQLite ledger with the clients of the kit."""
    from tests.store.ledger_kit import open_ledger  # the tests that never store anything need not load the store

    shutil.copyfile(_sqlite_template, tmp_path / "store.db")
    found = open_ledger(f"sqlite:///{tmp_path / 'store.db'}")
    try:
        yield found
    finally:
        found.store.close()
