"""The settling curve from the ledger: daily syncs of days that grow as they settle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.filters import Filters
from perfdash.domain.question import EVERY_DAY, Question
from perfdash.domain.settlement import Curve
from perfdash.store.restatements import settlement
from tests.store.builders import reader
from tests.store.ledger_kit import DAY, Ledger, batch, fact, key, open_ledger

VIEW = Filters(EVERY_DAY)
KNOWN = (0, 60, 80, 100)
"""Cost by the days since: nothing while it runs, the last value from the third day on."""


@pytest.fixture
def ledger(migrated_url: str) -> Iterator[Ledger]:
    found = open_ledger(migrated_url)
    yield found
    found.store.close()


def synced(ledger: Ledger, days: int) -> datetime:
    """A sync at 06:00 UTC of each day over all days before it; each grows as KNOWN says. Returns the last moment."""
    for today in range(1, days + 1):
        ledger.clock.now = datetime(2026, 3, 10, 6, tzinfo=UTC) + timedelta(days=today)
        told = {
            key(day=DAY + timedelta(days=n)): fact(cost=KNOWN[min(today - n, 3)], impressions=today - n)
            for n in range(today)
        }
        assert ledger.sync(batch(told), Days(DAY, DAY + timedelta(days=today))).ok
    return ledger.clock()


def curve(ledger: Ledger, now: datetime, who: Principal = OPERATOR) -> Curve:
    (found,) = settlement.settlement_curves(ledger.store, Question(who, VIEW), now) or ()
    return found


def test_daily_syncs_say_how_much_was_known_when(ledger: Ledger) -> None:
    found = curve(ledger, synced(ledger, 24))
    assert (found.platform, found.currency, found.days) == ("TikTok", "EUR", 17)  # of 24 days, 7 are in their window
    # At the day's end nothing was known; a sync in the morning after tells what is known one day after it.
    assert [point.moved for point in found.points[1:5]] == [Fraction(40, 100), Fraction(20, 100), 0, 0]


def test_a_question_about_one_campaign_has_a_curve_of_its_facts_alone(ledger: Ledger) -> None:
    now, question = synced(ledger, 24), Question(OPERATOR, VIEW)
    assert settlement.settlement_curves(ledger.store, question.about(CampaignRef("acme", 1, "c1")), now) == (
        curve(ledger, now),
    )
    assert settlement.settlement_curves(ledger.store, question.about(CampaignRef("acme", 1, "c2")), now) == ()


def test_too_short_a_history_says_so(ledger: Ledger) -> None:
    found = curve(ledger, synced(ledger, 12))
    assert (found.days, found.enough) == (5, False)


def test_a_history_that_was_fetched_at_once_says_nothing_about_settling(ledger: Ledger) -> None:
    ledger.clock.now = datetime(2026, 4, 20, 6, tzinfo=UTC)
    days = Days(DAY, DAY + timedelta(days=29))
    assert ledger.sync(batch({key(day=day): fact() for day in days.each()}), days).ok
    found = curve(ledger, ledger.clock())
    assert (found.days, found.enough) == (0, False)


def test_without_money_it_is_told_in_impressions_and_others_see_nothing(ledger: Ledger) -> None:
    now = synced(ledger, 24)
    poor = curve(ledger, now, reader("acme", money=False))
    assert poor.currency == ""
    assert poor.enough
    assert settlement.settlement_curves(ledger.store, Question(reader("globex"), VIEW), now) == ()
