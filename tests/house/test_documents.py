"""What the documents promise exists: targets, commands, variables, links, metrics."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from perfdash.domain.metrics import METRICS
from tests.house.source_tree import ROOT, repository_files

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(path for path in repository_files() if path.suffix == ".md")
COMMANDS = sorted(set(re.findall(r"python -m perfdash ([a-z][a-z-]+)", "\n".join(p.read_text() for p in DOCUMENTS))))
VARIABLE = re.compile(r"\bPERFDASH_[A-Z_]+\b")
INTERNAL = {"PERFDASH_DEMO_KEY"}  # the name of the demo's secret, which nobody can or need set


def code() -> str:
    """All code of the app and of what runs the tests."""
    kinds = (".py", ".sh")
    return "\n".join(p.read_text() for p in repository_files() if p.suffix in kinds or p.name == "Makefile")


def test_every_make_target_in_the_documents_exists() -> None:
    rules = re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    for path in DOCUMENTS:
        named = set(re.findall(r"`?\bmake ([a-z]+(?:-[a-z]+)*)\b(?=[` \n]|$)", "\n".join(code_spans(path.read_text()))))
        assert named - targets == set(), path.name


def code_spans(text: str) -> list[str]:
    """What a document shows as code: blocks and `spans`."""
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return blocks + re.findall(r"`([^`\n]+)`", rest)


def test_the_readme_shows_how_to_start_and_how_to_test() -> None:
    assert "make run" in README
    assert "make test" in README
    assert {"serve", "sync", "query", "users", "clients", "db", "doctor", "demo-api"} <= set(COMMANDS)


def test_every_command_in_the_documents_is_offered(run_cli: Callable[..., CompletedProcess[str]]) -> None:
    answer = run_cli("--help")
    assert answer.returncode == 0, answer.stderr
    missing = [name for name in COMMANDS if not re.search(rf"(?<![\w-]){name}(?![\w-])", answer.stdout)]
    assert missing == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, call_cli: Callable[..., CompletedProcess[str]]) -> None:
    answer = call_cli(command, "--help")
    assert answer.returncode == 0, answer.stderr
    assert "usage:" in answer.stdout.lower()


def test_every_variable_of_the_documents_is_read_and_every_one_read_is_documented() -> None:
    in_documents = {name for path in DOCUMENTS for name in VARIABLE.findall(path.read_text())}
    in_app = {
        name
        for path in repository_files()
        if path.suffix == ".py" and "perfdash" in path.relative_to(ROOT).parts[:1]
        for name in VARIABLE.findall(path.read_text())
    }
    assert in_documents - set(VARIABLE.findall(code())) == set(), "documented, never read"
    assert in_app - INTERNAL - set(VARIABLE.findall(README)) == set(), "read by the app, not in the README"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text()
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) + re.findall(r"<img[^>]* src=\"([^\"]+)\"", text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_every_metric_is_documented_with_the_definition_that_is_computed(metric: object) -> None:
    table = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    label, definition = metric.label, metric.definition  # type: ignore[attr-defined]
    assert re.search(rf"^\| {re.escape(label)} \| {re.escape(definition)} \|", table, flags=re.MULTILINE)
