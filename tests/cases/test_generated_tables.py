"""Whatever table is sent, as files or as pages: its totals are pandas' own to the micro, or the run says why not.

A run that ends well holds exactly the groups of the clean table. One that is incomplete accounts for every unit that
was written. Any other one stores nothing.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import random
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from perfdash.domain.control_totals import ControlTotals
from tests.cases.tables import KEY, MEASURES, Written, table
from tests.fixtures.command_line import RunCli

TABLES, AT_ONCE, IN_FULL = 40, 40, 2_000
CONFIG = """
[clients.acme]
name = "Acme"
currency = "USD"
time_zone = "UTC"
"""
GOOD = ("committed", "incomplete")


def source(name: str, written: Written, base_url: str) -> str:
    """A source of its own for one table."""
    lines = [
        f"[sources.{name}]",
        'type = "custom"',
        f'base_url = "{base_url}"',
        'key = { env = "K" }',
        "overlap = true",
        "history_days = 400",
        f"[[sources.{name}.accounts]]",
        'client = "acme"',
        f'account = "{name}"',
        f"[sources.{name}.request]",
        f'path = "/{name}"',
        'params = { from = "{start}", to = "{end}", page = "{page}" }',
        f"[sources.{name}.paging]",
        'type = "page"',
        'total_pages = "pages"',
        f"[sources.{name}.records]",
        'path = "data"',
        f"finer = {json.dumps(written.finer)}",
    ]
    if written.numbers:
        lines.append(f'numbers = "{written.numbers}"')
    day = json.dumps(written.day_format) if written.day_format else None
    lines += [
        f"[sources.{name}.fields]",
        'campaign = "campaign"',
        'platform = "platform"',
        f'day = {{ path = "date", format = {day} }}' if day else 'day = "date"',
        *(f'{measure} = "{measure}"' for measure in MEASURES if measure in written.columns),
    ]
    return "\n".join(lines) + "\n"


class Pages:
    """An API of one endpoint for each table, in pages of a size that the table was given."""

    def __init__(self) -> None:
        self.tables: dict[str, list[list[dict[str, str]]]] = {}
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                at = urlsplit(self.path)
                parts = pages.tables[at.path.strip("/")]
                number = int(parse_qs(at.query).get("page", ["1"])[0])
                body = json.dumps({"data": parts[number - 1], "pages": len(parts)}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def pages() -> Iterator[Pages]:
    with closing(Pages()) as serving:
        yield serving


def parts_of(rng: random.Random, rows: Sequence[dict[str, str]]) -> list[list[dict[str, str]]]:
    """`rows` in order in 1 to 3 parts, none of them empty."""
    count = min(rng.choice((1, 1, 2, 3)), len(rows))
    cuts = [0, *sorted(rng.sample(range(1, len(rows)), count - 1)), len(rows)]
    return [list(rows[first:last]) for first, last in itertools.pairwise(cuts)]


def csv_of(rows: Sequence[Mapping[str, str]], columns: Sequence[str], rng: random.Random) -> bytes:
    """As one of the tools that people use writes it."""
    out = io.StringIO()
    quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    writer = csv.writer(out, delimiter=rng.choice(",;\t"), quoting=quoting, lineterminator=rng.choice(("\n", "\r\n")))
    writer.writerow(columns)
    writer.writerows([row[name] for name in columns] for row in rows)
    return out.getvalue().encode(rng.choice(("utf-8", "utf-8-sig", "utf-16")))


@dataclass
class Ended:
    """How one table's run ended."""

    code: int
    said: str
    state: str
    facts: dict[tuple[str, str, str], tuple[int | None, ...]]
    control: ControlTotals


