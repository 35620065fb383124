"""Restatements: each change of a fact once, none invented, on histories made by hand and at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from perfdash.domain import restatements
from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import AsOf, AtRevisions, day_start
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.errors import UsageError
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.measures import FactValues
from perfdash.domain.question import Question
from perfdash.domain.restatements import ADDED, RESTATED_FIELDS, Event
from perfdash.store.engine import Store
from perfdash.store.query import overview
from perfdash.store.restatements import read as restatement_read
from tests.conftest import FULL
from tests.store.builders import reader
from tests.store.ledger_kit import ACCOUNT, DAY, WEEK, Ledger, batch, fact, key, open_ledger

VIEW = Filters(WEEK)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
K = key()


@pytest.fixture
def ledger(migrated_url: str) -> Iterator[Ledger]:
    found = open_ledger(migrated_url)
    found.clock.now = BEGIN
    yield found
    found.store.close()


def told(ledger: Ledger, at: str, facts: dict[FactKey, FactValues], **more: Any) -> datetime:
    """A run whose answer is `facts`; `at` is March's day and hour UTC, as "12 06:00". Returns the moment after it."""
    day, hour = at.split()
    ledger.clock.now = datetime.fromisoformat(f"2026-03-{day}T{hour}:00+00:00")
    result = ledger.sync(batch(facts), accept_vanished=True, **more)
    assert result.ok, result.message
    return ledger.clock()


def seen(ledger: Ledger, since: AsOf = BEGIN, until: AsOf | None = None, **more: Any) -> list[tuple[Any, ...]]:
    """Each event as (kind, timing, its changes), oldest first."""
    found = restatement_read.events(
        ledger.store, Question(more.pop("who", OPERATOR), more.pop("filters", VIEW), until), since, **more
    )
    return [(one.kind, one.timing, [tuple(change) for change in one.changes]) for one in reversed(found)]


def cost(then: int | None, now: int | None) -> tuple[str, int | None, int | None]:
    return ("cost", then, now)


# --- what is a restatement


def test_a_first_report_is_no_restatement_and_a_change_is_one(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact()})
    assert seen(ledger) == []
    told(ledger, "12 06:00", {K: fact(cost=6_000_000, clicks=11)})
    assert seen(ledger) == [("restated", "before", [("clicks", 10, 11), cost(5_000_000, 6_000_000)])]
    told(ledger, "13 06:00", {K: fact(cost=6_000_000, clicks=11)})
    assert len(seen(ledger)) == 1


def test_an_event_says_which_fact_when_and_in_which_run(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact()})
    told(ledger, "12 06:00", {K: fact(cost=6_000_000)})
    (found,) = restatement_read.events(ledger.store, Question(OPERATOR, VIEW), BEGIN)
    assert found[:6] == ("acme", 1, "c1", "", "TikTok", DAY)
    assert (found.revision, found.run, found.currency) == (2, 2, "EUR")
    assert found.at == ledger.revisions()[1][1]


def test_what_changed_while_the_day_was_running_is_told_only_when_asked_for(ledger: Ledger) -> None:
    told(ledger, "10 06:00", {K: fact(cost=1_000_000)})
    told(ledger, "10 22:59", {K: fact(cost=2_000_000)})  # 23:59 in Berlin
    told(ledger, "10 23:00", {K: fact(cost=3_000_000)})  # midnight there: the day is over
    assert seen(ledger) == [("restated", "before", [cost(2_000_000, 3_000_000)])]
    assert [timing for _, timing, _ in seen(ledger, while_open=True)] == ["running", "before"]


def test_only_what_changed_between_the_two_moments_counts(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact(cost=1_000_000)})
    first = told(ledger, "12 06:00", {K: fact(cost=2_000_000)})
    second = told(ledger, "13 06:00", {K: fact(cost=3_000_000)})
    told(ledger, "14 06:00", {K: fact(cost=4_000_000)})
    changed = [change for _, _, changes in seen(ledger, first, second) for change in changes]
    assert changed == [cost(2_000_000, 3_000_000)]
    assert seen(ledger, date(2026, 3, 13)) == seen(ledger, second)
    assert seen(ledger, AtRevisions((("acme", 2),)), AtRevisions((("acme", 3),))) == seen(ledger, first, second)
    assert seen(ledger, second, first) == []


