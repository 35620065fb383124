"""What one answer means, and how it is told: whole sentences, as people read them."""

from __future__ import annotations

import json
import re
import ssl
from typing import Any

import httpcore
import httpx
import pytest

from perfdash.config.source import Source
from perfdash.domain.errors import BadAnswer, RunFailed, SourceRefused, SourceUnreachable
from perfdash.sources.response import TooMuch, failure_of, judge, refuse_redirect
from perfdash.sources.retry import Transient
from perfdash.sources.transport import Deadline, Truncated
from tests.sources.loopback import ACCOUNT, NOW
from tests.sources.routed import custom

AT = "http://api.example.com/v1"


def of(key: str = "k3y", **tables: Any) -> Source:
    tables.setdefault("key", {"env": "ANY_API_KEY"})
    found = custom("https://api.example.com:8443", {"type": "none"}, **tables)
    return Source(found.name, found.config, type(found.key)("ANY_API_KEY", key))


def told(body: object, status: int = 200, headers: dict[str, str] | None = None, **tables: Any) -> Exception:
    """What an answer is judged to be."""
    response = httpx.Response(status, headers={"Content-Length": "1"} | (headers or {}))
    with pytest.raises((RunFailed, Transient, TooMuch)) as caught:
        judge(of(**tables), ACCOUNT, response, json.dumps(body).encode(), NOW)
    return caught.value


def test_a_body_is_read_by_whatever_reads_the_pages_of_its_answer() -> None:
    found = judge(of(), ACCOUNT, httpx.Response(200), b"a", NOW, lambda body: {"items": [body]})
    assert found.rows == [b"a"]


def test_an_answer_is_its_rows_and_one_of_any_shape_if_a_rule_says_so() -> None:
    body = b'{"items": [1], "error": "none"}'
    with pytest.raises(BadAnswer, match='spite of its status 200 \\("none"\\)'):
        judge(of(), ACCOUNT, httpx.Response(200), body, NOW)
    found = judge(of(**rule("ok", at="error", contains="none")), ACCOUNT, httpx.Response(200), body, NOW)
    assert (found.rows, found.body) == ([1], {"items": [1], "error": "none"})


def test_a_pause_is_what_the_answer_asks_for_as_seconds_date_or_quota() -> None:
    later = {"Retry-After": "Tue, 10 Mar 2026 12:00:09 GMT"}
    quota = {"X-Quota": '{"wait": 30}'}
    usage = {"headers": ["X-Quota"], "seconds": ["wait"]}
    assert getattr(told({}, 503, later), "pause", 0) == 9
    assert getattr(told({}, 503, {**later, **quota}, usage=usage), "pause", 0) == 9
    assert getattr(told({}, 429, later), "pause", 0) == 9
    assert getattr(told({}, 429, {**later, **quota}, usage=usage), "pause", 0) == 30
    assert getattr(told({}, 429, {"Retry-After": "60", **quota}, usage=usage), "pause", 0) == 60
    assert [getattr(told({}, status), "pause", 0) for status in (429, 503)] == [None, None]


FINAL = "set base_url to the final address"
SECURE = "base_url must begin with https://"


@pytest.mark.parametrize(
    ("location", "advice"),
    [
        ("https://api.example.com/v1", SECURE),
        ("https://API.example.com/v1?x=1", SECURE),
        ("https://other.example.com/v1", FINAL),
        ("http://api.example.com/v2", FINAL),
        ("/v2", FINAL),
        ("https://[", FINAL),
        (None, FINAL),
    ],
)
def test_a_redirect_says_what_to_write_into_the_configuration(location: str | None, advice: str) -> None:
    headers = {} if location is None else {"Location": location}
    with pytest.raises(SourceRefused) as caught:
        refuse_redirect(httpx.Response(301, headers=headers, request=httpx.Request("GET", AT)))
    assert str(caught.value) == f"the source answered 301, a redirect, which is never followed: {advice}"


def test_from_https_a_redirect_is_no_step_up() -> None:
    at = httpx.Request("GET", AT.replace("http", "https"))
    with pytest.raises(SourceRefused, match=FINAL):
        refuse_redirect(httpx.Response(307, headers={"Location": "https://api.example.com/v2"}, request=at))


@pytest.mark.parametrize("status", [200, 299, 400])
def test_what_is_no_redirect_passes(status: int) -> None:
    refuse_redirect(httpx.Response(status))


def rule(then: str, **conditions: Any) -> dict[str, Any]:
    return {"outcomes": [{"then": then, **conditions}]}


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (400, SourceRefused, 'the source refused the request with 400: "answered 400 to you"'),
        (422, SourceRefused, 'the source refused the request with 422: "answered 422 to you"'),
        (499, SourceRefused, 'the source refused the request with 499: "answered 499 to you"'),
        (401, SourceRefused, 'the source answered 401: "answered 401 to you"; check the key ANY_API_KEY'),
        (403, SourceRefused, 'the source answered 403: "answered 403 to you"; check the key ANY_API_KEY'),
        (
            404,
            SourceRefused,
            (
                'the source answered 404: "answered 404 to you"; it does not know the account "acme-eu" or the path of '
                "base_url"
            ),
        ),
        (206, BadAnswer, 'the source answered with the unexpected status 206: "answered 206 to you"'),
        (501, BadAnswer, 'the source answered with the unexpected status 501: "answered 501 to you"'),
        (599, BadAnswer, 'the source answered with the unexpected status 599: "answered 599 to you"'),
        (408, Transient, 'the source answered 408: "answered 408 to you"'),
        (429, Transient, 'the source answered 429: "answered 429 to you"'),
        (503, Transient, 'the source answered 503: "answered 503 to you"'),
    ],
)
def test_without_a_rule_the_status_decides_and_the_sources_words_stay(
    status: int, kind: type[Exception], text: str
) -> None:
    found = told({"message": f"answered {status} to you"}, status)
    assert (type(found), str(found)) == (kind, text)
    assert isinstance(found, Transient) is (status in {408, 429, 503})
    assert getattr(found, "limited", False) is (status == 429)


