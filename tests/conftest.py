"""Registers the shared fixtures; what each gives stands in its module in tests/fixtures/."""

from __future__ import annotations

import os

import pytest

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.command_line",
    "tests.fixtures.app",
    "tests.fixtures.browser",
    "tests.fixtures.provider",
]

FULL = os.environ.get("PERFDASH_FULL") == "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave `full` tests out of an ordinary run: deselected and counted as such, not reported as skipped."""
    if FULL:
        return
    left_out = [item for item in items if item.get_closest_marker("full")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


@pytest.fixture(scope="session")
def full() -> bool:
    """True in `make test-full`: a test then takes the sizes that the closing note reports."""
    return FULL
