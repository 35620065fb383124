"""The contract of performance_v1, over a real socket."""

from __future__ import annotations

from datetime import date

import httpx
import pytest

from perfdash.demo.data import rows

TODAY = date(2026, 11, 22)
PATH = "/v1/performance"


def everything(api: httpx.Client, question: dict[str, str]) -> list[dict]:
    """All pages, as a client reads them: the first request names no page."""
    first = api.get(PATH, params=question).json()
    found = first["data"]
    for page in range(2, first["page_info"]["total_page"] + 1):
        size = str(first["page_info"]["page_size"])
        found += api.get(PATH, params=question | {"page": str(page), "page_size": size}).json()["data"]
    return found


def test_an_answer_holds_the_rows_and_page_info(api, question):
    answer = api.get(PATH, params=question)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"].startswith("demo-")
    body = answer.json()
    assert body["data"] == rows("hoshi-jp", TODAY.replace(day=1), TODAY.replace(day=20), TODAY)
    assert body["page_info"] == {"page": 1, "page_size": 1000, "total_number": len(body["data"]), "total_page": 1}


def test_pages_hold_every_row_once(api, question):
    question |= {"start_date": "2026-01-01", "end_date": "2026-12-31"}
    whole = rows("hoshi-jp", TODAY.replace(month=1), TODAY, TODAY)
    assert everything(api, question) == whole
    assert everything(api, question | {"page_size": "333"}) == whole
    assert len(api.get(PATH, params=question | {"page_size": "5000"}).json()["data"]) == len(whole) > 3000


def test_a_page_beyond_the_last_is_empty_and_says_where_the_end_was(api, question):
    body = api.get(PATH, params=question | {"page": "99"}).json()
    assert body["data"] == []
    assert body["page_info"]["total_page"] == 1


def test_no_rows_is_an_empty_page(api, question):
    body = api.get(PATH, params=question | {"start_date": "2019-01-01", "end_date": "2019-02-01"}).json()
    assert body == {"data": [], "page_info": {"page": 1, "page_size": 1000, "total_number": 0, "total_page": 1}}


@pytest.mark.parametrize(
    ("platforms", "expected"),
    [("TikTok", {"TikTok"}), ("INSTAGRAM", {"Instagram"}), ("tiktok, instagram", {"TikTok", "Instagram"})],
)
def test_platforms_are_chosen_whatever_their_case(api, question, platforms, expected):
    found = everything(api, question | {"platforms": platforms})
    assert {row["platform"] for row in found} == expected


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic demo-key-not-a-secret", "Bearer \xfc"])
@pytest.mark.parametrize("path", [PATH, "/_control/log", "/_control/clock", "/_control/faults"])
def test_without_the_key_nothing_is_answered(api, running, question, header, path):
    given = (header or "").encode("latin-1")
    request = api.build_request("GET", path, params=question, headers={"Authorization": given})
    if header is None:
        del request.headers["Authorization"]
    answer = api.send(request)
    assert answer.status_code == 401
    assert "key" in answer.json()["detail"]
    assert running.key not in answer.text


def test_the_key_is_accepted_under_any_case_of_bearer(api, running, question):
    assert api.get(PATH, params=question, headers={"Authorization": f"bearer {running.key}"}).is_success


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"client_id": "acme"}, 404, "acme"),
        ({"client_id": None}, 422, "client_id is required"),
        ({"start_date": None}, 422, "start_date is required"),
        ({"end_date": ""}, 422, "end_date is required"),
        ({"start_date": "20261101"}, 422, "YYYY-MM-DD"),
        ({"start_date": "2026-W01-1"}, 422, "YYYY-MM-DD"),
        ({"end_date": "2026-02-30"}, 422, "2026-02-30"),
        ({"start_date": "2026-11-21"}, 422, "is after"),
        ({"page": "0"}, 422, "page must be"),
        ({"page": "-1"}, 422, "page must be"),
        ({"page": "two"}, 422, "page must be"),
        ({"page": "²"}, 422, "page must be"),
        ({"page": "9" * 40}, 422, "page must be"),
        ({"page_size": "0"}, 422, "page_size must be"),
        ({"page_size": "5001"}, 422, "from 1 to 5000"),
        ({"platforms": "TikTok,MySpace"}, 422, "myspace"),
        ({"platforms": ""}, 422, "unknown platform"),
        ({"limit": "5"}, 422, "unknown parameter: limit"),
        ({"page": ["1", "2"]}, 422, "more than once: page"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_reason(api, question, change, status, says):
    params = {name: value for name, value in (question | change).items() if value is not None}
    answer = api.get(PATH, params=params)
    assert (answer.status_code, says in answer.json()["detail"]) == (status, True), answer.text
    assert answer.headers["x-request-id"]


def test_other_paths_and_methods_are_refused(api):
    assert api.get("/v2/performance").status_code == 404
    assert api.post(PATH).status_code == 405
    assert "detail" in api.get("/").json()


def test_the_header_sets_today_for_one_request(api, question):
    then = api.get(PATH, params=question, headers={"X-Demo-Today": "2026-11-05"}).json()["data"]
    assert {row["date"] for row in then} == {f"2026-11-0{n}" for n in range(1, 6)}
    assert {row["date"] for row in everything(api, question)} == {f"2026-11-{n:02}" for n in range(1, 21)}


def test_an_instant_is_another_day_in_tokyo_than_in_berlin(api):
    def last(account: str) -> str:
        params = {"client_id": account, "start_date": "2026-11-01", "end_date": "2026-11-30"}
        return max(row["date"] for row in everything(api, params))

    api.post("/_control/clock", json={"today": "2026-11-10T18:00:00+00:00"})
    assert (last("hoshi-jp"), last("nordlicht-de")) == ("2026-11-11", "2026-11-10")


def test_the_clock_stays_set_until_it_is_put_back(api, question):
    assert api.post("/_control/clock", json={"today": "2026-11-05"}).json() == {"today": "2026-11-05"}
    assert max(row["date"] for row in everything(api, question)) == "2026-11-05"
    assert api.get("/_control/clock").json() == {"today": "2026-11-05"}
    assert api.post("/_control/clock", json={"today": None}).json() == {"today": None}
    assert max(row["date"] for row in everything(api, question)) == "2026-11-20"


@pytest.mark.parametrize("today", ["yesterday", "1999-01-01", "2026-11-05T10:00:00", ""])
def test_a_day_that_cannot_be_read_is_refused(api, question, today):
    assert api.post("/_control/clock", json={"today": today}).status_code == 400
    assert api.get("/_control/clock").json() == {"today": None}


def test_the_log_tells_what_was_served_and_can_be_emptied(api, question):
    api.get(PATH, params=question)
    api.get(PATH, params=question, headers={"X-Demo-Fault": "503"})
    api.get("/nowhere")
    served = api.get("/_control/log").json()["requests"]
    assert [(line["path"], line["status"], line["fault"]) for line in served] == [
        (PATH, 200, ""),
        (PATH, 503, "503"),
        ("/nowhere", 404, ""),
    ]
    assert served[0]["query"] == question
    assert served[0]["today"] == str(TODAY)
    assert api.delete("/_control/log").json() == {"requests": []}
