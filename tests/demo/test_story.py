"""The demo has a past: reports that were sent, a correction, a link; and campaigns that somebody should look at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from perfdash.demo import history, story
from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS, PROFILES, Profile
from perfdash.demo.campaigns import campaigns, final_numbers
from perfdash.demo.data import DEFAULT_SEED, late_share
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store import receipts
from perfdash.store.corrections import read as correction_read
from perfdash.store.engine import Store
from perfdash.store.opening import open_store
from perfdash.store.query import catalog
from perfdash.store.share_links import views as link_views
from tests.demo.test_history import Clock, fetch

TUESDAY = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
ANY_DAYS = [date(2026, 12, 1) + timedelta(days=13 * n) for n in range(60)]
"""Days of two years, on each weekday and in each month."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demo's store after its first start, as far as the story reaches."""
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('story') / 'demo.db'}")
    account = next(one for one in DEMO_ACCOUNTS if one.client == story.CLIENT)
    catalog.register(opened, DEMO_CLIENTS, (account,), TUESDAY)
    clock = Clock()
    clock.now = TUESDAY
    history.replay(opened, fetch, clock, lambda _: None)
    for _ in range(2):  # once is enough
        story.go_on(opened, clock, TUESDAY)
    yield opened
    opened.close()


def test_the_last_two_mondays_reports_were_sent_and_the_numbers_have_moved_since(told: Store) -> None:
    found = receipts.list_receipts(told, OPERATOR)
    assert [one.at.date() for one in found] == [date(2026, 11, 30), date(2026, 11, 23)]
    assert {(one.author, one.view, one.client) for one in found} == {("analyst", "campaigns", "nordlicht")}
    assert all(one.rows and dict(one.totals)["cost (EUR)"] for one in found)
    assert found[0].totals != found[1].totals


def test_a_bill_was_corrected_once_with_its_reason(told: Store) -> None:
    days = Days(date(2026, 11, 1), date(2026, 12, 1))
    (made,) = correction_read.list_corrections(told, Question(OPERATOR, Filters(days)))
    assert (made.author, made.field) == ("analyst", "cost")
    assert "invoice" in made.reason


def test_a_link_to_the_last_report_is_open_and_shows_it_as_it_was_sent(told: Store) -> None:
    (one,) = link_views.list_links(told, OPERATOR, TUESDAY + timedelta(hours=1), demo=True)
    assert (one.state, one.link.label) == ("active", "Report of 30 November")
    assert one.link.shared.as_of == receipts.list_receipts(told, OPERATOR)[0].at


def test_in_an_installation_without_the_storys_client_nothing_happens(sqlite_url: str) -> None:
    opened = open_store(sqlite_url)
    try:
        story.go_on(opened, lambda: TUESDAY, TUESDAY)
        assert receipts.list_receipts(opened, OPERATOR) == ()
    finally:
        opened.close()


@pytest.mark.parametrize("today", [date(2026, 11, 29) + timedelta(days=n) for n in range(8)])
def test_last_monday_is_over_and_at_most_a_week_ago(today: date) -> None:
    monday = story.last_monday(today)
    assert monday.weekday() == 0
    assert 1 <= (today - monday).days <= 7


@pytest.mark.parametrize("today", ANY_DAYS)
def test_on_any_day_a_campaign_stands_still_one_is_too_fast_and_a_settled_day_has_just_moved(today: date) -> None:
    assert any(_stands_still(profile, today) for profile in PROFILES)
    assert any(_is_too_fast(profile, today) for profile in PROFILES)
    assert any(_moved_late(profile, today) for profile in PROFILES)


def _stands_still(profile: Profile, today: date) -> bool:
    now = today.toordinal()
    return any(
        campaign.start < now - 10
        and not any(
            final_numbers(profile, campaign, line, day) for line in campaign.placements for day in range(now - 3, now)
        )
        for campaign in campaigns(profile, DEFAULT_SEED, now, now)
    )


def _is_too_fast(profile: Profile, today: date) -> bool:
    now = today.toordinal()
    for campaign in campaigns(profile, DEFAULT_SEED, now, now):
        lines = [
            final_numbers(profile, campaign, one, d) for one in campaign.placements for d in range(campaign.start, now)
        ]
        spent = sum(one.cost for one in lines if one) / profile.minor
        planned = campaign.budget_on(now) * (now - campaign.start) / (campaign.end - campaign.start + 1)
        if now - campaign.start > 5 and spent > 1.1 * planned:
            return True
    return False


def _moved_late(profile: Profile, today: date) -> bool:
    """A day that was settled is told otherwise than a week ago."""
    now = today.toordinal()
    return any(
        late_share(line, day, now - day) != late_share(line, day, now - 7 - day)
        and final_numbers(profile, c, line, day)
        for c in campaigns(profile, DEFAULT_SEED, now - 30, now)
        for line in c.placements
        for day in range(now - 30, now - 11)
        if line.since <= day <= c.end
    )
