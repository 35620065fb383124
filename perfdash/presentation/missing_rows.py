"""How the rows that were refused, and are missing from the numbers, are said and leave."""

from __future__ import annotations

from typing import Any

from perfdash.domain import metrics
from perfdash.domain.refusals import Missing
from perfdash.presentation.formatting import micros, plural

_REASONS = 3


def line(found: Missing) -> str:
    """12 rows (cost 208.36 EUR) of 2 days in view were refused and are missing: cost is missing (9), ...; or ''."""
    if not found:
        return ""
    rows, days = sum(one.rows for one in found), len({day for one in found for day in one.days})
    were, are = ("was", "is") if rows == 1 else ("were", "are")
    amount = _amount(found)
    head = f"{plural(rows, 'row')}{f' (cost {amount})' if amount else ''} of {plural(days, 'day')} in view"
    return f"{head} {were} refused and {are} missing: {_reasons(found)}."


def _amount(found: Missing) -> str:
    costs: dict[str, int] = {}
    for one in found:
        costs[one.currency] = costs.get(one.currency, 0) + (one.cost or 0)
    return ", ".join(micros(cost, currency) for currency, cost in sorted(costs.items()) if cost)


def _reasons(found: Missing) -> str:
    rows: dict[str, int] = {}
    for one in found:
        for reason, count in one.reasons:
            rows[reason] = rows.get(reason, 0) + count
    ordered = sorted(rows.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{reason} ({count:,})" for reason, count in ordered[:_REASONS])
    return told + (", …" if len(ordered) > _REASONS else "")


def records(found: Missing, with_money: bool) -> list[dict[str, Any]]:
    """As JSON: one object per run, with the days that the rows may be of."""
    return [
        {
            "client": one.client,
            "run": one.run,
            "days": [str(day) for day in one.days],
            "rows": one.rows,
            "reasons": [{"reason": reason, "rows": rows} for reason, rows in one.reasons],
        }
        | (_cost(one.currency, one.cost, one.without_cost) if with_money else {})
        for one in found
    ]


def _cost(currency: str, cost: int | None, without: int) -> dict[str, Any]:
    amount = None if cost is None else metrics.text(metrics.money(cost))
    return {"currency": currency, "cost": amount, "rows_without_cost": without}