def ended(call_cli: RunCli, folder: Path, name: str, arguments: Sequence[str]) -> Ended:
    environ = {
        "PERFDASH_CONFIG": str(folder / "perfdash.toml"),
        "PERFDASH_DATABASE_URL": f"sqlite:///{folder / 'tables.db'}",
        "PERFDASH_DEMO": "0",
        "K": "secret",
    }
    done = call_cli("sync", "--source", name, *arguments, "--format", "json", env=environ)
    with closing(sqlite3.connect(folder / "tables.db")) as database:
        [account] = database.execute("SELECT account_id FROM accounts WHERE source = ?", (name,)).fetchone()
        columns = ", ".join(MEASURES)
        rows = database.execute(
            f"SELECT day, campaign_id, platform, {columns} FROM facts WHERE account_id = ?", (account,)
        ).fetchall()
        run = database.execute(
            "SELECT state, control FROM runs WHERE account_id = ? ORDER BY run_id DESC", (account,)
        ).fetchone()
    state, control = run or ("refused", "")
    facts = {tuple(row[: len(KEY)]): tuple(row[len(KEY) :]) for row in rows}
    return Ended(done.returncode, done.stdout + done.stderr, state, facts, ControlTotals.from_json(control))  # type: ignore[arg-type]


def written_sum(written: Written, measure: str) -> int:
    """What a reader can read of a measure, row by row as it was written, a total row among them."""
    return int(written.clean[measure].sum())


def check(written: Written, found: Ended) -> str:
    """'' when all is well; else what is silently wrong."""
    if found.state == "committed" and found.code == 0:
        if written.refused:
            return "a row that cannot be read was not missed"
        return "" if found.facts == written.sums() else f"{found.facts} in place of {written.sums()}"
    if found.code == 0:
        return f"exit 0 after {found.state}"
    if found.state != "incomplete":
        return "" if not found.facts else f"{found.state}, yet something is stored"
    return _accounted(written, found)


def _accounted(written: Written, found: Ended) -> str:
    for place, measure in enumerate(MEASURES):
        of = found.control.measures.get(measure)
        if of is None:
            continue
        stored = sum(values[place] or 0 for values in found.facts.values())
        if of.missing or of.stored != stored:
            return f"{measure}: {of} does not close, {stored} is stored"
        if not written.duplicates and not written.total and measure not in ("cost", "impressions"):
            wanted = written_sum(written, measure)
            if of.read != wanted:
                return f"{measure}: {of.read} was read, {wanted} was written"
    return ""


def a_table(call_cli: RunCli, folder: Path, pages: Pages, number: int) -> tuple[Written, Ended]:
    """One table, made, sent and read; the configuration knows its source already."""
    rng = random.Random(number)
    written, name = table(rng), f"t{number}"
    parts = parts_of(rng, written.rows)
    if rng.random() < 0.3 and written.total != "end":
        pages.tables[name] = parts
        days = written.clean["date"]
        return written, ended(call_cli, folder, name, ("--from", days.min(), "--to", days.max()))
    arguments: list[str] = []
    for at, part in enumerate(parts):
        path = folder / f"{name}-{at}.csv"
        path.write_bytes(csv_of(part, written.columns, rng))
        arguments += ["--file", str(path)]
    return written, ended(call_cli, folder, name, arguments)


def test_a_table_is_added_up_as_pandas_does_or_says_that_it_is_not(
    call_cli: RunCli, tmp_path: Path, pages: Pages, full: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong: dict[int, Any] = {}
    states: dict[str, int] = {}
    whole, good = 0, 0
    for first in range(0, IN_FULL if full else TABLES, AT_ONCE):
        folder = tmp_path / str(first)
        folder.mkdir()
        numbers = range(first, first + AT_ONCE)
        config = CONFIG + "".join(source(f"t{n}", table(random.Random(n)), pages.url) for n in numbers)
        (folder / "perfdash.toml").write_text(config, encoding="utf-8")
        for number in numbers:
            written, found = a_table(call_cli, folder, pages, number)
            states[found.state] = states.get(found.state, 0) + 1
            if fault := check(written, found):
                wrong[number] = fault
            if not (written.refused or written.total or written.undeclared or written.duplicates):
                whole += 1
                good += found.state == "committed"
    with capsys.disabled():
        print(f"\n{sum(states.values()):,} tables: {states}; of {whole:,} without a fault {good:,} were stored")
    assert wrong == {}
    assert good >= 0.8 * whole
