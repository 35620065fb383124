"""What a source will be asked and how it is read, before anything is asked: exact but for the key."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import quote

import pytest

from perfdash.config.source import Source
from perfdash.domain.accounts import Days
from perfdash.sources.check.request_plan import DEEPEST_ENCODING, HIDDEN, configured_fields, explain, shown_request
from perfdash.sources.pagination import PageRequest
from tests.sources.loopback import ACCOUNT, DAYS
from tests.sources.routed import FIELDS, KEY_NAME, custom

KEY = "k3y that/nobody+may=see"
HERE = "https://api.example.com"
NONE = {"type": "none"}


def of(
    key: str = KEY, paging: dict[str, Any] | None = None, params: dict[str, str] | None = None, **tables: Any
) -> Source:
    found = custom(HERE, paging or NONE, params, **tables)
    return replace(found, key=type(found.key)(KEY_NAME, key))


def address(source: Source, ask: PageRequest | None = None) -> str:
    return shown_request(source, ACCOUNT, DAYS, ask or PageRequest()).address


def test_everything_about_an_account_is_told() -> None:
    source = of(
        paging={"type": "page", "size": 50},
        params={"p": "{page}", "size": "{page_size}"},
        outcomes=[{"then": "retry", "status": 418}],
        records={"path": "items", "missing": ["-"], "decimal_comma": True},
        fields=FIELDS | {"roi": {"path": "roi", "scale": "percent"}},
        request={
            "path": "/r",
            "params": {"f": "{start}", "t": "{end}", "p": "{page}", "size": "{page_size}"},
            "window_days": 4,
        },
    )
    found = explain(source, ACCOUNT, [DAYS, Days(date(2026, 1, 1), date(2026, 1, 1))])
    assert (found.source, found.type, found.account, found.key) == ("agency", "custom", ACCOUNT, KEY_NAME)
    assert found.days == (DAYS, Days(date(2026, 1, 1), date(2026, 1, 1)))
    assert [one.address for one in found.requests] == [
        f"{HERE}/r?f=2026-03-01&t=2026-03-04&p=1&size=50",
        f"{HERE}/r?f=2026-03-05&t=2026-03-07&p=1&size=50",
        f"{HERE}/r?f=2026-01-01&t=2026-01-01&p=1&size=50",
    ]
    assert found.paging == "then page by page until an empty page"
    assert dict(found.terms)["retries"].startswith("at most 3 attempts")
    assert (found.records, found.missing) == ("items", ("-",))
    assert [
        (one.field, one.place, one.conversion) for one in found.fields if one.field in ("cost", "roi", "platform")
    ] == [
        ("platform", "network", "name of a platform"),
        ("cost", "spent", "money, may be negative, 1.234,56"),
        ("roi", "roi", "number, kept beside ours, / 100, 1.234,56"),
    ]
    assert found.outcomes == ("ask again: status 418",)
    assert found.built_in[0].startswith("ok: status 200")


def test_fields_are_told_in_our_order_and_only_those_that_come() -> None:
    assert [name for name, _ in configured_fields(of())] == [
        "campaign",
        "day",
        "platform",
        "impressions",
        "clicks",
        "cost",
    ]


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"type": "bearer"}, ("Authorization", "Bearer ***")),
        ({"type": "header", "name": "X-Key", "prefix": "Token"}, ("X-Key", "Token ***")),
        ({"type": "basic", "user": "anna"}, ("Authorization", "Basic ***")),
    ],
)
def test_a_header_is_shown_with_a_mask_for_the_key_and_every_other_as_it_is(auth: Any, header: tuple[str, str]) -> None:
    source = of(auth=auth, request={"path": "/r", "params": {"f": "{start}", "t": "{end}"}, "headers": {"X-Own": "v1"}})
    found = shown_request(source, ACCOUNT, DAYS, PageRequest())
    assert found.window == DAYS
    assert dict(found.headers) == {
        "X-Own": "v1",
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "User-Agent": "perfdash",
        "Host": "api.example.com",
        header[0]: header[1],
    }


def test_a_key_that_is_not_set_is_a_mask_too() -> None:
    assert dict(shown_request(of(key=""), ACCOUNT, DAYS, PageRequest()).headers)["Authorization"] == "Bearer ***"


def test_a_key_in_the_address_is_a_legible_mask() -> None:
    source = of(auth={"type": "query", "name": "api_key"}, params={"q": "a?b&api_key=***", "x": "{account}"})
    assert address(source) == (
        f"{HERE}/report?from=2026-03-01&to=2026-03-07&account=acme-eu&q=a%3Fb%26api_key%3D%2A%2A%2A&x=acme-eu"
        "&api_key=***"
    )


@pytest.mark.parametrize(
    ("named", "seen"),
    [
        (f"{HERE}/next", f"{HERE}/next"),
        (f"{HERE}/next?account=acme-eu&sig=s3cret", f"{HERE}/next?account=acme-eu&sig=***"),
        (f"{HERE}/next?s3cret&&from=1?2", f"{HERE}/next?***&from=1?2"),
        (f"{HERE}/next?to=1;sig=s3cret", f"{HERE}/next?to=***"),
        (f"{HERE}/next?%66rom=1", f"{HERE}/next?%66rom=1"),
        (f"{HERE}/next?fixed=1", f"{HERE}/next?fixed=***"),
    ],
)
def test_of_an_address_that_the_source_named_only_what_we_fill_in_is_shown(named: str, seen: str) -> None:
    assert address(of(params={"fixed": "x"}), PageRequest(url=named)) == seen


def encoded(text: str, times: int) -> str:
    return text if not times else encoded(quote(text, safe=""), times - 1)


@pytest.mark.parametrize("times", range(1, DEEPEST_ENCODING + 2))
def test_an_address_that_holds_the_key_is_not_shown_however_often_it_is_encoded(times: int) -> None:
    seen = address(of(), PageRequest(url=f"{HERE}/next/{encoded(KEY, times)}"))
    assert seen == HIDDEN or "***" in seen
    assert "k3y" not in seen


@pytest.mark.parametrize("text", ["k3y+that/nobody+may=see", "k3y that/nobody%2Bmay=see"])
def test_a_plus_may_stand_for_a_blank(text: str) -> None:
    seen = address(of(), PageRequest(url=f"{HERE}/next/{quote(quote(text, safe='%+'), safe='+')}"))
    assert "k3y" not in seen


def test_a_key_too_short_to_be_masked_is_not_shown_with_a_plus_for_its_blank_either() -> None:
    source = of(key="k3 yz")
    assert address(source, PageRequest(url=f"{HERE}/next/k3+yz")) == HIDDEN
    assert HIDDEN == "(an address that holds the key, so it is not shown)"
    assert address(source, PageRequest(url=f"{HERE}/next/k3%2Byz")) == HIDDEN
    assert address(source, PageRequest(url=f"{HERE}/next/k3-yz")) == f"{HERE}/next/k3-yz"


def test_a_password_is_not_shown_as_it_stands_on_the_wire() -> None:
    source = of(key="password-of-anna", auth={"type": "basic", "user": "anna"})
    pair = "YW5uYTpwYXNzd29yZC1vZi1hbm5h"
    assert address(source, PageRequest(url=f"{HERE}/next/{pair}")) == f"{HERE}/next/***"
    assert address(source, PageRequest(url=f"{HERE}/next/%2559{pair[1:]}")) in (HIDDEN, f"{HERE}/next/***")
