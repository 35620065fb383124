"""From configuration, account and days to one request: what stands in its address and its headers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from perfdash.domain.errors import SourceUnreachable
from perfdash.sources.pagination import PageRequest
from perfdash.sources.request import build
from tests.sources.loopback import ACCOUNT, DAYS
from tests.sources.routed import FIELDS, custom

HEADERS = {"X-Tenant": "t1"}
FIRST = PageRequest()


def asked(ask: PageRequest = FIRST, account: Any = ACCOUNT, **request: Any) -> Any:
    params = {"from": "{start}", "to": "{end}"}
    said = {"path": "/report", "params": params, "headers": HEADERS} | request
    fields = FIELDS | {"platform": {"path": "network", "map": {"TT": "TikTok", "tiktok": "TikTok"}}}
    source = custom("https://api.example.com/v2", {"type": "none"}, request=said, fields=fields)
    return build(source, account, DAYS, ask, {"x-tenant": "other", "X-Demo": "1"})


def test_a_request_says_what_it_wants_and_who_asks_without_the_key() -> None:
    found = asked()
    assert (found.method, str(found.url)) == (
        "GET",
        "https://api.example.com/v2/report?from=2026-03-01&to=2026-03-07",
    )
    assert found.headers["accept"] == "application/json"
    assert found.headers["accept-encoding"] == "gzip"
    assert found.headers["user-agent"] == "perfdash"
    assert found.headers["x-demo"] == "1"
    assert found.headers.get_list("x-tenant")[-1] == "t1"
    assert "authorization" not in found.headers


def test_an_address_that_the_source_named_is_asked_as_it_is_with_the_same_headers() -> None:
    found = asked(PageRequest(url="https://api.example.com/v2/report?p=2"))
    assert (found.method, str(found.url)) == ("GET", "https://api.example.com/v2/report?p=2")
    assert found.headers.raw == asked().headers.raw


def test_the_day_after_the_last_and_the_form_of_dates_are_the_sources_choice() -> None:
    params = {"since": "{start}", "before": "{after_end}"}
    assert dict(asked(params=params, dates="%d.%m.%Y").url.params) == {"since": "01.03.2026", "before": "08.03.2026"}


@pytest.mark.parametrize(
    ("account", "path"),
    [("a/b", "a%2Fb"), ("../x", "..%2Fx"), ("a b?c#d", "a%20b%3Fc%23d"), ("ü", "%C3%BC"), ("aX", "aX")],
)
def test_a_value_stays_inside_its_part_of_the_path(account: str, path: str) -> None:
    found = asked(account=replace(ACCOUNT, external_id=account), path="/accounts/{account}/days")
    assert str(found.url).startswith(f"https://api.example.com/v2/accounts/{path}/days?")


@pytest.mark.parametrize("account", [".", ".."])
def test_a_value_that_would_lead_to_another_path_is_not_sent(account: str) -> None:
    with pytest.raises(SourceUnreachable) as caught:
        asked(account=replace(ACCOUNT, external_id=account), path="/accounts/{account}/days")
    assert str(caught.value) == (
        "a value that is filled into request.path is . or .., which would lead to another path"
    )


def test_a_part_of_the_path_that_has_no_value_is_empty() -> None:
    assert str(asked(path="/of/{platforms}/days").url).startswith("https://api.example.com/v2/of//days?")


@pytest.mark.parametrize(
    ("platforms", "sent"),
    [((), None), (("TikTok",), "TT"), (("TIKTOK", "Instagram"), "TT|Instagram"), (("YouTube",), "YouTube")],
)
def test_platforms_are_asked_for_by_the_sources_own_names(platforms: tuple[str, ...], sent: str | None) -> None:
    params = {"from": "{start}", "to": "{end}", "on": "{platforms}"}
    found = asked(account=replace(ACCOUNT, platforms=platforms), params=params, platforms_joined_by="|")
    assert found.url.params.get("on") == sent


def test_a_parameter_without_a_value_and_one_that_was_emptied_are_not_sent() -> None:
    params = {"from": "{start}", "to": "{end}", "at": "page {page}", "on": "{platforms}", "none": "", "level": "ad"}
    with_page = PageRequest({"page": "2"})
    source = custom(
        "https://api.example.com",
        {"type": "page"},
        request={"path": "/r", "params": params},
    )
    sent = dict(build(source, ACCOUNT, DAYS, with_page, {}).url.params)
    assert sent == {"from": "2026-03-01", "to": "2026-03-07", "at": "page 2", "level": "ad"}


@pytest.mark.parametrize(
    ("base", "cursor"),
    [
        ("https://1.2.3.999", ""),
        ("https://[v1.x]", ""),
        ("https://xn--zz--.example", ""),
        ("https://api.example.com", "c" * 70_000),
    ],
)
def test_an_address_that_cannot_be_asked_is_one_sentence(base: str, cursor: str) -> None:
    request = {"path": "/r", "params": {"from": "{start}", "to": "{end}", "at": "{cursor}"}}
    source = custom(base, {"type": "cursor", "next": "next"}, request=request)
    with pytest.raises(SourceUnreachable) as caught:
        build(source, ACCOUNT, DAYS, PageRequest({"cursor": cursor}), {})
    assert str(caught.value) == (
        "this is not an address that can be asked: sources.agency.base_url names no host, or what was filled into it, "
        "such as a cursor, is too long"
    )