@pytest.mark.parametrize(
    ("then", "kind", "text"),
    [
        ("fail", SourceRefused, 'the source answered 404 with code 7: "no"'),
        ("auth", SourceRefused, 'the source answered 404 with code 7: "no"; check the key ANY_API_KEY'),
        (
            "incomplete",
            BadAnswer,
            'the source answered 404 with code 7: "no": by its own account the answer is incomplete',
        ),
        ("split", TooMuch, 'the source answered 404 with code 7: "no"'),
        ("retry", Transient, 'the source answered 404 with code 7: "no"'),
        ("rate_limited", Transient, 'the source answered 404 with code 7: "no"'),
    ],
)
def test_a_rule_of_the_source_decides_before_the_status(then: str, kind: type[Exception], text: str) -> None:
    found = told({"code": 7, "message": "no"}, 404, **rule(then, at="code", any_of=[7]))
    assert (type(found), str(found)) == (kind, text)


@pytest.mark.parametrize(
    ("conditions", "text"),
    [
        ({"at": "error.code == `1` && x", "any_of": [True]}, "the source answered 200 with error.code 1"),
        (
            {"at": "error.code", "any_of": [1], "says": "ask less"},
            'the source answered 200 with error.code 1: "ask less"',
        ),
        ({"at": "flag", "any_of": [True]}, "the source answered 200"),
        ({"at": "part"}, "the source answered 200"),
        ({"at": "long"}, f"the source answered 200 with long {'9' * 40}"),
        ({"header": "X-Cut"}, "the source answered 200 with the header X-Cut"),
        ({"at": "error.code", "header": "x-cut"}, "the source answered 200 with error.code 1 with the header x-cut"),
        ({"status": 200}, "the source answered 200"),
    ],
)
def test_the_code_and_the_header_that_decided_are_named(conditions: dict[str, Any], text: str) -> None:
    body = {"error": {"code": 1}, "x": True, "flag": True, "part": {"a": 1}, "long": "9" * 60}
    assert str(told(body, headers={"X-Cut": "1"}, **rule("fail", **conditions))) == text


def test_a_key_in_a_code_is_masked_before_the_code_is_cut() -> None:
    found = told({"code": "c" * 38 + "k3y"}, key="k3y", **rule("fail", at="code"))
    assert str(found) == f"the source answered 200 with code {'c' * 38}**"


def test_rows_that_are_missing_are_told_with_the_sources_words_and_without_a_short_key() -> None:
    assert str(told({"message": "who is k3y?"}, key="k3y")) == (
        'items must be a list of rows, but it is missing ("who is ***?")'
    )


def test_a_body_that_may_have_been_cut_is_asked_for_again_and_one_that_was_counted_is_not() -> None:
    for headers, kind in (
        ({}, Transient),
        ({"Content-Length": "9"}, BadAnswer),
        ({"Transfer-Encoding": "chunked"}, BadAnswer),
    ):
        with pytest.raises(kind) as caught:
            judge(of(), ACCOUNT, httpx.Response(200, headers=headers), b'{"items": [', NOW)
        assert "cut or is not JSON" in str(caught.value) or "cannot be read" in str(caught.value)


@pytest.mark.parametrize(
    ("cause", "kind", "text"),
    [
        (httpx.ConnectError("x"), Transient, "the source cannot be reached at api.example.com:8443"),
        (httpx.ConnectTimeout("x"), Transient, "the source cannot be reached at api.example.com:8443"),
        (httpx.ReadTimeout("x"), Transient, "the source was silent for 5 seconds"),
        (httpx.WriteTimeout("x"), Transient, "the source was silent for 5 seconds"),
        (httpx.RemoteProtocolError("x"), Transient, "the source's answer was cut"),
        (Truncated(), Transient, "the source's answer was cut"),
        (
            httpx.LocalProtocolError("x"),
            SourceUnreachable,
            "the request cannot be sent as it is configured; check base_url and the key",
        ),
        (
            httpx.UnsupportedProtocol("x"),
            SourceUnreachable,
            "the request cannot be sent as it is configured; check base_url and the key",
        ),
    ],
)
def test_a_failed_exchange_is_told_without_the_words_of_the_library(
    cause: Exception, kind: type[Exception], text: str
) -> None:
    found = failure_of(of(), Deadline(60, lambda: 0.0), cause)
    assert (type(found), str(found)) == (kind, text)


def test_what_comes_after_the_deadline_is_told_as_that() -> None:
    found = failure_of(of(), Deadline(0, lambda: 0.0), httpx.ConnectError("x"))
    assert re.fullmatch("the source did not finish within 0 seconds", str(found))
    assert isinstance(found, SourceUnreachable)


@pytest.mark.parametrize("chain", ["cause", "context"])
def test_a_certificate_that_is_not_trusted_is_found_however_deep(chain: str) -> None:
    error, inner = httpx.ConnectError("x"), httpcore.ConnectError()
    setattr(error, f"__{chain}__", inner)
    setattr(inner, f"__{chain}__", ssl.SSLCertVerificationError())
    found = failure_of(of(), Deadline(60, lambda: 0.0), error)
    assert type(found) is SourceUnreachable
    assert str(found) == "the source's certificate is not trusted, so nothing was sent"
