"""Receipts: what was sent, what it is now and why, and the same rows once more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete

from perfdash import exports
from perfdash.domain.access import Principal
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store import receipts
from perfdash.store.receipts import Exported
from perfdash.store.schema import creators
from tests.pages.conftest import PAGES, VIEW, YESTERDAY, fact, said, shown
from tests.store.builders import (
    ADMIN,
    NOON,
    given_campaign,
    given_client,
    given_creator,
    given_facts,
    given_history,
    given_revisions,
)
from tests.ui.conftest import given_user

PAGE = f"{PAGES}/performance/what_we_reported.py"


@pytest.fixture
def sent(acme):
    """25.00 of one day was exported, and the day restated to 24.10 afterwards."""
    given_revisions(acme, "acme", NOON - timedelta(days=2))
    given_campaign(acme, "spring", name="Spring")
    fact(acme, cost=25_000_000, campaign_id="spring")
    name = export(acme)
    given_revisions_more(acme)
    restate(acme)
    return acme, name


def given_revisions_more(store):
    from sqlalchemy import insert, update

    from perfdash.store.schema import clients, revisions

    row = {"client_id": "acme", "revision": 2, "kind": "run", "author": "operator", "at": NOON - timedelta(hours=1)}
    with store.writing() as connection:
        connection.execute(insert(revisions), [row])
        connection.execute(update(clients).where(clients.c.client_id == "acme").values(revision=2))


def restate(store):
    from sqlalchemy import update

    from perfdash.store.schema import facts

    given_history(store, {"day": YESTERDAY, "from_rev": 1, "to_rev": 2, "cost": 25_000_000, "campaign_id": "spring"})
    with store.writing() as connection:
        connection.execute(update(facts).values(cost=24_100_000, from_rev=2))


def export(store, who=ADMIN, view="campaigns", **filters):
    found = exports.answer(store, Question(who, Filters(VIEW, **filters)), view, NOON)
    return exports.write_receipt(store, found, lambda: NOON - timedelta(hours=2))


def code(app):
    return [block.value for block in app.code]


def test_no_export_yet_is_a_calm_word(acme):
    assert "Nothing was exported yet" in said(shown(PAGE))


def test_every_export_in_scope_is_listed_newest_first(sent):
    store, name = sent
    app = shown(PAGE)
    table = app.dataframe[0].value
    assert [f"receipt={name}" in address for address in table["view"]] == [True]
    assert table["author"].tolist() == ["admin"]
    assert [text.replace("\u00a0", " ") for text in table["now"]] == ["−0.90 EUR (−3.6%)"]
    assert "Open an export" in said(app)
    given_client(store, "globex")
    given_user(store, "ann", "client", "globex")
    given_user(store, "bo", "client", "acme")
    assert "Nothing was exported yet" in said(shown(PAGE, "ann"))
    assert "author" not in shown(PAGE, "bo").dataframe[0].value.columns


def test_what_nothing_moved_reads_as_it_was_sent(acme):
    given_revisions(acme, "acme", NOON - timedelta(days=2))
    fact(acme)
    export(acme)
    assert shown(PAGE).dataframe[0].value["now"].tolist() == ["as it was sent"]


def test_an_export_of_a_past_says_of_which(sent):
    store, _ = sent
    found = exports.answer(store, Question(ADMIN, Filters(VIEW), YESTERDAY), "campaigns", NOON)
    exports.write_receipt(store, found, lambda: NOON)
    assert shown(PAGE).dataframe[0].value["as_of"].tolist() == ["the end of Mon 9 Mar 2026", ""]


def test_no_arrow_stands_beside_what_was_sent(sent):
    _, name = sent
    assert not [tile for tile in shown(PAGE, receipt=name).metric if tile.delta]


def test_an_export_says_what_was_sent_what_it_is_now_and_why(sent):
    _, name = sent
    app = shown(PAGE, receipt=name)
    assert "Cost: sent 25.00 → now 24.10 EUR (−0.90, −3.6%)" in said(app)
    totals = app.dataframe[1].value.set_index("measure").replace("\u00a0", " ", regex=True)
    assert totals.loc["Cost", ["sent", "now", "difference", "share"]].tolist() == [
        "25.00 EUR",
        "24.10 EUR",
        "−0.90 EUR",
        "−3.6%",
    ]
    assert totals.loc["Impressions", ["sent", "now", "difference"]].tolist() == ["1,000", "1,000", ""]
    assert "Different from what was sent because 1 day was restated." in said(app)
    days = app.dataframe[2].value
    assert days[["sent", "now", "difference", "restated", "rest"]].values.tolist() == [[25.0, 24.1, -0.9, -0.9, 0.0]]


def test_the_same_rows_are_rebuilt_and_their_checksum_is_that_of_the_file(sent):
    store, name = sent
    app = shown(PAGE, receipt=name)
    assert "the checksum is that of the file that was sent" in said(app)
    assert code(app) == [receipts.receipt_of(store, ADMIN, name).parts[0].sha256]


def test_an_export_without_money_is_rebuilt_for_one_who_sees_it(sent):
    store, _ = sent
    name = export(store, Principal("desk", "client", frozenset({"acme"}), money=False))
    assert "the checksum is that of the file that was sent" in said(shown(PAGE, receipt=name))


def test_an_export_with_money_cannot_be_rebuilt_without_it(sent):
    store, name = sent
    given_user(store, "desk", "client", "acme", money=False)
    app = shown(PAGE, "desk", receipt=name)
    assert "it held amounts of money, which are not part of your access" in said(app)
    assert "25.0" not in said(app)
    assert not [tile for tile in app.metric if "EUR" in tile.label]


def test_an_erased_name_is_the_reason_why_rows_differ(acme):
    given_revisions(acme, "acme", NOON - timedelta(days=2))
    given_creator(acme, "c9", "Ann Example")
    fact(acme, creator_id="c9")
    name = export(acme, view="creators")
    assert "the checksum is that" in said(shown(PAGE, receipt=name))
    with acme.writing() as connection:
        connection.execute(delete(creators))
    assert "the name of a creator was erased" in said(shown(PAGE, receipt=name))


def test_who_sees_only_a_part_of_an_export_is_told_so_and_no_more(sent):
    store, _ = sent
    given_client(store, "globex")
    given_facts(store, {"client_id": "globex", "day": YESTERDAY})
    name = export(store)
    given_user(store, "bo", "client", "acme")
    app = shown(PAGE, "bo", receipt=name)
    assert "also held clients that you may not see" in said(app)
    assert "globex" not in said(app) + str([frame.value.to_dict() for frame in app.dataframe])


def test_an_unknown_receipt_is_one_sentence(sent):
    app = shown(PAGE, receipt="nonsense")
    assert "There is no receipt" in said(app)


def test_a_list_is_not_rebuilt(sent):
    store, _ = sent
    name = receipts.write(store, ADMIN, view="runs", filters="{}", parts=[Exported("acme", 3)], sha256="0", now=NOON)
    assert "A list, not a state of the numbers" in said(shown(PAGE, receipt=name))


def test_an_export_of_one_campaign_is_rebuilt_as_that(sent):
    store, _ = sent
    fact(store, campaign_id="other")
    from perfdash.domain.campaigns import CampaignRef

    found = exports.answer(
        store, Question(ADMIN, Filters(VIEW), only=CampaignRef("acme", 1, "spring")), "overview", NOON
    )
    name = exports.write_receipt(store, found, lambda: NOON)
    assert "the checksum is that" in said(shown(PAGE, receipt=name))
