"""The same question asked of perfdash in each way it can be asked, each answer in the checker's form."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from itertools import takewhile
from pathlib import Path
from typing import Any
from unittest import mock

from streamlit.testing.v1 import AppTest

from perfdash.cli import main
from perfdash.ui.runtime import context
from tests.agreement.checker import Question, places
from tests.fixtures.command_line import ROOT, environment

MAIN = ROOT / "perfdash" / "ui" / "main.py"
OF_THE_FETCH = ("source", "fetched_at", "final_to", "corrected", "finality", "missing_rows")
PASSWORD = "a long password"


def command(*arguments: str, env: Mapping[str, str], home: Path) -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of perfdash's `main`, called in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment(home, env), clear=True),
        mock.patch.object(sys, "stdin", io.StringIO()),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = main(arguments)
    return code, out.getvalue(), err.getvalue()


def arguments_of(question: Question) -> list[str]:
    """The question as options of `query`."""
    options = ["--from", question.first, "--to", question.last]
    for name, values in (("--client", question.clients), ("--platform", question.platforms)):
        options += [part for value in values for part in (name, value)]
    if question.currency:
        options += ["--currency", question.currency]
    if question.limit is not None:
        options += ["--max-cpm", limit_of(question), "--cpm-grain", question.grain]
    return options


def limit_of(question: Question) -> str:
    """The limit as somebody types it."""
    assert question.limit is not None
    return places(question.limit, 6).rstrip("0").rstrip(".") or "0"


def json_rows(printed: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows, totals and what was left out, of `query --format json`."""
    found = json.loads(printed)
    rows = [{name: cell for name, cell in row.items() if name not in OF_THE_FETCH} for row in found["rows"]]
    return sorted(rows, key=_key), found["totals"], found["left_out"]


def csv_rows(printed: str, names: list[str]) -> list[dict[str, str]]:
    """The rows of `query --format csv` under the names of its columns, as text; a defused cell is as it was."""
    _header, *lines = csv.reader(io.StringIO(printed))
    rows = [dict(zip(names, (_charged(cell) for cell in line), strict=True)) for line in lines]
    return sorted(({n: cell for n, cell in row.items() if n not in OF_THE_FETCH} for row in rows), key=_key)


def _charged(cell: str) -> str:
    return cell[1:] if re.match(r"'[=+\-@\t\r]", cell) else cell


def as_text(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What a CSV must hold of the rows."""
    return sorted(({n: "" if cell is None else str(cell) for n, cell in row.items()} for row in rows), key=_key)


def _key(row: Mapping[str, Any]) -> list[str]:
    names = ("day", "client", "account", "campaign", "creator", "platform", "currency")
    return [str(row.get(name, "")) for name in names]


def app_values(question: Question, env: Mapping[str, str], home: Path, currency: str) -> dict[str, str]:
    """Figure -> the whole number that the Overview's tile tells of `currency`; {} when the page has no tiles."""
    with (
        mock.patch.dict(os.environ, environment(home, env), clear=True),
        mock.patch.object(context, "ROOT", home),
    ):
        app = AppTest.from_file(str(MAIN), default_timeout=120)
        for name, value in (_link(question) | ({"shown": currency} if currency else {})).items():
            app.query_params[name] = value
        app.run()
        app.text_input[0].set_value("checker")
        app.text_input[1].set_value(PASSWORD)
        next(button for button in app.button if button.label == "Sign in").click()
        app.run()
    assert not app.exception, app.exception
    assert [title.value for title in app.title] == ["Overview"]
    assert not [warning.value for warning in app.warning if re.search("gnored|Not applied", warning.value)]
    six = takewhile(lambda metric: metric.label != "Pace", app.metric)  # behind it each client has some of its own
    tiles = {_tile(metric.label): _told(metric.help) for metric in six}
    assert {own for _, own in tiles} <= {currency, ""}, (question, currency, sorted(tiles))
    return {name: told for (name, _), told in tiles.items()}


def _link(question: Question) -> dict[str, str | list[str]]:
    link: dict[str, str | list[str]] = {"dates": [question.first, question.last]}
    if question.clients:
        link["client"] = list(question.clients)
    if question.platforms:
        link["platform"] = list(question.platforms)
    if question.currency:
        link["currency"] = question.currency
    if question.limit is not None:
        link |= {"max_cpm": limit_of(question), "cpm_grain": question.grain}
    return link


def _tile(label: str) -> tuple[str, str]:
    """ "Cost (EUR)" is ("cost", "EUR")."""
    found = re.fullmatch(r"(\w+)(?: \(([A-Z]{3})\))?", label)
    assert found is not None, label
    return found[1].lower(), found[2] or ""


def _told(text: str) -> str:
    """The whole number in a tile's help, without its currency; '' where it is undefined."""
    found = re.search(r"^([\u22120-9,.]+[%×]?)(?:\u00a0[A-Z]{3})?\.\s*$", text, re.MULTILINE)
    return found[1] if found else ""
