"""Every fault, over a real socket, as a client meets it."""

from __future__ import annotations

import gzip
import json
import socket
from collections import Counter
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from perfdash.demo.faults import FAULTS, Fault, parse
from perfdash.domain.errors import UsageError

PATH = "/v1/performance"


@pytest.fixture
def ask(api, question):
    """Ask with a fault in the header."""

    def asked(fault: str, **more: str) -> httpx.Response:
        return api.get(PATH, params=question | more, headers={"X-Demo-Fault": fault})

    return asked


@pytest.fixture
def sound(api, question) -> list[dict]:
    return api.get(PATH, params=question).json()["data"]


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        ("401", 401, None),
        ("429", 429, "1"),
        ("429:7", 429, "7"),
        ("500", 500, None),
        ("503", 503, None),
        ("503:3", 503, "3"),
    ],
)
def test_refusals_have_their_status_and_say_when_to_come_back(ask, fault, status, retry_after):
    answer = ask(fault)
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
    assert answer.json()["detail"]


def test_retry_after_can_be_a_date(ask):
    answer = ask("429-date:90")
    # The API's clock stands at noon of its fixed day.
    assert parsedate_to_datetime(answer.headers["retry-after"]).isoformat() == "2026-11-22T12:01:30+00:00"


def test_an_html_page_comes_with_status_200(ask):
    answer = ask("html")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html")


def test_envelopes_without_usable_data(ask):
    assert "data" not in ask("envelope").json()
    assert set(ask("no-data").json()) == {"page_info"}
    assert ask("null-data").json()["data"] is None
    assert ask("empty").json() == {
        "data": [],
        "page_info": {"page": 1, "page_size": 1000, "total_number": 0, "total_page": 1},
    }


def test_half_an_answer_lacks_more_than_half_of_its_rows(ask, sound):
    found = ask("half").json()
    assert len(sound) / 2 > len(found["data"]) >= len(sound) / 2 - 1
    assert found["page_info"]["total_number"] == len(found["data"])
    assert len(ask("half:80").json()["data"]) == len(sound) * 80 // 100


