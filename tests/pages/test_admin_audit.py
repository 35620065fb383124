"""The audit and the sessions as admins see them: narrowed, taken out, ended; and each look on record once."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date, timedelta

import pytest

from perfdash.domain.access import OPERATOR
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.filters import Filters
from perfdash.domain.security import Security
from perfdash.domain.share_links import Shared, to_text
from perfdash.store import audit
from perfdash.store.audit import EVERY_CLIENT
from perfdash.store.auth import sessions, users
from perfdash.store.schema import links
from perfdash.ui import audit_views
from perfdash.ui.admin import audit as audit_admin
from perfdash.ui.campaigns import tables as campaign_tables
from perfdash.ui.components import tables as component_tables
from tests.pages.conftest import CAMPAIGN, CAMPAIGNS, HEALTH, PAGES, VIEW, fact, said, shown
from tests.store.builders import ADMIN, NOON, given_client
from tests.ui.conftest import given_user, press

AUDIT, SESSIONS = (f"{PAGES}/admin/{name}.py" for name in ("audit", "sessions"))
IDLE = timedelta(hours=2)


def given(store, *lines, at=NOON):
    with store.writing() as connection:
        for actor, action, subject, detail in lines:
            audit.write_line(connection, actor, action, subject, detail, at)


def rows(app):
    return app.dataframe[0].value[["actor", "action", "subject"]].values.tolist() if app.dataframe else []


def views(store):
    return Counter((e.actor, e.subject, e.detail) for e in audit.entries(store, OPERATOR) if e.action == "view")


def labelled(elements, label):
    return next(element for element in elements if element.label == label)


# --- the audit


def test_the_audit_is_listed_newest_first_and_narrowed_by_every_filter(acme):
    given_user(acme, "ann", "client", "acme")
    given_user(acme, "bo", "client", "acme")
    given(acme, ("ann", "grant", "bo", "acme"), ("ann", "correct", "acme", "Invoice 7"), at=NOON - timedelta(days=3))
    app = shown().switch_page(AUDIT).run()
    assert rows(app)[0] == ["boss", "view", EVERY_CLIENT]
    labelled(app.selectbox, "Who").set_value("ann")
    assert rows(app.run()) == [["ann", "correct", "acme"], ["ann", "grant", "bo"]]
    app.multiselect(key="audit_actions").set_value(["grant"])
    assert rows(app.run()) == [["ann", "grant", "bo"]]
    app.multiselect(key="audit_actions").set_value([])
    labelled(app.text_input, "Words in the detail").set_value("invoice")
    assert rows(app.run()) == [["ann", "correct", "acme"]]
    labelled(app.selectbox, "About").set_value("bo")
    assert "No line is like this" in said(app.run())


def test_days_of_the_viewer_bound_the_lines_in_either_order(acme):
    given(acme, ("ann", "grant", "old", ""), at=NOON - timedelta(days=9))
    given(acme, ("ann", "grant", "mid", ""), at=NOON - timedelta(days=5))
    app = shown(AUDIT)
    labelled(app.date_input, "To").set_value(date(2026, 3, 4))
    labelled(app.date_input, "From").set_value(date(2026, 3, 6))
    assert rows(app.run()) == [["ann", "grant", "mid"]]
    labelled(app.date_input, "From").set_value(None)
    labelled(app.date_input, "To").set_value(date(2026, 3, 1))
    assert rows(app.run()) == [["ann", "grant", "old"]]


def test_a_limit_is_said_and_the_csv_holds_all(acme, monkeypatch):
    monkeypatch.setattr(component_tables, "MOST_ROWS", 3)
    given_user(acme, "ann", "client", "acme")
    given(acme, *[("ann", "grant", f"user{n}", "=1+1") for n in range(5)])
    app = shown(AUDIT)
    labelled(app.selectbox, "Who").set_value("ann")
    app.run()
    assert len(rows(app)) == 3
    assert "There are older ones" in said(app)
    assert "The newest 3 lines" in [heading.value for heading in app.header]
    out = list(csv.reader(io.StringIO(audit_admin.csv_of(audit.AuditFilter(actor="ann"))(ADMIN))))
    assert [row[4:] for row in out[1:]] == [[f"user{n}", "'=1+1"] for n in reversed(range(5))]
    assert audit.entries(acme, OPERATOR)[0].action == "audit export"


def test_what_others_wrote_is_mere_text_on_the_page(acme):
    given(acme, ("ann", "correct", "acme", "![x](https://evil.example/a.png) <script>alert(1)</script>"))
    app = shown(AUDIT)
    assert "evil.example" not in said(app)  # in a cell alone, which renders nothing
    assert "evil.example" in "".join(app.dataframe[0].value["detail"])


# --- looks


def test_a_look_stands_once_per_session_page_and_client_however_often_it_is_drawn(acme):
    given_client(acme, "bolt")
    app = shown()
    for _ in range(3):
        app.run()
    app.switch_page(CAMPAIGNS)
    app.run()
    app.multiselect(key="client").set_value(["acme", "bolt"])
    app.run()
    app.multiselect(key="client").set_value(["acme"])
    app.run()
    assert views(acme) == {
        ("boss", EVERY_CLIENT, "overview"): 1,
        ("boss", EVERY_CLIENT, "campaigns"): 1,
        ("boss", "acme", "campaigns"): 1,
        ("boss", "bolt", "campaigns"): 1,
    }
    shown()
    assert views(acme)["boss", EVERY_CLIENT, "overview"] == 2, "another session is another look"


def test_who_sees_one_client_looks_at_that_one(acme):
    given_user(acme, "ann", "client", "acme")
    shown(name="ann")
    assert views(acme) == {("ann", "acme", "overview"): 1}


def test_the_page_of_a_campaign_is_a_look_at_its_client_and_one_that_is_none_leaves_no_line(acme):
    given_client(acme, "bolt")
    fact(acme)
    given_user(acme, "ann", "client", "bolt")
    asked = campaign_tables.link_of(CampaignRef("acme", 1, "spring"))
    shown(CAMPAIGN, **asked)
    shown(CAMPAIGN, "ann", **asked)
    shown(CAMPAIGN, **campaign_tables.link_of(CampaignRef("nobody", 1, "spring")))
    found = views(acme)
    assert found["boss", "acme", "campaign"] == 1
    assert not [line for line in found if line[0] == "ann" and line[1] == "acme"]
    assert not [line for line in found if line[1] == "nobody"]


@pytest.fixture(autouse=True)
def _nothing_written(monkeypatch):
    monkeypatch.setattr(audit_views, "_written", type(audit_views._written)())


def test_pages_without_any_clients_data_are_no_look_at_one(acme):
    app = shown()
    for page in ("performance/definitions", "admin/users", "admin/audit", "admin/sessions"):
        app.switch_page(f"{PAGES}/{page}.py")
        app.run()
    assert views(acme) == {("boss", EVERY_CLIENT, "overview"): 1}


def test_a_look_that_cannot_be_written_down_is_not_taken_for_written(acme, monkeypatch):
    def broken(*_args, **_more):
        raise OSError("disk full")

    app = shown()
    monkeypatch.setattr(audit, "record", broken)
    app.switch_page(CAMPAIGNS)
    app.run()
    assert app.exception
    assert not app.dataframe
    assert "campaigns" not in {what for _, what, _ in audit_views._written}


# --- sessions


def test_sessions_are_listed_and_one_or_all_of_a_user_end(acme):
    given_user(acme, "ann", "client", "acme")
    ann = next(user for user in users.list_users(acme, OPERATOR) if user.username == "ann")
    first, second, third = (sessions.begin(acme, ann.user_id, NOON) for _ in range(3))
    app = shown(SESSIONS)
    assert app.dataframe[0].value["who"].tolist().count("ann") == 3
    assert "4 sessions of 2 users signed in right now" in said(app)
    app.session_state["admin_sessions_chosen"] = first.session_id
    app = press(app.run(), "End this session")
    assert "The session of ann ended." in said(app)
    alive = lambda: sessions.alive(acme, [s.session_id for s in (first, second, third)], NOON, IDLE)  # noqa: E731
    assert alive() == {second.session_id, third.session_id}
    app.session_state["admin_sessions_chosen"] = second.session_id
    app = press(app.run(), "End all 2 of ann")
    assert alive() == frozenset()
    told = [(e.actor, e.action, e.subject) for e in audit.entries(acme, OPERATOR)]
    assert told.count(("boss", "sign out", "ann")) == 2


def test_the_session_one_looks_from_is_marked_and_not_ended_by_accident(acme):
    boss = next(user for user in users.list_users(acme, OPERATOR) if user.username == "boss")
    other = sessions.begin(acme, boss.user_id, NOON)
    app = shown(SESSIONS)
    table = app.dataframe[0].value
    assert sorted(table["own"]) == ["", "this one"]
    app.session_state["admin_sessions_chosen"] = sessions.of_user(acme, boss.user_id, NOON)[0].session_id
    app.run()
    if other.session_id == app.session_state["admin_sessions_chosen"]:
        app.session_state["admin_sessions_chosen"] = sessions.of_user(acme, boss.user_id, NOON)[1].session_id
        app.run()
    assert labelled(app.button, "End this session").disabled
    app = press(app, "End your other 1")
    assert app.title[0].value == "Sessions"
    assert len(sessions.live_sessions(acme, ADMIN, NOON)) == 1


def test_a_visitor_by_a_client_link_is_listed_by_its_label_and_can_be_ended(acme):
    question = to_text(Shared(Filters(VIEW, ("acme",))))
    row = {
        "client_id": "acme",
        "link_id": "link1",
        "token_hash": "0",
        "label": "For the board",
        "question": question,
        "money": True,
        "author": "boss",
        "created_at": NOON,
        "expires_at": NOON + timedelta(days=7),
    }
    with acme.writing() as connection:
        connection.execute(links.insert().values(**row))
    opened, _ = sessions.begin_link(acme, "link1", NOON, NOON + timedelta(days=7), Security())
    app = shown(SESSIONS)
    table = app.dataframe[0].value.set_index("kind")
    assert table.loc["client link", ["who", "client"]].tolist() == ["For the board", "Acme"]
    app.session_state["admin_sessions_chosen"] = opened.session_id
    assert "The session of For the board ended." in said(press(app.run(), "End this session"))
    ended = next(e for e in audit.entries(acme, OPERATOR) if e.action == "sign out")
    assert (ended.actor, ended.subject) == ("boss", "client link")
    assert not sessions.alive(acme, [opened.session_id], NOON, IDLE)


# --- syncs


def test_who_asked_for_a_sync_is_on_record_once_for_each_client(acme, source):
    given_client(acme, "bolt", accounts=2)
    app = shown(HEALTH)
    app = press(app, "Refresh now")
    told = [(e.actor, e.subject, e.detail) for e in audit.entries(acme, OPERATOR) if e.action == "sync"]
    assert sorted(told) == [("boss", "acme", "from a page"), ("boss", "bolt", "from a page")]
    assert source.asked
