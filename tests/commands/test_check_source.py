"""`check-source` over the real command line, asking real sockets: what it prints is what is sent, but for the key."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from unittest import mock
from urllib.parse import quote

import pytest

from perfdash.cli import main
from perfdash.commands import context
from tests.fixtures.command_line import RunCli, environment
from tests.sources.loopback import KEY, Answer, Loopback, row, said

DAYS = ("--from", "2026-03-01", "--to", "2026-03-07")
ROWS = {"data": [row(), row(date="2026-03-02")]}
CLIENT = '[clients.acme]\nname = "Acme"\ncurrency = "EUR"\ntime_zone = "Europe/Berlin"\n'
ACCOUNT = '[[sources.agency.accounts]]\nclient = "acme"\naccount = "acme-eu"\n'
CURSOR = """
[sources.agency.request.params]
page = ""
page_size = ""
after = "{cursor}"
[sources.agency.paging]
type = "cursor"
next = "next"
"""
NEXT_URL = """
[sources.agency.request.params]
page = ""
page_size = ""
[sources.agency.paging]
type = "next_url"
next = "next"
"""


class Server(Loopback):
    """Remembers the heads of its requests as they came."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(*answers)
        self.heads: list[list[str]] = []

    def _next(self, head: str) -> Answer:
        self.heads.append([line for line in head.split("\r\n") if line])
        return super()._next(head)


def configuration(url: str, more: str = "", accounts: str = ACCOUNT) -> str:
    """A file with the source "agency" at `url`."""
    return f'{CLIENT}[sources.agency]\nbase_url = "{url}"\nkey = {{ env = "AGENCY_KEY" }}\n{more}\n{accounts}'


class Check(Protocol):
    """The call that `check` offers."""

    def __call__(
        self, text: str, *arguments: str, command: str = "check-source", key: str | None = KEY
    ) -> subprocess.CompletedProcess[str]: ...


def prepared(folder: Path, text: str, key: str | None) -> dict[str, str | None]:
    """The environment of a project that is configured as `text`."""
    (folder / "perfdash.toml").write_text(text, encoding="utf-8")
    return {
        "PERFDASH_CONFIG": str(folder / "perfdash.toml"),
        "PERFDASH_DATABASE_URL": f"sqlite:///{folder / 'store.db'}",
        "AGENCY_KEY": key,
    }


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """`check(configuration, "agency", "--live")`: the command in this process, which saves a second."""

    def run(
        text: str, *arguments: str, command: str = "check-source", key: str | None = KEY
    ) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, environment(tmp_path, prepared(tmp_path, text, key)), clear=True),
            mock.patch.object(context, "ROOT", tmp_path),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = main([command, *arguments])
        assert "Traceback" not in err.getvalue()
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    return run


