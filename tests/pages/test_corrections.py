"""The page of corrections: choosing rows, a preview before anything is written, the log, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update
from streamlit.runtime.scriptrunner import RerunData, RerunException, get_script_run_ctx
from streamlit.testing.v1 import AppTest

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.corrections import Range, Target, WantedValue, scaled
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question, of_every_day
from perfdash.presentation import json_documents, tables
from perfdash.presentation.corrections import decisions
from perfdash.store import schema
from perfdash.store.corrections import read as correction_read
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.query import campaigns as campaign_query
from perfdash.ui.corrections import select as correction_select
from perfdash.ui.runtime import context
from tests.pages.conftest import CAMPAIGN, PAGES, VIEW, YESTERDAY, fact, fetched, said, shown
from tests.store.builders import ADMIN, NOON, given_campaign, given_client, given_creator, given_revisions
from tests.ui.conftest import given_user, press

PAGE = f"{PAGES}/performance/corrections.py"
BEFORE = YESTERDAY - timedelta(days=1)
SPRING = {"campaign": "spring", "account": "1", "owner": "acme"}
ANN = Principal("ann", "analyst", frozenset({"acme"}))


@pytest.fixture
def rows(acme: Store) -> Store:
    """A campaign with three rows: 50 EUR on two platforms yesterday, 20 EUR the day before; an analyst and a client."""
    given_revisions(acme, "acme", NOON - timedelta(days=5))
    given_campaign(acme, "spring", name="Spring [launch](http://x.io)")
    fact(acme, cost=50_000_000)
    fact(acme, cost=50_000_000, platform="Instagram", impressions=3_000, creator_id="zoe")
    fact(acme, cost=20_000_000, day=BEFORE)
    fact(acme, cost=1_000_000, campaign_id="autumn")
    given_creator(acme, "zoe", "Zoe")
    given_user(acme, "ann", "analyst", "acme")
    given_user(acme, "carl", "client", "acme")
    return acme


def opened(name: str = "ann", **query: Any) -> AppTest:
    return shown(PAGE, name, **(SPRING | query))


def ranged(name: str = "ann", **query: Any) -> AppTest:
    """With all rows of the range chosen."""
    app = opened(name, **query)
    next(one for one in app.toggle if one.label.startswith("All ")).set_value(True)
    return app.run()


def field(app: AppTest, label: str) -> Any:
    return next(one for one in app.text_input if one.label.startswith(label))


def fill(app: AppTest, label: str, value: str, reason: str = "the invoice says so") -> AppTest:
    field(app, label).set_value(value)
    field(app, "Reason").set_value(reason)
    return press(app, "Preview")


def choose(app: AppTest, what: str) -> AppTest:
    control = next(c for c in app.get("button_group") if c.label == "What to set")
    control.set_value([what] if isinstance(control.value, list) else what)
    return app.run()


def pick_row(app: AppTest, n: int = 0) -> AppTest:
    """What a click on the n-th row leaves behind."""
    key = f"correct_rows {Range('acme', 1, 'spring', VIEW)}"
    app.session_state[f"{key}_chosen"] = app.session_state[f"{key}_rows"][n]
    return app.run()


def pick_decision(app: AppTest, n: int = 0) -> AppTest:
    app.session_state["corrections_chosen"] = app.session_state["corrections_rows"][n]
    return app.run()


def told(store: Store) -> Any:
    return correction_read.list_corrections(store, of_every_day(ADMIN))


def cost(store: Store) -> int | None:
    found = campaign_query.campaign_rows(store, Question(ADMIN, wide(), only=CampaignRef("acme", 1, "spring")))
    return found[0].sums.cost


def wide() -> Any:
    return Filters(Days(BEFORE, YESTERDAY))


def correct(store: Store, field_: Any = "cost", value: int = 40_000_000, **key: Any) -> correction_write.Made:
    fact_key = FactKey(key.get("day", YESTERDAY), "spring", key.get("platform", "TikTok"), key.get("creator", ""))
    wanted = [WantedValue(Target("acme", 1, fact_key), field_, value)]
    return correction_write.correct(store, ANN, wanted, key.get("why", "the invoice"), context.now)


def log(app: AppTest) -> Any:
    return next(frame.value for frame in app.dataframe if "made_at" in frame.value.columns)


# --- choosing and setting


def test_nothing_is_asked_before_a_campaign_is_chosen(rows: Store) -> None:
    app = shown(PAGE, "ann")
    assert [box.label for box in app.selectbox if box.label == "Campaign"] == ["Campaign"]
    assert "Choose a campaign to see its rows" in said(app)
    assert not [one for one in app.text_input if one.label == "Reason"]


def test_a_link_from_the_campaign_chooses_it_and_shows_its_rows(rows: Store) -> None:
    app = opened()
    (frame,) = [frame.value for frame in app.dataframe if "cost" in frame.value.columns]
    assert frame["cost"].tolist() == [20.0, 50.0, 50.0]
    assert frame["creator"].tolist() == ["", "Zoe", ""]
    assert "Choose a row at the left to correct it." in said(app)
    assert not [one for one in app.text_input if one.label == "Reason"]
    assert "Correct all 3 rows" in [title.value for title in ranged().header]


def test_a_range_is_previewed_before_it_is_applied(rows: Store) -> None:
    app = fill(choose(ranged(), "Cost × factor"), "Factor for cost", "90%")
    assert "**3 rows**: cost 120.00 → 108.00 EUR; CPM 24.00 → 21.60 EUR" in said(app)
    assert told(rows) == ()
    app = press(app, "Apply")
    assert "3 rows corrected: cost 120.00 → 108.00 EUR; CPM 24.00 → 21.60 EUR." in said(app)
    assert cost(rows) == 108_000_000
    assert {c.author for c in told(rows)} == {"ann"}
    assert log(app)[["before", "value", "rows", "state"]].values.tolist() == [
        ["120.00\u00a0EUR", "108.00\u00a0EUR", 3, "active"]
    ]
    assert not [b for b in app.button if b.label == "Apply"]
    assert field(app, "Reason").value == ""


def test_a_total_is_split_to_the_micro(rows: Store) -> None:
    press(fill(ranged(), "New total of cost in EUR", "100.000001"), "Apply")
    assert cost(rows) == 100_000_001


def test_one_row_is_corrected_alone(rows: Store) -> None:
    app = pick_row(opened(), 2)
    assert "Correct 9 Mar 2026\\, TikTok" in [title.value for title in app.header]
    app = fill(choose(app, "CPM"), "New CPM in EUR", "40")
    assert "**1 row**: cost 50.00 → 40.00 EUR; CPM 50.00 → 40.00 EUR" in said(app)
    app = press(app, "Apply")
    assert [(c.field, c.value, c.batch) for c in told(rows)] == [("cpm", 40_000_000, None)]
    app = fill(choose(app, "Cost"), "New cost in EUR", "41")
    assert "Replaces 1 active correction." in said(app)


def test_a_row_is_named_by_its_creators_handle(rows: Store) -> None:
    app = pick_row(opened(), 1)
    assert "Correct 9 Mar 2026\\, Instagram\\, Zoe" in [title.value for title in app.header]


def test_the_preview_says_what_the_total_would_be(rows: Store) -> None:
    app = fill(pick_row(opened(), 2), "New cost in EUR", "40,50")
    assert "**1 row**: cost 50.00 → 40.50 EUR" in said(app)
    assert "In total, cost of Acme, 8 Feb – 9 Mar 2026: 121.00 → 111.50 EUR (−7.9%)" in said(app)
    assert not app.warning


@pytest.mark.parametrize(("value", "read"), [("500", "500.00"), ("5", "5.00")])
def test_a_value_ten_times_off_is_warned_of_before_it_is_set(rows: Store, value: str, read: str) -> None:
    app = fill(pick_row(opened(), 2), "New cost in EUR", value)
    assert f"Cost 50.00 EUR → {read} EUR: ten times apart, or more. Is every digit meant?" in said(app)


def test_the_chosen_campaign_stands_in_the_address(rows: Store) -> None:
    app = shown(PAGE, "ann")
    box = next(one for one in app.selectbox if one.label == "Campaign")
    box.set_value(next(label for label in box.options if "Spring" in label)).run()
    assert {key: app.query_params[key] for key in SPRING} == SPRING


def test_what_was_done_is_said_once(rows: Store) -> None:
    app = press(fill(ranged(), "New total of cost", "100"), "Apply")
    assert len(app.success) == 1
    assert not app.toast


def test_the_range_stays_inside_of_the_filters(rows: Store) -> None:
    app = ranged(platform=["TikTok"])
    assert "Correct all 2 rows" in [title.value for title in app.header]
    press(fill(app, "New total", "7"), "Apply")
    assert {c.key.platform for c in told(rows)} == {"TikTok"}


@pytest.mark.parametrize(
    "value", ["", "-1", "NaN", "Infinity", "1e3", "١٢", "１２", "12,34,5", "1_000", "9" * 50, "1.0000001", "=1+1", "$5"]
)
def test_what_is_no_amount_is_refused_in_a_sentence(rows: Store, value: str) -> None:
    app = fill(ranged(), "New total of cost", value)
    assert "is not an amount with at most six decimals" in app.error[0].value.replace("\\", "")
    assert not [b for b in app.button if b.label == "Apply"]


@pytest.mark.parametrize(
    ("what", "value"), [("Clicks × factor", "1e999"), ("Clicks × factor", "1001"), ("Cost × factor", "-0.5")]
)
def test_what_is_no_factor_is_refused_in_a_sentence(rows: Store, what: str, value: str) -> None:
    app = fill(choose(ranged(), what), "Factor", value)
    assert "factor is a number from 0 to 1,000" in app.error[0].value.replace("\\", "")


def test_a_reason_is_required_and_is_mere_text(rows: Store) -> None:
    app = fill(ranged(), "New total of cost", "100", reason="  ")
    assert "needs a reason" in app.error[0].value
    evil = "see **[here](http://evil.example)** $x$ :material/home: <b>=cmd()"
    app = pick_decision(press(fill(app, "New total of cost", "100", reason=evil), "Apply"))
    assert told(rows)[0].reason == evil
    shown_ = [m.value for m in app.markdown if "evil" in m.value]
    assert shown_ and all("](http" not in text and "\\*\\*" in text for text in shown_)


def test_a_preview_is_dropped_when_something_else_is_asked(rows: Store) -> None:
    app = choose(fill(ranged(), "New total of cost", "100"), "Cost × factor")
    assert not [b for b in app.button if b.label == "Apply"]
    assert press(fill(app, "Factor", "2"), "Discard") and told(rows) == ()


# --- what can come between


def test_a_stale_form_is_refused_and_nothing_is_set(rows: Store) -> None:
    app = fill(ranged(), "New total of cost", "100")
    correct(rows)
    app = press(app, "Apply")
    assert "was restated or corrected since you looked at it" in app.error[0].value.replace("\\", "")
    assert len(told(rows)) == 1


def test_a_second_submit_does_not_correct_twice(rows: Store) -> None:
    app = fill(ranged(), "New total of cost", "100")
    plan = app.session_state["_correction_plan"]
    app = press(app, "Apply")
    app.session_state["_correction_plan"] = plan  # the same click once more, from another tab of the session
    press(app.run(), "Apply")
    assert len(told(rows)) == 3


def test_the_confirmation_stays_until_a_run_that_showed_it_came_to_its_end(
    rows: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second click of a double click cuts the first one's run short, on a busy machine after any time."""
    app = fill(ranged(), "New total of cost", "100")
    reads, cut = correction_select.decisions_in_view, []

    def cut_short(*question: Any) -> Any:
        if len(cut) < 2:
            cut.append(True)
            at = NOON + timedelta(minutes=len(cut))
            monkeypatch.setattr(context, "now", lambda: at)
            run = get_script_run_ctx()
            assert run is not None
            raise RerunException(RerunData(query_string=run.query_string, page_script_hash=run.page_script_hash))
        return reads(*question)

    monkeypatch.setattr(correction_select, "decisions_in_view", cut_short)
    app = press(app, "Apply")
    assert len(cut) == 2
    assert "3 rows corrected" in app.success[0].value
    monkeypatch.setattr(context, "now", lambda: NOON + timedelta(minutes=2, seconds=14))
    assert "3 rows corrected" in app.run().success[0].value, "a redraw does not take it away before it was read"
    monkeypatch.setattr(context, "now", lambda: NOON + timedelta(minutes=2, seconds=16))
    assert not app.run().success


