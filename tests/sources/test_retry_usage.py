"""Headers that say how much of a quota is used: as Meta writes them, and as nobody should."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.config.source_models import UsageConfig
from perfdash.sources.retry import LONGEST_ASKED, pause_hinted, pause_said

APP, ACCOUNT = "x-app-usage", "x-ad-account-usage"
BUSINESS, THROTTLE = "x-business-use-case-usage", "x-fb-ads-insights-throttle"
META = UsageConfig(
    headers=(APP, ACCOUNT, BUSINESS, THROTTLE),
    percent=("call_count", "total_cputime", "total_time", "acc_id_util_pct", "app_id_util_pct"),
    minutes=("estimated_time_to_regain_access",),
    seconds=("reset_time_duration",),
    pause_seconds=45,
)
BARE = UsageConfig(headers=("X-Quota-Used",), pause_at=90, pause_seconds=30)


def business(percent: object = 28, minutes: object = 0, **more: object) -> dict[str, str]:
    one = {"type": "ads_insights", "call_count": percent, "total_cputime": 25, "total_time": 25}
    return {BUSINESS: json.dumps({"6848": [one | {"estimated_time_to_regain_access": minutes} | more]})}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({APP: '{"call_count":28,"total_time":25,"total_cputime":25}'}, None),
        ({APP: '{"call_count":94.9,"total_time":25,"total_cputime":25}'}, None),
        ({APP: '{"call_count":28,"total_time":95,"total_cputime":25}'}, 45),
        ({ACCOUNT: '{"acc_id_util_pct":9.67,"reset_time_duration":100}'}, None),
        ({ACCOUNT: '{"acc_id_util_pct":96,"reset_time_duration":100}'}, 100),
        ({ACCOUNT: '{"acc_id_util_pct":96,"reset_time_duration":0}'}, 45),
        (business(28, 0), None),
        (business(94.9, 19), None),
        (business(100, 19), 19 * 60),
        (business(100, 0), 45),
        ({THROTTLE: '{"app_id_util_pct":100,"acc_id_util_pct":10}'}, 45),
        ({THROTTLE: '{"app_id_util_pct":0,"acc_id_util_pct":0}'}, None),
        ({}, None),
    ],
)
def test_the_headers_of_meta_pause_from_the_limit_on(headers: Mapping[str, str], seconds: float | None) -> None:
    assert pause_said(headers, META) == seconds


def test_the_longest_of_several_pauses_counts() -> None:
    two = {"1": [{"call_count": 96, "estimated_time_to_regain_access": 2}], "2": [{"call_count": 99}]}
    headers = {APP: '{"call_count": 99}', BUSINESS: json.dumps(two)}
    assert pause_said(headers, META) == 120


def test_a_header_speaks_for_itself_only() -> None:
    headers = {APP: '{"call_count": 99}', ACCOUNT: '{"acc_id_util_pct":9,"reset_time_duration":3000}'}
    assert pause_said(headers, META) == 45


def test_the_names_of_headers_have_no_case() -> None:
    assert pause_said({"X-App-Usage": '{"call_count": 99}'}, META) == 45
    assert pause_said(httpx.Headers({"X-APP-Usage": '{"call_count": 99}'}), META) == 45


def test_a_header_that_is_sent_twice_counts_twice() -> None:
    twice = httpx.Headers([(APP, '{"call_count": 9}'), (APP, '{"call_count": 99}')])
    assert pause_said(twice, META) == 45
    assert pause_said(httpx.Headers([("X-Quota-Used", "3"), ("X-Quota-Used", "97.5")]), BARE) == 30


@pytest.mark.parametrize("text", ["90", "90.0", " 97 ", '"91"', "95%", "95 %", "3, 99"])
def test_a_bare_number_counts_when_no_names_are_configured(text: str) -> None:
    assert pause_said({"X-Quota-Used": text}, BARE) == 30


@pytest.mark.parametrize(
    "text", ["89.9", "0", "-95", "NaN", "Infinity", "1e999", "true", "null", '{"a": 99}', "", "٩٩"]
)
def test_what_is_no_number_at_the_limit_does_not_pause(text: str) -> None:
    assert pause_said({"X-Quota-Used": text}, BARE) is None


def test_a_bare_number_says_nothing_when_names_are_configured() -> None:
    assert pause_said({APP: "99"}, META) is None


@pytest.mark.parametrize("percent", ["96", "96.5", " 100 ", 1e6])
def test_numbers_as_text_count(percent: object) -> None:
    assert pause_said(business(percent, "3"), META) == 180


@pytest.mark.parametrize(
    "percent", [True, None, "true", "NaN", float("nan"), float("inf"), -96, "-96", "9,6", [], {}, "9" * 50, 10**400]
)
def test_what_is_not_a_number_is_passed_over(percent: object) -> None:
    assert pause_said(business(percent), META) is None
    assert pause_said(business(percent, total_time=97), META) == 45


@pytest.mark.parametrize("minutes", [True, None, "soon", float("nan"), -3, "-3", [3]])
def test_an_unreadable_time_to_regain_access_leaves_the_configured_pause(minutes: object) -> None:
    assert pause_said(business(99, minutes), META) == 45
    assert pause_hinted(business(99, minutes), META) == 45


@pytest.mark.parametrize("minutes", [1e300, "9" * 15, LONGEST_ASKED])
def test_an_absurd_pause_is_bounded(minutes: object) -> None:
    assert pause_said(business(99, minutes), META) == LONGEST_ASKED
    assert pause_hinted(business(9, minutes), META) == LONGEST_ASKED


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (business(28, 3), 180),
        (business(100, 3), 180),
        ({ACCOUNT: '{"acc_id_util_pct":9.67,"reset_time_duration":100}'}, 100),
        (business(28, 3) | {ACCOUNT: '{"acc_id_util_pct":9.67,"reset_time_duration":1000}'}, 1000),
        (business(96, 0), 45),
        (business(28, 0), None),
        ({}, None),
    ],
)
def test_after_a_rate_limit_the_time_counts_whatever_the_percent(
    headers: Mapping[str, str], seconds: float | None
) -> None:
    assert pause_hinted(headers, META) == seconds


def test_nothing_is_read_when_nothing_is_configured() -> None:
    assert pause_said(business(100, 3), None) is None
    assert pause_hinted(business(100, 3), None) is None
    assert pause_said(business(100, 3), UsageConfig(headers=(APP,), percent=("call_count",))) is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"call_count": 99',
        "[" * 60_000,
        '{"a":' * 9_000,
        "9" * 60_000,
        '{"call_count":' + "9" * 60_000 + "}",
        "1" + " " * 60_000 + "x",
        '{"call_count": 99' + " " * 70_000 + "}",
        "\x00",
        "\ud800",
        '{"call_count": "\\ud800"}',
        '{"a":' * 20 + '{"call_count": 99}' + "}" * 20,
        "<html>",
        "[,]",
        "]",
        "1],[2",
    ],
)
def test_a_hostile_header_neither_fails_nor_pauses(text: str) -> None:
    for usage in (META, BARE):
        for name in usage.headers:
            assert pause_said({name: text}, usage) is None
            assert pause_hinted({name: text}, usage) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(META.percent + META.minutes), inner),
    max_leaves=12,
)


@given(st.one_of(st.text(max_size=80), VALUES.map(json.dumps)), st.sampled_from([META, BARE]))
def test_any_header_gives_none_or_a_bounded_pause(text: str, usage: UsageConfig) -> None:
    for said in (pause_said, pause_hinted):
        seconds: Any = said(dict.fromkeys(usage.headers, text), usage)
        assert seconds is None or 0 < seconds <= LONGEST_ASKED


@pytest.mark.parametrize(("length", "pause"), [(65_536, 30), (65_537, None)])
def test_a_header_of_an_absurd_length_is_passed_over(length: int, pause: float | None) -> None:
    assert pause_said({"X-Quota-Used": "96".rjust(length)}, BARE) == pause


@pytest.mark.parametrize(("levels", "pause"), [(6, 45), (7, None)])
def test_a_number_is_found_however_deep_up_to_a_bound(levels: int, pause: float | None) -> None:
    """One level more is the list that a header is read as."""
    assert pause_said({APP: '{"x":' * levels + '{"call_count": 96}' + "}" * levels}, META) == pause


@pytest.mark.parametrize(
    ("minutes", "seconds", "pause"), [(0.5, 0, 30), (0, 0.5, 0.5), (0, 0, 45), (1, 90, 90), (2, 90, 120), (-1, -1, 45)]
)
def test_the_longest_of_minutes_and_seconds_counts_and_parts_of_them_do(
    minutes: float, seconds: float, pause: float
) -> None:
    assert pause_said(business(96, minutes, reset_time_duration=seconds), META) == pause


def test_a_rate_limit_without_any_header_of_the_quota_hints_at_nothing() -> None:
    assert pause_hinted({}, META) is None
    assert pause_hinted({APP: ""}, META) is None
