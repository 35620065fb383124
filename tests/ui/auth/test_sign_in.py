"""The sign-in page under attack and in need: guessing, invitations, the first admin; and everybody's own account."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta

import bcrypt
import pytest
from streamlit.testing.v1 import AppTest

from perfdash.domain.access import OPERATOR
from perfdash.store import audit
from perfdash.store.auth import invitations, known_browsers, sessions, throttling, users
from perfdash.store.auth.login import NOBODY
from perfdash.store.engine import Store
from perfdash.ui.auth import credentials, session
from perfdash.ui.runtime import browser, context
from tests.store.builders import given_client
from tests.ui.conftest import PASSWORD, given_user, opened, press, sign_in, signed_out

WRONG = "That user name and password do not go together."
NEW = "tram quiet ember"
ACCOUNT = "../../pages/account/account.py"
IDLE = timedelta(hours=2)


def said(app: AppTest) -> str:
    parts = [*app.error, *app.warning, *app.info, *app.success, *app.caption, *app.markdown]
    return "\n".join(part.value for part in parts).replace("\\", "").replace("\u2060", "")


def fill(app: AppTest, **fields: str) -> AppTest:
    """Fill in fields by their labels, blanks as underscores."""
    for name, text in fields.items():
        next(field for field in app.text_input if field.label.replace(" ", "_") == name).set_value(text)
    return app


def actions(store: Store) -> list[str]:
    return [entry.action for entry in audit.entries(store, OPERATOR)]


# --- guessing


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_the_sixth_guess_is_told_when_to_come_back_and_costs_no_work(
    store: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_user(store, "ann", "admin")
    app = opened()
    for _ in range(5):
        assert [error.value for error in sign_in(app, name, "wrong horse").error] == [WRONG]
    monkeypatch.setattr(bcrypt, "checkpw", lambda *_: pytest.fail("work was done for a throttled guess"))
    app = sign_in(app, name, PASSWORD)
    assert [error.value for error in app.error] == ["Too many tries from here. Try again in 15 minutes."]
    assert signed_out(app)


def test_a_browser_that_signed_in_before_gets_in_while_strangers_use_up_account_and_address(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_client(store, "acme")
    given_user(store, "ann", "admin")
    user_id = users.list_users(store, OPERATOR)[0].user_id
    monkeypatch.setattr(throttling, "IN_A_ROW", 3)
    app = opened()
    for _ in range(4):
        app = sign_in(app, "ann", "wrong horse")
    assert [error.value for error in app.error] == [credentials.NOT_FROM_HERE]
    cookie = known_browsers.issue(store, user_id, "", context.now())
    monkeypatch.setattr(browser, "known_as", lambda _name: cookie)
    assert not signed_out(sign_in(app, "ann"))


def test_the_right_password_counts_again_after_the_wait(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    given_client(store, "acme")
    given_user(store, "ann", "admin")
    app = opened()
    for _ in range(6):
        app = sign_in(app, "ann", "wrong horse")
    later = context.now() + timedelta(minutes=15, seconds=1)
    monkeypatch.setattr(context, "now", lambda: later)
    assert not signed_out(sign_in(app, "ann"))


def test_everybody_costs_exactly_one_hash_of_the_same_kind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = context.now()
    users.add_user(store, OPERATOR, "ann", PASSWORD, "admin", moment)  # at full cost
    users.add_user(store, OPERATOR, "gone", PASSWORD, "admin", moment)
    users.set_active(store, OPERATOR, "gone", False, moment)
    users.add_user(store, OPERATOR, "invited", None, "admin", moment)
    users.add_user(store, OPERATOR, "demo", PASSWORD, "admin", moment, demo=True)
    costs: list[bytes] = []
    check = bcrypt.checkpw
    monkeypatch.setattr(bcrypt, "checkpw", lambda said, kept: costs.append(kept[:7]) or check(said, kept))
    app = opened()
    for name in ("ann", "gone", "invited", "demo", "nobody", "a b", "\x00", ""):
        costs.clear()
        sign_in(app, name, "wrong horse")
        assert costs == [b"$2b$12$"], name
    assert signed_out(app)


def test_a_flood_of_guesses_computes_no_more_hashes_at_once_than_there_are_processors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running, most, counting = 0, 0, threading.Lock()

    def check(_said: bytes, _kept: bytes) -> bool:
        nonlocal running, most
        with counting:
            running += 1
            most = max(most, running)
        time.sleep(0.02)  # long enough for all the others to come
        with counting:
            running -= 1
        return False

    monkeypatch.setattr(bcrypt, "checkpw", check)
    processors = os.cpu_count() or 1
    guesses = [threading.Thread(target=credentials._matches, args=(NOBODY, "x")) for _ in range(3 * processors)]
    for guess in guesses:
        guess.start()
    for guess in guesses:
        guess.join(120)
    assert 1 <= most <= processors


@pytest.mark.parametrize("password", ["", "x" * 73, "x" * 1024, "\U0001f600" * 9, "cafe\u0301", "a\0b"])
def test_odd_passwords_get_the_same_answer_as_any_wrong_one(store: Store, password: str) -> None:
    given_user(store, "ann", "admin")
    app = sign_in(opened(), "ann", password)
    assert [error.value for error in app.error] == [WRONG]
    assert not app.exception


def test_signing_in_failing_and_signing_out_stand_in_the_audit(store: Store) -> None:
    given_client(store, "acme")
    given_user(store, "ann", "admin")
    app = sign_in(sign_in(opened(), "ann", "wrong horse"), "ann")
    press(app, "Sign out")
    told = [action for action in actions(store) if action.startswith("sign")]
    assert told == ["sign out", "sign in", "sign in failed"]


# --- idle


def test_a_page_that_only_looks_for_news_does_not_keep_its_session_alive(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_client(store, "acme")
    given_user(store, "ann", "admin")
    app = sign_in(opened(), "ann")
    begun = sessions.live_sessions(store, OPERATOR, context.now())[0].session.last_seen
    later = begun + timedelta(hours=1, minutes=50)
    monkeypatch.setattr(context, "now", lambda: later)
    monkeypatch.setattr(session, "is_by_itself", iter([True, False]).__next__)  # the numbers moved; then, somebody
    assert not signed_out(app.run())
    assert sessions.live_sessions(store, OPERATOR, later)[0].session.last_seen == begun
    assert not signed_out(app.run())
    assert sessions.live_sessions(store, OPERATOR, later)[0].session.last_seen == later


# --- invitations


def invited(store: Store, purpose: invitations.Purpose = "invite") -> str:
    return invitations.make(store, OPERATOR, "ann", purpose, context.now())


def test_an_invitation_leads_to_a_password_and_then_to_the_app(store: Store) -> None:
    given_client(store, "acme")
    users.add_user(store, OPERATOR, "ann", None, "admin", context.now())
    app = opened({"invitation": invited(store)})
    assert "invitation" not in app.query_params
    assert [title.value for title in app.title] == ["Choose a password"]
    app = press(fill(app, New_password=NEW, The_same_again=NEW + "x"), "Set the password")
    assert "The two passwords differ" in said(app)
    app = press(fill(app, New_password="password1", The_same_again="password1"), "Set the password")
    assert "most used" in said(app)
    app = press(fill(app, New_password=NEW, The_same_again=NEW), "Set the password")
    assert [title.value for title in app.title] == ["Sign in"]
    assert app.text_input[0].value == "ann"
    assert "Your password is set" in said(app)
    assert NEW not in str(app.session_state._state._state)
    app.text_input[1].set_value(NEW)
    assert not signed_out(press(app, "Sign in"))


@pytest.mark.parametrize("token", ["", "made up", "used", "replaced"])
def test_a_link_that_is_worth_nothing_says_one_sentence(store: Store, token: str) -> None:
    given_user(store, "ann", "admin")
    if token in ("used", "replaced"):
        made = invited(store)
        if token == "used":
            invitations.accept(store, made, NEW, context.now(), rounds=4)
        else:
            invited(store, "reset")
        token = made
    app = opened({"invitation": token})
    assert [part.value for part in app.warning] == [invitations.WORTHLESS]
    assert not app.text_input
    assert signed_out(press(app, "Go to the sign-in"))


def test_a_link_that_is_used_elsewhere_meanwhile_says_so(store: Store) -> None:
    given_user(store, "ann", "admin")
    token = invited(store)
    app = opened({"invitation": token})
    invitations.accept(store, token, "another horse", context.now(), rounds=4)
    app = press(fill(app, New_password=NEW, The_same_again=NEW), "Set the password")
    assert [part.value for part in app.warning] == [invitations.WORTHLESS]


def test_a_reset_link_opened_by_who_is_signed_in_shows_nothing_of_the_app(store: Store) -> None:
    given_client(store, "acme")
    given_user(store, "ann", "admin")
    given_user(store, "bob", "admin")
    app = sign_in(opened(), "bob")
    app.query_params["invitation"] = invited(store, "reset")
    app = app.run()
    assert [title.value for title in app.title] == ["Choose a password"]
    assert not app.multiselect
    app = press(app, "Not now")
    assert not signed_out(app)


# --- the first admin


def test_the_code_from_the_log_makes_the_first_admin_who_is_then_in(store: Store) -> None:
    line = invitations.announce(store, context.now())
    assert line is not None
    code = line.split("first admin: ")[1].split(" ")[0]
    app = opened()
    assert "one-time code" in said(app)
    good = {"User_name": "ada", "New_password": NEW, "The_same_again": NEW}
    app = press(fill(app, Code_from_the_log="AAAA", **good), "Make the first admin")
    assert "not the one in the server's log" in said(app)
    app = press(fill(app, Code_from_the_log=code, **good), "Make the first admin")
    assert not signed_out(app)
    assert [(user.username, user.role) for user in users.list_users(store, OPERATOR)] == [("ada", "admin")]


def test_guessing_the_code_is_throttled(store: Store) -> None:
    invitations.announce(store, context.now())
    app = opened()
    for _ in range(6):
        fields = {"User_name": "ada", "New_password": NEW, "The_same_again": NEW}
        app = press(fill(app, Code_from_the_log="AAAA", **fields), "Make the first admin")
    assert "Too many tries" in said(app)


# --- one's own account


@pytest.fixture
def account(store: Store) -> AppTest:
    given_client(store, "acme")
    given_user(store, "ann", "client", "acme", money=False)
    app = sign_in(opened(), "ann")
    app.switch_page(ACCOUNT)
    return app.run()


def change(app: AppTest, current: str, new: str, again: str | None = None) -> AppTest:
    fields = {"Current_password": current, "New_password": new, "The_same_again": new if again is None else again}
    return press(fill(app, **fields), "Change the password")


def test_the_account_says_who_one_is_and_what_one_sees(account: AppTest) -> None:
    assert not account.exception
    assert "ann · client · sees acme, without money" in said(account)
    assert "this one" in said(account)


def test_a_new_password_needs_the_current_one_and_ends_all_other_sessions(store: Store, account: AppTest) -> None:
    (own,) = sessions.live_sessions(store, OPERATOR, context.now())
    other = sessions.begin(store, own.session.user_id or 0, context.now())
    for current, new, again, sentence in (
        ("wrong horse", NEW, NEW, "not your current password"),
        (PASSWORD, NEW, "another", "differ"),
        (PASSWORD, "short", "short", "8 to 1024"),
        (PASSWORD, "acme-2026", "acme-2026", "little more"),
    ):
        account = change(account, current, new, again)
        assert sentence in said(account)
    assert len(sessions.live_sessions(store, OPERATOR, context.now())) == 2
    account = change(account, PASSWORD, NEW)
    assert "Your password is changed" in said(account)
    assert NEW not in str(account.session_state._state._state)
    # Its own one too, of whose cookie somebody may have a copy: the page goes on in a new one.
    assert not sessions.alive(store, [own.session.session_id, other.session_id], context.now(), IDLE)
    assert not signed_out(account.run())
    assert len(sessions.live_sessions(store, OPERATOR, context.now())) == 1


def test_guessing_the_current_password_on_an_open_page_is_throttled(account: AppTest) -> None:
    for _ in range(6):
        account = change(account, "wrong horse", NEW)
    assert "Too many tries" in said(account)


def test_one_session_or_all_can_be_ended(store: Store, account: AppTest) -> None:
    (own,) = sessions.live_sessions(store, OPERATOR, context.now())
    other = sessions.begin(store, own.session.user_id or 0, context.now())
    account = press(account.run(), "End")
    assert sessions.alive(store, [other.session_id], context.now(), IDLE) == frozenset()
    assert not signed_out(account)
    assert signed_out(press(account, "Sign out everywhere"))
    assert sessions.live_sessions(store, OPERATOR, context.now()) == ()


def test_who_comes_by_a_provider_has_no_password_to_change(store: Store, account: AppTest) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE users SET password_hash = ''")
    account = account.run()
    assert "no password to change" in said(account)
    assert [one.label for one in account.text_input] == ["As of, in the address"]