def test_who_lost_the_right_meanwhile_corrects_nothing(rows: Store) -> None:
    app = fill(ranged(), "New total of cost", "100")
    with rows.writing() as connection:
        connection.execute(update(schema.users).where(schema.users.c.username == "ann").values(role="client"))
    press(app, "Apply")
    assert told(rows) == ()
    app = fill(ranged("boss"), "New total of cost", "100")
    with rows.writing() as connection:
        connection.execute(update(schema.users).where(schema.users.c.username == "boss").values(role="analyst"))
    app = press(app, "Apply")
    assert told(rows) == ()


def test_a_forged_choice_names_nobody_elses_rows(rows: Store) -> None:
    given_client(rows, "globex")
    fact(rows, client_id="globex", campaign_id="secret", cost=99_000_000)
    fetched(rows, "globex")
    app = shown(PAGE, "ann", campaign="secret", account="1", owner="globex")
    assert "no row under the filters" in said(app)
    assert "secret" not in said(app)
    assert not [one for one in app.text_input if one.label == "Reason"]
    app = fill(ranged(), "New total of cost", "100")
    line = correction_read.lines(rows, ADMIN, Range("globex", 1, "secret", Days(BEFORE, YESTERDAY)))[0]
    plan = app.session_state["_correction_plan"]
    app.session_state["_correction_plan"] = replace(
        plan, wanted=(WantedValue(line.target, "cost", 1),), seen={line.target: line.seen}, over=None
    )
    app = press(app, "Apply")
    assert "There is no client 'globex' here" in app.error[0].value.replace("\\", "")
    assert told(rows) == ()


