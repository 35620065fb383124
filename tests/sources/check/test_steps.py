"""What check-source tells of bodies, tokens and reports: all of it, with *** for every secret."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from perfdash.config.source import Source
from perfdash.domain.accounts import Days
from perfdash.sources.check.request_plan import Explained, explain
from perfdash.sources.check.trial import Trial, try_source
from tests.sources.loopback import ACCOUNT, DAYS, KEY, Hours, Loopback, said
from tests.sources.routed import CLIENT_ID, REFRESH_TOKEN, Routed, custom, entry
from tests.sources.test_access_token import Api as TokenApi
from tests.sources.test_report_job import JOB, Api, by_file, by_pages

NONE = {"type": "none"}
URL = "https://api.example.com"
OAUTH = {
    "type": "oauth2",
    "grant": "refresh_token",
    "token_url": "https://login.example.com/token",
    "client_id": {"env": "CLIENT"},
    "refresh_token": {"env": "REFRESH"},
    "scope": "read",
}


def told(source: Source, days: Days = DAYS) -> Explained:
    found = explain(source, ACCOUNT, [days])
    assert not any(secret in repr(found) for secret in (KEY, REFRESH_TOKEN, CLIENT_ID))
    return found


def tried(source: Source) -> Trial:
    hours = Hours()
    return try_source(source, ACCOUNT, DAYS, clock=hours.clock, monotonic=hours.monotonic, sleep=hours.sleep)


def test_a_plain_source_has_no_steps_and_no_body() -> None:
    found = told(custom(URL, NONE))
    assert (found.steps, found.requests[0].method, found.requests[0].body) == ((), "GET", "")


def test_method_and_body_are_shown_as_they_are_sent() -> None:
    body = {"from": "{start}", "to": "{end}", "ids": ["{account}"]}
    found = told(custom(URL, NONE, request={"path": "/q", "method": "POST", "body": body}))
    [request] = found.requests
    assert (request.method, request.address) == ("POST", f"{URL}/q")
    assert json.loads(request.body) == {"from": "2026-03-01", "to": "2026-03-07", "ids": ["acme-eu"]}


def test_the_request_for_a_token_is_shown_without_its_secrets() -> None:
    found = told(custom(URL, NONE, auth=OAUTH))
    [(step, sentence)] = found.steps
    assert step == "token"
    assert sentence.startswith("POST https://login.example.com/token grant_type=refresh_token scope=read")
    for hidden in ("refresh_token=***", "client_id=***", "client_secret=***"):
        assert hidden in sentence
    assert ("Authorization", "Bearer ***") in found.requests[0].headers
    [(_, sentence)] = told(custom(URL, NONE, auth={**OAUTH, "client_in": "header", "client_id": "abc"})).steps
    assert "basic authentication (abc:***)" in sentence and "client_secret" not in sentence


def test_the_steps_of_a_report_are_shown_and_its_order_is_the_request() -> None:
    source = custom(URL, {"type": "offset"}, {"at": "{offset}"}, job={**JOB, "from_days": 7})
    found = told(source)
    assert (found.requests[0].method, found.requests[0].address.split("?")[0]) == ("POST", f"{URL}/reports")
    assert [step for step, _ in found.steps] == ["order", "poll", "rows"]
    assert "7 days or more" in found.steps[0][1]
    assert f"GET {URL}/reports/{{job}} every 5 s until state is DONE; FAILED fails the run" in found.steps[1][1]
    assert found.steps[2][1] == f"GET {URL}/reports/{{job}}/rows?at={{offset}}"
    shorter = told(source, Days(date(2026, 3, 1), date(2026, 3, 2)))
    assert shorter.requests[0].method == "GET"


def test_rows_inside_others_and_any_scheme_are_told() -> None:
    found = told(custom(URL, {"type": "link_header", "scheme": "any"}, records={"path": "data", "each": "days"}))
    assert found.records == "data, inside each days"
    assert "whatever its scheme" in found.paging


def test_a_trial_asks_for_a_token_first() -> None:
    with Routed(TokenApi()) as server:
        auth = {"type": "oauth2", "token_url": f"{server.url}/token", "client_id": "abc"}
        found = tried(custom(server.url, NONE, auth=auth))
    assert (found.status, found.facts, found.problem) == (200, 1, "")


def test_a_trial_waits_for_a_report_and_reads_its_first_page_or_its_file() -> None:
    with Routed(Api()) as server:
        found = tried(by_pages(server))
    assert (found.asked.method, found.fetched, found.problem) == ("POST", 2, "")
    with Loopback(said({"items": [entry(1)]})) as storage:
        api = Api(waits=0, end={"state": "DONE", "url": f"{storage.url}/f"})
        with Routed(api) as server:
            assert tried(by_file(server)).fetched == 1
    api = Api(waits=0, end={"state": "FAILED", "message": "too large"})
    with Routed(api) as server:
        assert "too large" in tried(by_pages(server)).problem


def test_secrets_in_what_comes_back_stay_hidden() -> None:
    def answer(_asked: Any) -> bytes:
        return said({"message": f"no {KEY}"}, 403)

    with Routed(answer) as server:
        assert KEY not in repr(tried(by_pages(server)))
