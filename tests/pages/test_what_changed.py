"""Restatements: what changed since a moment, by how much, and whether it was late; a calm word when nothing did."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from perfdash.domain.access import Principal
from perfdash.store import receipts
from perfdash.store.receipts import Exported
from tests.pages.conftest import BEFORE, PAGES, YESTERDAY, fact, said, shown
from tests.store.builders import (
    ADMIN,
    NOON,
    Runs,
    given_client,
    given_creator,
    given_facts,
    given_history,
    given_revisions,
)
from tests.ui.conftest import given_user

PAGE = f"{PAGES}/performance/what_changed.py"
EARLIER = YESTERDAY - timedelta(days=3)


@pytest.fixture
def restated(acme):
    """Two campaigns of a day that was complete yesterday at noon: one restated an hour ago, one never."""
    known = Runs(acme, "acme")
    known.count = 1
    known.add(BEFORE.start, YESTERDAY, at=NOON - timedelta(days=1))
    given_revisions(acme, "acme", NOON - timedelta(days=20), NOON - timedelta(hours=1))
    given_history(acme, {"day": EARLIER, "from_rev": 1, "to_rev": 2, "cost": 10_000_000})
    given_facts(acme, {"day": EARLIER, "cost": 8_000_000}, revision=2)
    fact(acme, day=EARLIER, campaign_id="calm", cost=30_000_000)
    return acme


HEADLINE = "Cost 40.00 → 38.00 EUR: −2.00 (−5.0%)"


def sentence(app):
    return plain(app.header[0].value)


def plain(text):
    return text.replace("\u00a0", " ").replace("\\", "").replace("\u2060", "")


def test_the_headline_says_then_now_and_by_how_much(restated):
    app = shown(PAGE)
    assert sentence(app) == HEADLINE
    assert "1 day restated: 1 change of a row; the last one today 11:00 UTC." in said(app)
    assert "8 Feb – 8 Mar 2026, complete at the end of Mon 9 Mar 2026" in said(app)


def test_days_that_were_not_complete_then_stand_apart_and_never_in_the_headline(restated):
    given_history(restated, {"day": YESTERDAY, "from_rev": 1, "to_rev": 2, "cost": 1_000_000})
    given_facts(restated, {"day": YESTERDAY, "cost": 9_000_000}, revision=2)
    app = shown(PAGE)
    assert sentence(app) == HEADLINE
    assert (
        "Still filling at the end of Mon 9 Mar 2026, and not counted above: 9 Mar 2026. Cost 1.00 → 9.00 EUR."
        in said(app)
    )
    assert [str(day) for day in app.dataframe[1].value["day"]] == [str(EARLIER)]


def test_what_was_first_reported_later_is_told_apart_from_restatements(restated):
    given_facts(restated, {"day": EARLIER, "cost": 3_000_000, "campaign_id": "new"}, revision=2)
    app = shown(PAGE)
    assert sentence(app) == "Cost 40.00 → 41.00 EUR: +1.00 (+2.5%)"
    assert "First reported later: +3.00." in said(app)


def test_where_no_day_was_complete_then_nothing_is_held_against_it(restated):
    app = shown(PAGE, since="2026-02-03")
    assert "No day in view was complete at the end of Tue 3 Feb 2026" in said(app)
    assert "Nothing changed" not in said(app)


def test_then_now_and_difference_stand_by_day_by_campaign_and_by_change(restated):
    app = shown(PAGE)
    days, campaigns, changes = (found.value for found in app.dataframe[1:4])
    assert days[["then", "now", "difference"]].values.tolist() == [[40.0, 38.0, -2.0]]
    assert campaigns[["then", "now", "difference"]].values.tolist() == [[10.0, 8.0, -2.0]]
    assert "campaign=spring" in campaigns["name"][0]
    assert changes[["then", "now", "difference", "change", "timing"]].values.tolist() == [
        [10.0, 8.0, -2.0, "restated", "before it was final"]
    ]
    assert app.dataframe[0].value["measure"].tolist() == ["Cost"]


def test_a_change_after_the_day_was_final_is_called_late(restated):
    runs = Runs(restated, "acme")
    runs.count = 2
    runs.add(EARLIER, YESTERDAY, at=NOON - timedelta(hours=2))
    app = shown(PAGE)
    assert sentence(app) == HEADLINE
    assert "1 day restated, 1 of them after it was final (−2.00): 1 change of a row" in said(app)
    assert app.dataframe[3].value["timing"].tolist() == ["after it was final"]


def test_nothing_changed_is_a_calm_word(acme):
    known = Runs(acme, "acme")
    known.count = 1
    known.add(BEFORE.start, YESTERDAY, at=NOON - timedelta(days=1))
    given_revisions(acme, "acme", NOON - timedelta(days=20))
    fact(acme, day=EARLIER)
    app = shown(PAGE)
    assert "Nothing changed since the end of Mon 9 Mar 2026 on the days that were complete then." in said(app)
    assert not app.warning and not app.error


def test_since_stands_in_the_url_and_a_day_means_its_end(restated):
    assert sentence(shown(PAGE, since="2026-03-09")) == sentence(shown(PAGE))
    assert "complete at the end of Mon 9 Mar 2026" in said(shown(PAGE, since="2026-03-09"))
    assert "complete at the end of Tue 3 Mar 2026" in said(shown(PAGE, since="week"))
    assert "complete at the end of Sat 28 Feb 2026" in said(shown(PAGE, since="month"))
    assert "complete at the time before the last sync" in said(shown(PAGE, since="sync"))
    assert sentence(shown(PAGE, since="sync")).startswith("Cost 40.00 → 38.00 EUR")


@pytest.mark.parametrize(
    ("asked", "why"), [("nonsense", "since “nonsense”"), ("2026-03-10", "since “2026-03-10”, which is not over yet")]
)
def test_a_since_that_cannot_be_used_is_said_and_means_the_default(restated, asked, why):
    app = shown(PAGE, since=asked)
    assert f"Not applied: {why}." in said(app)
    assert "complete at the end of Mon 9 Mar 2026" in said(app)


def test_the_viewers_own_last_report_is_the_default(restated):
    part = [Exported("acme", 1, revision=1)]
    mine = Principal("boss", "admin", None)
    for who, at in ((mine, NOON - timedelta(days=2)), (ADMIN, NOON - timedelta(minutes=1))):
        receipts.write(restated, who, view="campaigns", filters="{}", parts=part, sha256="0", now=at)
    assert "complete at the export of campaigns, 8 Mar 2026, 12:00 UTC" in said(shown(PAGE))
    assert "complete at the end of Mon 9 Mar 2026" in said(shown(PAGE, since="monday"))


def test_changes_since_an_export_and_no_export_of_others(restated):
    part = Exported("acme", 1, revision=1)
    name = receipts.write(restated, ADMIN, view="campaigns", filters="{}", parts=[part], sha256="0", now=NOON)
    app = shown(PAGE, since=f"receipt:{name}")
    assert sentence(app).startswith("Cost 40.00 → 38.00 EUR")
    assert "complete at the export of campaigns, today 12:00 UTC" in said(app)
    given_client(restated, "globex")
    given_user(restated, "ann", "client", "globex")
    assert "no such export here" in said(shown(PAGE, "ann", since=f"receipt:{name}"))


def test_looking_back_ends_the_comparison_then(restated):
    app = shown(PAGE, as_of="2026-03-10T10:00Z")
    assert not app.exception
    assert "Nothing changed" in said(app)


def test_looking_back_to_a_monday_last_monday_is_the_one_before(restated):
    app = shown(PAGE, as_of=str(date(2026, 3, 9)))
    assert app.selectbox(key="since_preset").value == "monday"
    assert "No complete day at the end of Mon 2 Mar 2026" in said(app)


def test_who_may_not_see_money_reads_of_impressions_only(restated):
    given_user(restated, "desk", "client", "acme", money=False)
    app = shown(PAGE, "desk")
    assert "Nothing changed" in said(app)  # only cost did


def test_other_measures_are_told_without_money(restated):
    given_user(restated, "desk", "client", "acme", money=False)
    day = EARLIER - timedelta(days=1)
    given_history(restated, {"day": day, "from_rev": 1, "to_rev": 2, "clicks": 8})
    given_facts(restated, {"day": day}, revision=2)
    app = shown(PAGE, "desk")
    assert sentence(app) == "Clicks 28 → 30: +2 (+7.1%)"
    for found in app.dataframe:
        assert not {"EUR", "Cost", "cost"} & {str(cell) for cell in found.value.to_numpy().ravel()}


def test_others_see_nothing_of_it(restated):
    given_client(restated, "globex")
    given_user(restated, "ann", "client", "globex")
    app = shown(PAGE, "ann")
    assert "spring" not in said(app)
    assert "there is nothing to hold against it" in said(app)


def test_the_limit_is_not_applied_and_the_page_says_so(restated):
    app = shown(PAGE, max_cpm="1", currency="EUR")
    assert "The CPM limit is not applied here" in said(app)
    assert sentence(app).startswith("Cost 40.00 → 38.00 EUR")


def test_several_currencies_are_told_apart(restated):
    given_client(restated, "globex", currency="USD", zone="America/New_York")
    Runs(restated, "globex").add(BEFORE.start, YESTERDAY, at=NOON - timedelta(days=1))
    given_revisions(restated, "globex", NOON - timedelta(days=20), NOON - timedelta(hours=1))
    usd = {"client_id": "globex", "currency": "USD", "day": EARLIER}
    given_history(restated, usd | {"from_rev": 1, "to_rev": 2, "cost": 1_000_000})
    given_facts(restated, usd | {"cost": 3_000_000}, revision=2)
    app = shown(PAGE)
    assert HEADLINE in said(app)
    assert "Cost 1.00 → 3.00 USD: +2.00 (+200.0%)" in said(app)


def test_the_columns_are_called_by_their_moments(restated):
    config = json.loads(shown(PAGE).dataframe[1].proto.columns)
    assert [config[name]["label"] for name in ("then", "now")] == ["End of Mon 9 Mar (EUR)", "Now (EUR)"]


def test_rows_that_differ_by_creator_only_say_which(restated):
    for creator in ("c1", "c2"):
        row = {"day": EARLIER, "creator_id": creator}
        given_history(restated, row | {"from_rev": 1, "to_rev": 2, "cost": 1_000_000})
        given_facts(restated, row | {"cost": 2_000_000}, revision=2)
    given_creator(restated, "c1", "@zoe")
    assert {"TikTok · @zoe", "TikTok · c2"} <= set(shown(PAGE).dataframe[3].value["where"])


def test_measure_and_order_stand_in_the_address(restated):
    given_history(restated, {"day": EARLIER, "campaign_id": "x", "from_rev": 1, "to_rev": 2, "cost": 1, "clicks": 8})
    given_facts(restated, {"day": EARLIER, "campaign_id": "x", "cost": 1}, revision=2)
    assert sentence(shown(PAGE, measure="Clicks")).startswith("Clicks 28 → 30")
    assert sentence(shown(PAGE, measure="nonsense")).startswith("Cost")


def test_a_change_counts_once_in_the_headline_and_the_list(restated):
    app = shown(PAGE)
    assert "1 change of a row" in said(app)
    assert len(app.dataframe[3].value) == 1


def test_too_few_days_to_tell_how_they_settle(restated):
    assert "Too few days to tell" in said(shown(PAGE))