def test_while_looking_back_the_form_is_closed_and_the_log_is_that_of_then(rows: Store) -> None:
    correct(rows)
    app = opened(as_of=str(NOON.date() - timedelta(days=1)))
    assert 'set "As of" back to now' in said(app)
    assert not [one for one in app.text_input if one.label == "Reason"]
    assert "was corrected under these filters" in said(app)


# --- the log


def test_nothing_corrected_is_a_calm_word(rows: Store) -> None:
    app = shown(PAGE, "ann")
    assert "No row from 8 Feb – 9 Mar 2026 was corrected" in said(app)


def restated(store: Store, **values: Any) -> None:
    f = schema.facts.c
    with store.writing() as connection:
        connection.execute(update(schema.facts).where(f.platform == "TikTok", f.day == YESTERDAY).values(**values))
        connection.execute(update(schema.clients).values(revision=schema.clients.c.revision + 1))


def test_a_restatement_underneath_is_told(rows: Store) -> None:
    correct(rows)
    restated(rows, cost=51_000_000)
    app = shown(PAGE, "ann")
    assert log(app)["warning"].tolist() == ["the platform restated this underneath: 50.00\u00a0EUR → 51.00\u00a0EUR"]
    assert log(app)["raw_now"].tolist() == ["51.00\u00a0EUR"]