def test_malformed_rows_are_bad_in_four_ways_among_good_ones(ask, sound):
    found = ask("malformed").json()["data"]
    bad = [row for row, good in zip(found, sound, strict=True) if row != good]
    ways = Counter(
        "missing"
        if "impressions" not in row
        else "negative"
        if row["impressions"] < 0
        else "text"
        if isinstance(row["cost"], str)
        else "date"
        for row in bad
    )
    assert len(bad) == -(-len(sound) // 10)
    assert set(ways) == {"missing", "negative", "text", "date"}
    assert all(row["cost"] == "about twelve" for row in ask("malformed:text").json()["data"][::10])


def test_every_row_can_be_malformed(ask):
    assert {row["impressions"] for row in ask("all-malformed").json()["data"]} == {-1}


def test_json_that_only_careless_parsers_accept(ask):
    assert '"cost":NaN' in ask("nan").text
    pairs = json.loads(ask("duplicate-keys").text, object_pairs_hook=list)
    first_row = dict(pairs)["data"][0]
    assert [name for name, _ in first_row].count("impressions") == 2
    nothing = ask("duplicate-keys", start_date="2019-01-01", end_date="2019-01-02").text
    assert [name for name, _ in json.loads(nothing, object_pairs_hook=list)].count("data") == 2


def test_rows_that_come_twice(ask, sound):
    assert ask("duplicate-rows").json()["data"] == sound[:3] + sound
    conflicting = ask("conflict-rows").json()["data"]
    assert [row["impressions"] for row in conflicting[:3]] == [row["impressions"] + 1 for row in sound[:3]]
    assert conflicting[3:] == sound


def test_a_total_row_beside_creator_rows(ask, sound):
    total, *rest = ask("total-row").json()["data"]
    assert rest == sound
    assert "creatorId" not in total
    beside = [
        r
        for r in sound
        if (r["campaignId"], r["platform"], r["date"]) == tuple(total[n] for n in ("campaignId", "platform", "date"))
    ]
    assert all("creatorId" in row for row in beside)


def test_rows_of_another_currency_or_day(ask):
    assert {row["currency"] for row in ask("wrong-currency").json()["data"]} == {"XAU"}
    assert ask("out-of-range").json()["data"][0]["date"] == "1999-12-31"


def test_pages_without_end(ask, sound):
    body = ask("endless", page="4000", page_size="100").json()
    assert body["data"] == sound[:100]
    assert body["page_info"]["total_page"] == 1_000_000


def test_a_redirect_to_another_host(ask):
    assert urlsplit(ask("foreign-redirect").headers["location"]).hostname == "reports.elsewhere.invalid"
    answer = ask("foreign-redirect:http://127.0.0.1:9/x")
    assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.1:9/x")


def test_a_small_body_that_becomes_large(running, question):
    headers = {"Authorization": f"Bearer {running.key}", "X-Demo-Fault": "gzip-bomb:4"}
    with httpx.stream("GET", running.url + PATH, params=question, headers=headers) as answer:
        packed = b"".join(answer.iter_raw())
    assert len(packed) < 10_000
    assert len(gzip.decompress(packed)) > 4_000_000
    assert json.loads(gzip.decompress(packed)) == {"data": []}


def test_an_error_that_repeats_the_key(ask, running):
    answer = ask("echo-key")
    assert answer.status_code == 500
    assert running.key in answer.text


def test_a_cut_body_is_shorter_than_promised_and_the_connection_ends(running, question):
    at = urlsplit(running.url)
    with socket.create_connection((at.hostname, at.port), timeout=10) as raw:
        request = f"GET {PATH}?{urlencode(question)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {running.key}\r\n"
        raw.sendall(f"{request}X-Demo-Fault: cut\r\n\r\n".encode())
        received = b"".join(iter(lambda: raw.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    promised = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 200")
    assert 0 < len(body) == promised // 2


def test_a_cut_body_is_an_error_for_httpx(ask):
    with pytest.raises(httpx.RemoteProtocolError):
        ask("cut")


def test_a_slow_answer_drips_in_pieces_and_is_whole_in_the_end(running, question, sound):
    headers = {"Authorization": f"Bearer {running.key}", "X-Demo-Fault": "slow:2/8000"}
    with httpx.stream("GET", running.url + PATH, params=question, headers=headers) as answer:
        pieces = list(answer.iter_raw())
    assert len(pieces) > 5
    assert json.loads(b"".join(pieces))["data"] == sound


def test_a_slow_answer_outlives_a_read_timeout_that_restarts_with_every_piece(running, question):
    headers = {"Authorization": f"Bearer {running.key}", "X-Demo-Fault": "slow:1/1"}
    with httpx.stream("GET", running.url + PATH, params=question, headers=headers, timeout=2) as answer:
        pieces = answer.iter_raw()
        assert len(b"".join(next(pieces) for _ in range(20))) >= 20


def test_a_stalled_answer_comes_late_or_never(running, question, ask, sound):
    headers = {"Authorization": f"Bearer {running.key}", "X-Demo-Fault": "stall"}
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(running.url + PATH, params=question, headers=headers, timeout=0.3)
    assert ask("stall:0").json()["data"] == sound


def test_waiting_faults_meet_the_next_requests_in_turn(api, question):
    api.post("/_control/faults", json={"faults": ["500", "429:2"]})
    assert [api.get(PATH, params=question).status_code for _ in range(3)] == [500, 429, 200]


def test_waiting_faults_can_be_for_some_requests_and_several_times(api, question):
    match = {"client_id": "kestrel-us", "page": 1}
    api.post("/_control/faults", json={"faults": ["503"], "match": match, "times": 2})
    other = question | {"client_id": "kestrel-us"}
    assert api.get(PATH, params=question).status_code == 200
    assert [api.get(PATH, params=other).status_code for _ in range(3)] == [503, 503, 200]


def test_a_fault_can_stay_until_it_is_cleared(api, question):
    waiting = api.post("/_control/faults", json={"faults": ["empty"], "times": 0}).json()["waiting"]
    assert waiting == [{"fault": "empty", "match": {}, "times": 0}]
    assert [len(api.get(PATH, params=question).json()["data"]) for _ in range(3)] == [0, 0, 0]
    assert api.delete("/_control/faults").json()["waiting"] == []
    assert api.get(PATH, params=question).json()["data"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"faults": ["nope"]}, 400),
        ({"faults": "500"}, 422),
        ({}, 422),
        ({"faults": [500]}, 422),
        ({"faults": ["500"], "match": {"color": 1}}, 422),
        ({"faults": ["500"], "times": -1}, 422),
        ([], 422),
    ],
)
def test_a_control_request_that_cannot_be_understood_changes_nothing(api, body, status):
    assert api.post("/_control/faults", json=body).status_code == status
    assert api.get("/_control/faults").json()["waiting"] == []


def test_a_control_request_that_is_no_json_is_refused(api):
    assert api.post("/_control/faults", content=b"{\xff").status_code == 422


def test_an_unknown_fault_lists_the_known(ask):
    answer = ask("nope")
    assert answer.status_code == 400
    assert all(name in answer.json()["detail"] for name in FAULTS)


@pytest.mark.parametrize("text", ["429:soon", "500:3", "slow:1/2/3", "malformed:odd", "foreign-redirect:ftp://x", ""])
def test_an_argument_that_does_not_fit_is_refused(text):
    with pytest.raises(UsageError):
        parse(text)


def test_a_fault_reads_back_as_it_was_written():
    assert str(parse("429:2")) == "429:2"
    assert parse("slow:5/100") == Fault("slow", "5/100")


def test_every_fault_is_met_in_this_file():
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'"{name}"' not in source and f'"{name}:' not in source] == []
