"""The page of users: who may do what here, changed by admins alone, each change on record."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from perfdash.domain.access import OPERATOR
from perfdash.store import audit
from perfdash.store.auth import invitations, sessions, users
from perfdash.ui.runtime import context
from tests.pages.conftest import PAGES, said, shown
from tests.store.builders import NOON, given_client
from tests.ui.conftest import given_user, press

PAGE = f"{PAGES}/admin/users.py"
IDLE = timedelta(hours=2)


@pytest.fixture
def staff(acme):
    """Two clients, an admin who looks, a second one, and an analyst of acme."""
    given_client(acme, "bolt")
    given_user(acme, "chief", "admin")
    given_user(acme, "ann", "analyst", "acme")
    return acme


def known(store, name):
    return next(user for user in users.list_users(store, OPERATOR) if user.username == name)


def chosen(store, name, page=None):
    """The page after a click on a user's row."""
    app = page or shown(PAGE)
    app.session_state["admin_users_chosen"] = known(store, name).user_id
    return app.run()


def labelled(elements, label):
    return next(element for element in elements if element.label == label)


def set_role(app, role):
    labelled(app.button_group, "Role").set_value(role)


def lines(store, subject):
    return [(e.actor, e.action, e.detail) for e in audit.entries(store, OPERATOR, subject)]


@pytest.mark.parametrize("role", ["analyst", "client"])
def test_nobody_but_an_admin_gets_an_admin_page(staff, role):
    given_user(staff, "bo", role, "acme")
    app = shown(name="bo")
    for page in ("users", "sessions", "audit"):
        app.switch_page(f"{PAGES}/admin/{page}.py")
        app.run()
        assert [error.value for error in app.error] == ["There is no such page here."]
        assert not app.title
        assert not app.dataframe


def test_everybody_is_listed_with_what_he_may_see_and_how_he_stands(staff):
    users.add_user(
        staff, OPERATOR, "new", None, "client", NOON, clients=("bolt",), money=False, email="new@example.com"
    )
    invitations.make(staff, OPERATOR, "new", "invite", NOON)
    users.set_active(staff, OPERATOR, "ann", False, NOON)
    table = shown(PAGE).dataframe[0].value.set_index("username")
    assert table["state"].to_dict() == {"ann": "deactivated", "boss": "active", "chief": "active", "new": "invited"}
    assert list(table.loc["new", "clients"]) == ["bolt"]
    assert list(table.loc["boss", "clients"]) == ["every client"]
    assert table.loc["new", ["role", "money", "email"]].tolist() == ["client", "no", "new@example.com"]
    assert table["seen"].notna().to_dict() == {"ann": False, "boss": True, "chief": False, "new": False}


def test_an_invitation_that_is_over_leaves_no_way_in(staff, monkeypatch):
    users.add_user(staff, OPERATOR, "new", None, "client", NOON)
    invitations.make(staff, OPERATOR, "new", "invite", NOON - timedelta(days=8))
    assert shown(PAGE).dataframe[0].value.set_index("username").loc["new", "state"] == "no password"


def add(app, name, *, role="client", clients=(), email="", money=True):
    labelled(app.text_input, "User name").set_value(name)
    labelled(app.text_input, "Name").set_value("Somebody New")
    labelled(app.text_input, "E-mail").set_value(email)
    set_role(app, role)
    labelled([m for m in app.multiselect if m.key.startswith("admin_")], "Clients").set_value(list(clients))
    labelled(app.toggle, "Sees amounts of money").set_value(money)
    return press(app, "Add and make a link")


def token_in(app):
    return parse_qs(urlsplit(app.code[0].value).query)[invitations.PARAMETER][0]


def test_a_new_user_is_added_and_invited_by_a_link_that_is_shown_once(staff):
    app = add(shown(PAGE), "New.One", clients=["bolt"], email="New@Example.com", money=False)
    assert "new.one was added as client and sees bolt." in said(app)
    token = token_in(app)
    assert invitations.find(staff, token, NOON).username == "new.one"
    new = known(staff, "new.one")
    assert (new.role, new.clients, new.money, new.email, new.name, new.has_password) == (
        "client",
        ("bolt",),
        False,
        "new@example.com",
        "Somebody New",
        False,
    )
    assert lines(staff, "new.one") == [
        ("boss", "users invite", ""),
        ("boss", "grant", "bolt"),
        ("boss", "users add", "client"),
    ]
    assert token in said(app.run()) + app.code[0].value, "a redraw does not take it away before it was copied"
    assert not press(app, "Put away").code
    assert token not in repr(shown(PAGE))
    assert labelled(app.text_input, "User name").value == "", "the form is empty again"


@pytest.mark.parametrize(
    ("name", "email", "says"),
    [
        ("", "", "cannot be used"),
        ("ann", "", "There is already a user 'ann'"),
        ("operator", "", "reserved"),
        ("<b>x</b>", "", "cannot be used"),
        ("new", "no-address", "That is no e-mail address"),
    ],
)
def test_what_cannot_be_added_is_said_and_what_was_typed_stays(staff, name, email, says):
    app = add(shown(PAGE), name, email=email)
    assert says in said(app)
    assert labelled(app.text_input, "User name").value == name
    assert len(users.list_users(staff, OPERATOR)) == 3
    assert not app.code