def test_a_vanished_row_and_rows_that_arrived_are_told(rows: Store) -> None:
    over = Range("acme", 1, "spring", Days(BEFORE, YESTERDAY))
    lines = correction_read.lines(rows, ANN, over)
    wanted = scaled({line.target: line.raw for line in lines}, "clicks", Decimal(2))
    correction_write.correct(rows, ANN, wanted, "twice", context.now, over=over)
    correct(rows)
    f = schema.facts.c
    with rows.writing() as connection:
        connection.execute(schema.facts.delete().where(f.platform == "TikTok", f.day == YESTERDAY))
        connection.execute(update(schema.clients).values(revision=9))
    fact(rows, platform="YouTube")
    app = shown(PAGE, "ann")
    assert log(app)["warning"].tolist() == [
        "counts nothing: the source no longer reports this row",
        "1 row no longer reported by the source: there it counts nothing; 1 row arrived since this range was corrected",
    ]


def test_a_correction_is_reverted_with_a_reason_and_its_story_is_told(rows: Store) -> None:
    correct(rows)
    app = pick_decision(shown(PAGE, "ann"))
    app = press(app, "Revert")
    assert "needs a reason" in app.error[0].value
    field(app, "Reason of the revert").set_value("the invoice was wrong")
    app = press(app, "Revert")
    assert "1 correction reverted: the reported values count again." in said(app)
    assert cost(rows) == 120_000_000
    assert "12:00 UTC: reverted by ann. the invoice was wrong" in said(app)
    assert not [b for b in app.button if b.label.startswith("Revert")]


