"""A client link's lock: whatever is asked, nothing outside of its days, platforms, currency and moment comes back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from perfdash.domain.access import Lock, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.errors import AccessDenied
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question, of_every_day
from perfdash.exports import answer, origins
from perfdash.store.engine import Store
from perfdash.store.query import campaigns as campaign_query
from perfdash.store.query import catalog, coverage, overview, versions
from tests.store import test_scope as asked
from tests.store.builders import (
    NOON,
    Runs,
    given_campaign,
    given_client,
    given_correction,
    given_creator,
    given_facts,
    given_history,
    given_link,
    given_maker,
    given_overlay,
    given_quarantined,
    given_revisions,
)

DAY = date(2026, 3, 1)
LATER = NOON + timedelta(hours=1)
LOCK = Lock(Days(DAY, DAY + timedelta(1)), ("acme-tv",), "EUR", NOON, before=Days(date(2026, 2, 1), date(2026, 2, 2)))
OPEN = replace(LOCK, as_of=None)
ALL = asked.ALL
GIVES_ROWS = {
    "scope.in_scope",
    "scope.narrowed",
    "scope.facts_in_scope",
    "scope.pinned",
    "scope.under_lock",
    "query.versions.cutoffs",
    "query.versions.moment_of_client",
    "query.versions.fact_versions",
    "query.versions.with_facts",
    "query.versions.attribute_versions",
    "query.facts.view",
    "query.overview.stamp",
    "query.overview.revisions_at",
    "query.overview.runs_stamp",
    "query.overview.breakdown",
    "query.overview.creator_names",
    "query.overview.currencies",
    "query.overview.platforms",
    "query.overview.first_day",
    "query.overview.last_day",
    "query.overview.begins",
    "query.campaigns.campaign_rows",
    "query.catalog.clients",
    "query.catalog.accounts",
    "query.catalog.accounts_in_view",
    "query.coverage.coverage",
    "query.coverage.last_complete",
    "receipts.write",
}
"""What pages for links stand on. Everything else refuses them, or has nothing for them."""
OF_ITSELF = {"auth.user_rows.names_near", "audit.record"}
"""The link's own client by name, and a line in the audit about the link."""
OF_CORRECTIONS = {"query.versions.has_overlays", "query.overview.any_corrected"}
"""In the present a fact of the lock is corrected."""


def by_link(lock: Lock = LOCK, client: str = "acme", *, money: bool = True) -> Principal:
    """Who came by a link."""
    return Principal("link: for the board", "link", frozenset({client}), money=money, lock=lock)


@dataclass(frozen=True)
class Outside:
    """Something a link must not show, and how it would show up in an answer."""

    row: dict[str, Any]
    says: str


OTHER_DAY = DAY + timedelta(4)
OUTSIDE = (
    Outside({"day": OTHER_DAY, "impressions": 77_001}, "outside-day"),
    Outside({"platform": "outside-tv", "impressions": 77_002}, "outside-platform"),
    Outside({"day": DAY + timedelta(1), "currency": "USD", "impressions": 77_003}, "outside-currency"),
    Outside({"account_id": 2, "day": OTHER_DAY, "impressions": 77_004}, "outside-account"),
    Outside({"day": date(2026, 2, 3), "impressions": 77_005}, "outside-before"),
)
SIGNS = ("outside", "USD", "7700", "77_00", "88001", "acme-2", str(OTHER_DAY), repr(OTHER_DAY), repr(date(2026, 2, 3)))


