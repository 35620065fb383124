"""Meta's insights, as they are on the wire: what is asked, how they page, how rows are read, what each error means."""

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
from tests.sources.loopback import ACCOUNT, KEY, Answer, Asked, Hours, said
from tests.sources.meta_api import ACCOUNT_ID, REPORT, VERSION, MetaApi, actions, insight, refused, too_much
from tests.sources.routed import KEY_NAME, Routed, asking, configured, reasons

META_ACCOUNT = replace(ACCOUNT, external_id=ACCOUNT_ID, settlement_days=28)
FIRST = date(2026, 3, 1)
DAY = Days(FIRST, FIRST)
RATE = (4, 17, 32, 613, *range(80000, 80015))
USAGE_HEADERS = ("x-app-usage", "x-ad-account-usage", "x-business-use-case-usage", "x-fb-ads-insights-throttle")
PURCHASES = ("purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase")


def days(count: int) -> Days:
    return Days(FIRST, FIRST + timedelta(days=count - 1))


def every_day(count: int, campaigns: int = 1) -> list[dict[str, Any]]:
    return [insight(f"2385000000{n:05}", str(day)) for day in days(count).each() for n in range(campaigns)]


@pytest.fixture
def api() -> MetaApi:
    return MetaApi(every_day(7))


@pytest.fixture
def server(api: MetaApi) -> Iterator[Routed]:
    with Routed(api) as running:
        api.url = running.url
        yield running


def meta(server: Routed, **tables: Any) -> Source:
    return configured("meta_insights", server.url + VERSION, **tables)


def ask(server: Routed, asked: Days | None = None, hours: Hours | None = None, **tables: Any) -> Fetched:
    return asking(meta(server, **tables), META_ACCOUNT, asked or days(7), hours)


def ranges(server: Routed) -> list[tuple[str, str]]:
    found = [json.loads(asked.query["time_range"]) for asked in server.asked]
    return [(one["since"][-2:], one["until"][-2:]) for one in found]


# What is asked


def test_a_request_is_what_the_insights_endpoint_expects(server: Routed) -> None:
    ask(server)
    (asked,) = server.asked
    assert asked.path == f"{VERSION}/act_{ACCOUNT_ID}/insights"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(asked.query["time_range"]) == {"since": "2026-03-01", "until": "2026-03-07"}
    assert (asked.query["level"], asked.query["time_increment"]) == ("campaign", "1")
    assert asked.query["breakdowns"] == "publisher_platform"
    assert {"campaign_id", "impressions", "clicks", "spend", "actions"} <= set(asked.query["fields"].split(","))
    assert "after" not in asked.query


def test_one_day_is_one_request_with_the_same_first_and_last_day(server: Routed) -> None:
    assert len(ask(server, DAY).batch.facts) == 1
    assert ranges(server) == [("01", "01")]


def test_the_token_is_never_in_an_address_though_every_next_address_carries_it(api: MetaApi, server: Routed) -> None:
    api.rows = every_day(7, campaigns=3)
    found = ask(server, paging={"size": 5})
    assert found.batch.fetched == 21
    assert len(server.targets) == 5
    assert all("k3y" not in target and "access_token" not in target for target in server.targets)
    assert all([n for n, value in asked.headers.items() if KEY in value] == ["authorization"] for asked in server.asked)
    assert all("k3y" not in line for line in found.log)


def test_values_settle_within_28_days_and_37_months_are_kept() -> None:
    config = configured("meta_insights").config
    assert config.settlement_days == 28
    assert 1_000 <= config.history_days <= 37 * 31


# How it pages