def test_vanished_and_reappeared_rows_are_told_once_each(ledger: Ledger) -> None:
    other = key("c2")
    told(ledger, "11 06:00", {K: fact(), other: fact()})
    told(ledger, "12 06:00", {other: fact()})
    told(ledger, "13 06:00", {other: fact()})
    told(ledger, "14 06:00", {K: fact(cost=4_000_000), other: fact()})
    told(ledger, "15 06:00", {K: fact(cost=3_000_000), other: fact()})
    whole = [("impressions", 1000, None), ("clicks", 10, None), cost(5_000_000, None)]
    again = [("impressions", None, 1000), ("clicks", None, 10), cost(None, 4_000_000)]
    assert seen(ledger) == [
        ("vanished", "before", whole),
        ("reappeared", "before", again),
        ("restated", "before", [cost(4_000_000, 3_000_000)]),
    ]


def test_a_row_that_goes_and_comes_back_again_and_again_is_told_each_time(ledger: Ledger) -> None:
    other = {key("c2"): fact()}
    for day in range(11, 17):
        told(ledger, f"{day} 06:00", other | ({K: fact()} if day % 2 else {}))
    assert [kind for kind, _, _ in seen(ledger)] == ["vanished", "reappeared"] * 2 + ["vanished"]


def test_a_change_and_its_way_back_are_two_events_and_no_movement(ledger: Ledger) -> None:
    for day, value in ((11, 5_000_000), (12, 6_000_000), (13, 5_000_000)):
        told(ledger, f"{day} 06:00", {K: fact(cost=value)})
    assert len(seen(ledger)) == 2
    (moved,) = restatements.by_currency(restatement_read.movement(ledger.store, Question(OPERATOR, VIEW), BEGIN))
    assert (moved.events, moved.difference("cost"), moved.difference("views")) == (2, 0, None)


def test_a_version_that_differs_in_a_reported_ratio_changes_only_that(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact(reported_cpm=Decimal("5.00"))})
    told(ledger, "12 06:00", {K: fact(reported_cpm=Decimal("5.01"))})
    assert seen(ledger) == [("restated", "before", [("reported_cpm", Decimal("5.00"), Decimal("5.01"))])]


def test_flags_and_the_way_a_ratio_is_written_are_no_restatement(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact(reported_cpm=Decimal("5.00"), reported_roi=Decimal("20"))})
    told(ledger, "12 06:00", {K: fact(reported_cpm=Decimal("5"), reported_roi=Decimal("20.0"), flags=("cpm",))})
    assert len(ledger.closed()) == 1
    assert seen(ledger) == []
    told(ledger, "13 06:00", {K: fact(reported_cpm=Decimal("50"), reported_roi=Decimal("2"))})
    assert [change[0] for change in seen(ledger)[0][2]] == ["reported_cpm", "reported_roi"]


def test_a_measure_that_was_not_reported_before_counts_from_nothing(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact()})
    told(ledger, "12 06:00", {K: fact(views=7, reach=9)})
    assert seen(ledger) == [("restated", "before", [("reach", None, 9), ("views", None, 7)])]
    (moved,) = restatements.by_currency(restatement_read.movement(ledger.store, Question(OPERATOR, VIEW), BEGIN))
    assert (moved.difference("views"), moved.difference("cost"), moved.count("reach")) == (7, 0, 1)


def test_a_change_of_currency_leaves_one_and_enters_the_other(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact(currency="USD")})
    told(ledger, "12 06:00", {K: fact(cost=4_000_000)})
    assert seen(ledger) == [("restated", "before", [cost(5_000_000, 4_000_000), ("currency", "USD", "EUR")])]
    moved = restatements.by_currency(restatement_read.movement(ledger.store, Question(OPERATOR, VIEW), BEGIN))
    assert [(one.currency, one.difference("cost")) for one in moved] == [("EUR", 4_000_000), ("USD", -5_000_000)]
    dollars = restatement_read.movement(ledger.store, Question(OPERATOR, replace(VIEW, currency="USD")), BEGIN)
    assert [(one.currency, one.events) for one in dollars] == [("USD", 1)]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_movement_from_one_end_of_64_bits_to_the_other_is_exact(ledger: Ledger, sign: int) -> None:
    keys, most = [K, key("c1", platform="Meta")], 2**63 - 1
    told(ledger, "11 06:00", dict.fromkeys(keys, fact(0, -sign * most, clicks=most, views=None)))
    told(ledger, "12 06:00", dict.fromkeys(keys, fact(most, sign * most, clicks=0, views=most)))
    assert seen(ledger)[0][2] == [
        ("impressions", 0, most),
        ("clicks", most, 0),
        cost(-sign * most, sign * most),
        ("views", None, most),
    ]
    (moved,) = restatements.by_currency(restatement_read.movement(ledger.store, Question(OPERATOR, VIEW), BEGIN))
    assert [moved.difference(name) for name in ("impressions", "clicks", "cost", "views")] == [
        2 * most,
        -2 * most,
        4 * sign * most,
        2 * most,
    ]


