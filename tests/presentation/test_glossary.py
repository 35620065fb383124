"""What is told about a number is what is computed, and it is told the same everywhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain import question
from perfdash.domain.finality import Finality
from perfdash.domain.measures import MEASURES as REGISTRY
from perfdash.domain.metrics import COVERAGE, METRICS, PACING, Metric, Sums, quotient
from perfdash.presentation import charts, columns, glossary, kpis, tables
from perfdash.presentation.formatting import Unit
from perfdash.ui.campaigns import tables as campaign_tables
from perfdash.ui.components.tables import Shown
from perfdash.ui.sync_health import refresh
from perfdash.ui.sync_health import tables as sync_health_tables
from scripts import metrics_page
from tests.house.source_tree import modules
from tests.presentation.export_kit import campaign, group, sums

MICRO = 1_000_000
MEASURES = tuple(
    f.name for f in fields(Sums) if "_of_" not in f.name and f.name != "rows" and "corrected_" not in f.name
)
NUMBERS = (*get_args(Unit), "change", "points", "share")
WORDS = (
    "restatement",
    "settlement_window",
    "open",
    "final",
    "unverified",
    "provisional",
    "late_restatement",
    "vanished",
    "reappeared",
    "quarantined",
    "correction",
    "effective",
    "raw",
    "as_of",
    "revision",
    "receipt",
    "flight",
    "run",
    "stale",
    "campaigns",
    "budget",
    "revenue_coverage",
    "budget_pacing",
)
_MEASURE = "(?:cost|clicks|impressions|views|engagements|conversions|revenue|reach|budget)"
FORMULA = re.compile(rf"\b{_MEASURE}\)? / {_MEASURE}\b")


@pytest.mark.parametrize("name", [*METRICS, *MEASURES, *WORDS, *kpis.ALL_OF_ONE, *sync_health_tables.COUNTS])
def test_every_number_and_every_word_a_reader_meets_has_an_entry(name):
    assert glossary.hint(name)


def test_no_two_entries_share_a_name_or_a_label():
    entries = [entry for _, own in glossary.sectioned(tuple(glossary.ENTRIES.values())) for entry in own]
    assert len(entries) == len(glossary.ENTRIES)
    labels = [entry.label for entry in entries]
    assert len(set(labels)) == len(labels)


def evaluated(formula: str, values: dict[str, Fraction]) -> Fraction:
    """What somebody gets who computes the formula as it is written."""
    written = formula.replace("×", "*").replace("−", "-").replace("flight cost", "flight_cost")
    for measure in REGISTRY:
        written = written.replace(measure.spoken, measure.name)
    return eval(written, {"__builtins__": {}}, values)


@given(st.lists(st.integers(1, 10**12), min_size=len(REGISTRY), max_size=len(REGISTRY)))
def test_who_computes_a_formula_as_it_is_written_gets_what_the_code_computes(numbers):
    raw = {measure.name: number for measure, number in zip(REGISTRY, numbers, strict=True)}
    of_all = {f.name: raw[f.name.partition("_of_")[0]] for f in fields(Sums) if "_of_" in f.name}
    sums = Sums(1, **raw, **of_all)
    units = {n: Fraction(v, MICRO if n in ("cost", "revenue", "conversions") else 1) for n, v in raw.items()}
    for name, metric in METRICS.items():
        assert evaluated(metric.formula, units) == quotient(metric, sums), name
    campaign = SimpleNamespace(flight_cost=numbers[0], budget=numbers[1])
    in_units = {name: Fraction(value) for name, value in vars(campaign).items()}
    assert evaluated(PACING.formula, in_units) == quotient(PACING, campaign)


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        (METRICS["cpm"], "cost / impressions × 1000"),
        (METRICS["cpv"], "cost / views, over rows that report views"),
        (METRICS["roi"], "(revenue − cost) / cost = ROAS − 1, over rows that report revenue"),
        (METRICS["frequency"], "impressions / reach, only where reach is valid for exactly that group"),
        (COVERAGE, "cost of rows that report revenue / cost"),
        (PACING, "flight cost / budget"),
    ],
    ids=lambda value: value.name if isinstance(value, Metric) else "",
)
def test_a_definition_says_over_which_rows(metric, told):
    assert metric.definition == told
    assert glossary.entry_of(metric.name).definition == told


def test_a_metric_says_when_it_is_undefined():
    assert glossary.entry_of("cpc").undefined == "when clicks are 0."
    assert glossary.entry_of("cpv").undefined == "when no row reports views, or views are 0."
    assert glossary.entry_of("engagement_rate").undefined == "when no row reports engagements, or impressions are 0."
    assert glossary.entry_of("roas").undefined == "when no row reports revenue, or cost is 0."


def test_a_tooltip_says_what_it_is_how_it_is_computed_and_what_it_is_not():
    told = glossary.hint("cpm")
    assert told.startswith("What a thousand impressions cost: cost / impressions × 1000. ")
    assert "never averaged" in told
    assert glossary.hint("name") == ""


@pytest.mark.parametrize("entry", glossary.ENTRIES.values(), ids=list(glossary.ENTRIES))
def test_texts_are_sentences_without_markdown(entry):
    assert entry.meaning.endswith(".")
    assert not entry.caution or entry.caution.endswith(".")
    assert not entry.undefined or entry.undefined.endswith(".")
    assert not re.search(r"[*_`\[\]$~<>|#]|:\w", entry.help + entry.undefined)


@pytest.mark.parametrize("view", question.VIEWS)
def test_the_unit_in_a_header_is_the_one_that_is_told(view):
    for column in columns.columns_of(view, with_money=True):
        entry = glossary.ENTRIES.get(column.name)
        unit = re.search(r"\(([^()]+)\)$", column.header)
        if entry and entry.shown and unit:
            assert unit[1] == entry.exported
        if entry and entry.shown and not unit:
            assert entry.exported in ("count", "number, six decimals")


@pytest.mark.parametrize("view", question.VIEWS)
def test_every_number_of_an_export_is_defined_and_money_only_for_who_sees_it(view):
    numbers = sums(**dict.fromkeys(MEASURES, 7) | {f.name: 7 for f in fields(Sums) if "_of_" in f.name})
    rows = [campaign(sums=numbers) if view == "campaigns" else group(client="acme", sums=numbers)]
    table = tables.table(view, rows, with_money=True)
    told = tables.definitions(table.columns)
    shown = {name for name, cell in zip(table.names, table.rows[0], strict=True) if isinstance(cell, int | Decimal)}
    assert {"cpm", "reach"} <= shown
    assert shown <= set(told)
    assert {name: told[name] for name in METRICS} == {name: metric.definition for name, metric in METRICS.items()}
    without = tables.definitions(columns.columns_of(view, with_money=False))
    assert not [name for name in without if glossary.entry_of(name).needs_money]


def test_what_needs_money_to_be_shown_needs_it_in_exports_too():
    for column in columns.columns_of("campaigns", with_money=True):
        if column.name in glossary.ENTRIES:
            assert glossary.entry_of(column.name).needs_money == column.needs_money, column.name


def test_tiles_are_called_and_explained_as_in_the_glossary():
    total = kpis.Total("EUR", Sums())
    for figure in kpis.figures(kpis.ALL_OF_ONE, total, None, None, ""):
        entry = glossary.entry_of(figure.name)
        assert (figure.label, figure.definition) == (entry.label, entry.help)


def test_columns_are_called_as_in_the_glossary():
    parts = (campaign_tables.COUNTS, campaign_tables.PAID, campaign_tables.REST, campaign_tables._BUDGET)
    known = {c.name: c.label for part in parts for c in part if isinstance(c, Shown) and c.name in glossary.ENTRIES}
    assert known == {name: glossary.entry_of(name).label for name in known}
    assert "cpm" in known


def calls_of_shown() -> Iterator[tuple[str, str, ast.Call]]:
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Shown":
                literals = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args]
                if isinstance(literals[0], str) and len(literals) > 2 and literals[2] in NUMBERS:
                    yield f"{module.name}:{node.lineno}", literals[0], node


def test_every_number_in_a_table_has_an_entry_or_words_of_its_own():
    bare = [
        f"{where} {name}"
        for where, name, call in calls_of_shown()
        if not glossary.hint(name) and len(call.args) < 5 and not any(k.arg == "help" for k in call.keywords)
    ]
    assert bare == []


def test_formulas_are_written_nowhere_else_on_the_screen():
    found = []
    for module in modules():
        if module.part in ("ui", "pages") or "commands" in module.name:
            docstrings = {
                id(node.body[0].value)
                for node in ast.walk(module.tree)
                if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node)
            }
            found += [
                f"{module.name}:{node.lineno} {node.value}"
                for node in ast.walk(module.tree)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docstrings
                and FORMULA.search(node.value)
            ]
    assert found == []


def test_what_a_day_may_be_is_told_in_a_sentence_and_in_a_few_words():
    entries = [glossary.entry_of(state) for state in get_args(Finality)]
    assert all(entry.short for entry in entries)
    assert {entry.label for entry in entries} | {"Never fetched"} == set(charts.COVERAGE)


def test_stale_is_what_a_page_calls_old():
    assert f"more than {refresh.OLD_AFTER.total_seconds() / 3600:g} hours" in glossary.entry_of("stale").meaning


def test_a_search_knows_other_names_and_languages_without_accents():
    assert glossary.search("tkp")[0].name == "cpm"
    assert glossary.search("coût pour mille")[0].name == "cpm" == glossary.search("COUT POUR MILLE")[0].name
    assert glossary.search("spend")[0].name == "cost"


def test_synonyms_are_of_entries_that_there_are():
    assert set(glossary.SYNONYMS) <= set(glossary.ENTRIES)


def test_a_search_finds_every_word_anywhere_and_ignores_case():
    assert [entry.name for entry in glossary.search("a hundred IMPRESSIONS")] == []
    assert glossary.search("  THOUSAND impressions ")[0].name == "cpm"
    assert glossary.search("late_restatement")[0].name == "late_restatement"
    assert len(glossary.search("")) == len(glossary.ENTRIES)
    assert glossary.search("no such thing") == ()


def test_the_documents_tables_are_the_glossarys():
    page = metrics_page.PAGE.read_text(encoding="utf-8")
    assert metrics_page.written(page) == page, "run `python -m scripts.metrics_page`"
    for entry in glossary.ENTRIES.values():
        assert f"| {entry.label} | {entry.definition or entry.meaning}" in page


def test_a_formula_in_any_document_is_one_that_is_computed():
    known = {metric.formula for metric in (*METRICS.values(), COVERAGE, PACING)}
    table = re.compile(r"^\| [A-Z][\w /]* \| ([^|]*\S) / ([a-z]+(?: × 1000)?)[ ,|]", re.MULTILINE)
    root = Path(metrics_page.__file__).resolve().parents[1]
    for path in (root / "README.md", *sorted((root / "docs").glob("*.md"))):
        for top, bottom in table.findall(path.read_text(encoding="utf-8")):
            assert FORMULA.search(f"{top} / {bottom}") is None or f"{top} / {bottom}" in known, path.name
