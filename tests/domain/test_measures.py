"""One registry of measures: whatever speaks of measures has all of them, and nothing else lists them."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from dataclasses import fields
from fractions import Fraction

import pytest
from sqlalchemy import BigInteger, String

from perfdash.config.source_models import FieldsConfig
from perfdash.domain import corrections, measures, question, restatements
from perfdash.domain.measures import BY_NAME, MEASURES, NAMES, OPTIONAL, FactValues
from perfdash.domain.metrics import CORRECTED, METRICS, Metric, Sums, quotient, sides_of
from perfdash.ingest import mapping
from perfdash.presentation import columns, glossary
from perfdash.store.query.facts import measures as read_by
from perfdash.store.schema import VALUES, fact_history, facts, overlays
from perfdash.store.schema import corrections as decided
from tests.house.source_tree import ROOT, modules

SCHEMA = json.loads((ROOT / "docs" / "query.schema.json").read_text(encoding="utf-8"))["$defs"]
CONTRACT = tomllib.loads((ROOT / "perfdash/config/presets/performance_v1.toml").read_text(encoding="utf-8"))["fields"]
SOURCES_PAGE, KEYS_PAGE = (
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("sources.md", "describe-an-api.md")
)
FIGURES = {"count": "count", "money": "money", "millionths": "money", "fraction": "fraction"}
"""A unit -> the definition of docs/query.schema.json: what has six decimals is written like money."""
MOST_NAMED = 4
"""More measures in one expression are a list of them, which belongs into the registry."""


def test_those_that_are_always_reported_come_first() -> None:
    assert (*measures.ALWAYS, *OPTIONAL) == NAMES


def test_a_fact_has_every_measure_in_order_and_says_which_may_be_missing() -> None:
    assert FactValues._fields == (*NAMES, *measures.REPORTED_RATIOS, "currency", "flags")
    assert {name for name in NAMES if name not in FactValues._field_defaults} == set(measures.ALWAYS)
    assert {FactValues._field_defaults[name] for name in OPTIONAL} == {None}


def test_sums_hold_every_measure_and_what_metrics_are_taken_over() -> None:
    sides = {side for metric in METRICS.values() for side in (metric.numerator, metric.denominator)}
    assert {f.name for f in fields(Sums)} == {"rows", *CORRECTED, *NAMES, *sides}
    assert len(fields(Sums)) == len({f.name for f in fields(Sums)})


@pytest.mark.parametrize("table", [facts, fact_history], ids=lambda table: table.name)
def test_both_tables_of_facts_have_a_column_of_each_measure(table) -> None:
    own = {column.name: column for column in table.columns}
    assert ("currency", *NAMES, *measures.REPORTED_RATIOS, "flags") == VALUES
    assert [name for name in own if name in VALUES] == list(VALUES)
    assert all(type(own[name].type) is BigInteger for name in NAMES)
    assert all(type(own[name].type) is String for name in measures.REPORTED_RATIOS)
    assert {name for name in NAMES if not own[name].nullable} == set(measures.ALWAYS)


def test_what_can_be_corrected_has_columns_to_be_corrected_in() -> None:
    assert corrections.Raw._fields == corrections.Overlay._fields == measures.CORRECTABLE
    assert [column.name for column in overlays.columns if column.name in NAMES] == list(measures.CORRECTABLE)
    raw = [column.name for column in decided.columns if column.name.startswith("raw_")]
    assert raw == [f"raw_{name}" for name in measures.CORRECTABLE]
    assert set(corrections.FIELDS) == {*measures.CORRECTABLE, "cpm"}


def test_without_money_no_measure_that_is_money_is_read() -> None:
    assert set(read_by(True)) == set(NAMES)
    assert set(read_by(False)) == {m.name for m in MEASURES if m.unit != "money"}


def test_a_row_of_a_source_can_say_every_measure() -> None:
    assert set(FieldsConfig.model_fields) == set(mapping.NAMES)
    assert {name for name in NAMES if FieldsConfig.model_fields[name].is_required()} == set(measures.ALWAYS)
    assert set(NAMES) <= set(mapping.NAMES) & mapping.NUMBERS


def test_our_own_contract_sends_every_measure_under_its_name() -> None:
    assert {name: CONTRACT.get(name) for name in NAMES} == {m.name: m.sent_as for m in MEASURES}


def test_the_pages_of_sources_name_every_field_of_the_contract() -> None:
    """Which of them are needed stands in the example, the others in a sentence, and all in the table of keys."""
    section = SOURCES_PAGE.partition("## The contract `performance_v1`")[2].partition("\n## ")[0]
    example, _, rest = section.partition("Optional per row:")
    sentence = set(re.findall(r"`(\w+)`", rest.partition(". `")[0]))
    assert {m.sent_as for m in MEASURES if m.always} <= set(re.findall(r'"(\w+)":', example))
    assert {m.sent_as for m in MEASURES if not m.always} == sentence & {m.sent_as for m in MEASURES}
    for measure in MEASURES:
        default = "required" if measure.always else "–"
        assert f"| `fields.{measure.name}` | {default} |" in KEYS_PAGE


@pytest.mark.parametrize("view", question.VIEWS)
def test_an_export_has_every_measure_and_metric_and_without_money_none_of_it(view: question.View) -> None:
    rich, poor = ([c.name for c in columns.columns_of(view, money)] for money in (True, False))
    assert {*NAMES, *METRICS} <= set(rich)
    of_money = {m.name for m in (*MEASURES, *METRICS.values()) if m.needs_money}
    assert {*NAMES, *METRICS} & set(poor) == {*NAMES, *METRICS} - of_money


@pytest.mark.parametrize("view", question.VIEWS)
def test_what_came_after_exports_had_receipts_is_to_the_right_and_outside_of_their_checksum(
    view: question.View,
) -> None:
    """A measure that entered the checksum of every export would make all earlier receipts look wrong."""
    figures = [c for c in columns.columns_of(view, True) if c.name in {*NAMES, *METRICS}]
    assert [c.name for c in figures if c.canonical] == [
        *("impressions", "clicks", "cost", "reach", "views", "engagements", "conversions", "revenue"),
        *("cpm", "cpc", "ctr", "cpv", "cpe", "cpa", "engagement_rate", "roas", "roi", "frequency"),
    ]
    everything = columns.columns_of(view, True)
    assert [c.canonical for c in everything] == sorted((c.canonical for c in everything), reverse=True)


def test_the_published_schema_has_every_figure_in_its_unit() -> None:
    figures = {name: one["$ref"] for name, one in SCHEMA["figures"]["properties"].items() if name != "currency"}
    units = {one.name: one.unit for one in (*MEASURES, *METRICS.values())}
    assert figures == {name: f"#/$defs/{FIGURES[unit]}" for name, unit in units.items()}


def test_every_measure_can_be_restated_and_those_that_add_up_are_added() -> None:
    assert (*NAMES, *measures.REPORTED_RATIOS, "currency") == restatements.RESTATED_FIELDS
    assert set(restatements.ADDED) == set(NAMES) - {"reach"}
    assert set(restatements.LABELS) == set(restatements.RESTATED_FIELDS)


def test_every_measure_and_metric_is_defined() -> None:
    for one in (*MEASURES, *METRICS.values()):
        entry = glossary.entry_of(one.name)
        assert (entry.label, entry.needs_money) == (one.label, one.needs_money)


@pytest.mark.parametrize("over", NAMES)
@pytest.mark.parametrize("of", NAMES)
def test_a_quotient_of_any_two_measures_is_in_units_of_both(of: str, over: str) -> None:
    """50 of one per 4 of the other are 12.5, however many millionths either is kept in."""
    kept = {m.name: 1 if m.unit == "count" else 1_000_000 for m in MEASURES}
    sums = Sums(1, **{of: 50 * kept[of]} | {over: 4 * kept[over]})
    expected = Fraction(1) if of == over else Fraction(25, 2)
    assert quotient(Metric("x", "X", of, over, "fraction"), sums) == expected


def test_a_sum_over_rows_that_report_money_is_money() -> None:
    assert Metric("x", "X", "clicks", "impressions_of_revenue", "fraction").needs_money
    assert not Metric("x", "X", "clicks", "impressions_of_views", "fraction").needs_money
    assert sides_of("impressions_of_views") == ("impressions", "views")


def test_a_name_of_two_words_is_sent_like_the_others_of_the_contract() -> None:
    two = measures.Measure("click_views", "Click-through views", "count", "Views after a click.")
    assert (two.sent_as, two.spoken) == ("clickViews", "click-through views")


def named_in(node: ast.AST) -> set[str]:
    """The measures that are items of one list, tuple or set, or keys of one table."""
    items = ast.iter_child_nodes(node)
    return {item.value for item in items if isinstance(item, ast.Constant) and item.value in BY_NAME}


def test_nothing_but_the_registry_lists_the_measures() -> None:
    lists = [
        f"{module.name}:{node.lineno}: {sorted(named_in(node))}"
        for module in modules()
        if "migrations/versions" not in module.name and module.name != "perfdash/domain/measures.py"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict) and len(named_in(node)) > MOST_NAMED
    ]
    assert lists == []
