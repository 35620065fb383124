"""Accounts that share host and key share one budget: over real sockets, on a clock that the tests hold."""

from __future__ import annotations

import random
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from perfdash.config.models import SourceConfig
from perfdash.config.source import Source
from perfdash.domain.accounts import Account
from perfdash.domain.errors import RateLimited
from perfdash.domain.facts import Fetched
from perfdash.domain.secret import Secret
from perfdash.sources.client import fetch
from tests.sources.loopback import ACCOUNT, DAYS, KEY, NOW, Hours, Loopback, paged, row, said
from tests.sources.shared_hours import SharedHours, most_in_any

ONE = said({"data": [row()]})
OTHER = replace(ACCOUNT, external_id="acme-us")
OTHER_KEY = "an0ther-key-of-the-same-host"
RATE = {"rate": {"requests": 1, "seconds": 10}}
USAGE = {"usage": {"headers": ["X-Quota-Used"], "pause_seconds": 20}}
META = {"type": "meta_insights"}
META_LIMIT = {"error": {"message": "too many calls", "type": "OAuthException", "code": 80000}}


def ask(
    server: Loopback,
    hours: Hours | SharedHours,
    account: Account = ACCOUNT,
    key: str = KEY,
    attempts: int = 3,
    **tables: Any,
) -> Fetched:
    limits = {"connect_seconds": 20, "read_seconds": 20, "total_seconds": 600, "attempts": attempts}
    table = {"type": "performance_v1", "base_url": server.url, "key": {"env": "API_KEY"}, "limits": limits} | tables
    source = Source("agency", SourceConfig.model_validate(table), Secret("API_KEY", key))
    return fetch(
        source,
        account,
        DAYS,
        clock=hours.clock,
        sleep=hours.sleep,
        rng=random.Random(1),
        monotonic=hours.monotonic,
    )


def business_usage(percent: float, minutes: int) -> dict[str, str]:
    one = f'{{"type":"ads_insights","call_count":{percent},"estimated_time_to_regain_access":{minutes}}}'
    return {"X_Business_Use_Case_Usage": f'{{"6848":[{one}]}}'}


def test_two_accounts_of_one_key_share_the_rate() -> None:
    hours = Hours()
    with Loopback(ONE) as server:
        ask(server, hours, **RATE)
        found = ask(server, hours, OTHER, **RATE)
    assert hours.slept == [10.0]
    assert "waiting 10.0 s for the rate limit" in found.log


def test_another_key_has_its_own_rate() -> None:
    hours = Hours()
    with Loopback(ONE) as server:
        ask(server, hours, **RATE)
        ask(server, hours, OTHER, OTHER_KEY, **RATE)
        assert len(server.asked) == 2
    assert hours.slept == []


def test_another_host_has_its_own_rate() -> None:
    hours = Hours()
    with Loopback(ONE) as one, Loopback(ONE) as other:
        ask(one, hours, **RATE)
        ask(other, hours, **RATE)
    assert hours.slept == []


def test_pages_and_retries_take_turns_too() -> None:
    hours = Hours()
    pages = [paged([row(campaignId=f"c{page}")], page, 1, 3, 3) for page in (1, 2, 3)]
    with Loopback(pages[0], said({}, 500), *pages[1:]) as server:
        found = ask(server, hours, **RATE)
    assert (found.requests, found.retries) == (4, 1)
    assert hours.monotonic() == pytest.approx(30)


def test_a_turn_beyond_the_run_ends_it_without_a_request() -> None:
    hours = Hours()
    tables = {"rate": {"requests": 1, "seconds": 3600}}
    with Loopback(ONE) as server:
        ask(server, hours, **tables)
        with pytest.raises(RateLimited, match=r"13:00:00 UTC.*sync again then") as caught:
            ask(server, hours, OTHER, **tables)
        assert len(server.asked) == 1
    assert caught.value.resume_at == NOW + timedelta(hours=1)
    assert hours.slept == []


def test_a_pause_that_one_account_was_asked_for_holds_the_other() -> None:
    hours = Hours()
    with Loopback(said({}, 429, Retry_After="7"), ONE) as server:
        with pytest.raises(RateLimited):
            ask(server, hours, attempts=1)
        ask(server, hours, OTHER, OTHER_KEY)
        assert hours.slept == []
        ask(server, hours, OTHER)
    assert hours.slept == [7.0]


def test_a_pause_is_slept_once_by_who_was_asked_for_it() -> None:
    hours = Hours()
    with Loopback(said({}, 429, Retry_After="7"), ONE) as server:
        found = ask(server, hours)
    assert hours.slept == [7.0]
    assert [line for line in found.log if line.startswith("waiting")] == [
        "waiting 7.0 s, then asking again: the source answered 429"
    ]


def test_a_pause_beyond_the_run_ends_the_others_without_a_request() -> None:
    hours = Hours()
    with Loopback(said({}, 429, Retry_After="3600"), ONE) as server:
        for account in (ACCOUNT, OTHER):
            with pytest.raises(RateLimited) as caught:
                ask(server, hours, account)
            assert caught.value.resume_at == NOW + timedelta(hours=1)
        assert len(server.asked) == 1
    assert hours.slept == []


@pytest.mark.parametrize(("percent", "slept"), [("94.9", []), ("95", [20.0]), ("100", [20.0])])
def test_nearly_used_quota_holds_everyone_with_the_key(percent: str, slept: list[float]) -> None:
    hours = Hours()
    with Loopback(said({"data": [row()]}, X_Quota_Used=percent), ONE) as server:
        ask(server, hours, **USAGE)
        ask(server, hours, OTHER, OTHER_KEY, **USAGE)
        assert hours.slept == []
        ask(server, hours, OTHER, **USAGE)
    assert hours.slept == slept


def test_nearly_used_quota_holds_the_next_page_too() -> None:
    hours = Hours()
    first = paged([row()], 1, 1, 2, 2).replace(b"\r\n", b"\r\nX-Quota-Used: 97\r\n", 1)
    with Loopback(first, paged([row(campaignId="c2")], 2, 1, 2, 2)) as server:
        ask(server, hours, **USAGE)
    assert hours.slept == [20.0]


def test_the_minutes_of_meta_are_minutes() -> None:
    hours = Hours()
    with Loopback(said(META_LIMIT, 400, **business_usage(28, 3)), said({"data": []})) as server:
        found = ask(server, hours, **META)
    assert hours.slept == [180.0]
    assert (found.requests, found.retries) == (2, 1)


@pytest.mark.parametrize(("percent", "slept"), [(94.9, []), (95, [180.0])])
def test_the_quota_of_meta_holds_the_next_account(percent: float, slept: list[float]) -> None:
    hours = Hours()
    with Loopback(said({"data": []}, **business_usage(percent, 3)), said({"data": []})) as server:
        ask(server, hours, **META)
        ask(server, hours, OTHER, **META)
    assert hours.slept == slept


def test_accounts_that_ask_at_the_same_time_keep_the_rate_together() -> None:
    hours = SharedHours(threads=6)
    starts: list[float] = []

    def answer(connection: socket.socket) -> None:
        starts.append(hours.monotonic())
        connection.sendall(ONE)

    with Loopback(answer) as server, ThreadPoolExecutor(6) as threads:

        def asks(number: int) -> None:
            try:
                for _ in range(3):
                    account = replace(ACCOUNT, external_id=f"acme-{number}")
                    ask(server, hours, account, rate={"requests": 2, "seconds": 5})
            finally:
                hours.ends()

        list(threads.map(asks, range(6)))
    assert len(starts) == 18
    assert most_in_any(starts, 5) == 2
    assert hours.monotonic() == 40.0
