"""The JSON of `query --format json`: its shape is published in docs/query.schema.json and only ever grows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from perfdash import export
from perfdash.domain.measures import MEASURES, Measure, Unit
from perfdash.domain.question import Question, as_of_text
from perfdash.export import Table
from perfdash.metrics import METRICS, Sums, exact, money
from perfdash.summary import Total

VERSION = 1
_UNITS: tuple[Unit, ...] = ("count", "millionths", "money")
"""The order of the measures in a total."""


def document(
    found: Table,
    question: Question,
    *,
    revisions: Iterable[tuple[str, int]],
    totals: Sequence[Total],
    left_out: Iterable[tuple[str, int, int]] = (),
) -> dict[str, Any]:
    """A whole answer. `left_out`: (currency, cost in micros, rows) that a CPM limit left out for having no CPM."""
    return {
        "perfdash": {
            "version": VERSION,
            "view": found.view,
            "as_of": as_of_text(question.as_of),
            "revisions": dict(revisions),
            "filters": question.record(),
            "sha256": export.sha256(found),
            "definitions": export.definitions(found.columns),
        },
        "rows": export.records(found),
        "totals": [total_record(total, question.principal.money) for total in totals],
        "left_out": [
            {"currency": currency, "cost": export.text(money(cost)), "rows": rows} for currency, cost, rows in left_out
        ],
    }


def total_record(total: Total, with_money: bool) -> dict[str, Any]:
    """One currency's headline figures, exact."""
    sums = total.sums
    record: dict[str, Any] = {"currency": total.currency, "rows": sums.rows, "campaigns": total.campaigns}
    for unit in _UNITS if with_money else _UNITS[:-1]:
        record |= {m.name: _measure(m, sums) for m in MEASURES if m.unit == unit and m.additive}
    if with_money:
        record["budget"] = _decimal(money(total.budget))
    ratios = [name for name, metric in METRICS.items() if with_money or not metric.needs_money]
    return record | {name: _decimal(exact(name, sums)) for name in ratios}


def _measure(measure: Measure, sums: Sums) -> int | str | None:
    value: int | None = getattr(sums, measure.name)
    return value if measure.unit == "count" else _decimal(money(value))


def _decimal(value: Any) -> str | None:
    return None if value is None else export.text(value)


def dumps(answer: Mapping[str, Any]) -> str:
    """As text, keys in their order, indented for people."""
    return json.dumps(answer, ensure_ascii=False, indent=1)