# --- before and after the day was final (W = 7: day 10 settles with the 18th in Berlin)


def test_a_change_by_the_run_that_makes_the_day_final_came_before_it_was(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact(cost=1)})
    told(ledger, "17 22:59", {K: fact(cost=2)})
    told(ledger, "17 23:00", {K: fact(cost=3)})
    told(ledger, "17 23:01", {K: fact(cost=4)})
    assert [timing for _, timing, _ in seen(ledger)] == ["before", "before", "after"]


def test_a_day_is_final_by_a_run_that_changed_nothing(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact(cost=1)})
    told(ledger, "19 06:00", {K: fact(cost=1)})
    told(ledger, "20 06:00", {K: fact(cost=2)})
    assert [timing for _, timing, _ in seen(ledger)] == ["after"]


def test_a_day_that_was_first_looked_at_again_long_after_was_not_final_before(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact(cost=1)})
    told(ledger, "30 06:00", {K: fact(cost=2)})
    assert [timing for _, timing, _ in seen(ledger)] == ["before"]


def test_a_run_over_other_days_or_some_platforms_makes_nothing_final(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact(cost=1)})
    some = replace(ledger.account, platforms=("TikTok",))
    told(ledger, "19 06:00", {K: fact(cost=1)}, account=some)
    ledger.clock.now = datetime(2026, 3, 20, 6, tzinfo=UTC)
    assert ledger.sync(batch({}), Days(date(2026, 3, 1), date(2026, 3, 9))).ok
    told(ledger, "21 06:00", {K: fact(cost=2)})
    assert [timing for _, timing, _ in seen(ledger)] == ["before"]


def test_without_a_settlement_window_no_change_is_called_late(ledger: Ledger) -> None:
    from perfdash.store.query import catalog
    from tests.store.ledger_kit import ACME, GLOBEX, OTHER

    catalog.register(ledger.store, (ACME, GLOBEX), (replace(ACCOUNT, settlement_days=None), OTHER), BEGIN)
    told(ledger, "11 06:00", {K: fact(cost=1)})
    told(ledger, "30 06:00", {K: fact(cost=2)})
    assert [timing for _, timing, _ in seen(ledger)] == ["provisional"]


# --- who sees what


def test_others_see_nothing_and_who_may_not_see_money_gets_sql_without_it(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact(reported_roi=Decimal(2), revenue=5)})
    told(ledger, "12 06:00", {K: fact(cost=6_000_000, clicks=11, reported_roi=Decimal(3), revenue=6)})
    told(ledger, "13 06:00", {K: fact(cost=7_000_000, clicks=11, reported_roi=Decimal(3), revenue=6)})
    assert seen(ledger, who=reader("globex")) == []
    assert restatement_read.movement(ledger.store, Question(Principal("x", "analyst"), VIEW), BEGIN) == ()
    asked: list[str] = []
    event.listen(ledger.store.engine, "before_cursor_execute", lambda _c, _u, text, *_rest: asked.append(text))
    poor = reader("acme", money=False)
    assert seen(ledger, who=poor) == [("restated", "before", [("clicks", 10, 11)])]
    (moved,) = restatement_read.movement(ledger.store, Question(poor, VIEW), BEGIN)
    assert (moved.currency, moved.events, moved.differences[:3]) == ("", 1, (0, 1, None))
    assert seen(ledger, who=poor, of="cost") == []
    facts = [text for text in asked if "fact_history" in text]
    assert facts
    assert not [text for text in facts for word in ("cost", "revenue", "cpm", "roi") if word in text]