def on_the_wire(asked: Mapping[str, Any], sent_key: str) -> list[str]:
    """The head of the request that was printed, the key put in."""
    target = re.sub(r"^http://[^/]+", "", asked["address"])
    head = [f"{asked['method']} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in asked["headers"].items())]
    return [line.replace("***", sent_key) for line in head]


AUTH = {
    "bearer": ("", KEY),
    "header": ('auth = { type = "header", name = "X-Key", prefix = "Token" }', KEY),
    "query": ('auth = { type = "query", name = "api_key" }', quote(KEY, safe="")),
    "basic": ('auth = { type = "basic", user = "ada" }', b64encode(f"ada:{KEY}".encode()).decode()),
}


@pytest.mark.parametrize("kind", AUTH)
def test_what_is_printed_is_byte_for_byte_what_live_and_sync_send(
    kind: str, tmp_path: Path, run_cli: RunCli, call_cli: RunCli
) -> None:
    auth, sent_key = AUTH[kind]
    run = run_cli if kind == "bearer" else call_cli
    with Server(said(ROWS)) as server:
        env = prepared(tmp_path, configuration(server.url, auth), KEY)
        live = run("check-source", "agency", *DAYS, "--live", "--format", "json", env=env)
        assert not (tmp_path / "store.db").exists()
        synced = run("sync", *DAYS, env=env)
        heads = server.heads
    assert (live.returncode, synced.returncode) == (0, 0), live.stderr + synced.stderr
    assert KEY not in live.stdout + live.stderr
    found = json.loads(live.stdout)
    assert found["live"]["asked"] == found["accounts"][0]["requests"][0]
    assert "***" in json.dumps(found["live"]["asked"])
    assert heads == [on_the_wire(found["live"]["asked"], sent_key)] * 2


def test_values_that_an_address_must_encode_are_printed_as_they_are_sent(check: Check) -> None:
    odd = """
auth = { type = "query", name = "key[0]" }
[sources.agency.request]
path = "/v1/{account}/report"
[sources.agency.request.params]
range = '{"since":"{start}","until":"{end}"}'
note = "a b+c&d=é/%41"
"""
    account = '[[sources.agency.accounts]]\nclient = "acme"\naccount = "eu/1 %?#é"\nplatforms = ["TikTok", "Kanal 5"]\n'
    with Server(said(ROWS)) as server:
        found = json.loads(
            check(configuration(server.url, odd, account), "agency", *DAYS, "--live", "--format", "json").stdout
        )
        heads = server.heads
    assert heads == [on_the_wire(found["live"]["asked"], quote(KEY, safe=""))]
    assert found["live"]["asked"]["address"].endswith("=***")


def test_without_days_it_shows_what_a_first_sync_asks_for_in_the_windows_of_the_source(check: Check) -> None:
    text = configuration("https://api.example.com", "history_days = 8\n[sources.agency.request]\nwindow_days = 3")
    [about] = json.loads(check(text, "agency", "--format", "json").stdout)["accounts"]
    windows = [(one["from"], one["to"]) for one in about["requests"]]
    today = datetime.now(UTC).date()
    assert len(windows) == 3
    assert abs(datetime.fromisoformat(windows[-1][1]).date() - today) <= timedelta(days=1)
    assert [about["days"][0]["from"], about["days"][0]["to"]] == [windows[0][0], windows[-1][1]]


def test_a_long_list_of_windows_is_cut_in_the_middle_and_counted(check: Check) -> None:
    text = configuration("https://api.example.com", "[sources.agency.request]\nwindow_days = 1")
    for last, shown, left_out in (("2026-03-12", 12, ""), ("2026-03-13", 10, "... 3 more windows ...")):
        out = check(text, "agency", "--from", "2026-03-01", "--to", last).stdout
        assert out.count("  GET ") == shown
        assert left_out in out
    assert "start_date=2026-03-05" in out and "start_date=2026-03-06" not in out
    assert "start_date=2026-03-08" not in out and "start_date=2026-03-09" in out


def test_everything_about_a_source_is_said_before_anything_is_asked(check: Check) -> None:
    done = check(
        CLIENT + '[sources.agency]\ntype = "tiktok_business"\nkey = { env = "AGENCY_KEY" }\n'
        "rate = { requests = 10, seconds = 1 }\n" + ACCOUNT,
        "agency",
        *DAYS,
    )
    assert done.returncode == 0
    for line in (
        "acme, agency/acme-eu (tiktok_business)",
        "key         AGENCY_KEY: set",
        "currency    EUR",
        "time zone   Europe/Berlin",
        "settles     3 days after a day's end",
        "rate        at most 10 requests in 1 s",
        "retries     at most 5 attempts a request",
        "Access-Token: ***",
        "Then page by page while data.page_info.total_page says so.",
        "Rows at data.list; not reported is also '-'",
        "cost           metrics.spend               money",
        "day            dimensions.stat_time_day    day, YYYY-MM-DD 00:00:00",
        "ask for fewer days: code is 40067",
        "fail, the answer is incomplete: header X-Tt-Ads-Throttle is there",
        "rate limited: status 429",
    ):
        assert line in done.stdout
    long = [line for line in done.stdout.splitlines() if len(line) > 100 and "GET " not in line]
    assert long == []


def test_the_key_need_not_be_set_until_something_is_asked(check: Check) -> None:
    with Server(said(ROWS)) as server:
        text = configuration(server.url)
        done = check(text, "agency", key=None)
        live = check(text, "agency", "--live", key=None)
        empty = json.loads(check(text, "agency", "--format", "json", key="").stdout)
        assert server.asked == []
    assert done.returncode == 0
    assert "AGENCY_KEY is not set" in done.stdout and "Bearer ***" in done.stdout
    assert empty["accounts"][0]["key_is_set"] is False
    assert live.returncode == 2
    assert live.stdout == "" and "AGENCY_KEY is not set" in live.stderr


TWO = ACCOUNT + '[[sources.agency.accounts]]\nclient = "acme"\naccount = "acme-us"\nkey = { env = "OTHER_KEY" }\n'


def test_accounts_are_chosen_by_client_and_id_and_only_the_first_is_asked(check: Check) -> None:
    with Server(said(ROWS)) as server:
        text = configuration(server.url, accounts=TWO)
        both = check(text, "agency", *DAYS, "--live")
        assert [asked.query["client_id"] for asked in server.asked] == ["acme-eu"]
    assert both.returncode == 0
    assert "of 2 accounts; --account chooses another" in both.stdout
    [other] = json.loads(check(text, "agency", "--account", "acme-us", "--format", "json").stdout)["accounts"]
    assert (other["account"], other["key"], other["key_is_set"]) == ("acme-us", "OTHER_KEY", False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("agencee",), "There is no source 'agencee'; known: agency."),
        (("agency", "--client", "acmee"), "There is no client of this source 'acmee'; known: acme."),
        (("agency", "--account", "x"), "There is no account of this source 'x'; known: acme-eu."),
        (("agency", "--to", "2026-03-01"), "needs both a first and a last day"),
        (("agency", "--from", "2026-03-02", "--to", "2026-03-01"), "is after the last day"),
        (("agency", "--from", "2026-03-02", "--to", "2999-03-01"), "has not begun yet"),
    ],
)
def test_what_there_is_not_is_a_usage_error(arguments: tuple[str, ...], sentence: str, check: Check) -> None:
    done = check(configuration("https://api.example.com"), *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr and done.stdout == ""


def test_a_source_without_accounts_says_what_to_add(check: Check) -> None:
    done = check(configuration("https://api.example.com", accounts=""), "agency")
    assert done.returncode == 2
    assert "add [[sources.agency.accounts]]" in done.stderr


def test_without_any_source_it_says_where_one_is_described(check: Check) -> None:
    done = check(CLIENT, "agency")
    assert done.returncode == 2
    assert "docs/sources.md" in done.stderr


def test_a_broken_configuration_is_told_line_by_line_with_its_paths(check: Check) -> None:
    broken = 'settle_days = 3\n[sources.agency.paging]\ntype = "pages"\n[sources.agency.fields]\ncost = "a["'
    done = check(configuration("https://api.example.com", broken), "agency", "--live")
    assert done.returncode == 2
    assert done.stdout == ""
    for path in ("sources.agency.settle_days: ", "sources.agency.paging.type: ", "sources.agency.fields.cost"):
        assert path in done.stderr


def test_live_shows_how_the_first_rows_are_read_and_counts_the_page(check: Check) -> None:
    rows = [
        row(cost="1,234.5", creatorId="p1", creatorName="Ada Lovelace", clicks=2000),
        row(date="2026-03-02", clicks=-1),
        row(date="2026-03-03"),
        row(date="2026-03-05"),
        row(date="2026-03-04", platform=None),
    ]
    with Server(said({"data": rows}, X_Request_Id="r-77")) as server:
        text = configuration(server.url)
        done = check(text, "agency", *DAYS, "--live")
        found = json.loads(check(text, "agency", *DAYS, "--live", "--format", "json").stdout)["live"]
        assert len(server.asked) == 2
    assert done.returncode == 0
    assert "Ada" not in done.stdout + json.dumps(found)
    assert re.search(r"200 in \d+\.\d\d s, [\d,]+ bytes as sent, request r-77", done.stdout)
    assert re.search(r'cost +cost +"1,234.5" +1234.5 EUR', done.stdout)
    assert re.search(r"creator_name +creatorName +present +present", done.stdout)
    assert "flags: clicks_over_impressions" in done.stdout
    assert "Row 2 is refused: clicks is negative" in done.stdout
    assert "Row 4" not in done.stdout
    assert "5 rows on this page: 3 facts, 2 quarantined, 0 duplicates" in done.stdout
    assert "1 row quarantined: platform is missing" in done.stdout
    assert "Paging asks for nothing more in this window." in done.stdout
    assert (found["status"], found["request_id"], found["problem"]) == (200, "r-77", None)
    assert (found["fetched"], found["facts"], found["duplicates"]) == (5, 3, 0)
    clicks = [value for value in found["rows"][1]["values"] if value["field"] == "clicks"]
    assert clicks == [{"field": "clicks", "place": "clicks", "came": "-1", "read": None}]


def test_live_asks_for_the_last_window_only_and_says_what_paging_would_ask_next(check: Check) -> None:
    page = {"page": 1, "page_size": 2, "total_number": 4, "total_page": 2}
    with Server(said({"data": [row(date="2026-03-07"), row(date="2026-03-06")], "page_info": page})) as server:
        text = configuration(server.url, "[sources.agency.request]\nwindow_days = 5")
        done = check(text, "agency", *DAYS, "--live")
        assert [(one.query["start_date"], one.query["end_date"]) for one in server.asked] == [
            ("2026-03-06", "2026-03-07")
        ]
    assert done.returncode == 0
    assert done.stdout.rstrip().endswith("&client_id=acme-eu&page=2&page_size=2")


def hung_up(_connection: object) -> None:
    """The connection ends without a word."""


FAILURES: dict[str, tuple[Answer, str]] = {
    "refused key": (said({"message": "no"}, 401), "check the key AGENCY_KEY"),
    "rate limit": (said({}, 429, Retry_After="60"), "asks us to wait until"),
    "broken server": (said({}, 503), "The source answered 503."),
    "redirect": (said({}, 302, Location="https://elsewhere.example/"), "which is never followed"),
    "web page": (said(b"<html></html>"), "is a web page, not JSON"),
    "error in disguise": (said({"code": 500, "message": "busy"}), "is an error in spite of its status 200"),
    "no rows": (said({"rows": []}), "Data must be a list of rows, but it is missing."),
    "bad rows": (said({"data": [row(cost=None), row(cost="x")]}), "None of the 2 rows could be read"),
    "totals and creators": (said({"data": [row(), row(creatorId="p")]}), "came both in total and by creator"),
    "bad paging": (said({**ROWS, "page_info": {"page": 3}}), "Page 1 was asked for, but page_info.page is 3."),
    "hung up": (hung_up, "The source's answer was cut."),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_bad_answer_is_one_sentence_and_exit_code_1_after_one_request(case: str, check: Check) -> None:
    answer, sentence = FAILURES[case]
    with Server(answer) as server:
        text = configuration(server.url)
        done = check(text, "agency", *DAYS, "--live")
        assert len(server.asked) == 1
    assert done.returncode == 1
    assert "\nFailed: " in done.stdout and sentence in done.stdout


def test_too_much_at_once_says_what_a_sync_would_ask_instead(check: Check) -> None:
    rule = '[[sources.agency.outcomes]]\nthen = "split"\nstatus = 413'
    with Server(said({}, 413)) as server:
        text = configuration(server.url, rule)
        done = check(text, "agency", *DAYS, "--live")
        one_day = check(text, "agency", "--from", "2026-03-01", "--to", "2026-03-01", "--live")
        assert len(server.asked) == 2
    assert (done.returncode, one_day.returncode) == (1, 1)
    assert "a sync would ask for 2026-03-01 to 2026-03-03 and 2026-03-04 to 2026-03-07 instead" in done.stdout
    assert "a sync would ask for fewer rows a page instead" in one_day.stdout


def silent(connection: socket.socket) -> None:
    """Waits until the other side has had enough."""
    connection.recv(1)


def test_a_source_that_never_answers_is_given_up_at_the_deadline(check: Check) -> None:
    with Server(silent) as server:
        done = check(configuration(server.url, "limits = { total_seconds = 0.2 }"), "agency", *DAYS, "--live")
        assert len(server.asked) == 1
    assert done.returncode == 1
    assert "did not finish within 0.2 seconds" in done.stdout


def test_odd_rows_are_shown_short_and_plainly(check: Check) -> None:
    odd = [row(cost=10**200, campaignName="\x1b[31mred" + "x" * 90), row(cost=[1], campaignId={"a": 1}, clicks=True), 7]
    with Server(said({"data": [*odd, row(date="2026-03-03")]})) as server:
        done = check(configuration(server.url), "agency", *DAYS, "--live")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "Row 3 is refused: the row is not an object" in done.stdout
    assert re.search(r"cost +cost +a list +–", done.stdout) and re.search(r"clicks +clicks +true +–", done.stdout)
    assert all(len(line) <= 140 for line in done.stdout.splitlines() if "Row" not in line)


def test_nobody_there_is_exit_code_1_too(check: Check) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, but never listened on
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        done = check(configuration(url), "agency", *DAYS, "--live")
    assert done.returncode == 1
    assert "cannot be reached" in done.stdout


def test_an_answer_without_rows_is_a_good_answer(check: Check) -> None:
    with Server(said({"data": []})) as server:
        done = check(configuration(server.url), "agency", *DAYS, "--live")
    assert done.returncode == 0
    assert "0 rows on this page" in done.stdout


def every_letter_escaped(text: str) -> str:
    """As no encoder writes it and every decoder reads it."""
    return "".join(f"%{ord(letter):02X}" for letter in text)


def echoing(next_page: str) -> bytes:
    """An answer that says the key wherever there is room."""
    rows = [row(campaignName=f"for {KEY}", campaignId=KEY[:5] + KEY[5:]), row(date=KEY), {KEY: KEY, "cost": KEY}]
    return said({"data": rows, "next": next_page}, X_Request_Id=f"r-{KEY}", X_Key=KEY)


def shown(done: subprocess.CompletedProcess[str]) -> str:
    """All that was printed. The key is not in it, in no spelling."""
    text = done.stdout + done.stderr
    for spelling in (KEY, quote(KEY), quote(KEY, safe=""), every_letter_escaped(KEY), b64encode(KEY.encode()).decode()):
        assert spelling not in text
        assert json.dumps(spelling)[1:-1] not in text
    return text


@pytest.fixture(params=["table", "json"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("kind", AUTH)
def test_a_key_that_the_source_echoes_is_not_printed(kind: str, form: str, check: Check) -> None:
    auth = AUTH[kind][0]
    with Server() as server:
        server._answers = [echoing(f"{server.url}/v1/{KEY}?after={KEY}&api_key={KEY}")]
        done = check(configuration(server.url, f"{auth}\n{NEXT_URL}"), "agency", *DAYS, "--live", "--format", form)
    assert done.returncode == 0
    assert "r-***" in shown(done)


def test_a_key_in_an_error_or_a_cursor_is_not_printed(form: str, check: Check) -> None:
    for answer in (said({"message": f"{KEY} is wrong"}, 403), echoing(KEY), said(KEY.encode())):
        with Server(answer) as server:
            shown(check(configuration(server.url, CURSOR), "agency", *DAYS, "--live", "--format", form))


@pytest.mark.parametrize(
    "spelled", [lambda key: quote(key, safe=""), every_letter_escaped, lambda key: quote(quote(key))]
)
def test_a_key_in_the_next_address_is_not_printed_however_it_is_written(
    spelled: Callable[[str], str], form: str, check: Check
) -> None:
    with Server() as server:
        text = configuration(server.url, NEXT_URL)
        for place in (f"/v1/{spelled(KEY)}?x=1", f"/v1?client_id={spelled(KEY)}", f"/v1?{spelled(KEY)}"):
            server._answers = [said({**ROWS, "next": server.url + place})]
            shown(check(text, "agency", *DAYS, "--live", "--format", form))


def test_of_a_next_address_only_values_that_we_fill_in_are_shown(check: Check) -> None:
    with Server() as server:
        following = (
            f"{server.url}/v1/performance?client_id=acme-eu&access_token=s3cret&s3cret&sig=s3cret&end_date=1;t=s3cret"
        )
        server._answers = [said({**ROWS, "next": following})]
        done = check(configuration(server.url, NEXT_URL), "agency", *DAYS, "--live")
    assert done.returncode == 0
    assert "s3cret" not in done.stdout
    assert "?client_id=acme-eu&access_token=***&***&sig=***&end_date=***" in done.stdout


def test_a_next_page_elsewhere_is_not_asked_and_not_shown(check: Check) -> None:
    with Server(said({**ROWS, "next": f"https://elsewhere.example/?key={KEY}"})) as server:
        done = check(configuration(server.url, NEXT_URL), "agency", *DAYS, "--live")
        assert len(server.asked) == 1
    assert done.returncode == 1
    assert "the key goes to" in shown(done)
