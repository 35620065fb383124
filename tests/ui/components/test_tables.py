"""Tables: cells sort by their values and read as the formatter says."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from types import SimpleNamespace

import pytest

from perfdash.presentation import formatting
from perfdash.ui.components import tables
from perfdash.ui.components.tables import Shown
from tests.house.source_tree import modules

AT = datetime(2026, 11, 30, 17, 14, tzinfo=UTC)


def texts(column: Shown, *rows: object, currency: str = "") -> list[str] | None:
    return tables._texts(column, rows, [tables._exact(column, row) for row in rows], currency)


def test_every_table_of_figures_is_drawn_in_one_place():
    bare = [one.name for one in modules() if one.part in ("ui", "pages") and "st.dataframe(" in one.path.read_text()]
    assert bare == ["perfdash/ui/components/tables.py"]


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("count", 1_204_000, "1,204,000"),
        ("money", 1_234_567_890, "1,235"),
        ("price", Fraction(79124, 10**7), "0.007912"),
        ("percent", Fraction(-876, 10**4), "\u22128.76%"),
        ("share", Fraction(5, 4), "125.00%"),
        ("change", Fraction(36, 1000), "+3.6%"),
        ("points", Fraction(12, 1000), "+1.2 pts"),
        ("millionths", 202_600_000, "202.6"),
        ("count", None, "–"),
    ],
)
def test_a_cell_reads_as_the_formatter_says(kind, value, shown):
    assert texts(Shown("x", "X", kind, lambda row: row), value, currency="JPY") == [shown]


def test_an_amount_without_a_common_currency_names_its_own():
    rows = [SimpleNamespace(currency="JPY", cost=5_000_000), SimpleNamespace(currency="KWD", cost=5_000_000)]
    column = Shown("cost", "Cost", "money", lambda row: row.cost)
    assert texts(column, *rows) == ["5\u00a0JPY", "5.000\u00a0KWD"]


def test_a_difference_says_its_rise_too():
    column = Shown("x", "X", "money", lambda row: row, signed=True)
    assert texts(column, 5_000_000, -5_000_000, 0, None, currency="EUR") == ["+5.00", "\u22125.00", "0.00", "–"]


def test_a_moment_has_its_year_and_zone(monkeypatch):
    monkeypatch.setattr(tables.browser, "zone", lambda: "Europe/Berlin")
    assert texts(Shown("at", "At", "moment", lambda row: row), AT) == ["30 Nov 2026, 18:14 CET"]
    assert texts(Shown("at", "At", "instant", lambda row: row), AT) == ["30 Nov 2026, 18:14:00 CET"]
    assert formatting.moment(AT, AT, "Europe/Berlin") == "today 18:14 CET"
