"""Sums with each day as it was known at the same age, worked out by hand and against versions replayed one by one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.comparison import Age
from perfdash.domain.corrections import Target, WantedValue
from perfdash.domain.errors import UsageError
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.query import overview, same_age
from perfdash.store.schema import FACT_KEY, overlays
from tests.store.builders import (
    ADMIN,
    Runs,
    given_campaign,
    given_client,
    given_facts,
    given_history,
    given_revisions,
    reader,
)

MILLION = 1_000_000
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CURRENT = Days(date(2026, 3, 3), date(2026, 3, 9))
PREVIOUS = Days(date(2026, 2, 24), date(2026, 3, 2))
AGE = Age(CURRENT.end, NOW)
FIRST_SYNC = datetime(2026, 2, 21, 8, tzinfo=UTC)
FIRST_MORNING = FIRST_SYNC.date()


def revision_after(day: date, days: int = 1) -> int:
    """The number of the sync at 08:00 that many days after `day`."""
    return (day + timedelta(days=days) - FIRST_SYNC.date()).days + 1


def given_restated(store: Store, client: str = "acme", **more: Any) -> None:
    """Synced every day at 08:00; each day costs 10 on day 1, and 1 more from day 3 on."""
    given_revisions(store, client, *(FIRST_SYNC + timedelta(days=n) for n in range(18)))
    for day in [*PREVIOUS.each(), *CURRENT.each()]:
        first = {"client_id": client, "day": day, "cost": 10 * MILLION, "from_rev": revision_after(day)} | more
        restated = revision_after(day, 3)
        if restated <= revision_after(CURRENT.end):
            given_history(store, first | {"to_rev": restated})
            given_facts(store, first | {"cost": 11 * MILLION, "from_rev": restated})
        else:
            given_facts(store, first)


def plain(store: Store, days: Days) -> int:
    return sum((group.sums.cost or 0) for group in overview.breakdown(store, Question(ADMIN, Filters(days)))) // MILLION


def cost(store: Store, days: Days, age: Age = AGE, **filters: Any) -> int:
    found = same_age.aged(store, Question(filters.pop("principal", ADMIN), Filters(days, **filters)), age)
    return sum((group.sums.cost or 0) for group in found.groups) // MILLION


def test_by_hand_it_differs_from_the_plain_comparison_by_exactly_the_restated_amount(store: Store) -> None:
    given_client(store, "acme")
    given_restated(store)
    # On the 10th the days to the 7th have been restated: 5 of the current seven, all seven of those before.
    assert (plain(store, CURRENT), plain(store, PREVIOUS)) == (75, 77)
    assert (cost(store, CURRENT), cost(store, PREVIOUS)) == (70, 70)
    assert plain(store, CURRENT) - cost(store, CURRENT) == 5 * (11 - 10)
    assert plain(store, PREVIOUS) - cost(store, PREVIOUS) == 7 * (11 - 10)


def test_at_a_later_age_the_restatements_count_on_both_sides(store: Store) -> None:
    given_client(store, "acme")
    given_restated(store)
    older = Age(date(2026, 3, 7), NOW)  # seen on day 3, after its restatement
    week = Days(date(2026, 3, 1), date(2026, 3, 7))
    assert cost(store, week, older) == plain(store, week) == 77
    assert cost(store, week, Age(date(2026, 3, 7), datetime(2026, 3, 10, 7, 59, tzinfo=UTC))) == 70


def test_as_of_a_date_each_day_is_seen_at_the_end_of_its_own(store: Store) -> None:
    given_client(store, "acme")
    given_restated(store)
    assert cost(store, CURRENT, Age(CURRENT.end, CURRENT.end)) == 0  # first synced the morning after
    assert cost(store, CURRENT, Age(CURRENT.end, NOW.date())) == 70
    assert cost(store, PREVIOUS, Age(PREVIOUS.end, date(2026, 3, 5))) == 77


def test_each_client_has_its_own_clock(store: Store) -> None:
    """08:00 UTC is 03:00 in New York and 17:00 in Tokyo; at 02:30 there, the day's sync is still to come."""
    for slug, zone in (("york", "America/New_York"), ("tokyo", "Asia/Tokyo")):
        given_client(store, slug, zone=zone)
        given_restated(store, slug)
    age = Age(date(2026, 3, 6), datetime(2026, 3, 10, 7, 30, tzinfo=UTC))
    week = Days(date(2026, 2, 28), date(2026, 3, 6))
    # Day 4 has begun for both (03:30 after the clocks went forward, and 16:30), so day 3's sync has been for all days.
    assert cost(store, week, age, clients=("york",)) == cost(store, week, age, clients=("tokyo",)) == 77
    younger = Age(date(2026, 3, 7), datetime(2026, 3, 10, 7, 30, tzinfo=UTC))
    week = Days(date(2026, 3, 1), date(2026, 3, 7))
    # On day 3 the clock shows 03:30 in New York: that is 08:30 UTC on the days seen before the 8th, and 07:30 after.
    assert cost(store, week, younger, clients=("york",)) == 70 + 4
    assert cost(store, week, younger, clients=("tokyo",)) == 70
    assert cost(store, week, younger) == 144