@pytest.mark.parametrize("size", [1, 2, 20, 21, 22, 500])
def test_every_page_is_read_and_a_cursor_on_the_last_page_is_not_followed(
    api: MetaApi, server: Routed, size: int
) -> None:
    api.rows = every_day(7, campaigns=3)
    found = ask(server, paging={"size": size})
    assert len(found.batch.facts) == found.batch.fetched == 21
    assert len(server.asked) == -(-21 // size)


@pytest.mark.parametrize("gaps", [{0}, {5}, {20}, {0, 5, 10, 15, 20}])
def test_an_empty_page_with_a_next_one_loses_nothing(api: MetaApi, server: Routed, gaps: set[int]) -> None:
    api.rows, api.gaps = every_day(7, campaigns=3), gaps
    assert len(ask(server, paging={"size": 5}).batch.facts) == 21
    assert len(server.asked) == 5 + len(gaps)


def test_no_rows_are_an_answer(api: MetaApi, server: Routed) -> None:
    api.rows = []
    assert ask(server).batch.fetched == 0
    assert len(server.asked) == 1


def test_a_next_address_on_a_foreign_host_is_not_asked_at_all(api: MetaApi, server: Routed) -> None:
    """Only that there is one counts; the next page is asked for by its cursor, at the configured address."""
    api.rows = every_day(7, campaigns=3)
    with Routed(api) as other:
        api.url = other.url
        assert ask(server, paging={"size": 5}).batch.fetched == 21
        assert other.asked == []


def test_a_next_page_without_a_cursor_fails_the_run(api: MetaApi, server: Routed) -> None:
    api.instead = deque([said({"data": [insight()], "paging": {"next": f"{server.url}/somewhere"}})])
    with pytest.raises(BadAnswer, match=r"paging\.next.*paging\.cursors\.after"):
        ask(server)


def test_a_constant_cursor_ends_with_an_error_that_names_it(api: MetaApi, server: Routed) -> None:
    body = {"data": [], "paging": {"next": "there is more", "cursors": {"after": "MTA="}}}
    api.instead = deque([said(body)] * 50)
    with pytest.raises(BadAnswer, match="MTA="):
        ask(server)
    assert len(server.asked) <= 3


# How its rows are read


def test_numbers_that_come_as_text_are_exact(api: MetaApi, server: Routed) -> None:
    api.rows = [insight(spend="14.35", cpm="14.350001", impressions="1000", action_values=actions("59.970001"))]
    ((key, values),) = ask(server, DAY).batch.facts.items()
    assert key == FactKey(FIRST, "238500000000001", "Facebook")
    assert (values.impressions, values.clicks, values.cost, values.reach) == (1000, 10, 14_350_000, 800)
    assert (values.conversions, values.revenue) == (3_000_000, 59_970_001)
    assert values.reported_cpm == Decimal("14.350001")


@pytest.mark.parametrize(
    ("theirs", "field"),
    [
        ("impressions", "impressions"),
        ("clicks", "clicks"),
        ("spend", "cost"),
    ],
)
def test_a_metric_that_every_row_has_is_zero_when_it_is_left_out(
    api: MetaApi, server: Routed, theirs: str, field: str
) -> None:
    api.rows = [insight(**{theirs: None, "cpm": None})]
    (values,) = ask(server, DAY).batch.facts.values()
    assert getattr(values, field) == 0


@pytest.mark.parametrize(
    ("theirs", "field"), [("reach", "reach"), ("actions", "conversions"), ("action_values", "revenue")]
)
def test_what_meta_does_not_answer_is_not_reported_and_no_zero(
    api: MetaApi, server: Routed, theirs: str, field: str
) -> None:
    api.rows = [insight(**{theirs: None})]
    (values,) = ask(server, DAY).batch.facts.values()
    assert getattr(values, field) is None
    others = {"reach", "conversions", "revenue"} - {field}
    assert all(getattr(values, other) is not None for other in others)


def test_a_row_of_nothing_but_zeros_is_a_fact(api: MetaApi, server: Routed) -> None:
    nothing = dict.fromkeys(("impressions", "clicks", "spend", "cpm", "reach", "actions", "action_values"))
    api.rows = [insight(**nothing)]
    (values,) = ask(server, DAY).batch.facts.values()
    assert (values.impressions, values.clicks, values.cost, values.reach) == (0, 0, 0, None)
    assert values.reported_cpm is None


@pytest.mark.parametrize("field", ["campaign_id", "date_start", "publisher_platform"])
def test_what_names_a_row_is_never_taken_for_zero(api: MetaApi, server: Routed, field: str) -> None:
    wrong = insight(**{field: None})
    server._handler = lambda _asked: said({"data": [wrong, insight("2")]})
    batch = ask(server, DAY).batch
    assert [key.campaign for key in batch.facts] == ["2"]
    assert len(batch.quarantined) == 1 and field in reasons(batch)[0]


def test_a_purchase_under_three_types_is_counted_once(api: MetaApi, server: Routed) -> None:
    api.rows = [insight(actions=actions(3), action_values=actions("30.50"))]
    (values,) = ask(server, DAY).batch.facts.values()
    assert (values.conversions, values.revenue) == (3_000_000, 30_500_000)


@pytest.mark.parametrize("kind", PURCHASES)
def test_which_type_counts_as_a_purchase_can_be_chosen(api: MetaApi, server: Routed, kind: str) -> None:
    mixed = [{"action_type": name, "value": str(n)} for n, name in enumerate(PURCHASES, 1)]
    api.rows = [insight(actions=mixed)]
    picked = {"path": "actions", "by": "action_type", "pick": kind, "zero_when_missing": True}
    (values,) = ask(server, DAY, fields={"conversions": picked}).batch.facts.values()
    assert values.conversions == (PURCHASES.index(kind) + 1) * 1_000_000


def test_another_attribution_can_be_picked(api: MetaApi, server: Routed) -> None:
    api.rows = [insight(actions=[{"action_type": "purchase", "value": "5", "7d_click": "4"}])]
    picked = {"path": "actions", "by": "action_type", "pick": "purchase", "value": '"7d_click"'}
    (values,) = ask(server, DAY, fields={"conversions": picked}).batch.facts.values()
    assert values.conversions == 4_000_000


def test_actions_without_a_purchase_are_zero_purchases(api: MetaApi, server: Routed) -> None:
    api.rows = [insight(actions=[{"action_type": "link_click", "value": "40"}], action_values=[])]
    (values,) = ask(server, DAY).batch.facts.values()
    assert (values.conversions, values.revenue) == (0, 0)


@pytest.mark.parametrize("wrong", ["3", {"purchase": "3"}, 3, [{"action_type": "purchase", "value": "many"}]])
def test_actions_of_another_shape_are_not_read_and_counted(api: MetaApi, server: Routed, wrong: object) -> None:
    api.rows = [insight(actions=wrong)]
    batch = ask(server, DAY).batch
    (found,) = batch.facts.values()
    assert found.conversions is None and batch.totals is not None
    assert dict(batch.totals.unread) == {"actions[purchase]": 1}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("facebook", "Facebook"),
        ("instagram", "Instagram"),
        ("audience_network", "Audience Network"),
        ("messenger", "Messenger"),
    ],
)
def test_platforms_have_one_spelling_and_one_row_each(api: MetaApi, server: Routed, theirs: str, ours: str) -> None:
    api.rows = [insight(platform=theirs), insight(platform="unknown")]
    facts = ask(server, DAY).batch.facts
    assert {key.platform for key in facts} == {ours, "unknown"}
    flags = {key.platform.lower(): values.flags for key, values in facts.items()}
    assert "unknown_platform" in flags["unknown"]


