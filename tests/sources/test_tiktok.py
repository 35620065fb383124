"""TikTok's report, as it is on the wire: what is asked, how its rows are read, and what each of its codes means."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from perfdash.config.source import Source
from perfdash.domain.accounts import Days
from perfdash.domain.errors import BadAnswer, RateLimited, RunFailed, SourceRefused, SourceUnreachable
from perfdash.domain.facts import FactKey, Fetched
from tests.sources.loopback import ACCOUNT, KEY, Hours, said
from tests.sources.routed import KEY_NAME, Routed, asking, configured, reasons
from tests.sources.tiktok_api import ADVERTISER, PATH, TikTokApi, every_day, failed, reported

ADVERTISER_ACCOUNT = replace(ACCOUNT, external_id=ADVERTISER)
FIRST = date(2026, 3, 1)
DAY = Days(FIRST, FIRST)
NO_ROWS = {"page": 1, "page_size": 1000, "total_number": 0, "total_page": 0}
RATE = (40100, 40132, 40133, 61000)
PASSING = (40200, 40201, 40202, 40700, 50000, 50002, 51000, 51001, 51999, 52000, 52010, 52999, 60001)
REFUSING_THE_KEY = (40102, 40104, 40105, 40001)
UNKNOWN = (1, 40000, 40002, 40003, 40101, 40900, 50001, 50999, 53000, 99999, -1)


@pytest.fixture
def api() -> TikTokApi:
    return TikTokApi(every_day(FIRST, 7))


@pytest.fixture
def server(api: TikTokApi) -> Iterator[Routed]:
    with Routed(api) as running:
        yield running


def tiktok(server: Routed, **tables: Any) -> Source:
    return configured("tiktok_business", server.url, **tables)


def days(count: int) -> Days:
    return Days(FIRST, FIRST + timedelta(days=count - 1))


def ask(server: Routed, asked: Days | None = None, hours: Hours | None = None, **tables: Any) -> Fetched:
    return asking(tiktok(server, **tables), ADVERTISER_ACCOUNT, asked or days(7), hours)


# What is asked


def test_a_request_is_what_the_report_endpoint_expects(server: Routed) -> None:
    ask(server)
    (asked,) = server.asked
    assert asked.path == PATH
    assert asked.headers["access-token"] == KEY
    assert "authorization" not in asked.headers
    assert json.loads(asked.query["dimensions"]) == ["campaign_id", "stat_time_day"]
    (wanted,) = json.loads(asked.query["filtering"])
    assert (wanted["field_name"], json.loads(wanted["filter_value"])) == ("campaign_status", ["STATUS_ALL"])
    assert {"impressions", "clicks", "spend"} <= set(json.loads(asked.query["metrics"]))
    assert (asked.query["start_date"], asked.query["end_date"]) == ("2026-03-01", "2026-03-07")
    assert (asked.query["page"], asked.query["page_size"]) == ("1", "1000")
    assert asked.query["advertiser_id"] == ADVERTISER


def test_the_token_is_in_its_header_and_in_no_address(api: TikTokApi, server: Routed) -> None:
    api.rows, api.cap = every_day(FIRST, 7, campaigns=5), 10
    ask(server)
    assert len(server.targets) == 4
    assert all(KEY not in target and "k3y" not in target for target in server.targets)
    assert all([n for n, value in asked.headers.items() if KEY in value] == ["access-token"] for asked in server.asked)


@pytest.mark.parametrize("count", [1, 2, 29, 30, 31, 59, 60, 61, 90, 365])
def test_windows_of_at_most_thirty_days_are_disjoint_complete_and_in_order(
    api: TikTokApi, server: Routed, count: int
) -> None:
    api.rows = every_day(FIRST, count)
    found = ask(server, days(count))
    windows = [(date.fromisoformat(start), date.fromisoformat(end)) for start, end in server.windows()]
    covered = [start + timedelta(days=n) for start, end in windows for n in range((end - start).days + 1)]
    assert covered == list(days(count).each())
    assert len(windows) == -(-count // 30)
    assert all((end - start).days < 30 for start, end in windows)
    assert len(found.batch.facts) == found.batch.fetched == count


def test_the_last_day_is_inclusive_and_one_day_is_one_request(server: Routed) -> None:
    assert list(ask(server, DAY).batch.facts) == [FactKey(FIRST, "1700000000000000000", "TikTok")]
    assert server.windows() == [("2026-03-01", "2026-03-01")]


def test_the_last_days_are_asked_for_again_for_at_least_three_days() -> None:
    assert (configured("tiktok_business").config.settlement_days or 0) >= 3


# How it pages


def test_every_page_is_read_and_the_size_is_asked_for_as_ten_would_come_otherwise(
    api: TikTokApi, server: Routed
) -> None:
    api.rows = every_day(FIRST, 7, campaigns=300)
    assert ask(server).batch.fetched == 2_100
    assert [asked.query["page"] for asked in server.asked] == ["1", "2", "3"]


@pytest.mark.parametrize("cap", [1, 7, 10, 50, 69, 70, 71])
def test_a_smaller_page_than_was_asked_for_loses_nothing(api: TikTokApi, server: Routed, cap: int) -> None:
    api.rows, api.cap = every_day(FIRST, 7, campaigns=10), cap
    found = ask(server)
    assert len(found.batch.facts) == found.batch.fetched == 70
    assert {asked.query["page_size"] for asked in server.asked[1:]} <= {str(cap)}


def test_no_rows_are_an_answer(api: TikTokApi, server: Routed) -> None:
    api.rows = []
    assert ask(server).batch.fetched == 0
    assert len(server.asked) == 1


# How its rows are read


def test_numbers_that_come_as_text_are_exact(api: TikTokApi, server: Routed) -> None:
    api.rows = [reported(spend="1234.567891", impressions="1000000", cpm="1.2345678", conversion="3", reach="7")]
    ((key, values),) = ask(server, DAY).batch.facts.items()
    assert key == FactKey(FIRST, "1701234567890001", "TikTok")
    assert (values.impressions, values.clicks, values.cost) == (1_000_000, 10, 1_234_567_891)
    assert (values.conversions, values.reach, values.views) == (3_000_000, 7, 700)
    assert values.reported_cpm == Decimal("1.2345678")
    assert values.currency == "EUR"


@pytest.mark.parametrize("nothing", ["-", None])
@pytest.mark.parametrize(
    ("metric", "field"),
    [("reach", "reach"), ("conversion", "conversions"), ("video_play_actions", "views"), ("cpm", "reported_cpm")],
)
def test_a_dash_or_null_is_not_reported_rather_than_zero(
    api: TikTokApi, server: Routed, nothing: str | None, metric: str, field: str
) -> None:
    api.rows = [reported(**{metric: nothing})]
    (values,) = ask(server, DAY).batch.facts.values()
    assert getattr(values, field) is None


@pytest.mark.parametrize("nothing", ["-", None])
@pytest.mark.parametrize("metric", ["impressions", "clicks", "spend"])
def test_a_dash_for_what_every_row_must_have_is_quarantined(
    api: TikTokApi, server: Routed, nothing: str | None, metric: str
) -> None:
    api.rows = [reported(**{metric: nothing}), reported("2")]
    batch = ask(server, DAY).batch
    assert [key.campaign for key in batch.facts] == ["2"]
    assert len(batch.quarantined) == 1 and f"metrics.{metric}" in reasons(batch)[0]
    assert batch.quarantined[0].key == FactKey(FIRST, "1701234567890001", "TikTok")


def test_ids_stay_whole_whether_they_come_as_text_or_as_numbers(api: TikTokApi, server: Routed) -> None:
    as_number = reported("1701234567890123456")
    as_number["dimensions"]["campaign_id"] = 1701234567890123457
    api.rows = [reported("1701234567890123456"), as_number]
    assert {key.campaign for key in ask(server, DAY).batch.facts} == {"1701234567890123456", "1701234567890123457"}


def test_the_day_is_a_label_at_midnight_and_never_shifted(api: TikTokApi, server: Routed) -> None:
    api.rows = [reported(day="2026-03-01")]
    source, account = tiktok(server), replace(ADVERTISER_ACCOUNT, time_zone="America/Los_Angeles")
    assert [key.day for key in asking(source, account, DAY).batch.facts] == [FIRST]


@pytest.mark.parametrize("label", ["2026-03-01 05:00:00", "2026-03-01T00:00:00", "-", None, 20260301])
def test_a_day_that_is_not_at_midnight_is_quarantined(api: TikTokApi, server: Routed, label: object) -> None:
    wrong = reported()
    wrong["dimensions"]["stat_time_day"] = label
    server._handler = lambda _asked: said(
        {
            "code": 0,
            "data": {"list": [wrong], "page_info": {"page": 1, "page_size": 10, "total_number": 1, "total_page": 1}},
        }
    )
    batch = ask(server, DAY).batch
    assert not batch.facts
    assert "stat_time_day" in reasons(batch)[0]


def test_the_platform_is_the_network_whatever_device_a_row_names(api: TikTokApi, server: Routed) -> None:
    row = reported()
    row["dimensions"]["platform"] = "ANDROID"
    api.rows = [row]
    assert [key.platform for key in ask(server, DAY).batch.facts] == ["TikTok"]


def test_the_devices_of_a_campaign_are_never_taken_for_the_whole_of_it(api: TikTokApi, server: Routed) -> None:
    api.rows = [reported(impressions="600"), reported(impressions="400")]
    for row, device in zip(api.rows, ("ANDROID", "IPHONE"), strict=True):
        row["dimensions"]["platform"] = device
    with pytest.raises(BadAnswer, match=r'write records.finer = \["dimensions.platform"\]'):
        ask(server, DAY)


def test_its_name_for_a_campaign_is_kept(server: Routed) -> None:
    assert {said.name for said in ask(server).batch.campaigns.values()} == {"Spring"}


# What its codes mean: they all come with status 200


@pytest.mark.parametrize("code", RATE)
def test_a_rate_limit_is_waited_for_and_asked_again(api: TikTokApi, server: Routed, code: int) -> None:
    api.instead = deque([failed(code, "Too many requests")])
    hours = Hours()
    found = ask(server, hours=hours)
    assert (found.batch.fetched, found.requests, found.retries) == (7, 2, 1)
    assert sum(hours.slept) > 0
    assert any(str(code) in line and "waiting" in line for line in found.log)


@pytest.mark.parametrize("code", RATE)
def test_a_rate_limit_that_stays_ends_the_run_and_says_so(api: TikTokApi, server: Routed, code: int) -> None:
    api.instead = deque([failed(code)] * 10)
    with pytest.raises(RateLimited, match=f"code {code}") as caught:
        ask(server)
    assert len(server.asked) == 3
    assert "sync again" in str(caught.value)


def test_a_rate_limit_is_never_asked_again_before_its_hint(api: TikTokApi, server: Routed) -> None:
    api.instead = deque([failed(40100, Retry_After="17")])
    hours = Hours()
    ask(server, hours=hours)
    assert sum(hours.slept) >= 17


def test_a_hint_beyond_the_time_of_the_run_ends_it_at_once_with_the_hour(api: TikTokApi, server: Routed) -> None:
    api.instead = deque([failed(40100, Retry_After="7200")])
    hours = Hours()
    with pytest.raises(RateLimited, match="2026-03-10 14:00:00 UTC") as caught:
        ask(server, hours=hours)
    assert caught.value.resume_at is not None
    assert (len(server.asked), hours.slept) == (1, [])


@pytest.mark.parametrize("code", PASSING)
def test_a_fault_of_theirs_is_asked_again(api: TikTokApi, server: Routed, code: int) -> None:
    api.instead = deque([failed(code), failed(code)])
    found = ask(server)
    assert (found.batch.fetched, found.retries) == (7, 2)


@pytest.mark.parametrize("code", [40200, 50000, 51004])
def test_a_fault_of_theirs_that_stays_fails_the_run_and_names_the_code(
    api: TikTokApi, server: Routed, code: int
) -> None:
    api.instead = deque([failed(code)] * 10)
    with pytest.raises(SourceUnreachable, match=rf"{code}.*after 3 attempts"):
        ask(server)
    assert len(server.asked) == 3


@pytest.mark.parametrize("code", REFUSING_THE_KEY)
def test_a_refused_token_or_permission_names_the_key_and_is_not_asked_again(
    api: TikTokApi, server: Routed, code: int
) -> None:
    api.instead = deque([failed(code, "Access token is expired")])
    with pytest.raises(SourceRefused, match=f'code {code}: "Access token is expired"; check the key {KEY_NAME}'):
        ask(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize("code", UNKNOWN)
def test_any_other_code_fails_loudly_and_is_named_with_their_words(api: TikTokApi, server: Routed, code: int) -> None:
    api.instead = deque([failed(code, "Something new")])
    with pytest.raises(RunFailed) as caught:
        ask(server)
    assert f"code {code}" in str(caught.value) and "Something new" in str(caught.value)
    assert len(server.asked) == 1


def test_a_wrong_token_or_advertiser_is_told_in_their_words(server: Routed) -> None:
    with pytest.raises(SourceRefused, match=r"40105.*revoked"):
        asking(configured("tiktok_business", server.url, key="another-key"), ADVERTISER_ACCOUNT, DAY)
    with pytest.raises(SourceRefused, match=r"40001.*No permission"):
        asking(tiktok(server), ACCOUNT, DAY)


@pytest.mark.parametrize("page", [1, 2])
def test_an_answer_that_is_partial_by_its_code_fails_the_run(api: TikTokApi, server: Routed, page: int) -> None:
    api.cap = 4
    server._handler = lambda asked: failed(20001, "Partial success") if asked.query["page"] == str(page) else api(asked)
    with pytest.raises(BadAnswer, match=r"20001.*incomplete"):
        ask(server)


def test_an_answer_that_was_cut_short_by_its_header_fails_the_run(api: TikTokApi, server: Routed) -> None:
    api.throttled = True
    with pytest.raises(BadAnswer, match=r"(?i)x-tt-ads-throttle.*incomplete"):
        ask(server)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"<html>busy</html>", b'{"message": "busy"}', b""])
def test_a_gateway_in_front_of_it_that_is_busy_is_asked_again(
    api: TikTokApi, server: Routed, status: int, body: bytes
) -> None:
    api.instead = deque([said(body, status)])
    assert ask(server).batch.fetched == 7


def test_an_answer_that_was_cut_is_asked_for_again(api: TikTokApi, server: Routed) -> None:
    half = b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"code": 0, "data": {"li'
    api.instead = deque([lambda connection: connection.sendall(half)])
    assert ask(server).batch.fetched == 7


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<html>sign in</html>", "web page"),
        (b'{"code": 0}', "data.list"),
        (b'{"code": 0, "data": null}', "data.list"),
        (b'{"code": 0, "data": {"list": null}}', "data.list"),
        (b'{"code": 0, "data": {"list": {}}}', "data.list"),
        (b'{"code": 0, "code": 40100, "data": {"list": []}}', "twice|duplicate"),
        (b'{"code": 0, "data": {"list": [{}]}}', "page_info"),
        (b'{"message": "no code at all", "data": {"list": []}}', "no code at all"),
        (b'{"code": "40100", "message": "as text"}', "40100"),
    ],
)
def test_what_is_no_report_fails_the_run(api: TikTokApi, server: Routed, body: bytes, text: str) -> None:
    api.instead = deque([said(body)] * 5)
    with pytest.raises(RunFailed, match=text):
        ask(server)


def test_an_empty_list_without_a_word_on_pages_is_a_whole_answer(api: TikTokApi, server: Routed) -> None:
    api.instead = deque([said(b'{"code": 0, "message": "OK", "data": {"list": []}}')])
    found = ask(server)
    assert (found.batch.fetched, found.requests) == (0, 1)


def test_a_list_that_is_null_is_empty_where_0_rows_are_counted(api: TikTokApi, server: Routed) -> None:
    api.instead = deque([said({"code": 0, "message": "OK", "data": {"list": None, "page_info": NO_ROWS}})])
    assert ask(server).batch.fetched == 0


# Too much at once (40067)


@pytest.mark.parametrize(
    ("most", "windows"),
    [
        (4, [("01", "08"), ("01", "04"), ("05", "08")]),
        (2, [("01", "08"), ("01", "04"), ("01", "02"), ("03", "04"), ("05", "08"), ("05", "06"), ("07", "08")]),
    ],
)
def test_too_much_at_once_is_asked_for_in_exact_halves(
    api: TikTokApi, server: Routed, most: int, windows: list[tuple[str, str]]
) -> None:
    api.rows, api.most_days = every_day(FIRST, 8), most
    found = ask(server, days(8))
    assert [(start[-2:], end[-2:]) for start, end in server.windows()] == windows
    assert len(found.batch.facts) == found.batch.fetched == 8


@pytest.mark.parametrize("count", [1, 2, 3, 7, 30, 31, 45])
@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_halves_of_halves_are_disjoint_and_complete(api: TikTokApi, server: Routed, count: int, most: int) -> None:
    api.rows, api.most_days = every_day(FIRST, count, campaigns=2), most
    found = ask(server, days(count))
    answered = [
        (date.fromisoformat(start), date.fromisoformat(end))
        for start, end in server.windows()
        if (date.fromisoformat(end) - date.fromisoformat(start)).days < most
    ]
    assert [start + timedelta(n) for start, end in answered for n in range((end - start).days + 1)] == list(
        days(count).each()
    )
    assert len(found.batch.facts) == found.batch.fetched == 2 * count
    assert not found.batch.quarantined and not found.batch.duplicates


def test_a_day_that_is_too_much_is_asked_for_in_smaller_pages_and_the_next_day_is_not(
    api: TikTokApi, server: Routed
) -> None:
    api.rows = every_day(FIRST, 1, campaigns=600) + every_day(date(2026, 3, 2), 1)
    api.most_days = 1
    heavy = lambda asked: asked.query["start_date"] == "2026-03-01" and int(asked.query["page_size"]) > 250  # noqa: E731
    server._handler = lambda asked: failed(40067) if heavy(asked) else api(asked)
    found = ask(server, days(2))
    assert found.batch.fetched == 601
    sizes = [(asked.query["start_date"][-2:], asked.query["page_size"], asked.query["page"]) for asked in server.asked]
    assert sizes == [
        ("01", "1000", "1"),
        ("01", "1000", "1"),
        ("01", "500", "1"),
        ("01", "250", "1"),
        ("01", "250", "2"),
        ("01", "250", "3"),
        ("02", "1000", "1"),
    ]


def test_a_day_of_which_even_one_row_is_too_much_fails_the_run_after_bounded_requests(
    api: TikTokApi, server: Routed
) -> None:
    api.most_rows = 0
    with pytest.raises(BadAnswer, match=r"2026-03-01.*smaller"):
        ask(server, DAY)
    assert len(server.asked) == 10  # 1000, 500, 250, 125, 62, 31, 15, 7, 3, 1


def test_a_later_page_that_is_too_much_splits_its_window_and_counts_nothing_twice(
    api: TikTokApi, server: Routed
) -> None:
    api.rows, api.cap = every_day(FIRST, 4, campaigns=3), 5
    whole = lambda asked: (asked.query["start_date"], asked.query["end_date"]) == ("2026-03-01", "2026-03-04")  # noqa: E731
    server._handler = lambda asked: failed(40067) if whole(asked) and asked.query["page"] == "2" else api(asked)
    found = ask(server, days(4))
    assert len(found.batch.facts) == found.batch.fetched == 12
    assert found.batch.duplicates == 0


def test_too_much_for_one_account_does_not_shrink_what_another_is_asked(api: TikTokApi, server: Routed) -> None:
    other = replace(ADVERTISER_ACCOUNT, external_id="another")
    server._handler = lambda asked: (
        failed(40067)
        if asked.query["advertiser_id"] == ADVERTISER and asked.query["start_date"] != asked.query["end_date"]
        else said({"code": 0, "data": {"list": [], "page_info": NO_ROWS}})
    )
    asking(tiktok(server), ADVERTISER_ACCOUNT, days(4))
    begun = len(server.asked)
    asking(tiktok(server), other, days(4))
    assert begun == 7
    assert len(server.asked) == begun + 1


def test_a_day_is_read_with_and_without_a_time(api: TikTokApi, server: Routed) -> None:
    api.rows = [reported("1"), reported("2")]
    api.rows[1]["dimensions"]["stat_time_day"] = "2026-03-01"
    assert [(key.campaign, key.day) for key in ask(server, DAY).batch.facts] == [("1", FIRST), ("2", FIRST)]
