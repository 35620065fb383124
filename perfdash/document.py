"""The JSON of `query --format json`: its shape is published in docs/query.schema.json and only ever grows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from perfdash import export
from perfdash.asof import END_OF_TIME, AsOf, AtRevisions
from perfdash.domain.measures import MEASURES, Measure, Unit
from perfdash.export import Table
from perfdash.filters import Filters
from perfdash.metrics import METRICS, Sums, exact, money
from perfdash.summary import Total

VERSION = 1
_UNITS: tuple[Unit, ...] = ("count", "millionths", "money")
"""The order of the measures in a total."""


def document(
    found: Table,
    *,
    filters: Filters,
    revisions: Iterable[tuple[str, int]],
    totals: Sequence[Total],
    with_money: bool,
    as_of: AsOf | None = None,
    left_out: Iterable[tuple[str, int, int]] = (),
) -> dict[str, Any]:
    """A whole answer. `left_out`: (currency, cost in micros, rows) that a CPM limit left out for having no CPM."""
    return {
        "perfdash": {
            "version": VERSION,
            "view": found.view,
            "as_of": as_of_text(as_of),
            "revisions": dict(revisions),
            "filters": filters_record(filters),
            "sha256": export.sha256(found),
            "definitions": export.definitions(found.columns),
        },
        "rows": export.records(found),
        "totals": [total_record(total, with_money) for total in totals],
        "left_out": [
            {"currency": currency, "cost": export.text(money(cost)), "rows": rows} for currency, cost, rows in left_out
        ],
    }


def filters_record(filters: Filters) -> dict[str, Any]:
    """The question itself; the empty list stands for all, a limit is in currency units."""
    return {
        "from": str(filters.days.start),
        "to": str(filters.days.end),
        "clients": list(filters.clients),
        "platforms": list(filters.platforms),
        "currency": filters.currency,
        "max_cpm": None if filters.max_cpm is None else export.text(money(filters.max_cpm)),
        "cpm_grain": filters.cpm_grain,
        "values": "raw" if filters.raw else "effective",
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


def as_of_text(as_of: AsOf | None) -> str | None:
    """A moment in UTC, or a bare day; None for now."""
    if isinstance(as_of, AtRevisions):
        return None if as_of.at == END_OF_TIME else export.instant(as_of.at)
    if isinstance(as_of, datetime):
        return export.instant(as_of)
    return as_of.isoformat() if isinstance(as_of, date) else None


def dumps(answer: Mapping[str, Any]) -> str:
    """As text, keys in their order, indented for people."""
    return json.dumps(answer, ensure_ascii=False, indent=1)


def question(filters: Filters, as_of: AsOf | None = None, campaign: tuple[str, int, str] | None = None) -> str:
    """The question as one canonical line, for receipts; `campaign`: (client, account number, id) of the only one."""
    asked = filters_record(filters) | {"as_of": as_of_text(as_of)}
    if campaign is not None:
        asked["campaign"] = dict(zip(("client", "account", "id"), campaign, strict=True))
    return json.dumps(asked, ensure_ascii=False, sort_keys=True)
