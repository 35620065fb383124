"""Reports that an API makes first: ordered, asked about until they are done, and read page by page or as a file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from perfdash.config.source import Source
from perfdash.domain.accounts import Days
from perfdash.domain.errors import BadAnswer, RateLimited, RunFailed, SourceRefused, SourceUnreachable
from perfdash.domain.facts import Fetched
from perfdash.sources.download import address_in
from perfdash.sources.transport import is_public
from tests.sources.loopback import KEY, Answer, Asked, Hours, Loopback, said
from tests.sources.routed import Routed, asking, configured, custom, entry

JOB: dict[str, Any] = {
    "create": {"id": "id", "path": "/reports"},
    "poll": {"path": "/reports/{job}", "status": "state", "done": ["DONE"], "failed": ["FAILED"], "every_seconds": 5},
    "rows": {"path": "/reports/{job}/rows", "params": {"at": "{offset}"}},
}
OFFSET = {"type": "offset"}


@dataclass
class Api:
    """Makes reports: after `waits` looks one is done. `file` is what the address at the end gives."""

    waits: int = 2
    end: dict[str, Any] = field(default_factory=lambda: {"state": "DONE"})
    rows: list[dict[str, Any]] = field(default_factory=lambda: [entry(1), entry(2), entry(3)])
    made: int = 0
    looks: int = 0
    other: Callable[[Asked], Answer] = lambda _asked: said({}, 404)
    created: Any = "r/1"

    def __call__(self, asked: Asked) -> Answer:
        if asked.method == "POST" and asked.path == "/reports":
            self.made += 1
            return said({"id": self.created})
        if asked.path == "/reports/r%2F1":
            self.looks += 1
            return said({"state": "RUNNING"} if self.looks <= self.waits else self.end)
        if asked.path == "/reports/r%2F1/rows":
            at = int(asked.query["at"])
            return said({"items": self.rows[at : at + 2]})
        if asked.path == "/report":
            return said({"items": self.rows if asked.query.get("at", "0") == "0" else []})
        return self.other(asked)


def by_pages(server: Routed, days: int = 1, **job: Any) -> Source:
    params = {"at": "{offset}"} if days > 1 else {}
    return custom(server.url, OFFSET, params, job={**JOB, "from_days": days, **job})


def by_file(server: Routed, file_format: str = "json", **more: Any) -> Source:
    job = {"create": JOB["create"], "poll": JOB["poll"], "download": "url", "format": file_format}
    return custom(server.url, {"type": "none"}, job=job, **more)


def told(api: Api, make: Callable[[Routed], Source] = by_pages, **outside: Any) -> RunFailed:
    with Routed(api) as server, pytest.raises(RunFailed) as caught:
        asking(make(server), **outside)
    return caught.value


def test_a_report_is_ordered_waited_for_and_read_page_by_page() -> None:
    api, hours = Api(), Hours()
    with Routed(api) as server:
        found = asking(by_pages(server), hours=hours)
        asked = [(one.method, one.path) for one in server.asked]
        ordered = server.asked[0]
    poll, rows = ("GET", "/reports/r%2F1"), ("GET", "/reports/r%2F1/rows")
    assert asked == [("POST", "/reports"), poll, poll, poll, rows, rows, rows]
    assert (ordered.query["from"], ordered.query["to"]) == ("2026-03-01", "2026-03-07")
    assert found.batch.fetched == 3
    assert hours.slept == [5, 5]
    assert found.requests == 7
    assert found.log[0].startswith("POST /reports ")


def test_each_window_has_a_report_of_its_own_and_shorter_ones_are_asked_for_directly() -> None:
    api = Api(waits=0)
    with Routed(api) as server:
        asking(by_pages(server, days=7), days=Days(date(2026, 3, 1), date(2026, 3, 6)))
        assert api.made == 0
        asking(by_pages(server, days=7))
    assert api.made == 1


@pytest.mark.parametrize(
    ("end", "text"),
    [
        ({"state": "FAILED", "message": "too many rows"}, 'the report has failed: state is "FAILED" ("too many rows")'),
        ({"state": "failed"}, 'state is "failed"'),
        ({"state": "FAILED", "error": {"message": f"no {KEY}"}}, '("no ***")'),
        ({"code": 7, "message": "no such report"}, '"no such report"'),
        ({}, "state is missing in the answer about the report"),
        ({"state": None}, "state is missing"),
        ({"state": ["DONE"]}, "state is missing"),
    ],
)
def test_a_report_that_fails_is_a_failed_run_in_its_own_words(end: dict[str, Any], text: str) -> None:
    error = told(Api(end=end))
    assert text in str(error)
    assert KEY not in str(error)


@pytest.mark.parametrize("created", [None, "", [], {}, True, "x" * 201, "a\nb"])
def test_an_order_without_an_id_fails(created: Any) -> None:
    assert "missing or no id" in str(told(Api(created=created)))


def test_an_id_stays_inside_its_part_of_the_path() -> None:
    for created in ("..", "."):
        assert "would lead to another path" in str(told(Api(created=created)))
    api = Api(created="../../admin?x=1")
    with Routed(api) as server, pytest.raises(RunFailed):
        asking(by_pages(server))
    assert server.asked[1].target.startswith("/reports/..%2F..%2Fadmin%3Fx%3D1")


def test_waiting_ends_with_the_time_of_the_run() -> None:
    hours = Hours()
    error = told(Api(waits=10**9), hours=hours)
    assert isinstance(error, SourceUnreachable)
    assert "not ready within the 60 seconds" in str(error) and '"running"' in str(error)
    assert sum(hours.slept) <= 60


@pytest.mark.parametrize("step", ["/reports", "/reports/r%2F1", "/reports/r%2F1/rows"])
def test_each_step_is_asked_again_after_what_passes_by_itself(step: str) -> None:
    api, broken = Api(waits=0), [said({}, 503)]

    def handler(asked: Asked) -> Answer:
        return broken.pop() if asked.path == step and broken else api(asked)

    with Routed(handler) as server:
        found = asking(by_pages(server))
    assert (found.batch.fetched, found.retries) == (3, 1)


@pytest.mark.parametrize("step", ["/reports", "/reports/r%2F1"])
def test_outcome_rules_hold_for_each_step(step: str) -> None:
    api = Api()

    def handler(asked: Asked) -> Answer:
        return said({"code": 17, "message": "slow down"}) if asked.path == step else api(asked)

    outcomes = [{"then": "rate_limited", "at": "code", "any_of": [17]}]
    with Routed(handler) as server, pytest.raises(RateLimited, match="slow down"):
        asking(custom(server.url, OFFSET, {}, job=JOB, outcomes=outcomes))


def test_too_much_for_one_report_is_ordered_in_halves() -> None:
    api = Api(waits=0)

    def handler(asked: Asked) -> Answer:
        if asked.method == "POST" and asked.query["to"] == "2026-03-07" and asked.query["from"] == "2026-03-01":
            return said({"code": 9})
        return api(asked)

    outcomes = [{"then": "split", "at": "code", "any_of": [9]}]
    with Routed(handler) as server:
        asking(custom(server.url, OFFSET, {}, job=JOB, outcomes=outcomes))
    assert api.made == 2


# Files


def file_of(body: bytes, address: str | None = None, **headers: str) -> tuple[Api, Callable[[Asked], Answer]]:
    api = Api(waits=0)
    api.other = lambda asked: said(body, **headers) if asked.path == "/file" else said({}, 404)
    return api, api


ROWS = json.dumps({"items": [entry(1), entry(2)]}).encode()
LINES = b"id,network,day,shown,clicked,spent\nc1,TikTok,2026-03-01,10,1,2.50\nc2,TikTok,2026-03-01,10,1,2.50\n"


@pytest.mark.parametrize("packed", ["no", "file", "header"])
@pytest.mark.parametrize(("form", "body"), [("json", ROWS), ("csv", LINES)])
def test_a_finished_report_is_fetched_from_where_its_answer_says(form: str, body: bytes, packed: str) -> None:
    sent = body if packed == "no" else gzip.compress(body)
    headers = {"Content_Encoding": "gzip"} if packed == "header" else {}
    with Loopback(said(sent, **headers)) as storage:
        api = Api(waits=0, end={"state": "DONE", "url": f"{storage.url}/file?signature=s1gned"})
        with Routed(api) as server:
            found = asking(by_file(server, form))
        (fetched,) = storage.asked
    assert found.batch.fetched == 2
    assert KEY not in str(fetched.headers) and "authorization" not in fetched.headers
    assert fetched.query == {"signature": "s1gned"}
    assert not any("s1gned" in line for line in found.log)
    assert "the report at 127.0.0.1" in found.log[-1] and "2 rows" in found.log[-1]


def test_only_at_the_api_itself_the_key_goes_along() -> None:
    api = Api(waits=0)
    api.other = lambda asked: said(ROWS if asked.headers.get("authorization") == f"Bearer {KEY}" else b"{}")
    with Routed(api) as server:
        api.end = {"state": "DONE", "url": f"{server.url}/file"}
        assert asking(by_file(server)).batch.fetched == 2


def test_a_report_without_rows_is_none() -> None:
    for form, body in (("json", b'{"items": []}'), ("csv", LINES.splitlines(keepends=True)[0])):
        with Loopback(said(body)) as storage:
            api = Api(waits=0, end={"state": "DONE", "url": f"{storage.url}/file"})
            with Routed(api) as server:
                assert asking(by_file(server, form)).batch.fetched == 0


@pytest.mark.parametrize(
    ("answer", "text", "asked"),
    [
        (said({"message": "s1gned"}, 403), "refused with 403", 1),
        (said({}, 302, Location="http://127.0.0.1:1/x"), "302, a redirect", 1),
        (said({}, 503), "refused with 503", 3),
        (said(gzip.compress(b"0" * 30 * 2**20), Content_Encoding="gzip"), "larger than 1 MiB", 1),
        (said(gzip.compress(b"0" * 30 * 2**20)), "larger than 1 MiB", 1),
        (said(gzip.compress(gzip.compress(b"0" * 30 * 2**20))), "cannot be read", 1),
        (said(gzip.compress(ROWS)[:-9]), "was cut", 3),
        (said(b"<html>"), "web page", 1),
        (said({"ok": False, "message": "gone", "items": []}), "gone", 1),
        (said(b"0" * 2 * 2**20), "larger than 1 MiB", 1),
    ],
)
def test_a_file_that_cannot_be_used_fails_the_run(answer: bytes, text: str, asked: int) -> None:
    with Loopback(answer) as storage:
        api = Api(waits=0, end={"state": "DONE", "url": f"{storage.url}/file?signature=s1gned"})
        error = told(api, lambda server: by_file(server, limits={"body_mib": 1}))
        assert len(storage.asked) == asked
    assert text in str(error) and "s1gned" not in str(error)


@pytest.mark.parametrize("url", [None, "", 7, [], {}])
def test_a_report_without_an_address_fails(url: Any) -> None:
    assert "is no address" in str(told(Api(waits=0, end={"state": "DONE", "url": url}), by_file))


API = "https://api.example.com/v1"


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("http://storage.example.com/f", "without https"),
        ("http://api.example.com/f", "without https"),
        ("https://127.0.0.1/f", "private network"),
        ("https://[::1]/f", "private network"),
        ("https://[::ffff:10.0.0.1]/f", "private network"),
        ("https://10.1.2.3/f", "private network"),
        ("https://192.168.0.1/f", "private network"),
        ("https://169.254.169.254/latest/meta-data", "private network"),
        ("https://localhost/f", "private network"),
        ("https://metadata.google.internal/f", "private network"),
        ("https://user@storage.example.com/f", "not a web address"),
        ("https://storage.example.com\\@api.example.com/f", "not a web address"),
        ("file:///etc/passwd", "not a web address"),
        ("ftp://storage.example.com/f", "not a web address"),
        ("//storage.example.com/f", "not a web address"),
        ("https://storage.example.com/a b", "not a web address"),
        ("https://storage.example.com/" + "a" * 9000, "not a web address"),
    ],
)
def test_an_address_that_leads_where_none_should_is_never_asked(address: str, text: str) -> None:
    with pytest.raises(SourceRefused, match=text) as caught:
        address_in(address, "url", API)
    assert "example.com" not in str(caught.value) and "meta-data" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["https://storage.example.com/f?x=1", "https://api.example.com/f", "https://8.8.8.8/f"]
)
def test_a_storage_elsewhere_may_be_asked_over_https(address: str) -> None:
    assert address_in(address, "url", API) == address


def test_a_name_that_leads_into_a_private_network_is_not_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfdash.sources.download.is_public", lambda _host: True)
    monkeypatch.setattr("perfdash.sources.download._both_here", lambda _host, _base: False)
    with Loopback(said(ROWS)) as storage:
        address = f"https://127.0.0.1:{storage.url.rsplit(':', 1)[1]}/file"
        error = told(Api(waits=0, end={"state": "DONE", "url": address}), by_file)
        assert not storage.asked
    assert "inside a private network" in str(error)
    assert is_public("storage.example.com") and not is_public("0.0.0.0")


def test_an_answer_of_another_transport_is_taken_from_there() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.host == "storage.example.com":
            assert "authorization" not in request.headers
            return httpx.Response(200, stream=httpx.ByteStream(ROWS))
        body = {"id": 7} if request.method == "POST" else {"state": "DONE", "url": "https://storage.example.com/f"}
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(body).encode()))

    with Routed(Api()) as server:
        source = by_file(server)
    found: Fetched = asking(source, transport=httpx.MockTransport(handler))
    assert found.batch.fetched == 2


# Its configuration


@pytest.mark.parametrize(
    ("job", "text"),
    [
        ({"rows": {"path": "/rows"}}, "which report is read"),
        ({"poll": {**JOB["poll"], "path": "/reports"}}, "which report is asked about"),
        ({"create": {"id": "id", "path": "/r/{job}"}}, "no value before the report is created"),
        ({"create": {"id": "id", "params": {"x": "1"}}}, "which days it wants"),
        ({"download": "url"}, "say one of them"),
        ({"rows": {"path": "/r/{job}", "params": {}}}, "nothing in request.params carries it"),
        ({"poll": {**JOB["poll"], "done": []}}, "at least 1"),
        ({"poll": {**JOB["poll"], "every_seconds": 0}}, "greater than or equal"),
        ({"create": {"id": "a..b"}}, "JMESPath"),
    ],
)
def test_a_job_that_cannot_be_meant_is_refused(job: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        custom("https://api.example.com", OFFSET, {}, job={**JOB, **job})


def test_a_request_of_its_own_knows_no_report() -> None:
    with pytest.raises(ValidationError, match=r"put it into job\.rows"):
        custom("https://api.example.com", {"type": "none"}, {"x": "{job}"})


def test_a_file_of_a_report_is_one_and_has_no_pages() -> None:
    job = {"create": JOB["create"], "poll": JOB["poll"], "download": "url"}
    with pytest.raises(ValidationError, match="a download is one file"):
        custom("https://api.example.com", OFFSET, {}, job=job)


def test_one_line_over_a_presets_job_leaves_the_rest() -> None:
    usual = configured("meta_insights").config.job
    changed = configured("meta_insights", job={"from_days": 30, "poll": {"every_seconds": 9}}).config.job
    assert usual is not None and changed is not None
    assert changed.model_copy(update={"from_days": usual.from_days, "poll": usual.poll}) == usual
    assert changed.poll.model_copy(update={"every_seconds": 5.0}) == usual.poll


def test_a_bad_answer_about_a_report_is_one() -> None:
    api = Api()

    def handler(asked: Asked) -> Answer:
        return said(b"<html>") if asked.method == "GET" else api(asked)

    with Routed(handler) as server, pytest.raises(BadAnswer, match="web page"):
        asking(by_pages(server))
