"""`sync --file`: a saved export becomes the same ledger as the same answer would, and a hostile one changes nothing."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from perfdash.cli import main
from perfdash.store.engine import sqlite_module
from tests.fixtures.command_line import RunCli, environment
from tests.fixtures.workbooks import workbook

CONFIG = """
[clients.acme]
name = "Acme"
currency = "EUR"
time_zone = "Europe/Berlin"
[sources.agency]
type = "performance_v1"
base_url = "http://127.0.0.1:9"
key = { env = "NEVER_SET" }
settlement_days = 7
[[sources.agency.accounts]]
client = "acme"
account = "acme-eu"
"""
SECOND = """
[[sources.agency.accounts]]
client = "acme"
account = "acme-uk"
"""
HEADER = "campaignId,campaignName,platform,date,impressions,clicks,cost,creatorId"
LINES = (
    'c1,"Spring, early",TikTok,2024-01-01,1000,10,12.50,',
    'c1,"Spring, early",TikTok,2024-01-03,2000,20,25.000001,k1',
    'c2,"A ""quoted"" name",Instagram,2024-01-02,5,0,0,',
)
PIPED = [line.replace("Spring, early", "Spring").replace(",", "|") for line in LINES]
FACTS = [
    ("2024-01-01", "c1", "TikTok", "", 1000, 10, 12_500_000),
    ("2024-01-02", "c2", "Instagram", "", 5, 0, 0),
    ("2024-01-03", "c1", "TikTok", "k1", 2000, 20, 25_000_001),
]
EXPORTED = ("--exported-at", "2024-02-01T09:00+01:00")


def row(**values: Any) -> dict[str, Any]:
    base = {"campaignId": "c1", "platform": "TikTok", "date": "2024-01-01", "impressions": 1000, "clicks": 10}
    return base | {"cost": 12.5} | values


@dataclass
class Bench:
    """A configured installation whose source cannot be reached and has no key."""

    folder: Path
    run_cli: RunCli

    def __call__(self, *arguments: str, process: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `sync`: in this process, which saves a second, or with `process` as its users do."""
        env = {
            "PERFDASH_CONFIG": str(self.folder / "files.toml"),
            "NEVER_SET": None,
            "PERFDASH_DATABASE_URL": f"sqlite:///{self.folder / 'files.db'}",
        }
        said = ("sync", *arguments, "--format", "json")
        done = self.run_cli(*said, env=env) if process else self._here(said, env)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def _here(self, said: tuple[str, ...], env: Mapping[str, str | None]) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, environment(self.folder, env), clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                code = main(said)
            except SystemExit as end:  # argparse
                code = int(end.code or 0)
        return subprocess.CompletedProcess(said, code, out.getvalue(), err.getvalue())

    def good(
        self,
        content: bytes | str | list[Any] | dict[str, Any],
        *more: str,
        name: str = "report.csv",
        process: bool = False,
    ) -> dict:
        done = self(*self.file(content, name), *more, process=process)
        assert done.returncode == 0, done.stderr
        (run,) = json.loads(done.stdout)
        return run

    def file(self, content: bytes | str | list[Any] | dict[str, Any], name: str = "report.csv") -> tuple[str, str]:
        path = self.folder / name
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode()
        path.write_bytes(content)
        return "--file", str(path)

    def ask(self, statement: str) -> list[tuple]:
        with closing(sqlite_module().connect(str(self.folder / "files.db"))) as connection:
            return connection.execute(statement).fetchall()

    def facts(self) -> list[tuple]:
        columns = "day, campaign_id, platform, creator_id, impressions, clicks, cost"
        return [tuple(found) for found in self.ask(f"SELECT {columns} FROM facts ORDER BY 1, 2, 3, 4")]


@pytest.fixture
def bench(tmp_path: Path, run_cli: RunCli) -> Iterator[Bench]:
    (tmp_path / "files.toml").write_text(CONFIG, encoding="utf-8")
    return Bench(tmp_path, run_cli)


def csv(*lines: str, separator: str = ",", header: str = HEADER) -> str:
    return "\n".join([header, *(lines or LINES)]).replace(",", separator) + "\n"


# --- what a good file does