def test_a_row_in_another_currency_than_the_accounts_is_quarantined(api: MetaApi, server: Routed) -> None:
    api.rows = [insight(account_currency="USD")]
    batch = ask(server, DAY).batch
    assert not batch.facts
    assert "currency" in reasons(batch)[0]


# What its errors mean


@pytest.mark.parametrize("code", RATE)
def test_a_rate_limit_is_waited_for_and_asked_again(api: MetaApi, server: Routed, code: int) -> None:
    api.instead = deque([refused(code, 400, "User request limit reached")])
    hours = Hours()
    found = ask(server, hours=hours)
    assert (found.batch.fetched, found.requests, found.retries) == (7, 2, 1)
    assert sum(hours.slept) > 0
    assert any(f"error.code {code}" in line and "waiting" in line for line in found.log)


@pytest.mark.parametrize("code", [4, 613, 80004])
def test_a_rate_limit_that_stays_ends_the_run_and_says_so(api: MetaApi, server: Routed, code: int) -> None:
    api.instead = deque([refused(code)] * 10)
    with pytest.raises(RateLimited, match=rf"error\.code {code}"):
        ask(server)
    assert len(server.asked) == 3


@pytest.mark.parametrize("code", [79999, 80015, 3, 5, 16, 18, 31, 33, 612, 614])
def test_neighbours_of_a_rate_limit_are_none(api: MetaApi, server: Routed, code: int) -> None:
    api.instead = deque([refused(code)])
    with pytest.raises(SourceRefused, match=str(code)):
        ask(server)
    assert len(server.asked) == 1


def hint(minutes: object, percent: int = 100) -> dict[str, str]:
    said = {ACCOUNT_ID: [{"type": "ads_insights", "call_count": percent, "estimated_time_to_regain_access": minutes}]}
    return {"X_Business_Use_Case_Usage": json.dumps(said)}


