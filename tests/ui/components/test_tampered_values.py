"""What a browser may send in place of a click or of its own clock."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from perfdash.ui.components import tables as component_tables
from perfdash.ui.runtime import browser

ROWS = ["first", "second"]


@pytest.mark.parametrize(
    "selected",
    [-1, 2, 10**9, "0", None, True, 1.0, float("nan"), [0], {"a": 1}],
)
def test_only_a_number_of_a_row_in_view_chooses_it(selected: object) -> None:
    assert component_tables._row([[selected, "name"]], ROWS) is None


@pytest.mark.parametrize("selected", [[], None, [0], [[0]], [[0, "name", 1]], {"0": 0}, "01", 0, [None], [{"a": 1}]])
def test_only_a_cell_chooses_its_row(selected: object) -> None:
    assert component_tables._row(selected, ROWS) is None


def test_a_click_chooses_its_row() -> None:
    assert [component_tables._row([[n, "name"]], ROWS) for n in range(2)] == ROWS
    assert component_tables._row([(1, "name"), (0, "name")], ROWS) == "second"


@pytest.mark.parametrize(
    "name",
    ["Mars/Olympus", "Europe/Berlin\n", "../../etc/passwd", "/etc/localtime", "Europe", "\0", "", "x" * 5000, None],
)
def test_a_clock_that_does_not_exist_reads_utc(monkeypatch: pytest.MonkeyPatch, name: object) -> None:
    monkeypatch.setattr(browser, "st", SimpleNamespace(context=SimpleNamespace(timezone=name)))
    assert browser.zone() == "UTC"


def test_the_clock_of_the_browser_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "st", SimpleNamespace(context=SimpleNamespace(timezone="Asia/Tokyo")))
    assert browser.zone() == "Asia/Tokyo"
