"""`restatements`: the same changes as the page's, as a table, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from datetime import timedelta

import pytest

from perfdash.cli import main
from perfdash.store import receipts
from perfdash.store.receipts import Exported
from tests.fixtures.command_line import ROOT
from tests.store.builders import ADMIN, opened
from tests.store.ledger_kit import DAY, batch, fact, key, open_ledger

ASKED = ("restatements", "--client", "acme", "--since", "2026-03-20")


@pytest.fixture
def url(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A ledger in which a day's cost fell from 5.00 to 4.10, a day after it was first told."""
    ledger = open_ledger(sqlite_url)
    ledger.sync(batch({key(): fact(), key("calm"): fact()}))
    ledger.clock.move(days=1)
    ledger.sync(batch({key(): fact(cost=4_100_000), key("calm"): fact()}))
    ledger.store.close()
    monkeypatch.setenv("PERFDASH_DATABASE_URL", sqlite_url)
    monkeypatch.chdir(ROOT)
    return sqlite_url


def said(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return code, out.getvalue(), err.getvalue()


def test_the_table_names_each_change_and_sums_them_up(url: str) -> None:
    code, out, _ = said(*ASKED)
    lines = out.replace("\u00a0", " ").splitlines()
    assert code == 0
    assert lines[1].split() == [
        "2026-03-21T06:00:00Z",
        "acme",
        str(DAY),
        "c1",
        "TikTok",
        "restated",
        "cost",
        "5.000000",
        "4.100000",
        "after",
    ]
    assert lines[2] == "1 change on 1 day, 1 of them after they were final, cost −0.90 EUR"


def test_csv_and_json_hold_exact_values(url: str) -> None:
    _, out, _ = said(*ASKED, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["campaign id"], row["field"], row["difference (currency units or count)"]) == (
        "c1",
        "cost",
        "-0.900000",
    )
    _, out, _ = said(*ASKED, "--format", "json")
    found = json.loads(out)
    assert found["perfdash"]["view"] == "restatements"
    assert [(one["then"], one["now"]) for one in found["rows"]] == [("5.000000", "4.100000")]
    assert found["totals"][0]["differences"]["cost"] == "-0.900000"
    assert found["days"][0]["day"] == str(DAY)
    assert found["corrections"] == []
    assert isinstance(found["settling"], list)


def test_nothing_changed_says_so_and_is_no_failure(url: str) -> None:
    assert said("restatements", "--since", "2026-03-25")[:2] == (0, "Nothing changed.\n")


def test_since_an_export(url: str) -> None:
    with opened(url) as store:
        part = Exported("acme", 1, revision=1)
        name = receipts.write(store, ADMIN, view="v", filters="{}", parts=[part], sha256="0", now=part_at())
    assert "4.100000" in said("restatements", "--since", f"receipt:{name}")[1]
    assert said("restatements", "--since", f"receipt:{name}", "--until", "2026-03-20")[1] == "Nothing changed.\n"


def part_at():
    from tests.store.ledger_kit import START

    return START + timedelta(hours=1)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--since", "yesterday"), "--since 'yesterday' is neither a day"),
        (("--since", "receipt:nothing"), "There is no receipt 'nothing' here."),
        (("--since", "2026-03-01", "--client", "nobody"), "There is no client 'nobody'"),
        (("--since", "2026-03-01", "--from", "2026-03-05", "--to", "2026-03-01"), "swap them"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(url: str, more: tuple[str, ...], sentence: str) -> None:
    code, out, err = said("restatements", *more)
    assert (code, out) == (2, "")
    assert sentence in err
