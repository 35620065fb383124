from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from perfdash.domain.access import OPERATOR
from perfdash.domain.security import Security
from perfdash.store import schema
from perfdash.store.auth import sessions, users
from perfdash.store.engine import Store
from perfdash.ui.runtime import context
from tests.store.builders import NOON, given_client
from tests.ui.conftest import PASSWORD, given_user, opened, press, sign_in, signed_out

WRONG = "That user name and password do not go together."


def test_signed_out_there_is_the_form_and_nothing_else(store: Store) -> None:
    given_client(store, "acme")
    given_user(store, "ann", "admin")
    app = opened()
    assert signed_out(app)
    assert [field.label for field in app.text_input] == ["User name", "Password"]
    assert [button.label for button in app.button] == ["Sign in"]
    assert not app.error
    assert not app.info


def test_without_any_user_the_page_says_how_to_add_the_first(store: Store) -> None:
    app = opened()
    assert "Nobody can sign in yet" in app.info[0].value
    assert "python -m perfdash users add" in app.code[0].value


def test_the_right_password_opens_the_app_and_leaves_no_trace_of_the_library(store: Store) -> None:
    given_client(store, "acme")
    given_user(store, "ann", "admin")
    app = sign_in(opened(), " Ann ")
    assert not signed_out(app)
    assert app.multiselect(key="client").options == ["acme"]
    for key in ("name", "authentication_status", "username", "email", "roles", "logout", "password_hint"):
        assert key not in app.session_state
    assert PASSWORD not in str(app.session_state._state._state)


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong horse"), ("bob", PASSWORD), ("", ""), ("ann", "")])
def test_whatever_is_wrong_the_answer_is_the_same(store: Store, name: str, password: str) -> None:
    given_user(store, "ann", "admin")
    app = sign_in(opened(), name, password)
    assert signed_out(app)
    assert [error.value for error in app.error] == [WRONG]


def test_a_deactivated_user_gets_the_same_answer(store: Store) -> None:
    given_user(store, "ann", "admin")
    users.set_active(store, OPERATOR, "ann", False, NOON)
    assert [error.value for error in sign_in(opened(), "ann").error] == [WRONG]


def test_demo_users_cannot_sign_in_where_somebody_copied_their_database(store: Store) -> None:
    users.add_user(store, OPERATOR, "admin", "demo-admin", "admin", NOON, demo=True, rounds=4)
    app = sign_in(opened(), "admin", "demo-admin")
    assert signed_out(app)
    assert [error.value for error in app.error] == [WRONG]
    assert "demo-admin" not in str(app.main)


@pytest.mark.parametrize("ended_by", ["password", "deactivation", "sign-out elsewhere", "time"])
def test_a_session_that_ended_shows_the_form_at_the_next_rerun(
    store: Store, ended_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_client(store, "acme")
    given_user(store, "ann", "admin")
    app = sign_in(opened(), "ann")
    assert not signed_out(app)
    if ended_by == "password":
        users.set_password(store, OPERATOR, "ann", "another horse", context.now(), rounds=4)
    elif ended_by == "deactivation":
        users.set_active(store, OPERATOR, "ann", False, context.now())
    elif ended_by == "sign-out elsewhere":
        with store.reading() as connection:
            (session_id,) = connection.execute(select(schema.sessions.c.session_id)).scalars()
        sessions.end(store, session_id, context.now())
    else:
        later = context.now() + Security().lifetime
        monkeypatch.setattr(context, "now", lambda: later + timedelta(seconds=1))
    assert signed_out(app.run())


def test_what_was_granted_or_taken_ends_the_session_and_counts_at_the_next_sign_in(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    given_user(store, "ann", "analyst", "acme")
    app = sign_in(opened(), "ann")
    assert app.multiselect(key="client").options == ["acme"]
    users.grant(store, OPERATOR, "ann", "bolt", context.now())
    assert signed_out(app.run())
    assert sign_in(app, "ann").multiselect(key="client").options == ["acme", "bolt"]
    users.revoke(store, OPERATOR, "ann", "acme", context.now())
    assert signed_out(app.run())
    assert sign_in(app, "ann").multiselect(key="client").options == ["bolt"]


def test_signing_out_ends_the_session_and_forgets_the_page(store: Store) -> None:
    given_client(store, "acme")
    given_user(store, "ann", "admin")
    app = sign_in(opened({"client": "acme"}), "ann")
    assert app.multiselect(key="client").value == ["acme"]
    app = press(app, "Sign out")
    assert signed_out(app)
    assert "client" not in app.session_state
    assert "_selection" not in app.session_state
    with store.reading() as connection:
        assert None not in connection.execute(select(schema.sessions.c.revoked_at)).scalars().all()
    assert signed_out(app.run())


def test_the_next_user_of_the_same_page_gets_nothing_of_the_first(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    given_user(store, "ann", "analyst", "acme")
    given_user(store, "bob", "analyst", "bolt")
    app = press(sign_in(opened({"client": "acme"}), "ann"), "Sign out")
    app = sign_in(app, "bob")
    assert app.multiselect(key="client").options == ["bolt"]
    assert app.multiselect(key="client").value == []
    assert app.session_state["_selection"].ignored == ()


def test_the_next_user_gets_nothing_of_a_session_that_ended_elsewhere(store: Store) -> None:
    given_client(store, "acme")
    given_user(store, "ann", "admin")
    given_user(store, "bob", "client", "acme")
    app = sign_in(opened(), "ann")
    kept = ("_sync_result", "campaigns_rows", "campaigns_chosen", "_last_days", "_download_salt")
    for key in kept:
        app.session_state[key] = "ann's"
    users.set_password(store, OPERATOR, "ann", "another horse", context.now(), rounds=4)
    app = app.run()
    assert signed_out(app)
    app = sign_in(app, "bob")
    assert not signed_out(app)
    assert not [key for key in kept if key in app.session_state and app.session_state[key] == "ann's"]


def test_a_broken_configuration_is_one_sentence_and_no_form_and_the_reason_is_the_logs(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (context.ROOT / "perfdash.toml").write_text("clients = [", encoding="utf-8")
    monkeypatch.setattr(context, "_opened", {})
    app = opened()
    assert [title.value for title in app.title] == ["Perfdash cannot start"]
    assert "configuration of this installation is not right" in app.error[0].value
    assert "not valid TOML" in caplog.text
    assert not app.text_input
    assert not app.exception
    (context.ROOT / "perfdash.toml").unlink()
    assert signed_out(app.run())


def test_a_database_that_cannot_be_opened_is_one_sentence_that_does_not_say_where_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = context.ROOT / "taken"
    folder.write_text("a file where a folder is expected", encoding="utf-8")
    monkeypatch.setenv("PERFDASH_DATABASE_URL", f"sqlite:///{folder / 'x.db'}")
    app = opened()
    assert [title.value for title in app.title] == ["Perfdash cannot start"]
    assert "database cannot be used right now" in app.error[0].value
    assert "taken" not in app.error[0].value
    assert "cannot be written" in caplog.text
    assert not app.exception
