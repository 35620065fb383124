"""Requests beyond a plain GET: a body or a form, moments and parts of days, parameters sent as they are written."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from perfdash.domain.accounts import Account, Days
from perfdash.sources.pagination import PageRequest
from perfdash.sources.request import build
from tests.sources.loopback import ACCOUNT, DAYS, Answer, Asked, Loopback, said
from tests.sources.routed import Routed, asking, custom, entry

NONE = {"type": "none"}
RANGE = {"from": "{start}", "to": "{end}"}


def request(paging: dict[str, Any] | None = None, **tables: Any) -> dict[str, Any]:
    return {"paging": paging or NONE, "request": {"path": "/report", "method": "POST", **tables}}


def built(
    values: dict[str, str] | None = None, account: Account = ACCOUNT, days: Days = DAYS, **tables: Any
) -> httpx.Request:
    said = request(**tables) if "paging" in tables else request(None, **tables)
    return build(custom("https://api.example.com", **said), account, days, PageRequest(values or {}), {})


def test_a_post_without_a_body_sends_its_parameters_in_the_address() -> None:
    with Loopback(said({"items": [entry()]})) as server:
        found = asking(custom(server.url, **request(params=RANGE)))
        (asked,) = server.asked
    assert (asked.method, asked.query, asked.body) == ("POST", {"from": "2026-03-01", "to": "2026-03-07"}, b"")
    assert asked.headers["content-length"] == "0"
    assert found.log[0].startswith("POST /report ")


def test_a_body_is_filled_in_and_sent_as_json() -> None:
    body = {**RANGE, "account": {"ids": ["{account}"]}, "all": True, "depth": 2, "none": None, "text": "of {start}"}
    sent = built(body=body)
    assert sent.headers["Content-Type"] == "application/json"
    assert json.loads(sent.content) == {
        "from": "2026-03-01",
        "to": "2026-03-07",
        "account": {"ids": ["acme-eu"]},
        "all": True,
        "depth": 2,
        "none": None,
        "text": "of 2026-03-01",
    }
    assert built(body=json.dumps(body)).content == sent.content


@pytest.mark.parametrize("name", ["page", "page_size", "offset"])
def test_a_number_of_paging_alone_in_a_text_is_sent_as_a_number(name: str) -> None:
    paging = {"page": {"type": "page", "size": 5}, "offset": {"type": "offset", "size": 5}}.get(
        name, {"type": "page", "size": 5}
    )
    carried = {"page_size": {"n": "{page}"}}.get(name, {})
    sent = built(
        {name: "7", "page": "7"}, paging=paging, body={**RANGE, **carried, "a": f"{{{name}}}", "b": f"p{{{name}}}"}
    )
    assert (json.loads(sent.content)["a"], json.loads(sent.content)["b"]) == (7, "p7")


def test_a_key_whose_placeholder_has_no_value_is_left_out_at_any_depth() -> None:
    body = {**RANGE, "next": "{cursor}", "in": {"after": "{cursor}", "size": 3}, "list": ["{cursor}", "x"]}
    paging = {"type": "cursor", "next": "next"}
    assert json.loads(built(paging=paging, body=body).content) == {
        "from": "2026-03-01",
        "to": "2026-03-07",
        "in": {"size": 3},
        "list": ["x"],
    }
    assert json.loads(built({"cursor": "007"}, paging=paging, body=body).content)["next"] == "007"


def test_a_form_is_sent_as_a_web_form() -> None:
    sent = built(form={**RANGE, "note": "a&b {account}", "gone": ""})
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent.content == b"from=2026-03-01&to=2026-03-07&note=a%26b+acme-eu"


def test_pages_are_asked_for_in_the_body() -> None:
    def pages(asked: Asked) -> Answer:
        at = json.loads(asked.body)["page"]
        return said({"items": [entry(at)] if at < 3 else []})

    with Routed(pages) as server:
        found = asking(custom(server.url, **request({"type": "page"}, body={**RANGE, "page": "{page}"})))
    assert (found.batch.fetched, [json.loads(asked.body)["page"] for asked in server.asked]) == (2, [1, 2, 3])


def test_a_next_address_is_asked_with_the_same_body() -> None:
    with Loopback(said({"items": [entry(1)], "next": "/report?p=2"}), said({"items": [entry(2)]})) as server:
        paging = {"type": "next_url", "next": "next", "size": 9}
        asking(custom(server.url, **request(paging, body={**RANGE, "size": "{page_size}"})))
        first, second = server.asked
    assert first.body == second.body and json.loads(first.body)["size"] == 9
    assert (second.method, second.target) == ("POST", "/report?p=2")


@pytest.mark.parametrize(
    ("tables", "text"),
    [
        ({"method": "GET", "body": RANGE}, 'method = "POST"'),
        ({"method": "GET", "params": RANGE, "form": {"a": "b"}}, 'method = "POST"'),
        ({"body": RANGE, "form": RANGE}, "either body or form"),
        ({"body": {**RANGE, "x": "{nothing}"}}, "no placeholder {nothing}"),
        ({"body": {**RANGE, "x": [{"y": "{nothing}"}]}}, "no placeholder {nothing}"),
        ({"body": "no json"}, "a body is a table, or a text of JSON"),
        ({"body": "7"}, "an object or a list"),
        ({"body": {**RANGE, "x": date(2026, 1, 1)}}, "write a day as text"),
        ({"body": {**RANGE, "x": float("nan")}}, "a body holds"),
        ({"body": {"from": "{start}"}}, "which days it wants"),
        ({"body": {**RANGE, "p": "{page}"}}, "never gives it a value"),
        ({"params": RANGE, "raw_params": ["x"]}, "not in params"),
        ({"params": {**RANGE, "a b": "x"}, "raw_params": ["a b"]}, "sent as it stands"),
        ({"method": "PUT", "params": RANGE}, "GET"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(tables: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        custom("https://api.example.com", **request(**tables))


def test_a_body_is_neither_endlessly_deep_nor_endlessly_long() -> None:
    deep: Any = "x"
    for _ in range(2000):
        deep = [deep]
    for body in ({**RANGE, "x": deep}, {**RANGE, "x": ["y"] * 1001}):
        with pytest.raises(ValidationError, match="levels deep"):
            custom("https://api.example.com", **request(body=body))


def at(zone: str, day: date, name: str) -> str:
    account = Account("acme", "agency", "1", "EUR", zone)
    params = {"a": "{start}", "b": "{end}", "x": f"{{{name}}}"}
    return httpx.URL(str(built(account=account, days=Days(day, day), params=params).url)).params["x"]


@pytest.mark.parametrize(
    ("zone", "day", "begins", "ends"),
    [
        ("UTC", date(2026, 3, 1), "2026-03-01T00:00:00+00:00", "2026-03-02T00:00:00+00:00"),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
        ("America/New_York", date(2026, 11, 1), "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"),
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"),
        ("Asia/Kolkata", date(2026, 1, 1), "2026-01-01T00:00:00+05:30", "2026-01-02T00:00:00+05:30"),
    ],
)
def test_a_moment_is_when_the_day_begins_where_the_account_is(zone: str, day: date, begins: str, ends: str) -> None:
    assert (at(zone, day, "start_time"), at(zone, day, "after_end_time")) == (begins, ends)
    seconds = int(datetime.fromisoformat(begins).timestamp())
    assert at(zone, day, "start_epoch") == at(zone, day, "end_epoch") == str(seconds)
    assert at(zone, day, "start_epoch_ms") == str(seconds * 1000)
    assert int(at(zone, day, "after_end_epoch")) == datetime.fromisoformat(ends).timestamp()


def test_a_request_may_say_its_days_as_moments_only() -> None:
    sent = built(body={"since": "{start_epoch}", "until": "{after_end_epoch}"})
    assert json.loads(sent.content) == {"since": 1772319600, "until": 1772924400}


def test_a_raw_parameter_is_sent_as_it_is_written_and_what_is_filled_in_is_encoded() -> None:
    params = {
        "q": "a b",
        "dateRange": "(start:(year:{start_year},month:{start_month},day:{start_day}),end:(day:{end_day}))",
        "accounts": "List(urn%3Ali%3AsponsoredAccount%3A{account})",
    }
    account = Account("acme", "agency", "5&x=(1)", "EUR", "UTC")
    sent = built(account=account, params={**params, **RANGE}, raw_params=["dateRange", "accounts"])
    assert sent.url.raw_path.decode() == (
        "/report?q=a+b&dateRange=(start:(year:2026,month:3,day:1),end:(day:7))"
        "&accounts=List(urn%3Ali%3AsponsoredAccount%3A5%26x%3D%281%29)&from=2026-03-01&to=2026-03-07"
    )


@pytest.mark.parametrize("kind", ["next_url", "link_header"])
def test_a_next_address_with_the_other_scheme_is_asked_with_our_own_if_the_source_says_so(kind: str) -> None:
    def pages(asked: Asked) -> Answer:
        if "p" in asked.query:
            return said({"items": [entry(2)]})
        following = f"{server.url.replace('http:', 'https:')}/report?p=2"
        return said({"items": [entry(1)], "next": following}, Link=f'<{following}>; rel="next"')

    paging = {"type": kind, **({"next": "next"} if kind == "next_url" else {})}
    with Routed(pages) as server:
        with pytest.raises(Exception, match="so it was not asked"):
            asking(custom(server.url, paging))
        assert asking(custom(server.url, {**paging, "scheme": "any"})).batch.fetched == 2