def test_filters_and_the_limit_narrow_in_sql(ledger: Ledger) -> None:
    keys = [key("c1"), key("c2", platform="Instagram"), key("c1", DAY + timedelta(days=1))]
    told(ledger, "12 06:00", dict.fromkeys(keys, fact()))
    told(ledger, "13 06:00", {one: fact(cost=n, clicks=10 + (n == 1)) for n, one in enumerate(keys)})
    told(ledger, "14 06:00", {one: fact(cost=n + 5, clicks=10 + (n == 1)) for n, one in enumerate(keys)})
    assert len(seen(ledger)) == 6
    assert len(seen(ledger, filters=replace(VIEW, platforms=("Instagram",)))) == 2
    assert len(seen(ledger, filters=replace(VIEW, days=Days(DAY, DAY)))) == 4
    assert len(seen(ledger, filters=replace(VIEW, clients=("globex",)))) == 0
    assert len(seen(ledger, of="clicks")) == 1
    assert len(seen(ledger, filters=replace(VIEW, max_cpm=0))) == 6
    newest = restatement_read.events(ledger.store, Question(OPERATOR, VIEW), BEGIN, limit=3)
    assert {one.revision for one in newest} == {3}
    assert [one.campaign for one in newest] == ["c1", "c2", "c1"]


def test_a_question_about_one_campaign_is_told_of_its_changes_alone(ledger: Ledger) -> None:
    told(ledger, "11 06:00", {K: fact(), key("c2"): fact()})
    told(ledger, "12 06:00", {K: fact(cost=6_000_000), key("c2"): fact(cost=7_000_000)})
    told(ledger, "13 06:00", {K: fact(cost=6_000_000)})  # c2 vanishes
    told(ledger, "14 06:00", {K: fact(cost=6_000_000), key("c2"): fact()})  # and is back
    question = Question(OPERATOR, VIEW, only=CampaignRef("acme", 1, "c2"))
    assert [e.kind for e in restatement_read.events(ledger.store, question, BEGIN)] == [
        "reappeared",
        "vanished",
        "restated",
    ]
    assert {moved.campaign for moved in restatement_read.movement(ledger.store, question, BEGIN)} == {"c2"}
    for other in (CampaignRef("acme", 2, "c2"), CampaignRef("bolt", 1, "c2")):
        assert restatement_read.events(ledger.store, question.about(other), BEGIN) == ()


def test_a_naive_moment_is_refused(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="time zone"):
        restatement_read.events(ledger.store, Question(OPERATOR, VIEW), datetime(2026, 3, 1))  # noqa: DTZ001


# --- against everything that was ever said


@dataclass(frozen=True)
class Said:
    """What one answer left known, and the moment at which it was committed."""

    at: datetime
    facts: dict[FactKey, FactValues]


def known_after(answer: dict[FactKey, FactValues], before: dict[FactKey, FactValues]) -> dict[FactKey, FactValues]:
    """The answer, and what was known of days older than its oldest: the source may no longer keep them."""
    oldest = min((one.day for one in answer), default=date.min)
    return {one: values for one, values in before.items() if one.day < oldest} | answer


_KEYS = [key(c, DAY + timedelta(days=n), p) for c in ("c1", "c2") for n in (0, 1) for p in ("TikTok", "Meta")]
_VALUES = st.builds(
    FactValues,
    impressions=st.integers(0, 3),
    clicks=st.just(1),
    cost=st.sampled_from([0, 1, 10**15]),
    reach=st.none(),
    views=st.sampled_from([None, 0, 2]),
    engagements=st.none(),
    conversions=st.sampled_from([None, 10**12]),
    revenue=st.none(),
    reported_roi=st.none(),
    reported_cpm=st.sampled_from([None, Decimal("1.0"), Decimal("1")]),
    currency=st.sampled_from(["EUR", "USD"]),
    flags=st.sampled_from([(), ("cpm",)]),
)
_STORIES = st.lists(
    st.tuples(st.integers(1, 40), st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=8)), min_size=2, max_size=8
)


def slow(said: list[Said], since: datetime, until: datetime, view: Filters, *, while_open: bool) -> set[Any]:
    """(fact, moment, kind, then, now) of every change, found by comparing each answer with the one before."""
    found = set()
    for one in {k for answer in said for k in answer.facts}:
        before: FactValues | None = None
        ever = False
        for answer in said:
            now = answer.facts.get(one)
            kind = "restated" if before and now else "vanished" if before else "reappeared" if now and ever else ""
            differs = compared(before) != compared(now)
            over = while_open or answer.at >= day_start(one.day + timedelta(days=1), ACCOUNT.time_zone)
            in_view = one.day in view.days and (not view.platforms or one.platform in view.platforms)
            if kind and differs and over and in_view and since < answer.at <= until:
                found.add((one, answer.at, kind, compared(before), compared(now)))
            before, ever = now, ever or now is not None
    return found