def test_the_time_to_regain_access_is_in_minutes(api: MetaApi, server: Routed) -> None:
    limited = refused(80004).replace(
        b"\r\n\r\n", b"\r\nX-Business-Use-Case-Usage: " + _header(hint(2)) + b"\r\n\r\n", 1
    )
    api.instead = deque([limited])
    hours = Hours()
    ask(server, hours=hours, limits={"total_seconds": 3600})
    assert sum(hours.slept) >= 120
    assert sum(hours.slept) < 600


def test_minutes_beyond_the_time_of_the_run_end_it_at_once_with_the_hour(api: MetaApi, server: Routed) -> None:
    limited = refused(80004).replace(
        b"\r\n\r\n", b"\r\nX-Business-Use-Case-Usage: " + _header(hint(90)) + b"\r\n\r\n", 1
    )
    api.instead = deque([limited])
    hours = Hours()
    with pytest.raises(RateLimited, match="2026-03-10 13:30:00 UTC"):
        ask(server, hours=hours)
    assert (len(server.asked), hours.slept) == (1, [])


def _header(headers: dict[str, str]) -> bytes:
    return headers["X_Business_Use_Case_Usage"].encode()


@pytest.mark.parametrize("name", USAGE_HEADERS)
@pytest.mark.parametrize(("percent", "pauses"), [(94, False), (95, True), (100, True)])
def test_a_quota_that_is_nearly_used_pauses_before_the_next_request(
    api: MetaApi, server: Routed, name: str, percent: int, pauses: bool
) -> None:
    said_of = {
        "x-app-usage": {"call_count": percent, "total_time": 1, "total_cputime": 1},
        "x-ad-account-usage": {"acc_id_util_pct": percent},
        "x-business-use-case-usage": {ACCOUNT_ID: [{"type": "ads_insights", "total_cputime": percent}]},
        "x-fb-ads-insights-throttle": {"app_id_util_pct": 1, "acc_id_util_pct": percent},
    }
    api.usage = {name.replace("-", "_"): json.dumps(said_of[name])}
    hours = Hours()
    found = ask(server, hours=hours, paging={"size": 4}, limits={"total_seconds": 3600})
    assert found.batch.fetched == 7
    assert (sum(hours.slept) >= 60) is pauses


@pytest.mark.parametrize("code", [190, 10, 200])
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_token_or_permission_names_the_key_and_is_not_asked_again(
    api: MetaApi, server: Routed, code: int, status: int
) -> None:
    api.instead = deque([refused(code, status, "The session has expired")])
    with pytest.raises(SourceRefused, match=rf"error\.code {code}.*The session has expired.*{KEY_NAME}"):
        ask(server)
    assert len(server.asked) == 1


def test_an_account_that_may_not_be_seen_is_a_matter_of_permission(server: Routed) -> None:
    with pytest.raises(SourceRefused, match=rf"Unsupported get request.*{KEY_NAME}"):
        asking(meta(server), ACCOUNT, DAY)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        refused(2, 500),
        refused(2, 400),
        refused(1, 400, error_subcode=99),
        refused(1, 500, error_subcode=99),
        refused(99999, 400, is_transient=True),
        refused(99999, 500),
        refused(1, 500, "An unknown error occurred"),
        said({"error": {}}, 500),
        said(b"<html>Sorry, something went wrong.</html>", 503),
        said(b"", 502),
    ],
)
def test_a_fault_of_theirs_is_asked_again(api: MetaApi, server: Routed, answer: bytes) -> None:
    api.instead = deque([answer, answer])
    found = ask(server)
    assert (found.batch.fetched, found.retries) == (7, 2)


def test_a_fault_of_theirs_that_stays_fails_the_run_and_names_the_code(api: MetaApi, server: Routed) -> None:
    api.instead = deque([refused(2, 500)] * 10)
    with pytest.raises(SourceUnreachable, match=r"error\.code 2.*after 3 attempts"):
        ask(server)


@pytest.mark.parametrize("code", [100, 101, 1, 99, 1487534, 3018, 2635, 99999])
def test_any_other_code_fails_loudly_and_is_named_with_their_words(api: MetaApi, server: Routed, code: int) -> None:
    api.instead = deque([refused(code, 400, "(#3018) The start date is too far back", is_transient=False)])
    with pytest.raises(RunFailed) as caught:
        ask(server)
    assert f"error.code {code}" in str(caught.value) and "too far back" in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [200, 400])
