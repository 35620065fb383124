"""One fetch of several windows: what is asked for, what is put together, and what its log and its errors say."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

import httpx
import pytest

from perfdash.domain.accounts import Days
from perfdash.domain.errors import BadAnswer, RunFailed
from perfdash.domain.facts import FactKey
from perfdash.sources.client import connection, quieten
from tests.sources.loopback import Asked, Loopback, said
from tests.sources.routed import FIELDS, Routed, asking, configured, custom, entry, reasons

MORE = FIELDS | {"campaign_name": "name", "creator": "person", "creator_name": "alias"}
FROM = {"path": "/report", "params": {"from": "{start}", "to": "{end}"}}
RULES = {"outcomes": [{"then": "split", "status": 413, "says": "too much"}]}


def day(asked: Asked) -> str:
    return asked.query["from"]


def test_windows_are_asked_for_one_after_another_and_put_together() -> None:
    def answer(asked: Asked) -> bytes:
        named = {"name": "first"} if day(asked) == "2026-03-01" else {}
        good = entry(1, day=day(asked), person=f"p{day(asked)[-1]}", alias=f"A{day(asked)[-1]}", **named)
        return said({"items": [good, entry(2, day=day(asked), spent=f"x{day(asked)}")]})

    days = Days(date(2026, 3, 1), date(2026, 3, 5))
    with Routed(answer) as server:
        found = asking(custom(server.url, {"type": "none"}, request=FROM | {"window_days": 2}, fields=MORE), days=days)
        assert server.windows("from", "to") == [
            ("2026-03-01", "2026-03-02"),
            ("2026-03-03", "2026-03-04"),
            ("2026-03-05", "2026-03-05"),
        ]
    batch = found.batch
    assert list(batch.facts) == [FactKey(date(2026, 3, n), "c1", "TikTok", f"p{n}") for n in (1, 3, 5)]
    assert (batch.fetched, batch.duplicates, len(batch.quarantined)) == (6, 0, 3)
    assert reasons(batch) == ["spent is not a number of a known format"] * 3
    assert batch.creators == {"p1": "A1", "p3": "A3", "p5": "A5"}
    assert batch.campaigns["c1"].name == "first"


def test_of_what_several_windows_say_of_a_campaign_the_last_counts() -> None:
    with Routed(lambda asked: said({"items": [entry(1, day=day(asked), name=f"of {day(asked)}")]})) as server:
        source = custom(server.url, {"type": "none"}, request=FROM | {"window_days": 1}, fields=MORE)
        found = asking(source, days=Days(date(2026, 3, 1), date(2026, 3, 2)))
    assert found.batch.campaigns["c1"].name == "of 2026-03-02"


def test_without_a_greatest_window_all_days_are_one_request() -> None:
    with Routed(lambda _asked: said({"items": []})) as server:
        asking(custom(server.url, {"type": "none"}, request=FROM))
        assert server.windows("from", "to") == [("2026-03-01", "2026-03-07")]


def test_halves_are_told_in_the_log_with_the_reason() -> None:
    with Routed(lambda asked: said({"items": []}, 413 if asked.query["from"] != asked.query["to"] else 200)) as server:
        found = asking(
            custom(server.url, {"type": "none"}, request=FROM, **RULES), days=Days(date(2026, 3, 1), date(2026, 3, 3))
        )
    assert found.log[:4] == (
        "GET /report 2026-03-01 to 2026-03-03: 413 in 0.00 s",
        'the source answered 413: "too much"; asking for 2026-03-01 and 2026-03-02 to 2026-03-03 instead',
        "GET /report 2026-03-01: 200 in 0.00 s, 0 rows",
        "GET /report 2026-03-02 to 2026-03-03: 413 in 0.00 s",
    )
    assert len(found.log) == 7


def test_smaller_pages_are_told_in_the_log_and_their_end_in_the_error() -> None:
    request = {"path": "/report", "params": FROM["params"] | {"at": "{page}", "size": "{page_size}"}}  # type: ignore[operator]
    with Routed(lambda _asked: said({}, 413)) as server, pytest.raises(BadAnswer) as caught:
        asking(
            custom(server.url, {"type": "page", "size": 7}, request=request, **RULES),
            days=Days(date(2026, 3, 1), date(2026, 3, 1)),
        )
    assert [asked.query["size"] for asked in server.asked] == ["7", "3", "1"]
    assert [line for line in caught.value.trail.log if "instead" in line] == [
        'the source answered 413: "too much"; asking for 3 rows a page instead',
        'the source answered 413: "too much"; asking for 1 rows a page instead',
    ]
    assert str(caught.value) == (
        'agency/acme-eu: the source answered 413: "too much"; 2026-03-01 cannot be asked for in smaller parts.'
    )


def test_an_error_is_a_sentence_with_one_full_stop() -> None:
    rows = [entry(1, day="2026-03-01"), entry(1, day="2026-03-01", person="p")]
    with Loopback(said({"items": rows})) as server, pytest.raises(RunFailed) as caught:
        asking(custom(server.url, {"type": "none"}, fields=MORE))
    assert str(caught.value) == (
        "agency/acme-eu: Campaign c1 on TikTok, 2026-03-01, came both in total and by creator, so it would count "
        "twice. Nothing was stored; the source must send one or the other."
    )


def test_a_connection_waits_as_configured_follows_nothing_and_looks_at_no_environment() -> None:
    source = configured("performance_v1", "https://api.example.com", limits={"connect_seconds": 2, "read_seconds": 5})
    with connection(source, httpx.MockTransport(lambda _asked: httpx.Response(200))) as http:
        assert http.timeout == httpx.Timeout(5, connect=2)
        assert http.follow_redirects is False
        assert http.trust_env is False
        assert http.get("https://api.example.com").request.headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("before", "after"), [(logging.NOTSET, 30), (logging.DEBUG, 30), (logging.INFO, 30), (logging.CRITICAL, 50)]
)
def test_what_the_library_logs_of_requests_is_never_louder_than_a_warning(before: int, after: int) -> None:
    names = ("httpx", *(f"httpcore{part}" for part in ("", ".http11", ".http2", ".connection", ".proxy")))
    loud = [logging.getLogger(name) for name in names]
    kept: list[Any] = [logger.level for logger in loud]
    try:
        for logger in loud:
            logger.setLevel(before)
        quieten()
        assert [logger.level for logger in loud] == [after] * len(loud)
    finally:
        for logger, level in zip(loud, kept, strict=True):
            logger.setLevel(level)
