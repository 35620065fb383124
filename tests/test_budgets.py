from __future__ import annotations

from dataclasses import dataclass

from perfdash.budgets import total_budget


@dataclass(frozen=True)
class Row:
    currency: str
    budget: int | None


def test_budgets_add_up_per_currency_and_an_unknown_one_is_not_zero() -> None:
    rows = [Row("EUR", 5), Row("USD", None), Row("EUR", None), Row("EUR", 7), Row("JPY", 0)]
    assert total_budget(rows) == {"EUR": 12, "JPY": 0}
    assert total_budget([]) == {}