def test_a_csv_export_is_committed_without_a_key_and_without_asking(bench: Bench) -> None:
    run = bench.good(csv(), *EXPORTED, process=True)
    assert (run["state"], run["from"], run["to"], run["new"]) == ("committed", "2024-01-01", "2024-01-03", 3)
    assert run["fetched_at"] == "2024-02-01T09:00:00+01:00"
    told = ["file report.csv: 3 rows, exported 2024-02-01T09:00:00+01:00", "report.csv: read as CSV"]
    assert (run["requests"], run["log"]) == (0, told)
    assert bench.facts() == FACTS
    assert bench.ask("SELECT trigger, log, file_name FROM runs") == [("file", "\n".join(told), "report.csv")]
    assert bench.ask("SELECT file_sha256 FROM runs") == [(hashlib.sha256(csv().encode()).hexdigest(),)]
    assert bench.ask("SELECT name FROM campaigns ORDER BY 1") == [('A "quoted" name',), ("Spring, early",)]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\xef\xbb\xbf" + csv().replace("\n", "\r\n").encode(), "Report from Excel.CSV"),
        (csv().replace("Spring, early", "Spring").replace(",", ";"), "report.csv"),
        (csv().replace("Spring, early", "Spring").replace(",", "\t") + "\n\n", "report.tsv"),
        (csv().encode("utf-16"), "report.csv"),
        (csv().replace("Spring", "Frühling").encode("latin-1"), "report.csv"),
        ("Report\n\n" + csv() + "Total: 3 rows\n", "report.txt"),
        (gzip.compress(csv().encode()), "report.csv.gz"),
        (workbook({"Report": [line.split("|") for line in csv(*PIPED, separator="|").splitlines()]}), "report.xlsx"),
    ],
    ids=[
        *("byte order mark and CRLF", "semicolons", "tabs and blank lines", "UTF-16", "Windows-1252"),
        *("preamble and footer", "gzip", "Excel"),
    ],
)
def test_the_usual_dialects_are_read_alike(bench: Bench, content: bytes | str, name: str) -> None:
    assert bench.good(content, *EXPORTED, name=name)["new"] == 3
    assert bench.facts() == FACTS


ROWS = [
    row(),
    row(date="2024-01-03", impressions=2000, clicks=20, cost=25.000001, creatorId="k1"),
    row(campaignId="c2", platform="Instagram", date="2024-01-02", impressions=5, clicks=0, cost=0),
]


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        {"data": ROWS},
        {"data": ROWS, "page_info": {"page": 1, "page_size": 50, "total_number": 3, "total_page": 1}},
    ],
    ids=["rows", "an answer", "an answer of one page"],
)
def test_a_json_export_is_rows_or_one_whole_answer(bench: Bench, content: Any) -> None:
    assert bench.good(content, *EXPORTED, name="report.json")["new"] == 3
    assert bench.facts() == FACTS


def test_columns_named_as_a_path_are_found(bench: Bench) -> None:
    lines = CONFIG.replace("settlement_days = 7", 'settlement_days = 7\nfields = { cost = "metrics.spend" }')
    (bench.folder / "files.toml").write_text(lines)
    assert bench.good(csv(header=HEADER.replace("cost", "metrics.spend")), *EXPORTED)["new"] == 3
    assert bench.facts() == FACTS


def test_a_dry_run_counts_and_stores_nothing(bench: Bench) -> None:
    run = bench.good(csv(), *EXPORTED, "--dry-run")
    assert (run["state"], run["new"]) == ("planned", 3)
    assert bench.facts() == [] and bench.ask("SELECT * FROM runs") == []


def test_of_a_file_only_the_named_days_are_taken_and_the_others_are_counted(bench: Bench) -> None:
    run = bench.good(csv(), *EXPORTED, "--from", "2024-01-02", "--to", "2024-01-02")
    assert (run["from"], run["to"], run["fetched"], run["new"], run["quarantined"]) == (
        "2024-01-02",
        "2024-01-02",
        3,
        1,
        0,
    )
    assert "2 rows left out" in run["log"][0]
    assert bench.facts() == FACTS[1:2]


def test_the_same_file_twice_changes_nothing(bench: Bench) -> None:
    bench.good(csv(), *EXPORTED)
    again = bench.good(csv(), *EXPORTED)
    assert (again["unchanged"], again["revision"]) == (3, None)