def test_access_is_changed_in_one_go_on_record_and_ends_sessions(staff):
    session = sessions.begin(staff, known(staff, "ann").user_id, NOON)
    app = chosen(staff, "ann")
    set_role(app, "client")
    labelled([m for m in app.multiselect if m.key.startswith("admin_")], "Clients").set_value(["bolt"])
    labelled(app.toggle, "Sees amounts of money").set_value(False)
    app = press(app, "Save access")
    assert "All sessions ended" in said(app)
    ann = known(staff, "ann")
    assert (ann.role, ann.clients, ann.money) == ("client", ("bolt",), False)
    assert lines(staff, "ann")[:4] == [
        ("boss", "revoke", "acme"),
        ("boss", "grant", "bolt"),
        ("boss", "users money", "without money"),
        ("boss", "users role", "analyst to client"),
    ]
    assert sessions.by_id(staff, session.session_id, NOON, idle=IDLE) is None


def test_saving_what_is_so_already_changes_nothing(staff):
    session = sessions.begin(staff, known(staff, "ann").user_id, NOON)
    before = lines(staff, "ann")
    assert "There was nothing to change." in said(press(chosen(staff, "ann"), "Save access"))
    assert lines(staff, "ann") == before
    assert sessions.by_id(staff, session.session_id, NOON, idle=IDLE)


def test_what_another_admin_changed_meanwhile_stays(staff):
    app = chosen(staff, "ann")
    users.grant(staff, OPERATOR, "ann", "bolt", NOON)
    labelled(app.toggle, "Sees amounts of money").set_value(False)
    press(app, "Save access")
    assert (known(staff, "ann").clients, known(staff, "ann").money) == (("acme", "bolt"), False)


def test_an_address_is_saved_and_removed(staff):
    app = chosen(staff, "ann")
    labelled(app.text_input, "E-mail").set_value("Ann@Example.com")
    app = press(app, "Save")
    assert known(staff, "ann").email == "ann@example.com"
    labelled(app.text_input, "E-mail").set_value("")
    app = press(app, "Save")
    assert known(staff, "ann").email is None
    assert "ann@" not in repr(lines(staff, "ann")).lower(), "personal data stands in users alone"


def test_a_reset_link_works_for_that_user(staff):
    app = press(chosen(staff, "ann"), "Password reset link")
    assert "Password reset for ann" in said(app)
    found = invitations.find(staff, token_in(app), NOON)
    assert (found.username, found.purpose) == ("ann", "reset")
    assert lines(staff, "ann")[0] == ("boss", "users reset", "")


def test_a_user_is_signed_out_everywhere_deactivated_and_let_in_again(staff):
    session = sessions.begin(staff, known(staff, "ann").user_id, NOON)
    app = press(chosen(staff, "ann"), "Sign out everywhere")
    assert "1 session of ann ended." in said(app)
    assert sessions.by_id(staff, session.session_id, NOON, idle=IDLE) is None
    app = press(app, "Deactivate")
    assert not known(staff, "ann").active
    assert not [button for button in app.button if button.label == "Password reset link"]
    press(app, "Activate")
    assert known(staff, "ann").active
    assert [line[1] for line in lines(staff, "ann")[:3]] == ["users activate", "users deactivate", "sign out"]


def test_an_admin_takes_nothing_from_himself_by_accident(staff):
    app = chosen(staff, "boss")
    buttons = {button.label: button for button in app.button}
    assert buttons["Deactivate"].disabled
    assert buttons["Sign out everywhere"].disabled
    role = labelled(app.button_group, "Role")
    assert role.disabled
    role.proto.disabled = False  # as one who talks to the server by himself
    set_role(app, "client")
    app = press(app, "Save access")
    assert "You cannot take this from yourself" in said(app)
    labelled(app.button, "Deactivate").proto.disabled = False
    app = press(app, "Deactivate")
    assert "You cannot take this from yourself" in said(app)
    boss = known(staff, "boss")
    assert (boss.role, boss.active) == ("admin", True)


def test_the_only_user_is_told_so(acme):
    assert "You are the only user so far." in said(shown(PAGE))


def test_an_admin_who_is_none_any_more_changes_nothing(staff):
    app = chosen(staff, "ann")
    users.set_role(staff, OPERATOR, "boss", "analyst", NOON)
    app = press(app, "Deactivate")
    assert [title.value for title in app.title] == ["Sign in"]
    assert known(staff, "ann").active


def test_with_many_users_a_role_is_one_click_away(staff):
    for n in range(60):
        users.add_user(staff, OPERATOR, f"reader{n}", None, "client", NOON, clients=("acme",))
    app = shown(PAGE)
    assert len(app.dataframe[0].value) == 63
    labelled(app.button_group, "Which users").set_value("Admins")
    assert app.run().dataframe[0].value["username"].tolist() == ["boss", "chief"]


def test_where_passwords_are_off_nobody_is_invited(staff, monkeypatch):
    from dataclasses import replace

    found = context.settings()
    closed = replace(found, security=replace(found.security, passwords=False))
    app = shown(PAGE)
    monkeypatch.setattr(context, "settings", lambda: closed)
    app.run()
    assert "Add" in [button.label for button in app.button]
    assert not [button for button in chosen(staff, "ann", app).button if "link" in button.label]
