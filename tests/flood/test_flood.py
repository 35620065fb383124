"""Who floods the server stops nobody else: a stranger, a client's user or a client link, in seven ways."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import get_args

import pytest
from sqlalchemy import func, select
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from perfdash.store import schema
from perfdash.ui.server import guard, link_route
from tests.flood.attack import What
from tests.flood.scene import Scene, Who, scene

SECONDS, SIZES = 20.0, (10, 50)
TIMES, MOST_SECONDS = 5.0, 3.0
"""How much slower a page may be than in quiet times, and how slow at most, in 95 of 100 looks."""
MEMORY, WITHIN = 1.2, 60.0
WAYS = [
    (who, what)
    for who in get_args(Who)
    for what in get_args(What)
    if (who, what) != ("link", "sign-ins")  # under a link there is no form
]


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("flood"), campaigns=4) as found:
        found.look()
        yield found


def kept(found: Scene, table: str) -> int:
    with found.store.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(schema.metadata.tables[table])) or 0)


@pytest.mark.parametrize("who", get_args(Who))
def test_of_many_runs_that_are_asked_for_at_once_few_are_made(flooded: Scene, who: Who) -> None:
    told = flooded.attack(who, "reruns", sockets=4, most=60, seconds=30).made()
    assert told["messages"] >= 200
    assert told["runs"] < told["messages"] / 2, told
    assert flooded.look() > 0, "everybody else has their page"


@pytest.mark.parametrize("who", ["client", "link"])
def test_of_many_downloads_one_is_made_at_a_time_and_leaves_one_receipt(flooded: Scene, who: Who) -> None:
    before = kept(flooded, "receipts")
    told = flooded.attack(who, "downloads", sockets=2, most=40, seconds=40).made()
    assert told.get("downloads", 0) >= 1, told
    # Whether one is refused depends on which is faster here; tests/ui/server/test_sockets.py holds one open and counts.
    assert kept(flooded, "receipts") - before < told["downloads"] + 1
    assert flooded.look() > 0


def test_values_of_another_kind_close_the_socket_and_leave_one_line_each(flooded: Scene) -> None:
    before = len(flooded.server.log())
    told = flooded.attack("stranger", "malformed values", sockets=1, most=30, seconds=30).made()
    said = flooded.server.log()[before:]
    assert told["sockets"] >= 10, "closed and opened again"
    assert "Traceback" not in said
    assert len(said) < told["messages"] * 120, said


def test_who_says_more_than_a_browser_does_is_left(flooded: Scene) -> None:
    told = flooded.attack("stranger", "reruns", sockets=1, most=int(guard.MESSAGES[0]) * 3, seconds=30).made()
    assert told["sockets"] > 1, told


def test_a_socket_that_is_refused_leaves_no_line(flooded: Scene) -> None:
    before = flooded.server.log()
    for _ in range(20):
        with (
            pytest.raises(InvalidStatus),
            connect(
                f"{flooded.server.url.replace('http', 'ws')}/_stcore/stream",
                origin="http://elsewhere.example",  # type: ignore[arg-type]
                proxy=None,
            ),
        ):
            pass
    assert flooded.server.log() == before


def test_a_link_is_opened_by_one_network_a_number_of_times(flooded: Scene) -> None:
    before = kept(flooded, "sessions")
    told = flooded.attack("link", "openings", sockets=5, most=link_route.MOST_FROM_ONE // 4, seconds=60).made()
    assert told.get("answered 503", 0) >= 5, told
    assert kept(flooded, "sessions") - before <= link_route.MOST_FROM_ONE


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("who", "what"), WAYS)
def test_nobody_notices_a_flood(tmp_path_factory: pytest.TempPathFactory, who: Who, what: What) -> None:
    with scene(tmp_path_factory.mktemp("quiet")) as found:
        for _ in range(3):
            found.look()
        quiet = [found.look() for _ in range(20)]
        memory = found.memory
        for sockets in SIZES:
            seen = looks(found, who, what, sockets)
            print(f"{who}, {what}, {sockets} sockets: {p95(seen):.2f} s p95 of {len(seen)}, quiet {p95(quiet):.2f} s")
            assert p95(seen) <= min(MOST_SECONDS, TIMES * p95(quiet))
        until = time.monotonic() + WITHIN
        while time.monotonic() < until and found.memory > memory * MEMORY:
            time.sleep(1)
        print(f"{who}, {what}: memory {found.memory / memory:.2f} times that of before")
        assert found.memory <= memory * MEMORY


def looks(found: Scene, who: Who, what: What, sockets: int) -> list[float]:
    """How long a page takes, again and again, while it goes on."""
    seen = []
    with found.attack(who, what, sockets=sockets, seconds=SECONDS).under_way() as attack:
        while attack.poll() is None:
            seen.append(found.look())
            time.sleep(0.1)
    return seen


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