def test_corrections_count_from_the_age_at_which_they_were_made(store: Store) -> None:
    given_client(store, "acme")
    given_restated(store)
    one = Target("acme", 1, FactKey(date(2026, 3, 2), "spring", "TikTok", ""))
    made = correction_write.correct(
        store, ADMIN, [WantedValue(one, "cost", 500 * MILLION)], "invoice", lambda: NOW - timedelta(hours=2)
    )
    assert cost(store, PREVIOUS, Age(date(2026, 3, 2), NOW)) == 6 * 11 + 500
    found = same_age.aged(store, Question(ADMIN, Filters(PREVIOUS)), Age(date(2026, 3, 2), NOW))
    assert sum(group.sums.corrected for group in found.groups) == 1
    assert cost(store, PREVIOUS, Age(date(2026, 3, 2), made.at - timedelta(seconds=1))) == 77
    assert cost(store, PREVIOUS, Age(date(2026, 3, 2), NOW), raw=True) == 77
    assert cost(store, PREVIOUS) == 70  # at the age of one day nobody had corrected it


def test_campaigns_are_counted_with_their_budgets_and_without_their_flights(store: Store) -> None:
    given_client(store, "acme")
    given_restated(store)
    given_restated_campaign = {"campaign_id": "late", "day": CURRENT.end, "from_rev": 18}
    given_facts(store, given_restated_campaign)
    given_campaign(store, "spring", name="Spring", budget=9 * MILLION)
    found = same_age.aged(store, Question(ADMIN, Filters(CURRENT)), AGE).campaigns
    assert [(row.campaign, row.name, row.budget, row.flight_cost) for row in found] == [
        ("late", "late", None, None),
        ("spring", "Spring", 9 * MILLION, None),
    ]
    assert [row.campaign for row in same_age.aged(store, Question(ADMIN, Filters(PREVIOUS)), AGE).campaigns] == [
        "spring"
    ]


