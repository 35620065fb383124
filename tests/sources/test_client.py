"""The client over real loopback sockets: what it asks, what it takes, and what it refuses."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import ssl
import struct
import threading
import traceback
from dataclasses import replace
from datetime import date
from typing import Any

import httpcore
import httpx
import pytest

from perfdash.domain.accounts import Days
from perfdash.domain.errors import BadAnswer, RunFailed, SourceRefused, SourceUnreachable
from perfdash.domain.facts import FactKey
from perfdash.sources import client
from perfdash.sources.response import failure_of
from perfdash.sources.transport import Deadline, DeadlineTransport, Gunzip
from tests.sources.loopback import ACCOUNT, DAYS, KEY, NOW, Hours, Loopback, ask, row, said, source

ONE = {"data": [row()]}


def test_a_request_names_account_and_days_and_carries_the_key_in_one_header_only() -> None:
    with Loopback(said(ONE)) as server:
        ask(server)
    (asked,) = server.asked
    assert asked.path == "/v1/performance"
    assert asked.query == {"start_date": "2026-03-01", "end_date": "2026-03-07", "client_id": "acme-eu"}
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["accept-encoding"] == "gzip"
    assert [name for name, value in asked.headers.items() if KEY in value] == ["authorization"]


def test_platforms_are_asked_for_only_when_the_account_has_some() -> None:
    with Loopback(said(ONE)) as server:
        ask(server, replace(ACCOUNT, platforms=("TikTok", "Instagram")))
    assert server.asked[0].query["platforms"] == "TikTok,Instagram"


def test_one_day_is_one_request_with_the_same_first_and_last_day() -> None:
    with Loopback(said(ONE)) as server:
        ask(server, days=Days(date(2026, 3, 1), date(2026, 3, 1)))
    assert (server.asked[0].query["start_date"], server.asked[0].query["end_date"]) == ("2026-03-01", "2026-03-01")
    assert len(server.asked) == 1


def test_the_path_of_the_base_url_is_kept() -> None:
    with Loopback(said(ONE)) as server:
        ask(f"{server.url}/analytics/")
    assert server.asked[0].path == "/analytics/v1/performance"


def test_extra_headers_are_sent_but_cannot_replace_the_key() -> None:
    with Loopback(said(ONE)) as server:
        ask(server, headers={"X-Demo-Today": "2026-03-05", "authorization": "Bearer other"})
    assert server.asked[0].headers["x-demo-today"] == "2026-03-05"
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_what_was_fetched_says_when_and_how() -> None:
    lines: list[str] = []
    with Loopback(said({"detail": "busy"}, 503), said(ONE, X_Request_Id="r-17")) as server:
        found = ask(server, progress=lines.append)
    assert (found.requests, found.retries) == (2, 1)
    assert found.began == NOW < found.ended
    assert list(found.log) == lines
    assert any("request r-17" in line for line in lines)
    assert any("503" in line and "waiting" in line for line in lines)
    assert list(found.batch.facts) == [FactKey(date(2026, 3, 1), "c1", "TikTok")]


def test_decimals_arrive_exactly() -> None:
    with Loopback(said(b'{"data": [' + json.dumps(row()).replace("12.5", "0.100000", 1).encode() + b"]}")) as server:
        (values,) = ask(server).batch.facts.values()
    assert values.cost == 100_000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
def test_a_redirect_is_refused_and_no_request_follows(status: int) -> None:
    with Loopback(said(ONE)) as other, Loopback(said(b"", status, Location=f"{other.url}/v1/performance")) as server:
        with pytest.raises(SourceRefused, match=f"{status}, a redirect, which is never followed"):
            ask(server)
        assert len(server.asked) == 1
        assert other.asked == []


@pytest.mark.parametrize("location", ["http://[", "//user@:x", "http://a b", "\x80"])
def test_a_redirect_to_nonsense_is_still_a_redirect(location: str) -> None:
    with Loopback(
        said(b"", 302).replace(b"\r\n\r\n", b"\r\nLocation: " + location.encode("latin-1") + b"\r\n\r\n")
    ) as server:
        with pytest.raises(SourceRefused, match="redirect"):
            ask(server)
        assert len(server.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_by_the_name_of_its_variable(status: int) -> None:
    with Loopback(said({"detail": "no"}, status)) as server:
        with pytest.raises(SourceRefused, match=f'{status}: "no"; check the key CUSTOM_ANALYTICS_API_KEY') as caught:
            ask(server)
        assert len(server.asked) == 1
    assert str(caught.value).startswith("agency/acme-eu: ")


def test_an_unknown_account_is_named() -> None:
    with Loopback(said({"detail": "unknown client"}, 404)) as server, pytest.raises(SourceRefused, match='"acme-eu"'):
        ask(server)


@pytest.mark.parametrize("status", [400, 422, 405, 451])
def test_other_refusals_show_what_the_source_says(status: int) -> None:
    detail = [{"loc": ["query", "start_date"], "msg": "bad\x1b[31m date\n" + "x" * 500}]
    with Loopback(said({"detail": detail}, status)) as server:
        with pytest.raises(SourceRefused) as caught:
            ask(server)
        assert len(server.asked) == 1
    text = str(caught.value)
    assert "bad[31m date" in text
    assert "\x1b" not in text
    assert "\n" not in text
    assert len(text) < 300


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<!doctype html><h1>502</h1>", "a web page"),
        (b'{"data": null}', "it is null"),
        (b"{}", "it is missing"),
        (b'{"data": {}}', "it is not a list"),
        (b"[]", "data must be a list of rows, but it is missing"),
        (b'{"code": 40100, "message": "slow down", "data": []}', 'an error in spite of its status 200 ("slow down")'),
        (b'{"error": {"message": "boom"}, "data": []}', 'an error in spite of its status 200 ("boom")'),
        (b'{"success": false, "data": []}', "an error"),
        (b'{"status": "error", "data": []}', "an error"),
        (b'{"errors": ["one", "two"]}', '("one; two")'),
        (b'{"data": [{"cost": NaN}]}', "NaN"),
        (b'{"data": [{"cost": -Infinity}]}', "-Infinity"),
        (b'{"data": [{"cost": 1, "cost": 2}]}', "same key twice"),
        (b'{"data": [' + b"[" * 50 + b"]" * 50 + b"]}", "nested"),
        (b'{"data": [' + b"[" * 100_000, "nested too deeply"),
        (b'{"data": [', "not JSON"),
        (b'{"data": ["\xff"]}', "not UTF-8"),
        (b"", "not JSON"),
        (b'{"data": [], "page_info": {"page": 1}}', "page_info.total_page is missing"),
        (b'{"data": [], "page_info": []}', "page_info.page is missing"),
        (b'{"data": [{"cost": ' + b"9" * 5000 + b"}]}", "too long"),
    ],
)
def test_what_is_not_an_answer_fails_the_run_at_once(body: bytes, text: str) -> None:
    with Loopback(said(body)) as server:
        with pytest.raises(BadAnswer) as caught:
            ask(server)
        assert len(server.asked) == 1
    assert text in str(caught.value)


def test_signs_of_success_are_not_errors() -> None:
    fine = {"code": 0, "success": True, "error": None, "errors": [], "status": "ok", **ONE}
    with Loopback(said(fine)) as server:
        assert len(ask(server).batch.facts) == 1


@pytest.mark.parametrize("status", [201, 202, 206, 501, 505])
def test_an_unexpected_status_is_no_answer(status: int) -> None:
    with (
        Loopback(said(json.dumps(ONE).encode(), status)) as server,
        pytest.raises(BadAnswer, match=f"unexpected status {status}"),
    ):
        ask(server)


# Time


def drip(data: bytes) -> Any:
    """Sends byte after byte, each within every read timeout, until the other side hangs up."""

    def send(connection: socket.socket) -> None:
        pause = threading.Event()
        for byte in data:
            connection.sendall(bytes([byte]))
            pause.wait(0.02)

    return send


@pytest.mark.parametrize(
    "data",
    [said(b'{"data": [' + b" " * 10_000), b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 10_000],
    ids=["body", "headers"],
)
def test_a_server_that_drips_meets_the_deadline_of_the_run(data: bytes) -> None:
    with Loopback(drip(data)) as server, pytest.raises(SourceUnreachable, match=r"did not finish within 0\.4 seconds"):
        ask(server, real=True, total_seconds=0.4)


def test_every_request_goes_through_the_transport_that_knows_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[httpx.Request] = []

    class Noting(DeadlineTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request)
            return super().handle_request(request)

    monkeypatch.setattr(client, "DeadlineTransport", Noting)
    with Loopback(said({}, 500), said(ONE)) as server:
        ask(server)
    assert len(asked) == 2


def test_a_silent_server_is_asked_again_and_then_given_up() -> None:
    with Loopback(lambda connection: connection.recv(1) and None) as server:
        with pytest.raises(SourceUnreachable, match=r"silent for 0\.1 seconds, also after 3 attempts"):
            ask(server, read_seconds=0.1)
        assert len(server.asked) == 3


def test_a_failure_says_how_far_it_had_come() -> None:
    with Loopback(said({"detail": "no"}, 403)) as server, pytest.raises(SourceRefused) as caught:
        ask(server)
    assert (caught.value.trail.requests, caught.value.trail.retries) == (1, 0)
    assert "403" in caught.value.trail.log[0]
    assert KEY not in str(caught.value.trail)


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    hours = Hours()
    with pytest.raises(SourceUnreachable, match=rf"cannot be reached at 127\.0\.0\.1:{port}, also after 3 attempts"):
        ask(f"http://127.0.0.1:{port}", hours=hours)
    assert len(hours.slept) == 2


def test_nothing_is_sent_to_a_server_that_cannot_speak_tls() -> None:
    """The run fails, and the key was never on the wire."""
    with Loopback(said(ONE)) as server, pytest.raises(SourceUnreachable):
        ask(server.url.replace("http:", "https:"), connect_seconds=0.2)
    assert server.asked == []


def test_a_certificate_that_is_not_trusted_is_not_asked_again() -> None:
    cause = httpx.ConnectError("https://api.example.com")
    cause.__cause__ = httpcore.ConnectError()
    cause.__cause__.__cause__ = ssl.SSLCertVerificationError()
    found = failure_of(source("https://api.example.com"), Deadline(60, Hours().monotonic), cause)
    assert isinstance(found, SourceUnreachable)
    assert "certificate is not trusted" in str(found)


# Bodies


def test_a_cut_body_is_asked_for_again() -> None:
    whole = said(ONE)
    with Loopback(lambda c: c.sendall(whole[:-20]), said(ONE)) as server:
        found = ask(server)
    assert (found.requests, found.retries, len(found.batch.facts)) == (2, 1, 1)


def test_a_reset_connection_is_asked_again() -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with Loopback(reset, said(ONE)) as server:
        assert ask(server).retries == 1


def test_a_cut_body_without_a_length_is_asked_for_again_too() -> None:
    body = json.dumps(ONE).encode()
    with Loopback(lambda c: c.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body[:-5]), said(ONE)) as server:
        assert ask(server).retries == 1


def test_a_cut_gzip_body_is_asked_for_again() -> None:
    packed = gzip.compress(json.dumps(ONE).encode())
    with Loopback(said(packed[:-10], Content_Encoding="gzip"), said(packed, Content_Encoding="gzip")) as server:
        found = ask(server)
    assert (found.retries, len(found.batch.facts)) == (1, 1)


def test_gzip_in_several_members_is_read_to_its_end() -> None:
    body = json.dumps(ONE).encode()
    packed = gzip.compress(body[:20]) + gzip.compress(body[20:])
    with Loopback(said(packed, Content_Encoding="gzip")) as server:
        assert len(ask(server).batch.facts) == 1


def test_a_small_body_that_unpacks_to_gigabytes_is_refused() -> None:
    bomb = gzip.compress(b'{"data": [' + b" " * 50_000_000 + b"]}")
    with Loopback(said(bomb, Content_Encoding="gzip")) as server, pytest.raises(BadAnswer, match="larger than 1 MiB"):
        ask(server, body_mib=1)


def test_an_endless_plain_body_is_refused_too() -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    with Loopback(endless) as server, pytest.raises(BadAnswer, match=r"larger than 0\.5 MiB"):
        ask(server, body_mib=0.5)


@pytest.mark.parametrize(("packing", "text"), [("br", "not asked for"), ("gzip", "but is not")])
def test_a_body_packed_otherwise_is_refused(packing: str, text: str) -> None:
    with Loopback(said(ONE, Content_Encoding=packing)) as server, pytest.raises(BadAnswer, match=text):
        ask(server)


# The key


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 422, 429, 500, 503, 599])
def test_the_key_is_in_no_error_no_log_and_no_traceback_even_when_it_is_echoed(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        caplog.set_level(logging.DEBUG, logger=name)
    echo = {"message": f"bad header Authorization: Bearer {KEY}", "error": KEY, "x" * 150: KEY}
    headers = {
        "X_Request_Id": "i" * 50 + KEY,
        "Location": f"https://{KEY}.example.com/?{KEY}",
        "X_Echo": f"Bearer {KEY}",
    }
    lines: list[str] = []
    with Loopback(said(echo, status, **headers)) as server, pytest.raises(RunFailed) as caught:
        ask(server, progress=lines.append)
    shown = "".join(traceback.format_exception(caught.value)) + "".join(lines) + caplog.text + repr(caught.value)
    assert KEY not in shown
    assert KEY[:6] not in shown
    assert "Bearer k3y" not in shown
    assert "httpx." not in shown
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 \xff\xff\r\n\r\n", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n"]
)
def test_a_broken_protocol_is_told_without_the_words_of_the_library(answer: bytes) -> None:
    with Loopback(lambda c: c.sendall(answer)) as server, pytest.raises(SourceUnreachable) as caught:
        ask(server)
    assert "".join(traceback.format_exception(caught.value)).count("Error") == 0


@pytest.mark.parametrize("spelled", [KEY, KEY.replace("/", "\\/"), "k3y-that%2Fnobody%2Bmay%3Dsee"])
def test_a_key_echoed_in_the_data_is_masked_before_it_is_read(spelled: str) -> None:
    body = json.dumps({"data": [row(campaignName="NAME"), row(campaignId="NAME", cost="NAME")]}).replace(
        "NAME", spelled
    )
    with Loopback(said(body.encode())) as server:
        batch = ask(server).batch
    assert "k3y" not in repr(batch)
    assert batch.campaigns["c1"].name == "***"
    assert batch.fetched == 2


@pytest.mark.parametrize("before", range(170, 201, 6))
def test_a_key_at_the_cut_of_a_long_detail_leaves_no_part_of_itself(before: int) -> None:
    with Loopback(said({"detail": "x" * before + KEY}, 422)) as server, pytest.raises(SourceRefused) as caught:
        ask(server)
    assert "k3y" not in str(caught.value)


def test_unpacking_stops_as_soon_as_there_is_too_much() -> None:
    bomb = gzip.compress(b" " * 5_000_000)
    assert len(Gunzip().more(bomb, 1000)) == 1001
    assert len(Gunzip().more(bomb, 6_000_000)) == 5_000_000


def test_printing_a_source_shows_the_name_of_its_key_only() -> None:
    assert KEY not in repr(source("http://127.0.0.1:1"))
    assert "CUSTOM_ANALYTICS_API_KEY" in repr(source("http://127.0.0.1:1"))


def test_the_environments_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Loopback(said(ONE)) as server:
        assert ask(server, days=DAYS).requests == 1
