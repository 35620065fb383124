"""The reference API in its own process, asked over real sockets, on a fixed day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from perfdash.demo.process import RunningApi, start

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="package")
def running() -> Iterator[RunningApi]:
    with start(today=TODAY) as api:
        yield api


@pytest.fixture(scope="package")
def connection(running: RunningApi) -> Iterator[httpx.Client]:
    """One client for all tests: making one loads the certificate store, which takes longer than most tests."""
    headers = {"Authorization": f"Bearer {running.key}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=120) as client:
        yield client


@pytest.fixture
def api(connection: httpx.Client) -> httpx.Client:
    """The client with the key; clock, faults and log are as new."""
    connection.post("/_control/clock", json={"today": None})
    connection.delete("/_control/faults")
    connection.delete("/_control/log")
    return connection


@pytest.fixture
def question() -> dict[str, str]:
    return {"client_id": "hoshi-jp", "start_date": "2026-11-01", "end_date": "2026-11-20"}