def test_a_batch_is_reverted_as_a_whole_or_row_by_row(rows: Store) -> None:
    press(fill(ranged(), "New total of cost", "100"), "Apply")
    app = pick_decision(shown(PAGE, "ann"))
    assert [b.label for b in app.button if b.label.startswith("Revert")] == ["Revert all 3 rows"]
    app.session_state["correction_1_chosen"] = 2
    app.run()
    field(app, "Reason of the revert").set_value("not this one")
    app = press(app, "Revert")
    assert log(app)["state"].tolist() == ["2 of 3 active"]
    app.session_state["correction_1_chosen"] = None
    app.run()
    field(app, "Reason of the revert").set_value("nor these")
    app = press(app, "Revert all 2 rows")
    assert cost(rows) == 120_000_000


def test_clients_read_and_cannot_correct(rows: Store) -> None:
    correct(rows, why="we billed 40")
    app = pick_decision(shown(PAGE, "carl", **SPRING))
    assert log(app)[["value", "reason"]].values.tolist() == [["40.00\u00a0EUR", "we billed 40"]]
    assert "author" not in log(app).columns
    everything = said(app) + str([frame.value for frame in app.dataframe])
    assert "ann" not in everything.replace("channel", "")
    assert not [one for one in app.text_input if one.key != "as_of"]
    assert not [box for box in app.selectbox if box.label == "Campaign"]


def test_others_see_nothing_of_it(rows: Store) -> None:
    correct(rows)
    given_client(rows, "globex")
    given_user(rows, "gus", "analyst", "globex")
    app = shown(PAGE, "gus", **SPRING)
    assert "was corrected under these filters" in said(app)
    assert "spring" not in str([frame.value for frame in app.dataframe])


def test_without_money_only_counts_are_seen_and_set(rows: Store) -> None:
    correct(rows, value=43_210_000)
    correct(rows, "clicks", 4)
    given_user(rows, "desk", "analyst", "acme", money=False)
    app = opened("desk")
    everything = said(app) + str([frame.value.to_dict() for frame in app.dataframe])
    assert "EUR" not in everything and "43.21" not in everything and "cost" not in everything.lower()
    assert log(app)["field"].tolist() == ["Clicks"]
    app = fill(ranged("desk"), "Factor for impressions", "2")
    assert "**3 rows**: impressions 5,000 → 10,000" in said(app)
    assert "CPM" not in said(app)
    press(app, "Apply")
    assert len(told(rows)) == 5


def test_the_campaigns_page_leads_here_for_who_may(rows: Store) -> None:
    def links(name: str, **query: str) -> dict[str, str]:
        found = shown(CAMPAIGN, name, **SPRING, **query).get("page_link")
        return {link.proto.label: link.proto.page for link in found}

    assert links("ann")["Correct…"] == "corrections"
    assert "Correct…" not in links("carl")
    assert "Correct…" not in links("ann", as_of=str(NOON.date() - timedelta(days=1)))


def test_the_log_is_taken_out_exactly(rows: Store) -> None:
    correct(rows, value=40_000_001)
    found = json_documents.corrections_table(decisions(told(rows), {}), {("acme", 1, "spring"): "=cmd()"})
    (row,) = tables.records(found)
    assert [row[name] for name in ("before", "value", "raw_then", "raw_now")] == [
        "50.000000",
        "40.000001",
        "50.000000",
        "50.000000",
    ]
    assert (row["state"], row["currency"], row["author"]) == ("active", "EUR", "ann")
    assert "'=cmd()" in tables.to_csv(found)
