from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import event

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Filters
from perfdash.domain.measures import ADDITIVE
from perfdash.domain.question import Question, of_every_day
from perfdash.store.engine import Store
from perfdash.store.query import campaigns as campaign_query
from perfdash.store.query import overview
from tests.store.builders import (
    ADMIN,
    NOON,
    given_campaign,
    given_client,
    given_creator,
    given_facts,
    given_history,
    given_revisions,
    opened,
    reader,
)

MARCH = Filters(Days(date(2026, 3, 1), date(2026, 3, 31)))


def cost_of(store: Store, filters: Filters = MARCH, **more: object) -> int | None:
    groups = overview.breakdown(store, Question(ADMIN, filters, **more))  # type: ignore[arg-type]
    return groups[0].sums.cost if groups else None


def statements(store: Store, call: object) -> list[str]:
    """The SQL that `call` executes."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        call()  # type: ignore[operator]
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    return seen


# --- sums


def test_sums_add_up_and_never_mix_currencies(store: Store) -> None:
    given_client(store, "acme")
    given_facts(
        store,
        {"cost": 100_000_000, "impressions": 10_000},
        {"cost": 900_000_000, "impressions": 30_000, "day": date(2026, 3, 2)},
        {"cost": 7, "impressions": 1, "currency": "USD", "campaign_id": "abroad"},
    )
    euros, dollars = overview.breakdown(store, Question(ADMIN, MARCH))
    assert (euros.currency, euros.sums.rows, euros.sums.cost, euros.sums.impressions) == ("EUR", 2, 10**9, 40_000)
    assert (dollars.currency, dollars.sums.cost) == ("USD", 7)
    assert overview.currencies(store, Question(ADMIN, MARCH)) == ("EUR", "USD")


def test_paired_sums_take_only_rows_that_report_both_sides(store: Store) -> None:
    given_client(store, "acme")
    given_facts(
        store,
        {"cost": 10, "views": 4, "revenue": 30, "impressions": 100},
        {"cost": 20, "engagements": 2, "conversions": 1_500_000, "impressions": 50, "day": date(2026, 3, 2)},
    )
    sums = overview.breakdown(store, Question(ADMIN, MARCH))[0].sums
    assert (sums.views, sums.cost_of_views) == (4, 10)
    assert (sums.revenue, sums.cost_of_revenue) == (30, 10)
    assert (sums.conversions, sums.cost_of_conversions) == (1_500_000, 20)
    assert (sums.engagements, sums.cost_of_engagements, sums.impressions_of_engagements) == (2, 20, 50)


def test_a_measure_that_no_row_reports_is_none_and_not_zero(store: Store) -> None:
    given_client(store, "acme")
    given_facts(store, {})
    sums = overview.breakdown(store, Question(ADMIN, MARCH))[0].sums
    assert sums.views is None
    assert sums.cost_of_views is None
    assert sums.impressions_of_engagements is None


def test_reach_stands_only_where_the_group_is_one_fact(store: Store) -> None:
    given_client(store, "acme")
    given_facts(store, {"reach": 70}, {"reach": 80, "day": date(2026, 3, 2)})
    assert overview.breakdown(store, Question(ADMIN, MARCH))[0].sums.reach is None
    assert [g.sums.reach for g in overview.breakdown(store, Question(ADMIN, MARCH), ("day",))] == [70, 80]


MANY = [(20, 10**18), pytest.param(20_000, 10**15, marks=pytest.mark.full)]
"""Rows, and how much each costs: 64 bits do not hold the sum."""


@pytest.mark.parametrize(("number", "each"), MANY)
def test_sums_beyond_64_bits_are_exact(store: Store, number: int, each: int) -> None:
    given_client(store, "acme")
    rows = [{"campaign_id": f"c{n}", "cost": each, "conversions": 10**18, "revenue": each + 1} for n in range(number)]
    given_facts(store, *rows)
    sums = overview.breakdown(store, Question(ADMIN, MARCH))[0].sums
    assert (sums.cost, sums.conversions) == (number * each, number * 10**18)
    assert sums.revenue == number * (each + 1) > 2**63


def test_groups_carry_what_was_asked_for_in_the_order_of_their_keys(store: Store) -> None:
    given_client(store, "acme", accounts=2)
    given_facts(
        store,
        {"creator_id": "zoe", "platform": "instagram", "account_id": 2},
        {"creator_id": "Ann", "day": date(2026, 3, 2)},
        {"creator_id": "Ann"},
    )
    found = overview.breakdown(store, Question(ADMIN, MARCH), ("creator", "day"))
    assert [(g.creator, g.day) for g in found] == [
        ("Ann", date(2026, 3, 1)),
        ("Ann", date(2026, 3, 2)),
        ("zoe", date(2026, 3, 1)),
    ]
    assert {(g.client, g.account, g.campaign, g.platform) for g in found} == {("", 0, "", "")}
    full = overview.breakdown(
        store, Question(ADMIN, MARCH), ("client", "account", "campaign", "creator", "platform", "day")
    )
    assert (full[-1].client, full[-1].account, full[-1].campaign) == ("acme", 2, "spring")
    # Capitals sort before small letters on both databases, whatever the locale of the server.
    assert [g.platform for g in overview.breakdown(store, Question(ADMIN, MARCH), ("platform",))] == [
        "TikTok",
        "instagram",
    ]


@pytest.mark.parametrize("by", [("colour",), ("day", "day")])
def test_a_dimension_that_does_not_exist_or_is_named_twice_is_refused(store: Store, by: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="Cannot group by"):
        overview.breakdown(store, Question(ADMIN, MARCH), by)  # type: ignore[arg-type]


def test_filters_narrow_by_client_day_platform_and_currency(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    given_facts(
        store,
        {"cost": 1},
        {"cost": 2, "platform": "Instagram"},
        {"cost": 4, "day": date(2026, 4, 1)},
        {"cost": 8, "client_id": "bolt"},
        {"cost": 16, "currency": "USD", "campaign_id": "abroad"},
    )
    march = MARCH.days
    assert cost_of(store, Filters(march, clients=("acme",), platforms=("TikTok",), currency="EUR")) == 1
    assert cost_of(store, Filters(march, platforms=("Instagram",))) == 2
    assert cost_of(store, Filters(march, clients=("bolt",))) == 8
    assert cost_of(store, Filters(march, currency="USD")) == 16
    assert cost_of(store, Filters(Days(date(2026, 4, 1), date(2026, 4, 1)))) == 4
    assert overview.breakdown(store, Question(ADMIN, Filters(march, clients=("nobody",)))) == ()


def test_one_campaign_can_be_asked_about_whatever_the_client_filter(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    given_facts(store, {"cost": 1}, {"cost": 2, "campaign_id": "autumn"}, {"cost": 4, "client_id": "bolt"})
    elsewhere = Filters(MARCH.days, clients=("bolt",))
    assert cost_of(store, elsewhere, only=CampaignRef("acme", 1, "autumn")) == 2
    assert overview.breakdown(store, Question(reader("bolt"), MARCH, only=CampaignRef("acme", 1, "autumn"))) == ()


# --- money


def test_without_money_the_sql_names_no_column_of_money(store: Store) -> None:
    given_client(store, "acme")
    given_campaign(store, "spring", name="Spring", budget=9)
    given_facts(store, {"revenue": 3, "views": 2})
    blind = reader("acme", money=False)

    def ask() -> None:
        overview.breakdown(store, Question(blind, MARCH), ("campaign", "day"))
        campaign_query.campaign_rows(store, Question(blind, MARCH))
        campaign_query.campaign_rows(store, Question(blind, MARCH, only=CampaignRef("acme", 1, "spring")))

    executed = " ".join(statements(store, ask)).lower()
    assert not [name for name in ("cost", "revenue", "budget", "cpm", "roi") if name in executed]
    sums = overview.breakdown(store, Question(blind, MARCH))[0].sums
    assert (sums.cost, sums.revenue, sums.cost_of_views, sums.impressions, sums.views) == (None, None, None, 1_000, 2)
    row = campaign_query.campaign_rows(store, Question(blind, MARCH))[0]
    assert (row.name, row.budget, row.flight_cost) == ("Spring", None, None)


def test_a_cpm_limit_is_refused_without_money(store: Store) -> None:
    given_client(store, "acme")
    limited = Filters(MARCH.days, max_cpm=1)
    for ask in (overview.breakdown, campaign_query.campaign_rows, overview.undefined_cpm):
        with pytest.raises(UsageError, match="money"):
            ask(store, Question(reader("acme", money=False), limited))


# --- the CPM limit


def test_the_limit_is_inclusive_and_judges_creators_together(store: Store) -> None:
    given_client(store, "acme")
    # Together 5.00 per thousand; apart 2.00 and 8.00.
    given_facts(store, {"creator_id": "ann", "cost": 2_000_000}, {"creator_id": "zoe", "cost": 8_000_000})
    assert cost_of(store, Filters(MARCH.days, max_cpm=5_000_000)) == 10_000_000
    assert cost_of(store, Filters(MARCH.days, max_cpm=4_999_999)) is None
    kept = overview.breakdown(store, Question(ADMIN, Filters(MARCH.days, max_cpm=5_000_000)), ("creator",))
    assert [g.creator for g in kept] == ["ann", "zoe"]


def test_grain_campaign_judges_the_campaign_over_the_filtered_days_and_platforms(store: Store) -> None:
    given_client(store, "acme")
    given_facts(
        store,
        {"cost": 2_000_000},
        {"cost": 9_000_000, "day": date(2026, 3, 2)},
        {"cost": 1_000_000, "platform": "Instagram"},
        {"cost": 1_000_000, "day": date(2026, 4, 1)},
    )
    limit = 4_000_000
    assert cost_of(store, Filters(MARCH.days, max_cpm=limit, cpm_grain="campaign")) == 12_000_000
    assert cost_of(store, Filters(MARCH.days, max_cpm=limit - 1, cpm_grain="campaign")) is None
    assert cost_of(store, Filters(MARCH.days, max_cpm=limit)) == 3_000_000
    tiktok = Filters(MARCH.days, platforms=("TikTok",), max_cpm=limit, cpm_grain="campaign")
    assert cost_of(store, tiktok) is None


def test_an_undefined_cpm_is_left_out_and_its_cost_named(store: Store) -> None:
    given_client(store, "acme")
    given_facts(
        store,
        {"cost": 0},
        {"impressions": 0, "cost": 3, "day": date(2026, 3, 2)},
        {"impressions": 0, "cost": 4, "day": date(2026, 3, 2), "creator_id": "ann"},
        {"impressions": 0, "cost": 10**15, "day": date(2026, 3, 3)},
    )
    limited = Filters(MARCH.days, max_cpm=0)
    assert overview.breakdown(store, Question(ADMIN, limited))[0].sums.rows == 1
    assert overview.undefined_cpm(store, Question(ADMIN, limited)) == (("EUR", 10**15 + 7, 2),)
    assert overview.undefined_cpm(store, Question(ADMIN, Filters(MARCH.days, max_cpm=0, cpm_grain="campaign"))) == ()
    assert overview.undefined_cpm(store, Question(ADMIN, MARCH)) == ()


def test_a_limit_needs_one_currency_in_view(store: Store) -> None:
    given_client(store, "acme")
    given_facts(store, {}, {"currency": "USD", "campaign_id": "abroad"}, {"currency": "JPY", "campaign_id": "far"})
    with pytest.raises(UsageError, match=r"A CPM limit needs one currency; EUR, JPY and USD are in view: choose one\."):
        overview.breakdown(store, Question(ADMIN, Filters(MARCH.days, max_cpm=9_000_000)))
    chosen = overview.breakdown(store, Question(ADMIN, Filters(MARCH.days, currency="USD", max_cpm=9_000_000)))
    assert [g.currency for g in chosen] == ["USD"]
    assert len(overview.currencies(store, Question(ADMIN, Filters(MARCH.days, max_cpm=1)))) == 3
    one = Filters(Days(date(2026, 3, 1), date(2026, 3, 1)), platforms=("Instagram",), max_cpm=1)
    assert overview.breakdown(store, Question(ADMIN, one)) == ()


@pytest.mark.parametrize("limit", [-1, 10**12 + 1])
def test_a_limit_out_of_range_is_refused(store: Store, limit: int) -> None:
    with pytest.raises(UsageError, match="from 0 to 1000000"):
        overview.breakdown(store, Question(ADMIN, Filters(MARCH.days, max_cpm=limit)))


@pytest.mark.parametrize(
    ("cost", "impressions"),
    [
        (10**15, 10**12),
        (10**15 - 1, 10**12 - 1),
        (10**15, 10**6),
        (10**15, 999_983),
        (999_999_999_999_989, 10**12 - 11),
        (1, 10**12),
        (10**15, 1_000_003),
        (123_456_789_012_345, 987_654_321),
        (0, 1),
        (999, 10**6),
        (-1, 10**6),
        (-999_999_999_999_989, 10**12 - 11),
        (-(2**63) + 1, 1),
        (2**63 - 1, 2**62),
        (2**62, 2**62 - 1),
        (2**63 - 1, 2**63 - 1),
        (9 * 10**15, 2**63 - 1),
        (-(2**63) + 1, 2**63 - 1),
    ],
)
def test_the_comparison_is_exact_at_the_edge_of_large_numbers(store: Store, cost: int, impressions: int) -> None:
    given_client(store, "acme")
    given_facts(store, {"cost": cost, "impressions": impressions})
    edge = -(-cost * 1000 // impressions)
    for limit in {edge - 1, edge, edge + 1, 0, 999_999, 10**12, 10**12 - 1}:
        if 0 <= limit <= 10**12:
            kept = cost_of(store, Filters(MARCH.days, max_cpm=limit)) is not None
            assert kept == (cost * 1000 <= limit * impressions), limit


@pytest.mark.parametrize(("number", "each"), MANY)
def test_the_comparison_survives_sums_beyond_64_bits(store: Store, number: int, each: int) -> None:
    given_client(store, "acme")
    first = date(2020, 1, 1)
    days = number // 10
    rows = [
        {"cost": each, "impressions": each // 1000 - 1, "day": first + timedelta(n // 10), "creator_id": f"c{n % 10}"}
        for n in range(number)
    ]
    given_facts(store, *rows)
    cost, impressions = number * each, number * (each // 1000 - 1)
    assert cost > 2**63
    edge = -(-cost * 1000 // impressions)
    span = Days(first, first + timedelta(days))
    assert cost_of(store, Filters(span, max_cpm=edge, cpm_grain="campaign")) == cost
    assert cost_of(store, Filters(span, max_cpm=edge - 1, cpm_grain="campaign")) is None


@pytest.mark.parametrize("seed", range(4))
def test_sums_and_their_cpm_are_exact_whatever_64_bits_hold_of_each_row(store: Store, seed: int) -> None:
    random, most = Random(seed), 2**63 - 1
    counts, amounts = (0, 1, 999_999, 2**53 + 1, 2**62, most - 1, most), (-most, -(2**62), -1, 0, 2**62, most)
    given_client(store, "acme")
    rows = [
        {name: random.choice(amounts if name in ("cost", "revenue") else counts) for name in ADDITIVE}
        | {"creator_id": f"c{n}"}
        for n in range(5)
    ]
    given_facts(store, *rows)
    (found,) = overview.breakdown(store, Question(ADMIN, MARCH))
    assert {name: getattr(found.sums, name) for name in ADDITIVE} == {
        name: sum(row[name] for row in rows) for name in ADDITIVE
    }
    cost, impressions = found.sums.cost or 0, found.sums.impressions or 0
    edge = -(-cost * 1000 // impressions)
    for limit in {edge - 1, edge, edge + 1, 0, 1, 999_999, 10**12}:
        if 0 <= limit <= 10**12:
            kept = cost_of(store, Filters(MARCH.days, max_cpm=limit)) is not None
            assert kept == (cost * 1000 <= limit * impressions), limit


# --- as-of


def noon(day: int) -> datetime:
    return datetime(2026, 3, day, 12, tzinfo=UTC)


def given_restated(store: Store) -> None:
    """Cost 1 since the 5th, 2 since the 7th, another fact vanished on the 7th and one new on the 9th."""
    given_client(store, "acme")
    given_revisions(store, "acme", noon(5), noon(7), noon(9))
    given_facts(store, {"cost": 2, "from_rev": 2}, {"cost": 100, "campaign_id": "late", "from_rev": 3})
    given_history(
        store,
        {"cost": 1, "from_rev": 1, "to_rev": 2},
        {"cost": 10, "campaign_id": "gone", "from_rev": 1, "to_rev": 2, "vanished": True},
    )


def test_a_past_moment_shows_what_was_known_then(store: Store) -> None:
    given_restated(store)
    assert [cost_of(store, as_of=noon(day)) for day in range(4, 11)] == [None, 11, 11, 2, 2, 102, 102]
    assert cost_of(store, as_of=noon(7) - timedelta(microseconds=1)) == 11
    assert cost_of(store) == 102


def test_a_bare_date_means_the_end_of_the_day_in_the_clients_zone(store: Store) -> None:
    given_client(store, "east", zone="Asia/Tokyo")
    given_client(store, "west", zone="America/Los_Angeles")
    # 20:00 UTC on the 5th is the 6th in Tokyo and still the 5th in Los Angeles.
    at = datetime(2026, 3, 5, 20, tzinfo=UTC)
    given_revisions(store, "east", at)
    given_revisions(store, "west", at)
    given_facts(store, {"client_id": "east", "cost": 1}, {"client_id": "west", "cost": 2})
    assert cost_of(store, as_of=date(2026, 3, 5)) == 2
    assert cost_of(store, as_of=date(2026, 3, 6)) == 3
    midnight = datetime(2026, 3, 7, tzinfo=UTC)  # exclusive
    given_client(store, "zulu", zone="UTC")
    given_revisions(store, "zulu", midnight)
    given_facts(store, {"client_id": "zulu", "cost": 4})
    assert cost_of(store, as_of=date(2026, 3, 6)) == 3
    assert cost_of(store, as_of=date(2026, 3, 7)) == 7


def test_as_of_moves_data_and_never_permissions(store: Store) -> None:
    given_restated(store)
    assert overview.breakdown(store, Question(reader(), MARCH, noon(6))) == ()
    assert overview.breakdown(store, Question(reader("bolt"), MARCH, noon(6))) == ()
    assert overview.breakdown(store, Question(reader("acme"), MARCH, noon(6)))[0].sums.cost == 11


def test_the_cpm_limit_looks_at_the_past_too(store: Store) -> None:
    given_restated(store)
    limited = Filters(MARCH.days, max_cpm=1)
    assert cost_of(store, limited, as_of=noon(6)) == 1
    assert cost_of(store, limited) is None
    assert overview.currencies(store, Question(ADMIN, MARCH, noon(4))) == ()


def test_a_moment_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="time zone"):
        overview.breakdown(store, Question(ADMIN, MARCH, datetime(2026, 3, 5)))  # noqa: DTZ001


@pytest.mark.parametrize("as_of", [date.max, datetime.max.replace(tzinfo=UTC), noon(28)])
def test_the_far_future_is_now(store: Store, as_of: date) -> None:
    given_restated(store)
    assert cost_of(store, as_of=as_of) == 102


def test_the_distant_past_is_empty(store: Store) -> None:
    given_restated(store)
    assert overview.breakdown(store, Question(ADMIN, MARCH, date.min)) == ()
    assert campaign_query.campaign_rows(store, Question(ADMIN, MARCH, date.min)) == ()


# --- campaigns


def test_a_campaign_row_carries_attributes_platforms_and_whole_flight_cost(store: Store) -> None:
    given_client(store, "acme")
    flight = {"flight_start": date(2026, 2, 1), "flight_end": date(2026, 3, 31)}
    given_campaign(store, "spring", name="Spring", budget=70, status="active", **flight)
    given_facts(
        store,
        {"cost": 1},
        {"cost": 2, "platform": "Instagram", "day": date(2026, 3, 2)},
        {"cost": 4, "day": date(2026, 2, 1)},
        {"cost": 8, "day": date(2026, 1, 31)},
        {"cost": 16, "day": date(2026, 4, 1)},
        {"cost": 32, "campaign_id": "unnamed"},
        {"cost": 64, "campaign_id": "unnamed", "day": date(2025, 1, 1)},
    )
    spring, unnamed = campaign_query.campaign_rows(store, Question(ADMIN, MARCH))
    assert (spring.name, spring.status, spring.budget, spring.sums.cost) == ("Spring", "active", 70, 3)
    assert (spring.flight_start, spring.flight_end, spring.flight_cost) == (*flight.values(), 7)
    assert spring.platforms == ("Instagram", "TikTok")
    assert (unnamed.name, unnamed.budget, unnamed.flight_cost, unnamed.sums.cost) == ("unnamed", None, 96, 32)
    only = campaign_query.campaign_rows(
        store, Question(ADMIN, Filters(MARCH.days, platforms=("Instagram",), max_cpm=2))
    )
    assert [(r.campaign, r.platforms, r.sums.cost, r.flight_cost) for r in only] == [("spring", ("Instagram",), 2, 7)]


def test_attributes_and_flight_cost_are_those_of_the_moment(store: Store) -> None:
    given_restated(store)
    given_campaign(store, "spring", name="Old", budget=1, from_rev=1, to_rev=2)
    given_campaign(store, "spring", name="New", budget=2, from_rev=2)
    old = campaign_query.campaign_rows(store, Question(ADMIN, MARCH, noon(6)))
    assert [(r.campaign, r.name, r.budget, r.flight_cost) for r in old] == [
        ("gone", "gone", None, 10),
        ("spring", "Old", 1, 1),
    ]
    new = campaign_query.campaign_rows(store, Question(ADMIN, MARCH))
    assert [(r.campaign, r.name, r.budget, r.flight_cost) for r in new] == [
        ("late", "late", None, 100),
        ("spring", "New", 2, 2),
    ]


def test_a_budget_stands_only_beside_the_accounts_currency(store: Store) -> None:
    given_client(store, "acme")
    given_campaign(store, "spring", budget=70)
    given_facts(store, {"cost": 1}, {"cost": 2, "currency": "USD", "day": date(2026, 3, 2)})
    rows = campaign_query.campaign_rows(store, Question(ADMIN, MARCH))
    assert [(r.currency, r.budget, r.flight_cost) for r in rows] == [("EUR", 70, 1), ("USD", None, 2)]


def test_one_campaign_is_there_without_facts_in_view_and_not_there_for_others(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    given_campaign(store, "spring", name="Spring", budget=70)
    given_facts(store, {"cost": 5, "day": date(2026, 1, 1)})
    (row,) = campaign_query.campaign_rows(store, Question(reader("acme"), MARCH, only=CampaignRef("acme", 1, "spring")))
    assert (row.name, row.currency, row.budget, row.flight_cost, row.sums.rows) == ("Spring", "EUR", 70, 5, 0)
    assert (
        campaign_query.campaign_rows(store, Question(reader("acme"), MARCH, only=CampaignRef("acme", 1, "nothing")))
        == ()
    )
    assert (
        campaign_query.campaign_rows(store, Question(reader("acme"), MARCH, only=CampaignRef("acme", 2, "spring")))
        == ()
    )
    assert (
        campaign_query.campaign_rows(store, Question(reader("bolt"), MARCH, only=CampaignRef("acme", 1, "spring")))
        == ()
    )


def test_many_campaigns_each_keep_their_own_cost(store: Store) -> None:
    given_client(store, "acme")
    given_facts(store, *({"campaign_id": f"c{n:04}", "cost": n} for n in range(3_000)))
    assert [row.flight_cost for row in campaign_query.campaign_rows(store, Question(ADMIN, MARCH))] == list(
        range(3_000)
    )


# --- the rest


def test_names_platforms_and_edges_are_those_in_scope(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    given_creator(store, "ann", "Ann Example")
    given_facts(store, {}, {"client_id": "bolt", "platform": "Snap", "day": date(2026, 1, 1)})
    assert overview.creator_names(store, ADMIN) == {("acme", 1, "ann"): "Ann Example"}
    assert overview.creator_names(store, ADMIN, ("bolt",)) == {}
    assert overview.platforms(store, of_every_day(ADMIN)) == ("Snap", "TikTok")
    assert overview.platforms(store, of_every_day(reader("acme"))) == ("TikTok",)
    assert (overview.first_day(store, of_every_day(ADMIN)), overview.last_day(store, of_every_day(ADMIN))) == (
        date(2026, 1, 1),
        date(2026, 3, 1),
    )
    assert overview.first_day(store, of_every_day(reader("acme"))) == date(2026, 3, 1)
    assert overview.first_day(store, of_every_day(reader())) is None


def test_the_stamp_names_every_client_in_scope_and_its_revision(store: Store) -> None:
    given_client(store, "bolt")
    given_client(store, "acme")
    given_revisions(store, "acme", noon(1), noon(2))
    assert overview.stamp(store, ADMIN) == (("acme", 2), ("bolt", 0))
    assert overview.stamp(store, reader("bolt")) == (("bolt", 0),)
    assert overview.stamp(store, Principal("nobody", "analyst")) == ()


@pytest.mark.parametrize("clients", [("acme",), ("acme", "bolt"), ()])
@pytest.mark.parametrize("as_of", [None, noon(20)])
def test_sqlite_enters_the_key_by_client_and_day(
    sqlite_url: str, clients: tuple[str, ...], as_of: datetime | None
) -> None:
    with opened(sqlite_url) as store:
        given_client(store, "acme")
        given_client(store, "bolt")
        given_revisions(store, "acme", noon(1))
        filters = Filters(Days(date(2026, 3, 1), date(2026, 3, 30)), clients=clients, max_cpm=5)
        plans = explained(store, lambda: overview.breakdown(store, Question(ADMIN, filters, as_of), ("day",)))
    steps = [step for plan in plans for step in plan if "SCAN facts" in step or "SCAN fact_history" in step]
    assert steps == []
    wanted = "SEARCH facts USING PRIMARY KEY (client_id=? AND day>? AND day<?)"
    assert all(wanted in plan for plan in plans if any(" facts" in step for step in plan))
    assert any(wanted in plan for plan in plans)


def explained(store: Store, call: object) -> list[list[str]]:
    """SQLite's plan of each SELECT that `call` executes."""
    seen: list[tuple[str, object]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        seen.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    call()  # type: ignore[operator]
    event.remove(store.engine, "before_cursor_execute", note)
    plans = []
    with store.reading() as connection:
        for statement, parameters in seen:
            if statement.lstrip().startswith(("SELECT", "WITH")):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
                plans.append([row[-1] for row in rows])
    return plans


def test_what_was_recorded_since_a_moment_is_counted_by_kind_and_in_scope(store: Store) -> None:
    for client in ("acme", "bolt"):
        given_client(store, client)
        given_revisions(store, client, NOON, NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    then = of_every_day(ADMIN, (), NOON + timedelta(minutes=1))
    assert overview.recorded_since(store, then) == {"run": 4}
    assert overview.recorded_since(store, of_every_day(ADMIN, ("bolt",), NOON + timedelta(hours=1))) == {"run": 1}
    assert overview.recorded_since(store, of_every_day(reader("acme"), (), NOON + timedelta(minutes=1))) == {"run": 2}
    assert overview.recorded_since(store, of_every_day(ADMIN, (), NOON - timedelta(days=1))) == {"run": 6}
    assert overview.recorded_since(store, of_every_day(ADMIN)) == {}


def test_the_last_revision_of_each_client_has_its_moment(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    given_revisions(store, "acme", NOON, NOON + timedelta(hours=1))
    assert overview.last_revised(store, of_every_day(ADMIN)) == (("acme", 2, NOON + timedelta(hours=1)),)
    assert overview.last_revised(store, of_every_day(ADMIN, (), NOON)) == (("acme", 1, NOON),)
    assert overview.last_revised(store, of_every_day(reader("bolt"))) == ()