@pytest.fixture
def world(store: Store) -> Store:
    """A client with facts inside the lock, some outside in every way, and a restatement after the pinned moment."""
    given_client(store, "acme", accounts=2, settlement_days=3)
    given_client(store, "bolt")
    given_revisions(store, "acme", NOON, LATER)
    inside = {"campaign_id": "acme-spring", "creator_id": "acme-ann", "platform": "acme-tv"}
    given_campaign(store, "acme-spring", name="Spring", to_rev=2)
    given_campaign(store, "acme-spring", name="outside renamed later", from_rev=2)
    given_creator(store, "acme-ann", "Ann")
    given_history(store, inside | {"from_rev": 1, "to_rev": 2, "impressions": 500})
    given_facts(store, inside | {"impressions": 88_001}, revision=2)  # restated after the pinned moment
    given_facts(store, inside | {"day": date(2026, 2, 1), "impressions": 400})
    for other in OUTSIDE:
        named = {"campaign_id": other.says, "creator_id": f"{other.says}-ann", "platform": "acme-tv"}
        given_facts(store, named | other.row)
        account = other.row.get("account_id", 1)
        given_campaign(store, other.says, name=f"{other.says} name", account_id=account)
        given_creator(store, f"{other.says}-ann", f"{other.says} Ann")
    given_overlay(
        store,
        campaign_id="outside-day",
        creator_id="outside-day-ann",
        platform="acme-tv",
        day=OTHER_DAY,
        impressions=77_009,
    )
    given_overlay(store, **inside, from_rev=2, impressions=88_001)  # corrected after the pinned moment
    given_correction(store, **inside)
    runs = Runs(store)
    runs.add(date(2026, 1, 1), OTHER_DAY, message="outside was fetched", log="GET /outside")
    runs.add(DAY, DAY, at=LATER, message="outside")
    given_quarantined(store, 1)
    asked.export(store, asked.ADMIN)
    given_maker(store)
    given_link(store, asked.LINK)
    return store


@pytest.mark.parametrize("lock", [LOCK, OPEN, replace(LOCK, max_cpm=10**12)], ids=["pinned", "present", "limit"])
def test_every_function_gives_who_came_by_a_link_nothing_outside_of_it(world: Store, lock: Lock) -> None:
    wrong = []
    signs = SIGNS if lock.as_of else tuple(sign for sign in SIGNS if sign != "88001")
    for name, ask in asked.ASKED.items():
        try:
            found = ask(world, by_link(lock))
        except AccessDenied:
            found = None
        except AttributeError:  # no cutoffs: the present is asked about
            assert (name, lock.as_of) == ("query.versions.cutoffs", None)
            continue
        said = repr(found)
        if lock.as_of is None:
            said = said.replace("outside renamed later", "")  # the present has that name
        wrong += [f"{name} shows {sign}: {found!r}" for sign in signs if sign in said]
        may = name in GIVES_ROWS | OF_ITSELF or (lock.as_of is None and name in OF_CORRECTIONS)
        if bool(found) != may:
            wrong.append(f"{name} gives {found!r}")
    assert wrong == []
    print(f"{len(asked.ASKED)} functions asked by a link with facts outside in {len(OUTSIDE)} ways: 0 shown")


def test_what_writes_or_looks_over_the_store_refuses_links(world: Store, tmp_path: Path) -> None:
    who = by_link()
    for name, ask in asked.FOR_ANALYSTS.items():
        with pytest.raises(AccessDenied):
            ask(world, who)
            pytest.fail(name)
    for name, over_all in asked.FOR_OPERATORS.items():
        with pytest.raises(AccessDenied):
            over_all(world, who, tmp_path)
            pytest.fail(name)


def test_a_link_whose_lock_is_missing_shows_nothing(world: Store) -> None:
    nobody = replace(by_link(), lock=None)
    assert [name for name, ask in asked.ASKED.items() if asked.answer(ask, world, nobody)] == []


def test_a_link_to_one_client_shows_nothing_of_another(world: Store) -> None:
    elsewhere = by_link(client="bolt")
    assert overview.breakdown(world, Question(elsewhere, ALL), ("day",)) == ()
    assert overview.breakdown(world, Question(by_link(), replace(ALL, clients=("bolt",))), ("day",)) == ()
    assert (
        campaign_query.campaign_rows(world, Question(elsewhere, ALL, only=CampaignRef("acme", 1, "acme-spring"))) == ()
    )


# --- each part of the lock


def test_the_pinned_moment_counts_whatever_moment_is_asked_for(world: Store) -> None:
    for moment in (None, LATER, date(2026, 12, 31), datetime(2020, 1, 1, tzinfo=UTC)):
        (group,) = overview.breakdown(world, Question(by_link(), replace(ALL, days=LOCK.days), moment))
        assert group.sums.impressions == 500, moment
        (row,) = campaign_query.campaign_rows(world, Question(by_link(), replace(ALL, days=LOCK.days), moment))
        assert row.name == "Spring"
    assert overview.stamp(world, by_link()) == (("acme", 1),)