def test_an_empty_error_is_an_error(api: MetaApi, server: Routed, status: int) -> None:
    api.instead = deque([said({"error": {}}, status)])
    with pytest.raises(RunFailed):
        ask(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_beside_rows_is_an_error(api: MetaApi, server: Routed, status: int) -> None:
    api.instead = deque([said({"data": [insight()], "error": {"code": 12345, "message": "deprecated"}}, status)])
    with pytest.raises(RunFailed, match=r"12345.*deprecated"):
        ask(server)


# Too much at once


@pytest.mark.parametrize("answer", [too_much(), refused(100, 400, "Too much", error_subcode=1487534)])
def test_too_much_at_once_is_asked_for_in_exact_halves(api: MetaApi, server: Routed, answer: bytes) -> None:
    api.rows = every_day(8)

    def serve(asked: Asked) -> Answer:
        wanted = json.loads(asked.query["time_range"])
        return answer if wanted["since"] != wanted["until"] else api(asked)

    server._handler = serve
    found = ask(server, days(8))
    assert ranges(server)[:5] == [("01", "08"), ("01", "04"), ("01", "02"), ("01", "01"), ("02", "02")]
    assert len(server.asked) == 15
    assert len(found.batch.facts) == found.batch.fetched == 8


@pytest.mark.parametrize("message", ["REDUCE the amount of data", "please Reduce The Amount Of Data you want"])
def test_their_words_for_it_count_in_any_case(api: MetaApi, server: Routed, message: str) -> None:
    api.instead = deque([refused(1, 500, message)])
    assert ask(server, days(2)).batch.fetched == 2
    assert ranges(server) == [("01", "02"), ("01", "01"), ("02", "02")]


def test_a_day_that_is_too_much_is_asked_for_in_smaller_pages_and_the_next_day_is_not(
    api: MetaApi, server: Routed
) -> None:
    api.rows = [*every_day(1, campaigns=300), insight("1", "2026-03-02")]
    heavy = lambda asked: '"since":"2026-03-01"' in asked.query["time_range"] and int(asked.query["limit"]) > 125  # noqa: E731
    server._handler = lambda asked: too_much() if heavy(asked) else api(asked)
    found = ask(server, days(2))
    assert found.batch.fetched == 301
    assert [asked.query["limit"] for asked in server.asked] == ["500", "500", "250", "125", "125", "125", "500"]


def test_a_page_in_the_middle_that_is_too_much_counts_nothing_twice(api: MetaApi, server: Routed) -> None:
    api.rows = every_day(4, campaigns=3)
    whole = lambda asked: '"until":"2026-03-04"' in asked.query["time_range"] and '-01"' in asked.query["time_range"]  # noqa: E731
    server._handler = lambda asked: too_much() if whole(asked) and "after" in asked.query else api(asked)
    found = ask(server, days(4), paging={"size": 5})
    assert len(found.batch.facts) == found.batch.fetched == 12
    assert found.batch.duplicates == 0


def test_a_day_of_which_even_one_row_is_too_much_fails_the_run_after_bounded_requests(
    api: MetaApi, server: Routed
) -> None:
    api.most_rows = 0
    with pytest.raises(BadAnswer, match=r"2026-03-01.*smaller"):
        ask(server, DAY)
    assert len(server.asked) == 9  # 500, 250, 125, 62, 31, 15, 7, 3, 1


# Reports that are made first


def test_a_window_of_ninety_days_is_ordered_as_a_report_and_a_shorter_one_is_not(api: MetaApi, server: Routed) -> None:
    api.rows = [insight(str(n)) for n in range(7)]
    api.report_states = deque(["Job Not Started", "Job Started", "Job Running", "Job Completed"])
    found = ask(server, days(90), paging={"size": 5})
    assert found.batch.fetched == 7
    assert [(one.method, one.path.removeprefix(VERSION)) for one in server.asked] == [
        ("POST", f"/act_{ACCOUNT_ID}/insights"),
        *[("GET", f"/{REPORT}")] * 4,
        *[("GET", f"/{REPORT}/insights")] * 2,
    ]
    ordered, pages = server.asked[0].query, server.asked[-1].query
    assert ordered["level"] == "campaign" and "limit" not in ordered
    assert set(pages) == {"limit", "after"}
    server.asked.clear()
    ask(server, days(89))
    assert {one.method for one in server.asked} == {"GET"}


@pytest.mark.parametrize("state", ["Job Failed", "Job Skipped"])
def test_a_report_that_fails_or_is_skipped_is_a_failed_run(api: MetaApi, server: Routed, state: str) -> None:
    api.report_states = deque(["Job Running", state])
    with pytest.raises(SourceRefused, match=f'async_status is "{state}"'):
        ask(server, days(120))
