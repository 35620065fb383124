"""One request, tried: what came of it in numbers and sentences, with nothing secret and nothing asked twice."""

from __future__ import annotations

import socket
import threading
from base64 import b64encode
from itertools import count
from time import monotonic
from typing import Any

import pytest

from perfdash.sources.check.trial import SHOWN_ROWS, Trial, try_source
from tests.sources.loopback import ACCOUNT, DAYS, KEY, NOW, Answer, Loopback, said
from tests.sources.routed import FIELDS, custom, entry

NONE = {"type": "none"}
PAGE = {"type": "page", "size": 2}
SPLIT = [{"then": "split", "status": 413}]


def trial(answer: Answer, paging: dict[str, Any] | None = None, **tables: Any) -> Trial:
    paging = paging or NONE
    params = {"p": "{page}", "n": "{page_size}"} if paging["type"] == "page" else {}
    ticks = count(100.0, 0.5)
    with Loopback(answer) as server:
        found = try_source(
            custom(server.url, paging, params, **tables),
            ACCOUNT,
            DAYS,
            clock=lambda: NOW,
            monotonic=lambda: next(ticks),
        )
        assert len(server.asked) == 1
        assert found.asked.address.startswith(f"{server.url}/report?from=2026-03-01&to=2026-03-07")
    return found


def test_a_good_answer_is_told_in_numbers() -> None:
    rows = [entry(1), entry(5), entry(2, spent="x"), entry(3, spent="y"), entry(4, shown=None)]
    body = said({"items": rows}, X_Tt_Logid="log\n-1" + "7" * 80)
    found = trial(body.replace(b"log\n", b"log\t"))
    assert (found.status, found.fetched, found.facts, found.duplicates) == (200, 5, 2, 0)
    assert found.size == len(body.partition(b"\r\n\r\n")[2])
    assert found.request_id == "log -1" + "7" * 54
    assert found.quarantined == (("spent is not a number of a known format", 2), ("shown is missing", 1))
    assert len(found.rows) == SHOWN_ROWS
    assert (found.following, found.problem) == (None, "")
    assert 0 < found.seconds < 60


def test_without_a_number_of_the_source_there_is_none() -> None:
    assert trial(said({"items": [entry()]})).request_id == ""


def test_the_request_that_paging_would_make_next_is_shown() -> None:
    found = trial(said({"items": [entry(1), entry(2)]}), PAGE)
    assert found.asked.address.endswith("&p=1&n=2")
    assert found.following is not None
    assert found.following.address.endswith("&p=2&n=2")
    assert trial(said({"items": []}), PAGE).following is None


def test_a_next_address_is_shown_and_one_elsewhere_is_told() -> None:
    paging = {"type": "next_url", "next": "next"}
    found = trial(said({"items": [entry(1)], "next": "/report?page=2&from=1"}), paging)
    assert found.following is not None and found.following.address.endswith("/report?page=***&from=1")
    found = trial(said({"items": [entry(1)], "next": "https://evil.example/"}), paging)
    assert (found.following, found.facts) == (None, 1)
    assert found.problem.startswith("The next page is said to be at https://evil.example, but the key goes to http://")


def test_a_quota_that_is_nearly_used_up_does_not_hold_a_trial_up() -> None:
    usage = {"headers": ["X-Quota"], "pause_seconds": 60}
    assert trial(said({"items": [entry(1)]}, X_Quota="97"), usage=usage).problem == ""


def test_a_server_that_takes_too_long_for_its_headers_is_given_up_at_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(20):
            threading.Event().wait(0.03)
            connection.sendall(b"z")
        connection.sendall(b"\r\n" + said({"items": []}).partition(b"\r\n")[2])

    with Loopback(drip) as server:
        source = custom(server.url, NONE, limits={"read_seconds": 5, "total_seconds": 0.2, "connect_seconds": 5})
        found = try_source(source, ACCOUNT, DAYS, clock=lambda: NOW, monotonic=monotonic)
    assert (found.status, found.problem) == (None, "The source did not finish within 0.2 seconds.")


TWO = "2026-03-01 to 2026-03-03 and 2026-03-04 to 2026-03-07"


@pytest.mark.parametrize(
    ("answer", "tables", "status", "problem"),
    [
        (said({}, 403), {}, 403, "The source answered 403; check the key ANY_API_KEY."),
        (said({}, 503), {}, 503, "The source answered 503."),
        (said({}, 413), {"outcomes": SPLIT}, 413, f"The source answered 413; a sync would ask for {TWO} instead."),
        (said({"items": [entry(1, spent="x")]}), {}, 200, "None of the 1 rows could be read; the reasons stand above."),
        (
            said({"items": [entry(1), entry(1, person="p")]}),
            {"fields": FIELDS | {"creator": "person"}},
            200,
            (
                "Campaign c1 on TikTok, 2026-03-01, came both in total and by creator, so it would count twice. "
                "Nothing was "
                "stored; the source must send one or the other."
            ),
        ),
        (
            said({"items": [], "total": 5}),
            {"paging": NONE | {"total_rows": "total"}},
            200,
            "The answer is incomplete: 0 rows came on 1 pages, but total is 5.",
        ),
        (lambda _connection: None, {}, None, "The source's answer was cut."),
    ],
)
def test_a_bad_answer_is_one_sentence(answer: Answer, tables: dict[str, Any], status: int | None, problem: str) -> None:
    paging = tables.pop("paging", NONE)
    found = trial(answer, paging, **tables)
    assert (found.status, found.problem) == (status, problem)


def test_a_day_that_is_too_much_would_be_asked_for_in_smaller_pages() -> None:
    day = type(DAYS)(DAYS.start, DAYS.start)
    with Loopback(said({}, 413)) as server:
        found = try_source(
            custom(server.url, NONE, outcomes=SPLIT), ACCOUNT, day, clock=lambda: NOW, monotonic=lambda: 0.0
        )
    assert found.problem == "The source answered 413; a sync would ask for fewer rows a page instead."


def test_a_pause_that_is_asked_for_is_told_and_not_waited_for() -> None:
    found = trial(said({}, 429, Retry_After="30"))
    assert found.problem == (
        "The source answered 429 and asks us to wait until 2026-03-10 12:00:30 UTC; sync again then."
    )


@pytest.mark.parametrize("where", ["message", "id", "row"])
def test_a_password_that_is_echoed_as_it_stands_on_the_wire_is_masked(where: str) -> None:
    pair = b64encode(f"anna:{KEY}".encode()).decode()
    answer = {
        "message": said({"message": f"bad {pair}"}, 422),
        "id": said({"items": []}, X_Request_Id=pair),
        "row": said({"items": [entry(1, id=pair), entry(2, spent=pair)]}),
    }[where]
    found = trial(answer, auth={"type": "basic", "user": "anna"})
    assert pair not in repr(found)
    assert "***" in repr(found)
