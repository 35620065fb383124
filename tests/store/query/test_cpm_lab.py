"""Reported against recomputed, read from the store: what is in view, as it was reported, and nobody else's."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction

import pytest

from perfdash.domain.accounts import Days
from perfdash.domain.corrections import Target, WantedValue
from perfdash.domain.errors import AccessDenied
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.query import overview
from perfdash.store.query.cpm_lab import all_findings, comparisons
from tests.store.builders import ADMIN, NOON, given_client, given_facts, given_history, given_revisions, reader

DAY = date(2026, 3, 1)
ALL = Filters(Days(date(2026, 1, 1), date(2026, 12, 31)))
SAID = {"reported_cpm": "5.00", "reported_roi": None}
"""1,000 impressions for 5 EUR: right."""


@pytest.fixture
def acme(store: Store) -> Store:
    given_client(store, "acme")
    given_client(store, "bolt", currency="USD")
    return store


def causes(store: Store, principal=ADMIN, filters: Filters = ALL, as_of=None, measure: str = "cpm") -> dict[str, int]:
    found = {one.measure: one for one in comparisons(store, Question(principal, filters, as_of))}
    return {share.name: share.rows for share in found[measure].shares} if measure in found else {}


def test_each_row_is_compared_with_its_own_measures(acme):
    given_facts(
        acme,
        SAID | {"campaign_id": "right"},
        SAID | {"campaign_id": "thousandth", "reported_cpm": "0.005"},
        SAID | {"campaign_id": "reach", "reported_cpm": "10.00", "reach": 500},
        SAID | {"campaign_id": "silent", "reported_cpm": None},
    )
    assert causes(acme) == {"agrees": 1, "x1000": 1, "per_reach": 1}
    assert causes(acme, measure="roi") == {}


def test_a_roi_is_compared_where_revenue_is_reported(acme):
    given_facts(
        acme,
        {"campaign_id": "a", "revenue": 15_000_000, "reported_roi": "3.00"},
        {"campaign_id": "b", "revenue": 15_000_000, "reported_roi": "2.00"},
        {"campaign_id": "c", "revenue": None, "reported_roi": "2.00"},
    )
    assert causes(acme, measure="roi") == {"roas": 1, "agrees": 1, "incomparable": 1}


def test_creators_that_all_carry_the_mean_of_their_day_are_found_across_rows(acme):
    day = {"reported_cpm": "27.50"}  # of 5.00 and 50.00; another day lies between them in no order
    given_facts(
        acme,
        *(
            {"creator_id": creator, "day": when, "impressions": n} | day
            for when in (DAY, DAY + timedelta(1))
            for creator, n in (("ann", 1_000), ("bob", 100))
        ),
    )
    assert causes(acme) == {"mean": 4}


def test_the_sums_and_the_causes_are_those_of_all_rows_and_the_list_is_limited(acme):
    given_facts(acme, *({"campaign_id": f"c{n:03}", "reported_cpm": "7.77"} for n in range(60)))
    (found,) = comparisons(acme, Question(ADMIN, ALL), most=10)
    assert (found.rows, found.disagreeing, len(found.worst)) == (60, 60, 10)
    assert found.wholes[0].reported == Fraction("7.77")
    assert found.wholes[0].recomputed == 5
    assert len(all_findings(acme, Question(ADMIN, ALL))) == 60


def test_the_exact_decimals_that_were_reported_come_back(acme):
    given_facts(acme, {"reported_cpm": "5.000000000000000000000001"})
    assert str(all_findings(acme, Question(ADMIN, ALL))[0].cause.reported) == "5.000000000000000000000001"


def test_filters_narrow_what_is_compared(acme):
    given_facts(acme, SAID, SAID | {"platform": "Instagram"}, SAID | {"day": DAY + timedelta(40)})
    given_facts(acme, SAID | {"client_id": "bolt", "currency": "USD"})
    assert len(all_findings(acme, Question(ADMIN, ALL))) == 4
    one_month = Filters(Days(DAY, DAY + timedelta(30)))
    assert len(all_findings(acme, Question(ADMIN, one_month))) == 3
    assert len(all_findings(acme, Question(ADMIN, Filters(one_month.days, platforms=("TikTok",))))) == 2
    assert len(all_findings(acme, Question(ADMIN, Filters(one_month.days, ("bolt",))))) == 1
    assert len(all_findings(acme, Question(ADMIN, Filters(one_month.days, ("acme",), max_cpm=4_999_999)))) == 0
    assert len(all_findings(acme, Question(ADMIN, Filters(one_month.days, ("acme",), max_cpm=5_000_000)))) == 2


def test_currencies_are_summed_apart(acme):
    given_facts(acme, SAID, SAID | {"client_id": "bolt", "currency": "USD"})
    (found,) = comparisons(acme, Question(ADMIN, ALL))
    assert [whole.currency for whole in found.wholes] == ["EUR", "USD"]
    assert Counter(share.currency for share in found.shares) == {"EUR": 1, "USD": 1}


def test_another_clients_rows_are_not_compared(acme):
    given_facts(acme, SAID | {"client_id": "bolt", "currency": "USD"})
    assert comparisons(acme, Question(reader("acme"), ALL)) == ()
    assert all_findings(acme, Question(reader("acme"), ALL)) == ()
    assert len(all_findings(acme, Question(reader("bolt"), ALL))) == 1
    assert comparisons(acme, Question(reader(), ALL)) == ()


def test_without_money_there_is_nothing_to_compare(acme):
    given_facts(acme, SAID)
    for ask in (comparisons, all_findings):
        with pytest.raises(AccessDenied, match="not part of your access"):
            ask(acme, Question(reader("acme", money=False), ALL))


def test_a_correction_changes_nothing_here(acme):
    given_facts(acme, SAID)
    given_revisions(acme, "acme", NOON - timedelta(days=1))
    target = Target("acme", 1, FactKey(DAY, "spring", "TikTok"))
    correction_write.correct(acme, ADMIN, [WantedValue(target, "cost", 9_000_000)], "a credit note", lambda: NOON)
    assert overview.breakdown(acme, Question(ADMIN, ALL))[0].sums.cost == 9_000_000
    assert causes(acme) == {"agrees": 1}
    assert all_findings(acme, Question(ADMIN, ALL))[0].row.cost == 5_000_000


def test_a_past_moment_shows_what_was_reported_then(acme):
    given_revisions(acme, "acme", NOON - timedelta(days=2), NOON)
    given_history(acme, SAID | {"from_rev": 1, "to_rev": 2, "reported_cpm": "9.99"})
    given_facts(acme, SAID, revision=2)
    assert causes(acme, as_of=NOON - timedelta(days=1)) == {"unexplained": 1}
    assert causes(acme) == {"agrees": 1}
    assert causes(acme, as_of=NOON - timedelta(days=3)) == {}
