"""The sentence about what was reported and what became of it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from perfdash.presentation.memory import Remembered, begins, sentence

REPORT = "your report of Mon 23 Nov (campaigns.csv)"


def said(then: str, now: str, days: int = 0, late: int = 0, name: str = "cost", currency: str = "EUR") -> str:
    text = sentence(Remembered(REPORT, name, currency, Fraction(then), Fraction(now), days, late))
    return text.replace("\u00a0", " ").replace("**", "")


def test_it_says_both_totals_how_far_apart_they_are_and_on_how_many_days():
    assert said("29792.88", "30368.69", 8, 1) == (
        f"Since {REPORT}: cost 29,792.88 → 30,368.69 EUR (+1.9%), 8 days restated, 1 after it was final."
    )


def test_several_late_days_are_several():
    assert said("10", "11", 3, 2).endswith("3 days restated, 2 after they were final.")


def test_where_nothing_changed_it_says_so_with_the_total_that_still_holds():
    assert said("29792.88", "29792.88") == f"Nothing has changed since {REPORT}: cost is still 29,792.88 EUR."


def test_changes_that_cancel_out_are_changes():
    assert said("10", "10", 2) == f"Since {REPORT}: cost 10.00 EUR, in sum as it was, 2 days restated."


def test_without_money_it_speaks_of_impressions():
    assert said("1000", "1100", 1, name="impressions", currency="") == (
        f"Since {REPORT}: impressions 1,000 → 1,100 (+10.0%), 1 day restated."
    )


def test_a_young_ledger_says_when_memory_begins():
    assert begins(date(2026, 11, 1)).startswith("Memory begins on 1 Nov 2026")
