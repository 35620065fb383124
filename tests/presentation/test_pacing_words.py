"""A pace in words and as a bar: with every number of the worked case, and red beyond the budget."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from perfdash.domain import attention
from perfdash.domain.accounts import Days
from perfdash.domain.attention import LateChange, MisnamedRoi, Notice
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.facts import MICRO
from perfdash.domain.pacing import Delivery, Pace
from perfdash.presentation import attention as attention_story
from perfdash.presentation import pacing

START = date(2026, 11, 1)


def delivery(paid: int = 57, **more: Any) -> Delivery:
    """The worked case: a budget of 100 over ten days, six are over."""
    last = START + timedelta(days=5)
    flight = Days(START, START + timedelta(days=9))
    usual = Delivery(CampaignRef("acme", 1, "spring"), "Spring", None, "EUR", 100 * MICRO, flight, 0, 0, last, last)
    return replace(usual, **({"spent": paid * MICRO, "last7": paid * MICRO} | more))


def pace(paid: int = 57, **more: Any) -> Pace:
    found = delivery(paid, **more).pace
    assert found is not None
    return found


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_worked_case_is_one_sentence() -> None:
    assert plain(pacing.sentence(pace(), "EUR")) == (
        "Spent 57.00 EUR of 60.00 EUR planned to date (95.00%), on pace; at this pace 95.00 EUR at the end"
    )


def test_who_is_slow_is_told_what_would_land_it() -> None:
    assert plain(pacing.sentence(pace(30), "EUR")).endswith(
        "slow; at this pace 50.00 EUR at the end, and 17.50 EUR a day from now on would land it"
    )


@pytest.mark.parametrize(
    ("days", "said"),
    [(-1, "the flight has no complete day yet"), (9, "the flight is over"), (20, "the flight is over")],
)
def test_before_and_after_the_flight_nothing_is_foretold(days: int, said: str) -> None:
    told = pacing.sentence(pace(complete_to=START + timedelta(days=days)), "EUR")
    assert told.endswith(said)
    assert "at this pace" not in told


def test_a_stall_says_since_when_and_what_is_left() -> None:
    silent = delivery(last_delivery=START + timedelta(days=1))
    assert pacing.stall(silent) == (
        "Nothing was delivered since 2 Nov 2026; flight to 10 Nov 2026, 43.00% of its budget unspent"
    )
    assert "at all yet" in pacing.stall(delivery(last_delivery=None))
    assert "budget" not in pacing.stall(delivery(spent=None, last7=None, budget=None))


def test_the_bar_shows_spent_against_elapsed_and_what_is_beyond_the_budget() -> None:
    on_pace, over = pacing.bar(pace()), pacing.bar(pace(125))
    assert 'aria-label="57.00% of the budget spent, 60.00% of the flight over"' in on_pace
    assert "width:57.00%" in on_pace
    assert "left:calc(60.00% - 1px)" in on_pace
    assert "left:80.00%;width:20.00%;background:#d1372e" in over, "a fifth of the bar lies beyond the budget"
    assert on_pace != pacing.bar(pace(100)) != pacing.bar(pace(111)), "100% and 111% do not look the same"


def told(notice: Notice) -> tuple[str, str, str]:
    one = attention_story.told(notice, {"acme": "Acme & Sons"})
    return one.label, one.subject, plain(one.clause)


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (
            delivery(last_delivery=START, last7=0),
            ("Stalled", "Spring", "nothing since 1 Nov 2026, 43.00% of its budget unspent"),
        ),
        (delivery(30), ("Too slow", "Spring", "50.00% of plan; at this pace 50.00 EUR of 100.00 EUR")),
        (delivery(90), ("Too fast", "Spring", "150.00% of plan; at this pace 150.00 EUR of 100.00 EUR")),
        (delivery(107), ("Over budget", "Spring", "107.00% of its budget, ends 10 Nov 2026")),
        (delivery(57), ("Ends this week", "Spring", "ends 10 Nov 2026, 95.00% of plan")),
        (
            delivery(spent=None, last7=None, budget=None, last_delivery=None),
            ("Stalled", "Spring", "nothing delivered yet"),
        ),
    ],
)
def test_each_campaign_in_need_of_a_look_is_one_clause(one: Delivery, line: tuple[str, str, str]) -> None:
    (notice,) = attention.of_deliveries([one])
    assert told(notice) == line


def test_what_is_wrong_with_a_client_is_told_under_its_name() -> None:
    change = LateChange("acme", "EUR", 30 * MICRO, -20 * MICRO, 2, (START, START + timedelta(days=1)))
    (late,) = attention.of_late_changes([change], {})
    (roi,) = attention.of_misnamed([MisnamedRoi("acme", "EUR", 673)])
    assert told(late) == ("Restated late", "Acme & Sons", "cost −20.00 EUR on 2 days after they were final")
    assert told(roi) == ("ROI is ROAS", "Acme & Sons", "673 rows send ROAS under the name ROI")
    assert told(replace(late, amount=0))[2] == "2 rows on 2 days after they were final, no difference in sum"
    assert told(Notice("refused_rows", Fraction(0), "zeta", rows=1))[1:] == ("zeta", "1 row missing")
