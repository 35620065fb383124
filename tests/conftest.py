"""Registers the shared fixtures; what each gives stands in its module in tests/fixtures/."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.command_line",
    "tests.fixtures.app",
    "tests.fixtures.browser",
    "tests.fixtures.provider",
]

FULL = os.environ.get("PERFDASH_FULL") == "1"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

# No example fails for being slow, on however busy a machine; a failure prints what repeats it.
_USUAL = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("perfdash", _USUAL, max_examples=100 if FULL else 30)
settings.load_profile("perfdash")


def examples(full: int) -> settings:
    """How many examples a random test takes that takes `full` of them in `make test-full`: a tenth, but at least 30."""
    return settings(max_examples=full if FULL else max(30, full // 10))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collected tests stay to the end: looking through them for garbage took a third of it. Later, look seldom."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what only `make test-full` runs out of an ordinary run: deselected, not reported as skipped."""
    left_out = [item for item in items if not FULL and _only_full(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _only_full(item: pytest.Item) -> bool:
    """Marked `full`, `nginx` where there is none, or `any_dialect` and about to run on PostgreSQL."""
    if item.get_closest_marker("nginx"):
        return NGINX is None
    if item.get_closest_marker("any_dialect") and "callspec" in vars(item):
        return "postgresql" in vars(item)["callspec"].params.values()
    return item.get_closest_marker("full") is not None


@pytest.fixture(scope="session")
def full() -> bool:
    """True in `make test-full`: a test then takes the sizes that the closing note reports."""
    return FULL