def test_without_a_pinned_moment_the_present_counts_and_no_past_can_be_asked_for(world: Store) -> None:
    for moment in (None, NOON, date(2026, 3, 10)):
        (group,) = overview.breakdown(world, Question(by_link(OPEN), replace(ALL, days=LOCK.days), moment))
        assert group.sums.impressions == 88_001


def test_wider_days_give_those_of_the_lock_and_of_its_comparison_only(world: Store) -> None:
    groups = overview.breakdown(world, Question(by_link(), ALL), ("day",))
    assert [group.day for group in groups] == [date(2026, 2, 1), DAY]
    without = by_link(replace(LOCK, before=None))
    assert [group.day for group in overview.breakdown(world, Question(without, ALL), ("day",))] == [DAY]
    assert overview.first_day(world, of_every_day(without)) == overview.last_day(world, of_every_day(without)) == DAY


def test_another_platform_or_currency_gives_nothing(world: Store) -> None:
    for other in (replace(ALL, platforms=("outside-tv",)), replace(ALL, currency="USD")):
        assert overview.breakdown(world, Question(by_link(), other), ("day",)) == ()
        assert overview.breakdown(world, Question(by_link(OPEN), other), ("day",)) == ()


def test_a_locked_limit_counts_whatever_limit_is_asked_for(world: Store) -> None:
    tight = by_link(replace(LOCK, max_cpm=1))
    for limit in (None, 10**12):
        assert overview.breakdown(world, Question(tight, replace(ALL, max_cpm=limit)), ("day",)) == ()
    assert overview.breakdown(world, Question(by_link(), replace(ALL, max_cpm=1)), ("day",)) == ()


def test_a_campaign_outside_of_the_lock_reads_like_one_that_is_not_there(world: Store) -> None:
    for other in OUTSIDE:
        account = other.row.get("account_id", 1)
        assert (
            campaign_query.campaign_rows(world, Question(by_link(), ALL, only=CampaignRef("acme", account, other.says)))
            == ()
        )
    assert campaign_query.campaign_rows(world, Question(by_link(), ALL, only=CampaignRef("acme", 1, "acme-spring")))


def test_what_a_whole_flight_cost_is_not_told(world: Store) -> None:
    (row,) = campaign_query.campaign_rows(world, Question(by_link(), ALL))
    assert row.flight_cost is None
    assert all(row.flight_cost is not None for row in campaign_query.campaign_rows(world, Question(asked.ADMIN, ALL)))


def test_corrections_after_the_pinned_moment_leave_no_trace(world: Store) -> None:
    with world.reading() as connection:
        assert not versions.has_overlays(connection, by_link(), ())
        assert versions.has_overlays(connection, by_link(OPEN), ())


def test_days_outside_are_neither_covered_nor_missing(world: Store) -> None:
    found = coverage.coverage(world, Question(by_link(), Filters(ALL.days)))
    assert {one.day for one in found} == {*LOCK.days.each(), *(LOCK.before or LOCK.days).each()}
    assert {one.fetched_at for one in found} == {NOON}, "a later fetch is not known at the pinned moment"
    assert coverage.gaps(world, Question(by_link(), Filters(ALL.days))) == ()


def test_an_answer_for_a_download_is_about_the_lock_alone(world: Store) -> None:
    for view in ("overview", "campaigns", "creators", "daily"):
        found = answer(world, Question(by_link(), ALL), view, NOON)
        assert not [sign for sign in SIGNS if sign in repr(found.table)], view
        assert found.revisions == (("acme", 1),)
        assert found.question.as_of == NOON
    poor = answer(world, Question(by_link(money=False), ALL), "overview", NOON)
    assert "cost" not in [column.name for column in poor.table.columns]
    assert list(origins(world, Question(by_link(), Filters(LOCK.days)), LATER)) == [("acme", 1)]


def test_one_campaign_of_another_client_gives_nothing(world: Store) -> None:
    spring = CampaignRef("acme", 1, "acme-spring")
    assert overview.breakdown(world, Question(by_link(client="bolt"), ALL, only=spring)) == ()


def test_a_link_knows_the_accounts_of_its_facts_only(world: Store) -> None:
    assert [account.number for account in catalog.accounts(world, by_link(), inactive=True)] == [1]
    assert [client.slug for client in catalog.clients(world, by_link())] == ["acme"]
