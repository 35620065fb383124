"""Why rows were refused, for those who see money and for those who do not."""

from __future__ import annotations

import pytest

from perfdash.domain.refusals import without_amounts

HINT = 'write records.numbers = "1,234.56" or "1.234,56"'


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("cost 48.20 is not a number", "cost #.# is not a number"),
        (f"cost: 7,481 may be 7.481 or 7481: {HINT}", f"cost may be read in two ways: {HINT}"),
        (
            f"cost: numbers are written in two ways here (7,481.50 and 7.481,50): {HINT}",
            f"cost: numbers are written in two ways here (#,#.# and #.#,#): {HINT}",
        ),
        ("day 2026-03-08 was not asked for", "day 2026-03-08 was not asked for"),
        ("cost is missing", "cost is missing"),
        (
            'date: 1/5/2026 may be 1 May 2026 or 5 January 2026: write its format, "%d/%m/%Y" or "%m/%d/%Y"',
            'date: 1/5/2026 may be 1 May 2026 or 5 January 2026: write its format, "%d/%m/%Y" or "%m/%d/%Y"',
        ),
    ],
)
def test_without_money_a_reason_keeps_what_to_do_and_loses_what_stood_in_the_row(reason: str, told: str) -> None:
    assert without_amounts(reason) == told