def test_a_later_export_restates_and_closes_what_it_no_longer_names_only_if_it_is_the_whole(bench: Bench) -> None:
    bench.good(csv(), *EXPORTED)
    later = csv(LINES[0].replace("12.50", "13"), LINES[1])
    run = bench.good(later, "--exported-at", "2024-03-01T00:00Z")
    assert (run["restated"], run["unchanged"], run["vanished"]) == (1, 1, 0)
    assert [found[1] for found in bench.facts()] == ["c1", "c2", "c1"]
    whole = bench.good(later, "--exported-at", "2024-03-02T00:00Z", "--complete")
    assert (whole["restated"], whole["unchanged"], whole["vanished"]) == (0, 2, 1)
    assert [found[1] for found in bench.facts()] == ["c1", "c1"]


def test_bad_rows_are_quarantined_with_their_reason_and_their_day_belongs_to_the_range(bench: Bench) -> None:
    many = [f"c{n},,TikTok,2024-01-04,1,1,1," for n in range(96)]
    done = bench(*bench.file(csv(*LINES, *many, "c3,,TikTok,2024-01-05,x,0,0,")), *EXPORTED)
    (run,) = json.loads(done.stdout)
    assert (done.returncode, run["state"]) == (1, "incomplete")
    assert (run["to"], run["new"], run["quarantined"]) == ("2024-01-05", 99, 1)
    ((reason,),) = bench.ask("SELECT reason FROM quarantine")
    assert bench.ask("SELECT day, platform, reason, rows FROM refusals") == [("2024-01-05", "TikTok", reason, 1)]
    assert f"refused: {reason} (1)" in done.stderr


def test_more_bad_rows_than_the_source_allows_are_not_stored_with_the_good_ones(bench: Bench) -> None:
    done = bench(*bench.file(csv(*LINES, "c3,,TikTok,2024-01-05,x,0,0,")), *EXPORTED)
    (run,) = json.loads(done.stdout)
    assert (done.returncode, run["state"]) == (1, "suspicious")
    assert "1 of 4 rows (25%" in run["message"] and "refuse_at_most" in run["message"]
    assert bench.facts() == []


# --- when it was exported


def test_an_older_export_cannot_overwrite_a_newer_answer(bench: Bench) -> None:
    bench.good(csv(), "--exported-at", "2024-02-02T00:00Z")
    done = bench(*bench.file(csv(LINES[0].replace("12.50", "99"))), "--exported-at", "2024-02-01T00:00Z")
    assert done.returncode == 1
    assert "Newer answers than report.csv (2024-02-01 00:00 UTC) are stored" in done.stderr
    assert bench.facts() == FACTS


@pytest.mark.parametrize("hours", [-48, 48], ids=["written two days ago", "written in the future"])
def test_a_file_counts_from_when_it_was_last_written_but_never_later_than_now(bench: Bench, hours: int) -> None:
    now = datetime.now(UTC)
    written = now + timedelta(hours=hours)
    option, path = bench.file(csv())
    os.utime(path, (written.timestamp(), written.timestamp()))
    (run,) = json.loads(bench(option, path).stdout)
    at = datetime.fromisoformat(run["fetched_at"])
    if hours < 0:
        assert abs(at - written) < timedelta(seconds=1)
    else:
        assert now <= at <= datetime.now(UTC)


def test_days_are_final_by_when_the_file_was_exported(bench: Bench) -> None:
    bench.good(csv(), "--exported-at", "2024-01-09T12:00Z")
    env = {
        "PERFDASH_CONFIG": str(bench.folder / "files.toml"),
        "PERFDASH_DATABASE_URL": f"sqlite:///{bench.folder / 'files.db'}",
    }
    asked = ("query", "daily", "--from", "2024-01-01", "--to", "2024-01-03", "--format", "json")
    said = json.loads(bench.run_cli(*asked, env=env).stdout)
    assert {found["final_to"] for found in said["rows"]} == {"2024-01-01"}, "seven days after the 2nd had not passed"


# --- files that cannot be used


