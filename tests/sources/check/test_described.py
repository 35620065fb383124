"""A configuration in words: each kind of paging, rule, field and limit has its own sentence."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from perfdash.config.source_models import FieldConfig, OutcomeRule, RateConfig, UsageConfig
from perfdash.sources.check.request_plan import conversion_told, limits_told, paging_told, place_told, rule_told
from tests.sources.loopback import source
from tests.sources.paging_kit import paging


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"type": "none"}, "one request is one answer"),
        ({"type": "page"}, "then page by page until an empty page"),
        ({"type": "page", "total_rows": "n"}, "then page by page until as many rows came as n says"),
        ({"type": "page", "total_rows": "n", "total_pages": "p"}, "then page by page while p says so"),
        (
            {"type": "page", "first_unasked": True, "total_pages": "p"},
            "without a page number first, then page by page while p says so",
        ),
        ({"type": "offset"}, "then from the row after the last one, until an empty page"),
        (
            {"type": "offset", "total_rows": "n"},
            "then from the row after the last one, until as many rows came as n says",
        ),
        ({"type": "cursor", "next": "c"}, "then with the cursor at c, until there is none"),
        ({"type": "cursor", "next": "c", "more": "m"}, "then with the cursor at c, while m says that there is more"),
        ({"type": "next_url", "next": "u"}, "then the address at u, at this host only, until there is none"),
        (
            {"type": "link_header"},
            "then the address of the Link header's rel=next, at this host only, until there is none",
        ),
    ],
)
def test_paging_is_one_sentence(said: dict[str, Any], sentence: str) -> None:
    assert paging_told(paging(**said)) == sentence


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"then": "ok", "status": 204}, "ok: status 204"),
        ({"then": "retry", "status": [409, "5xx"]}, "ask again: status 409 or 5xx"),
        ({"then": "rate_limited", "at": "code", "any_of": [1, 2, "A"]}, "rate limited: code is 1, 2 or A"),
        ({"then": "split", "at": "code", "between": [1, 9]}, "ask for fewer days: code is from 1 to 9"),
        ({"then": "auth", "at": "m", "contains": "token"}, 'the key is refused: m contains "token"'),
        ({"then": "fail", "at": "ok", "any_of": [False]}, "fail: ok is false"),
        ({"then": "fail", "at": "x", "any_of": []}, "fail: x is nothing"),
        ({"then": "incomplete", "header": "X-Cut"}, "fail, the answer is incomplete: header X-Cut is there"),
        (
            {"then": "fail", "status": 200, "header": "X-E", "at": "error"},
            "fail: status 200 and header X-E is there and error holds",
        ),
    ],
)
def test_a_rule_is_one_line(said: dict[str, Any], line: str) -> None:
    assert rule_told(OutcomeRule.model_validate(said)) == line


@pytest.mark.parametrize(
    ("name", "said", "place", "conversion"),
    [
        ("cost", {"path": "a.b"}, "a.b", "money, may be negative"),
        ("cost", {"path": "a", "scale": "micros"}, "a", "money, may be negative, / 1,000,000"),
        (
            "cost",
            {"path": "a", "scale": "cents", "zero_when_missing": True},
            "a",
            "money, may be negative, / 100, 0 when missing",
        ),
        ("roi", {"path": "a", "scale": "percent"}, "a", "number, kept beside ours, / 100"),
        ("day", {"path": "a"}, "a", "day, in any spelling with one reading"),
        ("flight_start", {"path": "a"}, "a", "day, in any spelling with one reading"),
        ("flight_end", {"path": "a", "format": "%d.%m.%y"}, "a", "day, DD.MM.YY"),
        ("platform", {"constant": "TikTok"}, '"TikTok"', "name of a platform"),
        ("platform", {"path": "p", "map": {"ig": "Instagram"}}, "p", "name of a platform, ig = Instagram"),
        (
            "status",
            {"path": "s", "map": {letter: letter.upper() for letter in "abcdefgh"}},
            "s",
            "text, a = A, b = B, c = C, d = D, e = E, f = F and 2 more",
        ),
        ("revenue", {"path": "l", "by": "k", "pick": "buy"}, "l[k = buy].value", "money, may be negative"),
        ("creator", {"path": "c", "zero_when_missing": True}, "c", "id, as text"),
        ("conversions", {"path": "n"}, "n", "number"),
        ("budget", {"path": "b"}, "b", "money"),
        ("reach", {"path": "r"}, "r", "whole number"),
        ("cpm", {"path": "m"}, "m", "number, kept beside ours"),
    ],
)
def test_a_field_says_where_it_stands_and_how_it_is_read(
    name: str, said: dict[str, Any], place: str, conversion: str
) -> None:
    field = FieldConfig.model_validate(said)
    assert (place_told(field), conversion_told(name, field)) == (place, conversion)


def test_a_day_says_how_it_may_be_written_and_in_which_zone() -> None:
    field = FieldConfig.model_validate({"path": "a", "format": ["%d.%m.%Y", "%b %d, %Y %H:%M"], "zone": "UTC"})
    assert conversion_told("day", field) == "day, DD.MM.YYYY or month DD, YYYY HH:MM, UTC where no offset stands"


def test_numbers_with_a_decimal_comma_say_so_and_texts_do_not() -> None:
    field = FieldConfig(path="a")
    assert conversion_told("cost", field, "1.234,56") == "money, may be negative, 1.234,56"
    assert conversion_told("campaign_name", field, "1.234,56") == "text"


@pytest.mark.parametrize(
    ("name", "conversion"),
    [
        ("campaign", "id, as text"),
        ("creator", "id, as text"),
        ("platform", "name of a platform"),
        ("currency", "must be the account's"),
        ("campaign_name", "text"),
        ("creator_name", "text, personal data"),
        ("status", "text"),
    ],
)
def test_what_only_numbers_can_be_is_not_said_of_a_text(name: str, conversion: str) -> None:
    field = FieldConfig(path="a", scale="cents", zero_when_missing=True)
    assert conversion_told(name, field, "1.234,56") == conversion


@pytest.mark.parametrize(
    "name",
    [
        "impressions",
        "clicks",
        "cost",
        "reach",
        "views",
        "engagements",
        "conversions",
        "revenue",
        "cpm",
        "roi",
        "budget",
    ],
)
def test_how_a_number_is_read_is_said_of_every_number(name: str) -> None:
    field = FieldConfig(path="a", scale="cents", zero_when_missing=True)
    assert conversion_told(name, field, "1.234,56").endswith(", / 100, 1.234,56, 0 when missing")


def test_limits_are_told_as_they_are_configured() -> None:
    config = source("https://api.example.com", attempts=2, pages=7, body_mib=0.5).config
    found = dict(limits_told(config))
    assert found == {
        "rate": "no limit is configured",
        "retries": "at most 2 attempts a request; Retry-After is obeyed",
        "time": "2 s to connect, 5 s of silence, 60 s for a whole run",
        "size": "at most 7 pages a window, 0.5 MiB a page",
    }
    usage = TypeAdapter(UsageConfig).validate_python({"headers": ["X-Use", "X-App"], "pause_at": 90})
    limited = config.model_copy(update={"rate": RateConfig(requests=3, seconds=0.5), "usage": usage})
    assert dict(limits_told(limited)) == found | {
        "rate": "at most 3 requests in 0.5 s, shared by all accounts with this host and key",
        "quota": "at 90 % or more in X-Use or X-App all requests pause, for 60 s unless the header says how long",
    }