def test_one_campaign_can_be_asked_for(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    given_restated(store)
    given_restated(store, "bolt", campaign_id="other")
    only = CampaignRef("bolt", 1, "other")
    found = same_age.aged(store, Question(ADMIN, Filters(CURRENT, clients=("acme",)), only=only), AGE)
    assert [(row.client, row.campaign, row.sums.cost) for row in found.campaigns] == [("bolt", "other", 70 * MILLION)]


def test_a_cpm_limit_judges_the_values_of_that_age(store: Store) -> None:
    given_client(store, "acme")
    given_restated(store)
    assert cost(store, PREVIOUS, max_cpm=10 * MILLION) == 70  # 10 for 1,000 impressions, on each day
    assert cost(store, PREVIOUS, Age(date(2026, 3, 2), NOW), max_cpm=10 * MILLION) == 0
    with pytest.raises(UsageError, match="needs amounts of money"):
        cost(store, PREVIOUS, max_cpm=10 * MILLION, principal=reader("acme", money=False))


def test_who_may_see_no_money_gets_the_counts(store: Store) -> None:
    given_client(store, "acme")
    given_restated(store)
    found = same_age.aged(store, Question(reader("acme", money=False), Filters(CURRENT)), AGE)
    assert [(group.sums.impressions, group.sums.cost) for group in found.groups] == [(7_000, None)]
    assert [row.budget for row in found.campaigns] == [None]


def test_many_clients_are_asked_in_parts_and_none_is_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(7):
        given_client(store, f"c{n}", zone="Asia/Tokyo" if n % 2 else "Europe/Berlin")
        given_restated(store, f"c{n}", clicks=n)
    whole = same_age.aged(store, Question(ADMIN, Filters(CURRENT)), AGE)
    monkeypatch.setattr(same_age, "AT_ONCE", 15)  # two clients of seven days
    assert same_age.aged(store, Question(ADMIN, Filters(CURRENT)), AGE) == whole
    assert [group.client for group in whole.groups] == [f"c{n}" for n in range(7)]
    monkeypatch.setattr(same_age, "AT_ONCE", 1)
    assert same_age.aged(store, Question(ADMIN, Filters(CURRENT)), AGE) == whole


def test_a_range_of_years_fits_into_one_statement(store: Store) -> None:
    given_client(store, "acme")
    given_restated(store)
    years = Days(date(2000, 1, 1), CURRENT.end)
    assert cost(store, years) == 140
    assert len(same_age.unknown(store, Question(ADMIN, Filters(years)), AGE)) == 1


def given_daily_runs(store: Store, first: date = FIRST_MORNING, *, reach: int = 3, **more: Any) -> Runs:
    """Every morning from `first` to the 10th, each over the last `reach` days."""
    runs = Runs(store)
    for n in range((NOW.date() - first).days + 1):
        day = first + timedelta(days=n)
        at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
        runs.add(day - timedelta(days=reach), day - timedelta(days=1), at=at, **more)
    return runs


def lacking(store: Store, days: Days, age: Age = AGE) -> list[tuple[list[date], date | None]]:
    found = same_age.unknown(store, Question(ADMIN, Filters(days)), age)
    return [(list(one.days), one.begins.date() if one.begins else None) for one in found]


def test_days_that_were_fetched_in_time_are_known(store: Store) -> None:
    given_client(store, "acme")
    given_daily_runs(store)
    assert lacking(store, CURRENT) == lacking(store, PREVIOUS) == []
    too_young = Age(CURRENT.end, datetime(2026, 3, 10, 7, tzinfo=UTC))
    assert lacking(store, PREVIOUS, too_young) == [(PREVIOUS.each(), None)]


def test_where_the_ledger_begins_later_it_says_when(store: Store) -> None:
    given_client(store, "acme")
    given_daily_runs(store, date(2026, 3, 1), reach=30)
    before = [day for day in PREVIOUS.each() if day < date(2026, 2, 28)]
    assert lacking(store, PREVIOUS) == [(before, date(2026, 3, 1))]
    assert lacking(store, CURRENT) == []


def test_a_day_that_was_backfilled_had_not_been_known_at_that_age(store: Store) -> None:
    given_client(store, "acme")
    runs = given_daily_runs(store, reach=1)
    hole = date(2026, 2, 28)
    runs.add(hole, hole)
    with_hole = Runs(store, count=runs.count)
    assert lacking(store, PREVIOUS) == []
    given_client(store, "bolt")
    Runs(store, "bolt").add(date(2026, 2, 1), date(2026, 2, 2), at=FIRST_SYNC)
    with_hole.client, with_hole.count = "bolt", 1
    with_hole.add(PREVIOUS.start, PREVIOUS.end, at=NOW)
    assert lacking(store, PREVIOUS) == [(PREVIOUS.each(), None)]  # known since today, and not because it began late


@pytest.mark.parametrize(
    ("more", "known"),
    [
        ({}, True),
        ({"platforms": "TikTok,Instagram"}, True),
        ({"platforms": "TikTok"}, False),
        ({"state": "failed"}, False),
        ({"state": "running"}, False),
    ],
)
def test_only_committed_runs_over_all_platforms_make_a_day_known(
    store: Store, more: dict[str, Any], known: bool
) -> None:
    given_client(store, "acme", platforms=("TikTok", "Instagram"))
    given_daily_runs(store, **more)
    assert (lacking(store, CURRENT) == []) is known


def test_nobody_learns_of_days_or_sums_of_others(store: Store) -> None:
    given_client(store, "acme")
    given_restated(store)
    for stranger in (reader(), reader("bolt")):
        assert same_age.unknown(store, Question(stranger, Filters(CURRENT, ("acme",))), AGE) == ()
        assert same_age.aged(store, Question(stranger, Filters(CURRENT, clients=("acme",))), AGE) == same_age.Aged(
            (), ()
        )


CLIENTS = {"acme": "Europe/Berlin", "bolt": "America/New_York", "hoshi": "Asia/Tokyo"}
WORLD = Days(date(2026, 3, 24), date(2026, 4, 8))  # summer time begins in Berlin on the 29th
LAST_REVISION = 30


@dataclass(frozen=True)
class World:
    """Every version of every fact and overlay (`to_rev` None: current), and when each revision was taken."""

    facts: tuple[dict[str, Any], ...]
    overlays: tuple[dict[str, Any], ...]
    taken: dict[str, tuple[datetime, ...]]

    def cost(self, client: str, days: Days, age: Age, platforms: tuple[str, ...], limit: int | None) -> dict[str, int]:
        """Campaign -> cost, by looking at every version on its own."""
        campaigns: dict[str, int] = {}
        for day in days.each():
            revision = self.revision(client, day, age)
            rows: dict[tuple[str, str], list[int]] = {}
            for fact in self.facts:
                in_view = (fact["client_id"], fact["day"]) == (client, day) and fact["platform"] in platforms
                if in_view and counts(fact, revision):
                    cost, impressions = self.effective(fact, revision)
                    row = rows.setdefault((fact["campaign_id"], fact["platform"]), [0, 0])
                    row[0], row[1] = row[0] + cost, row[1] + impressions
            for (campaign, _), (cost, impressions) in rows.items():
                if limit is None or (impressions and cost * 1000 <= limit * impressions):
                    campaigns[campaign] = campaigns.get(campaign, 0) + cost
        return campaigns

    def revision(self, client: str, day: date, age: Age) -> int:
        zone = ZoneInfo(CLIENTS[client])
        assert isinstance(age.seen, datetime)
        local = age.seen.astimezone(zone).replace(tzinfo=None) - (age.youngest - day)
        return sum(1 for at in self.taken[client] if at <= local.replace(tzinfo=zone).astimezone(UTC))

    def effective(self, fact: dict[str, Any], revision: int) -> tuple[int, int]:
        values = [fact["cost"], fact["impressions"]]
        for one in self.overlays:
            if all(one[name] == fact[name] for name in FACT_KEY) and counts(one, revision):
                values = [one["cost"] or values[0], one["impressions"] or values[1]]
        return values[0], values[1]


def counts(version: dict[str, Any], revision: int) -> bool:
    return version["from_rev"] <= revision and (version["to_rev"] is None or version["to_rev"] > revision)


def random_world(rng: random.Random) -> World:
    facts, laid, taken = [], [], {}
    for client in CLIENTS:
        hours = sorted(rng.sample(range(24 * (len(WORLD) + 8)), LAST_REVISION))
        taken[client] = tuple(datetime(2026, 3, 24, tzinfo=UTC) + timedelta(hours=h, minutes=7) for h in hours)
        for day in WORLD.each():
            for campaign, platform in (("a", "TikTok"), ("a", "Instagram"), ("b", "TikTok")):
                key = {
                    "client_id": client,
                    "day": day,
                    "account_id": 1,
                    "campaign_id": campaign,
                    "creator_id": "",
                    "platform": platform,
                }
                facts += versions(rng, key, cost=lambda: rng.randrange(1, 9) * MILLION, impressions=lambda: 1_000)
                if rng.random() < 0.2:
                    laid += versions(rng, key | {"clicks": None}, cost=lambda: 77 * MILLION, impressions=lambda: None)
    return World(tuple(facts), tuple(laid), taken)


def versions(rng: random.Random, key: dict[str, Any], **values: Any) -> list[dict[str, Any]]:
    begins = sorted(rng.sample(range(1, LAST_REVISION + 1), rng.randint(1, 5)))
    ends = [*begins[1:], None if rng.random() < 0.8 else LAST_REVISION]
    return [
        key | {name: value() for name, value in values.items()} | {"from_rev": begin, "to_rev": end}
        for begin, end in zip(begins, ends, strict=True)
        if end is None or begin < end
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_it_equals_the_versions_replayed_one_by_one(world: tuple[Store, World], data: st.DataObject) -> None:
    store, model = world
    first = data.draw(st.sampled_from(WORLD.each()))
    days = Days(first, data.draw(st.sampled_from([day for day in WORLD.each() if day >= first])))
    youngest = data.draw(st.sampled_from([day for day in WORLD.each() if day >= days.end]))
    minutes = data.draw(st.integers(-600, 60 * 24 * 8))
    age = Age(
        youngest, datetime(youngest.year, youngest.month, youngest.day, 12, tzinfo=UTC) + timedelta(minutes=minutes)
    )
    clients = data.draw(st.sets(st.sampled_from(sorted(CLIENTS))).map(sorted))
    platforms = data.draw(st.sampled_from([(), ("TikTok",), ("Instagram", "TikTok")]))
    limit = data.draw(st.sampled_from([None, 4 * MILLION]))
    filters = Filters(days, clients=tuple(clients), platforms=platforms, max_cpm=limit)
    found = {(g.client, g.campaign): g.sums.cost for g in same_age.aged(store, Question(ADMIN, filters), age).groups}
    expected = {
        (client, campaign): cost
        for client in (clients or CLIENTS)
        for campaign, cost in model.cost(client, days, age, platforms or ("TikTok", "Instagram"), limit).items()
    }
    assert found == expected


@pytest.fixture
def world(store: Store) -> tuple[Store, World]:
    model = random_world(random.Random(20260310))
    for client, zone in CLIENTS.items():
        given_client(store, client, zone=zone)
        given_revisions(store, client, *model.taken[client])
    given_facts(store, *(drop(fact, "to_rev") for fact in model.facts if fact["to_rev"] is None))
    given_history(store, *(fact for fact in model.facts if fact["to_rev"] is not None))
    with store.writing() as connection:
        connection.execute(insert(overlays), list(model.overlays))
    return store, model


def drop(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}