HOSTILE: dict[str, tuple[Any, str, str]] = {
    "empty": (b"", "report.csv", "it is empty"),
    "blank lines": (b"\n\n\n", "report.csv", "it is empty"),
    "a header alone": (HEADER.encode(), "report.csv", "it holds no rows"),
    "no header": ("\n".join(LINES), "report.csv", "no line of it looks like the header"),
    "no separator": (b"some text\nmore text\n", "report.csv", "no line of it looks like the header"),
    "a secret by mistake": (b"KEY=hidden-value\nOTHER=1", "secrets.csv", "no line of it looks like the header"),
    "half of UTF-16": (csv().encode("utf-16") + b"x", "report.csv", "it begins as UTF-16 text"),
    "damaged UTF-8": ((csv().replace("Spring", "Frühling") * 3).encode() + b"\xff", "report.csv", "damaged characters"),
    "NUL": (csv().encode() + b"\0", "report.csv", "it is not text"),
    "a column twice": (csv(header=HEADER.replace("campaignName", "cost")), "report.csv", 'are named "cost" and differ'),
    "a cut line": (csv(LINES[0], "c1,TikTok").strip(), "report.csv", "its last line ends before its columns do"),
    "too many values": (csv(LINES[0] + "k1,5"), "report.csv", "does not fit it: it has 9 values for 8 columns"),
    "5,000 columns": (csv(header=HEADER + ",x" * 5000), "report.csv", "more than 1,000 are not read"),
    "an open quotation": (csv('c1,"Spring,TikTok,2024-01-01,1,1,1,'), "report.csv", "is not CSV"),
    "an endless value": (csv(f"{'c' * 200_000},,TikTok,2024-01-01,1,1,1,"), "report.csv", "a value is too long"),
    "a column missing": (csv(header=HEADER.replace("cost", "spend")), "report.csv", 'it has no column "cost"'),
    "no day": (csv("c1,,TikTok,someday,1,1,1,"), "report.csv", "no row of it has a campaign, platform and day"),
    "a PDF": (b"%PDF-1.7 ...", "report.csv", "it is a PDF"),
    "a page": (b"<!DOCTYPE html><html>", "report.xls", "it is a web page"),
    "no workbook": (b"PK\x03\x04 ...", "report.xlsx", "no ZIP archive that can be read"),
    "no JSON": (b"{", "report.json", "it is not JSON"),
    "NaN": (b'[{"cost": NaN}]', "report.json", "cannot be used"),
    "a key twice": (b'[{"cost": 1, "cost": 2}]', "report.json", "the same key twice"),
    "deep nesting": (b"[" * 100 + b"]" * 100, "report.json", "nested"),
    "no rows": ([], "report.json", "it holds no rows"),
    "an answer without rows": ({"data": []}, "report.json", "it holds no rows"),
    "rows elsewhere": ({"rows": ROWS}, "report.json", "data must be a list of rows, but it is missing"),
    "an error that was saved": ({"error": {"message": "no"}, "data": ROWS}, "report.json", "is an error"),
    "one page of two": (
        {"data": ROWS, "page_info": {"page": 1, "page_size": 3, "total_number": 6, "total_page": 2}},
        "report.json",
        "it holds 3 of 6 rows; save the rows of all pages as one list",
    ),
    "a number": (b"1", "report.json", "cannot be used"),
    "days that are to come": (
        csv(LINES[0], "c1,,TikTok,2999-01-01,1,1,1,"),
        "report.csv",
        "report.csv would speak of 2024-01-01 to 2999-01-01, but it was exported on 2024-02-01",
    ),
    "a stray day": (
        csv(LINES[0], "c1,,TikTok,1970-01-01,1,1,1,"),
        "report.csv",
        "more than 3,660 days; name the days that",
    ),
}


@pytest.mark.parametrize("case", HOSTILE.values(), ids=list(HOSTILE))
def test_a_file_that_cannot_be_used_is_one_sentence_and_changes_nothing(
    bench: Bench, case: tuple[Any, str, str]
) -> None:
    content, name, says = case
    done = bench(*bench.file(content, name), *EXPORTED, process=name == "secrets.csv")
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "hidden-value" not in done.stderr
    assert bench.ask("SELECT * FROM runs") == []


