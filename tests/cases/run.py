"""Small inputs, each a fault that users report of tools like ours: what comes in, and what must stand in the ledger.

`python -m tests.cases.run [NAME ...]` runs them and prints a table; `test_cases.py` runs them among the tests. A case
is a folder: `case.toml` (its kind, and its steps with what each must end in), `config.toml`, and the inputs.
"""

from __future__ import annotations

import http.server
import io
import json
import os
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from perfdash.cli import main
from tests.fixtures.command_line import environment

HERE = Path(__file__).parent
NAMES = tuple(sorted(folder.name for folder in HERE.iterdir() if (folder / "case.toml").is_file()))
NONE = "none"
"""In case.toml, which has no null: not reported, or not known."""


@dataclass
class Outcome:
    """What came of one case: a line for each step, and what differs from what must be."""

    name: str
    kind: str
    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Api(http.server.ThreadingHTTPServer):
    """An API that answers what it is given to answer, whatever it is asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answer = ""
        self.when: Mapping[str, str] = {}
        """Text in the request -> the file that answers it."""
        self.folder = HERE
        self.methods: list[str] = []

    def body_for(self, path: str) -> Any:
        """What stands in the file that answers `path`."""
        name = next((file for text, file in self.when.items() if text in path), self.answer)
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


class _Answering(http.server.BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.methods.append(self.command)
        said = self.server.body_for(self.path)
        status = 200
        if isinstance(said, dict) and said.get("http"):
            status, said = said.get("status", 200), said["body"]
        body = b"" if status == 204 else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  the name is the library's

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def _serving(folder: Path) -> Iterator[Api]:
    api = Api()
    api.folder = folder
    thread = threading.Thread(target=api.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.shutdown()
        api.server_close()


def run_case(name: str) -> Outcome:
    """All steps of one case, on a database of its own."""
    folder = HERE / name
    case = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    outcome = Outcome(name, case["kind"])
    with tempfile.TemporaryDirectory() as home, _serving(folder) as api:
        for number, step in enumerate(case["steps"], 1):
            _Step(folder, Path(home), api, step, outcome, number).take()
    return outcome


class _Step:
    """One call of `sync`, and what is asked afterwards."""

    def __init__(
        self, folder: Path, home: Path, api: Api, step: Mapping[str, Any], outcome: Outcome, number: int
    ) -> None:
        self._folder, self._home, self._api, self._step = folder, home, api, step
        self._outcome, self._number = outcome, number

    def take(self) -> None:
        """Sync, ask, compare."""
        step = self._step
        self._api.answer, self._api.when = step.get("answer", ""), step.get("when", {})
        self._api.methods.clear()
        self._write_config()
        code, said = self._call("sync", *self._arguments())
        allowed = step["exit"] if isinstance(step["exit"], list) else [step["exit"]]
        found = {"exit": code, **self._totals()}
        self._outcome.lines.append(
            f"exit {code}, " + ", ".join(f"{k} {v}" for k, v in found.items() if k in step["total"])
        )
        if code not in allowed:
            self._fault(f"exit {code} in place of {step['exit']}: {said.strip()[-300:]}")
        if step.get("says", "") not in said:
            self._fault(f"nothing says {step['says']!r}: {said.strip()[-300:]}")
        if step.get("method") not in (None, *self._api.methods):
            self._fault(f"asked by {self._api.methods}")
        self._compare(found, step["total"])
        if "campaign" in step:
            self._compare(self._rows("campaigns")[0], step["campaign"])

    def _arguments(self) -> tuple[str, ...]:
        step = self._step
        if "load" in step:
            return ("--file", str(self._folder / step["load"]), "--client", "acme", "--source", "s")
        first, last = step["fetch"]
        return ("--from", first, "--to", last)

    def _write_config(self) -> None:
        text = (self._folder / "config.toml").read_text(encoding="utf-8")
        text = text.replace("{server}", f"http://127.0.0.1:{self._api.server_port}")
        whole = tomllib.loads(text)
        for table, said in tomllib.loads(self._step.get("settings", "")).get("sources", {}).get("s", {}).items():
            whole["sources"]["s"].setdefault(table, {}).update(said)
        (self._home / "perfdash.toml").write_text(_toml(whole), encoding="utf-8")

    def _totals(self) -> Mapping[str, Any]:
        _, said = self._call(*_query("overview"))
        totals = json.loads(said)["totals"] if said else [{}]  # nothing can be asked of a broken configuration
        return totals[0] if totals else {"rows": 0}

    def _rows(self, view: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = json.loads(self._call(*_query(view))[1])["rows"]
        return found

    def _call(self, *arguments: str) -> tuple[int, str]:
        settings = {
            "PERFDASH_CONFIG": str(self._home / "perfdash.toml"),
            "PERFDASH_DATABASE_URL": f"sqlite:///{self._home / 'case.db'}",
            "PERFDASH_DEMO": "0",
            "K": "secret",
        }
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, environment(self._home, settings), clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = main(arguments)
        return code, out.getvalue() + (err.getvalue() if arguments[0] == "sync" else "")

    def _compare(self, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        for name, value in wanted.items():
            came = found.get(name)
            if not (came is None if value == NONE else _same(came, value)):
                self._fault(f"{name} is {came} in place of {value}")

    def _fault(self, text: str) -> None:
        self._outcome.faults.append(f"step {self._number}: {text}")


def _query(view: str) -> tuple[str, ...]:
    return ("query", view, "--from", "2000-01-01", "--to", "2026-12-31", "--format", "json")


def _same(came: object, value: object) -> bool:
    if isinstance(value, str) and value.replace(".", "").isdigit() and came is not None:
        return Decimal(str(came)) == Decimal(value)
    return came == value


def _toml(value: Any, path: str = "") -> str:
    """As TOML. Only what configurations of cases hold: tables, lists of tables, texts, numbers, lists."""
    plain = "".join(f"{json.dumps(k)} = {_inline(v)}\n" for k, v in value.items() if not _is_table(v))
    tables = ""
    for key, inner in value.items():
        at = f"{path}.{json.dumps(key)}" if path else json.dumps(key)
        if isinstance(inner, dict):
            tables += f"[{at}]\n{_toml(inner, at)}"
        elif _is_table(inner):
            tables += "".join(f"[[{at}]]\n{_toml(one, at)}" for one in inner)
    return plain + tables


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _inline(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def table(outcomes: list[Outcome]) -> str:
    """For people: a line for each case, and what is wrong with it."""
    lines = []
    for one in outcomes:
        lines.append(f"{'FAULT' if one.faults else 'ok   '} {one.name}: {'; then '.join(one.lines)}")
        lines += [f"      {fault}" for fault in one.faults]
    wrong = sum(bool(one.faults) for one in outcomes)
    lines.append(f"{len(outcomes)} cases: {len(outcomes) - wrong} as expected, {wrong} not.")
    return "\n".join(lines)


if __name__ == "__main__":
    named = [name for name in NAMES if not sys.argv[1:] or any(part in name for part in sys.argv[1:])]
    ended = [run_case(name) for name in named]
    print(table(ended))
    sys.exit(any(one.faults for one in ended))