def compared(values: FactValues | None) -> tuple[Any, ...]:
    return tuple(getattr(values, name) for name in RESTATED_FIELDS) if values else (None,) * len(RESTATED_FIELDS)


def as_told(one: Event) -> Any:
    return (FactKey(one.day, one.campaign, one.platform, one.creator), one.at, one.kind, one.then, one.now)


@given(
    story=_STORIES, cuts=st.tuples(st.integers(0, 9), st.integers(0, 9)), while_open=st.booleans(), one=st.booleans()
)
@settings(deadline=None, max_examples=15 if FULL else 6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_change_is_listed_once_and_none_invented(
    migrated_url: str, story: list[Any], cuts: tuple[int, int], while_open: bool, one: bool
) -> None:
    ledger = open_ledger(migrated_url)
    try:
        said = replayed(ledger, story)
        moments = [datetime(2026, 3, 1, tzinfo=UTC), *(answer.at for answer in said)]
        since, until = sorted(moments[cut % len(moments)] for cut in cuts)
        view = Filters(Days(DAY, DAY) if one else WEEK, platforms=("Meta",) if one else ())
        found = restatement_read.events(ledger.store, Question(OPERATOR, view, until), since, while_open=while_open)
        expected = slow(said, since, until, view, while_open=while_open)
        assert len(found) == len(expected)
        assert {as_told(event) for event in found} == expected
        moved = restatement_read.movement(ledger.store, Question(OPERATOR, view, until), since, while_open=while_open)
        agree(ledger.store, found, moved, view, until)
    finally:
        clear(ledger)
        ledger.store.close()


def replayed(ledger: Ledger, story: list[Any]) -> list[Said]:
    # The hours count from midday of the first day, so that some changes come while their day is running.
    ledger.clock.now = datetime(2026, 3, 10, 10, tzinfo=UTC)
    said: list[Said] = []
    facts: dict[FactKey, FactValues] = {}
    for hours, answer in story:
        ledger.clock.move(hours=hours)
        assert ledger.sync(batch(answer), accept_vanished=True).ok
        facts = known_after(answer, facts)
        said.append(Said(max(at for at in (ledger.clock.now, *(at for _, at in ledger.revisions()))), facts))
    # An answer that changes nothing has no revision: the moments are those of the revisions, in order.
    taken = [at for _, at in ledger.revisions()]
    return [Said(max((at for at in taken if at <= one.at), default=one.at), one.facts) for one in said]


def agree(store: Store, found: tuple[Event, ...], moved: Any, view: Filters, until: datetime) -> None:
    """What SQL added up equals the list, and then + differences = now, whatever it is grouped by."""
    for one in restatements.by_currency(moved):
        for field in ADDED:
            n = RESTATED_FIELDS.index(field)
            here = [
                (e.now[n] or 0) * (e.now[-1] == one.currency) - (e.then[n] or 0) * (e.then[-1] == one.currency)
                for e in found
            ]
            assert sum(here) == (one.difference(field) or 0), field
    now = {(g.day, g.currency): g.sums for g in overview.breakdown(store, Question(OPERATOR, view, until), ("day",))}
    firsts: dict[Any, Event] = {}
    for e in reversed(found):
        firsts.setdefault((e.day, e.campaign, e.platform), e)
    for (day, currency), one in restatements.by_key(moved, lambda m: m.day).items():
        touched = [e for e in firsts.values() if e.day == day]
        then = sum(e.then[2] or 0 for e in touched if e.then[-1] == currency)  # type: ignore[misc]
        lasts = {(e.day, e.campaign, e.platform): e for e in reversed(found) if e.day == day}
        last = sum(e.now[2] or 0 for e in lasts.values() if e.now[-1] == currency)  # type: ignore[misc]
        assert then + (one.difference("cost") or 0) == last
        if (day, currency) in now:
            assert (now[day, currency].cost or 0) >= last


def clear(ledger: Ledger) -> None:
    from sqlalchemy import delete

    from perfdash.store.schema import metadata

    with ledger.store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            if "client_id" in table.c:
                connection.execute(delete(table))