def test_a_file_over_the_sources_limit_is_refused(bench: Bench) -> None:
    limits = CONFIG.replace("settlement_days = 7", "settlement_days = 7\nlimits = { body_mib = 0.001 }")
    (bench.folder / "files.toml").write_text(limits)
    done = bench(*bench.file(csv(*LINES * 20)), *EXPORTED)
    assert done.returncode == 2
    assert "report.csv is larger than 0.001 MiB" in done.stderr


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _path: None, "cannot be read: No such file or directory"),
        (lambda path: path.mkdir(), "is not a file"),
        (lambda path: os.mkfifo(path), "is not a file"),
    ],
    ids=["missing", "a folder", "a pipe"],
)
def test_what_is_no_file_is_refused_at_once(bench: Bench, make: Callable[[Path], object], says: str) -> None:
    make(bench.folder / "report.csv")
    done = bench("--file", str(bench.folder / "report.csv"))
    assert done.returncode == 2
    assert f"report.csv {says}" in done.stderr


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--watch",), "leave out --watch"),
        (("--from", "2024-01-01"), "needs both a first and a last day"),
        (("--from", "2025-01-01", "--to", "2025-01-02"), "has no row of 2025-01-01 to 2025-01-02"),
        (("--exported-at", "2999-01-01T00:00Z"), "is still to come"),
        (("--exported-at", "2024-01-01"), "is not a moment with its offset"),
        (("--exported-at", "yesterday"), "is not a moment with its offset"),
        (("--account", "nobody"), "There is no account 'nobody'; known: acme-eu."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_options_that_make_no_sense_with_the_file_are_refused(bench: Bench, more: tuple[str, ...], says: str) -> None:
    done = bench(*bench.file(csv()), *more)
    assert done.returncode == 2
    assert says in done.stderr
    assert not (bench.folder / "files.db").exists() or bench.ask("SELECT * FROM runs") == []


def test_when_a_file_was_exported_needs_a_file(bench: Bench) -> None:
    done = bench(*EXPORTED)
    assert done.returncode == 2
    assert "name it with --file" in done.stderr


def test_exactly_one_account_must_be_meant(bench: Bench) -> None:
    (bench.folder / "files.toml").write_text(CONFIG + SECOND)
    done = bench(*bench.file(csv()), *EXPORTED)
    assert done.returncode == 2
    assert (
        "A file holds the rows of one account; say which: --client acme --source agency --account acme-eu; "
        "--client acme --source agency --account acme-uk." in done.stderr
    )
    assert bench.good(csv(), *EXPORTED, "--client", "acme", "--account", "acme-uk")["account"] == "agency/acme-uk"


# --- the rules of any run


def test_a_file_that_lacks_most_of_what_is_known_is_suspicious_until_it_is_accepted(bench: Bench) -> None:
    many = [f"c{n},,TikTok,2024-01-01,1,1,1," for n in range(30)]
    bench.good(csv(*many), *EXPORTED)
    later = ("--exported-at", "2024-03-01T00:00Z")
    done = bench(*bench.file(csv(*many[:3])), *later)
    assert done.returncode == 1
    assert json.loads(done.stdout)[0]["state"] == "suspicious"
    assert len(bench.facts()) == 30
    assert bench.good(csv(*many[:3]), *later, "--accept-vanished")["vanished"] == 27


def test_a_total_beside_rows_of_its_creators_fails_the_run(bench: Bench) -> None:
    done = bench(*bench.file(csv(LINES[0], LINES[0] + "k1")), *EXPORTED)
    assert done.returncode == 1
    assert "would count twice" in json.loads(done.stdout)[0]["message"]
    assert bench.facts() == []
    assert bench.ask("SELECT state, trigger FROM runs") == [("failed", "file")]


# --- several files, mappings, sheets, and sources without an API

META = "Day,Campaign ID,Campaign name,Platform,Amount spent (EUR),Impressions,Clicks (all)"
META_LINES = ("2024-01-01,1201,Spring,facebook,12.50,1000,10", "2024-01-02,1202,Autumn,instagram,7.25,500,5")
ONLY_FILES = (
    CONFIG[: CONFIG.index("[sources")]
    + """
[sources.meta]
type = "meta_export"
[[sources.meta.accounts]]
client = "acme"
account = "1234567890"
"""
)


MINE = """
[fields]
campaign = '"Campaign name"'
day = "Day"
platform = { constant = "TikTok" }
impressions = "Impressions"
clicks = '"Clicks (all)"'
cost = '"Amount spent (EUR)"'
"""


def test_several_files_are_one_answer_of_one_run(bench: Bench) -> None:
    first, second = bench.file(csv(LINES[0]), "a.csv"), bench.file(csv(*LINES[1:]), "b.csv")
    run = bench.good(csv(LINES[0]), *second, *EXPORTED, name="a.csv")
    assert (run["new"], run["from"], run["to"]) == (3, "2024-01-01", "2024-01-03")
    assert bench.facts() == FACTS
    assert bench.ask("SELECT file_name FROM runs") == [("a.csv, b.csv",)]
    assert first[0] == second[0] == "--file"


def test_an_export_needs_no_api_and_no_key(bench: Bench) -> None:
    (bench.folder / "files.toml").write_text(ONLY_FILES)
    run = bench.good("\n".join([META, *META_LINES]) + "\n", *EXPORTED, process=True)
    assert (run["state"], run["new"], run["account"]) == ("committed", 2, "meta/1234567890")
    assert [found[1:3] for found in bench.facts()] == [("1201", "Facebook"), ("1202", "Instagram")]


def test_a_source_without_an_api_is_never_asked(bench: Bench) -> None:
    (bench.folder / "files.toml").write_text(ONLY_FILES)
    done = bench()
    assert done.returncode == 2
    assert "has no API to ask" in done.stderr
    names = {"PERFDASH_CONFIG": "files.toml", "PERFDASH_DATABASE_URL": "x.db"}
    env = {key: f"{'sqlite:///' if name == 'x.db' else ''}{bench.folder / name}" for key, name in names.items()}
    checked = bench.run_cli("check-source", "meta", env=env)
    assert checked.returncode == 2
    assert "sources.meta has no API to ask: try a file with sync --file and --dry-run." in checked.stderr
    assert "every secret that the configuration names is set" in bench.run_cli("doctor", env=env).stdout


def test_an_api_source_takes_the_recognised_export_and_says_so(bench: Bench) -> None:
    run = bench.good("\n".join([META, *META_LINES]) + "\n", *EXPORTED)
    assert run["log"][1] == "report.csv: read as CSV; its columns are those of meta_export"
    assert len(bench.facts()) == 2


def test_a_mapping_may_be_named_by_preset_or_by_file(bench: Bench) -> None:
    body = "\n".join([META, *META_LINES]) + "\n"
    assert bench.good(body, *EXPORTED, "--mapping", "meta_export", "--dry-run")["new"] == 2
    (bench.folder / "mine.toml").write_text(MINE)
    bench.good(body, *EXPORTED, "--mapping", str(bench.folder / "mine.toml"))
    assert [found[1:3] for found in bench.facts()] == [("Spring", "TikTok"), ("Autumn", "TikTok")]


@pytest.mark.parametrize(
    ("named", "says"),
    [("nothing.toml", "is no preset, and no file that can be read"), ("files.toml", "there is no such setting")],
)
def test_a_mapping_that_cannot_be_used_is_told(bench: Bench, named: str, says: str) -> None:
    done = bench(*bench.file(csv()), *EXPORTED, "--mapping", str(bench.folder / named))
    assert done.returncode == 2
    assert says in done.stderr


def test_of_several_sheets_that_fit_one_must_be_named(bench: Bench) -> None:
    rows = [line.split("|") for line in csv(*PIPED, separator="|").splitlines()]
    body = workbook({"Notes": [["nothing"]], "May": rows, "June": rows[:2]})
    done = bench(*bench.file(body, "report.xlsx"), *EXPORTED)
    assert done.returncode == 2
    assert 'several of its sheets fit: "May", "June"; say which with --sheet or records.sheet' in done.stderr
    assert bench.good(body, *EXPORTED, "--sheet", "June", name="report.xlsx")["new"] == 1
    done = bench(*bench.file(body, "report.xlsx"), *EXPORTED, "--sheet", "July")
    assert 'it has no sheet of the name that was given; it has: "Notes", "May", "June"' in done.stderr


@pytest.mark.parametrize("option", ["--mapping", "--sheet"])
def test_what_speaks_of_a_file_needs_one(bench: Bench, option: str) -> None:
    done = bench(option, "x")
    assert done.returncode == 2
    assert f"{option} speaks of a file" in done.stderr


def test_a_newer_answer_about_other_platforms_does_not_supersede_a_file(bench: Bench) -> None:
    some = CONFIG + 'platforms = ["TikTok", "Instagram"]\n'
    (bench.folder / "files.toml").write_text(some.replace(', "Instagram"', ""))
    bench.good(csv(LINES[0]), "--exported-at", "2024-02-02T00:00Z")
    (bench.folder / "files.toml").write_text(some)
    bench.good(csv(LINES[2].replace("2024-01-02", "2024-01-01")), "--exported-at", "2024-02-01T00:00Z")
    assert len(bench.facts()) == 2
    done = bench(*bench.file(csv(LINES[0].replace("12.50", "99"))), "--exported-at", "2024-02-01T00:00Z")
    assert done.returncode == 1
    assert "Newer answers than report.csv" in done.stderr
