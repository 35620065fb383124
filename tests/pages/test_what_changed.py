"""Restatements: what changed since a moment, by how much, and whether it was late; a calm word when nothing did."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from perfdash.domain.access import Principal
from perfdash.store import receipts
from perfdash.store.receipts import Exported
from tests.pages.conftest import PAGES, YESTERDAY, fact, fetched, said, shown
from tests.store.builders import ADMIN, NOON, Runs, given_client, given_facts, given_history, given_revisions
from tests.ui.conftest import given_user

PAGE = f"{PAGES}/performance/what_changed.py"
EARLIER = YESTERDAY - timedelta(days=3)


@pytest.fixture
def restated(acme):
    """Two campaigns of a day that is over: one restated an hour ago, one never."""
    given_revisions(acme, "acme", NOON - timedelta(days=20), NOON - timedelta(hours=1))
    given_history(acme, {"day": EARLIER, "from_rev": 1, "to_rev": 2, "cost": 10_000_000})
    given_facts(acme, {"day": EARLIER, "cost": 8_000_000}, revision=2)
    fact(acme, day=EARLIER, campaign_id="calm", cost=30_000_000)
    return acme


def sentence(app):
    return app.subheader[0].value.replace("\u00a0", " ")


def test_the_headline_says_by_how_much_and_on_how_many_days(restated):
    app = shown(PAGE)
    assert sentence(app) == "Cost moved by −2.00 EUR (−5.0%) on 1 changed day."
    assert "1 change of a row; the last one 11:00." in said(app)


def test_then_now_and_difference_stand_by_day_by_campaign_and_by_change(restated):
    app = shown(PAGE)
    days, campaigns, changes = (found.value for found in app.dataframe[1:4])
    assert days[["then", "now", "difference"]].values.tolist() == [[40.0, 38.0, -2.0]]
    assert campaigns[["name", "then", "now", "difference"]].values.tolist() == [["spring", 10.0, 8.0, -2.0]]
    assert changes[["then", "now", "difference", "change", "timing"]].values.tolist() == [
        [10.0, 8.0, -2.0, "restated", "before final"]
    ]
    assert app.dataframe[0].value["measure"].tolist() == ["Cost"]


def test_a_change_after_the_day_was_final_is_called_late(restated):
    runs = Runs(restated, "acme")
    runs.count = 1
    runs.add(EARLIER, YESTERDAY, at=NOON - timedelta(hours=2))
    app = shown(PAGE)
    assert sentence(app) == "Cost moved by −2.00 EUR (−5.0%) on 1 changed day, 1 of them after they were final."
    assert app.dataframe[3].value["timing"].tolist() == ["after final"]


def test_nothing_changed_is_a_calm_word(acme):
    fact(acme)
    app = shown(PAGE)
    assert "Nothing changed since the end of Mon 9 Mar 2026." in said(app)
    assert not app.warning and not app.error


def test_since_stands_in_the_url_and_a_day_means_its_end(restated):
    assert sentence(shown(PAGE, since="2026-03-09")) == sentence(shown(PAGE))
    assert "known since the end of Mon 9 Mar 2026" in said(shown(PAGE, since="2026-03-09"))
    assert "known since the end of Tue 3 Mar 2026" in said(shown(PAGE, since="week"))
    assert "known since the end of Sat 28 Feb 2026" in said(shown(PAGE, since="month"))
    assert "known since before the last sync" in said(shown(PAGE, since="sync"))
    assert sentence(shown(PAGE, since="sync")).startswith("Cost moved by −2.00 EUR")


@pytest.mark.parametrize(
    ("asked", "why"), [("nonsense", "since “nonsense”"), ("2026-03-10", "since “2026-03-10”, which is not over yet")]
)
def test_a_since_that_cannot_be_used_is_said_and_means_the_default(restated, asked, why):
    app = shown(PAGE, since=asked)
    assert f"Not applied: {why}." in said(app)
    assert "known since the end of Mon 9 Mar 2026" in said(app)


def test_the_viewers_own_last_report_is_the_default(restated):
    part = [Exported("acme", 1, revision=1)]
    mine = Principal("boss", "admin", None)
    for who, at in ((mine, NOON - timedelta(days=2)), (ADMIN, NOON - timedelta(minutes=1))):
        receipts.write(restated, who, view="campaigns", filters="{}", parts=part, sha256="0", now=at)
    assert "known since the export of campaigns, 8 Mar 12:00" in said(shown(PAGE))
    assert "known since the end of Mon 9 Mar 2026" in said(shown(PAGE, since="monday"))


def test_changes_since_an_export_and_no_export_of_others(restated):
    part = Exported("acme", 1, revision=1)
    name = receipts.write(restated, ADMIN, view="campaigns", filters="{}", parts=[part], sha256="0", now=NOON)
    app = shown(PAGE, since=f"receipt:{name}")
    assert sentence(app).startswith("Cost moved by −2.00 EUR")
    assert "known since the export of campaigns, 12:00" in said(app)
    given_client(restated, "globex")
    given_user(restated, "ann", "client", "globex")
    assert "no such export here" in said(shown(PAGE, "ann", since=f"receipt:{name}"))


def test_looking_back_ends_the_comparison_then(restated):
    app = shown(PAGE, as_of=str(date(2026, 3, 9)))
    assert not app.exception
    assert "Nothing changed" in said(app)


def test_who_may_not_see_money_reads_of_impressions_only(restated):
    given_user(restated, "desk", "client", "acme", money=False)
    app = shown(PAGE, "desk")
    assert "Nothing changed" in said(app)  # only cost did


def test_other_measures_are_told_without_money(restated):
    given_user(restated, "desk", "client", "acme", money=False)
    given_history(restated, {"day": YESTERDAY, "from_rev": 1, "to_rev": 2, "clicks": 8})
    given_facts(restated, {"day": YESTERDAY}, revision=2)
    app = shown(PAGE, "desk")
    assert sentence(app) == "Clicks moved by +2 (+7.1%) on 1 changed day."
    for found in app.dataframe:
        assert not {"EUR", "Cost", "cost"} & {str(cell) for cell in found.value.to_numpy().ravel()}


def test_others_see_nothing_of_it(restated):
    given_client(restated, "globex")
    given_user(restated, "ann", "client", "globex")
    app = shown(PAGE, "ann")
    assert "spring" not in said(app)
    assert "Nothing changed" in said(app)


def test_the_limit_is_not_applied_and_the_page_says_so(restated):
    app = shown(PAGE, max_cpm="1", currency="EUR")
    assert "The CPM limit is not applied here" in said(app)
    assert sentence(app).startswith("Cost moved by −2.00 EUR")


def test_several_currencies_are_told_apart(restated):
    given_client(restated, "globex", currency="USD", zone="America/New_York")
    fetched(restated, "globex")
    given_revisions(restated, "globex", NOON - timedelta(days=20), NOON - timedelta(hours=1))
    usd = {"client_id": "globex", "currency": "USD", "day": EARLIER}
    given_history(restated, usd | {"from_rev": 1, "to_rev": 2, "cost": 1_000_000})
    given_facts(restated, usd | {"cost": 3_000_000}, revision=2)
    app = shown(PAGE)
    assert "Cost moved by −2.00 EUR (−5.0%) on 1 changed day." in said(app)
    assert "Cost moved by +2.00 USD (+200.0%) on 1 changed day." in said(app)


def test_too_few_days_to_tell_how_they_settle(restated):
    assert "Too few days to tell" in said(shown(PAGE))
