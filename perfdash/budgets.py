"""Budgets added up per currency."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Budgeted(Protocol):
    """Anything with a currency and, perhaps, a budget in micros of it: a row of the campaigns table."""

    @property
    def currency(self) -> str:
        """The currency of the budget."""

    @property
    def budget(self) -> int | None:
        """Micros; None when the source names none, or it may not be seen."""


def total_budget(rows: Iterable[Budgeted]) -> dict[str, int]:
    """Currency -> the budgets of `rows` added up, in micros; a currency in which none is named is absent."""
    totals: dict[str, int] = {}
    for row in rows:
        if row.budget is not None:
            totals[row.currency] = totals.get(row.currency, 0) + row.budget
    return totals
