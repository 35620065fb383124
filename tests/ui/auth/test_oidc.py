"""The form's provider buttons, and who is let in: the app in Streamlit's harness, with a provider's word beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from perfdash.domain.access import OPERATOR
from perfdash.store import audit
from perfdash.store.auth import users
from perfdash.store.engine import Store
from perfdash.ui.auth import oidc
from tests.store.builders import NOON
from tests.ui.conftest import MAIN, given_user, press, signed_out

CLERK = {"client_id": "a", "client_secret": "b", "server_metadata_url": "https://clerk.example.com/x"}
AUTH = {
    "redirect_uri": "https://reports.example.com/oauth2callback",
    "cookie_secret": "Zk3vQ9x_7LmP2aTf5RbW8cYd1EgH4jNs6UoX",
    "clerk": CLERK,
    "google": CLERK,
}


def opened(auth: dict[str, Any]) -> AppTest:
    """The app of an installation with this [auth]."""
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.secrets["auth"] = auth
    return app.run()


def comes(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """From now on pages come with ada's identity, fresh from Clerk, with `changes`."""
    claims = {
        "is_logged_in": True,
        "provider": "clerk",
        "iss": "https://clerk.example.com",
        "sub": "u1",
        "nonce": "n1",
        "iat": int(datetime.now(UTC).timestamp()),
        "email": "ada@example.com",
        "email_verified": True,
    }

    class User:
        def to_dict(self) -> dict[str, Any]:
            return claims | changes

    monkeypatch.setattr(st, "user", User())


def given_ada(store: Store) -> None:
    users.add_user(store, OPERATOR, "ada", None, "admin", NOON, email="ada@example.com")


def words(app: AppTest) -> str:
    """What the notices say, without what keeps them from being markup."""
    return " ".join(one.value for one in [*app.warning, *app.info, *app.error]).replace("\\", "").replace("\u2060", "")


def test_without_providers_the_form_is_what_it_was(store: Store) -> None:
    given_user(store, "bob", "admin")
    app = AppTest.from_file(str(MAIN), default_timeout=120).run()
    assert [button.label for button in app.button] == ["Sign in"]


def test_each_provider_has_a_button_below_the_form(store: Store) -> None:
    given_user(store, "bob", "admin")
    app = opened(AUTH)
    assert [button.label for button in app.button] == ["Sign in", "Continue with Clerk", "Continue with Google"]
    assert words(app) == ""


def test_with_passwords_off_there_are_only_providers(store: Store, tmp_path: Path) -> None:
    (tmp_path / "perfdash.toml").write_text("[security]\npasswords = false\n", encoding="utf-8")
    from perfdash.ui.runtime import context

    context._opened.clear()
    given_user(store, "bob", "admin")
    app = opened(AUTH)
    assert [button.label for button in app.button] == ["Continue with Clerk", "Continue with Google"]
    assert not app.text_input


def test_a_display_name_is_no_markup(store: Store) -> None:
    given_user(store, "bob", "admin")
    app = opened(AUTH | {"okta": CLERK | {"display_name": "[x](https://evil.example) :material/key:"}})
    label = app.button[-1].label
    assert "](https" not in label
    assert ":material" not in label


def test_what_is_wrong_is_said_and_nobody_is_believed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    given_ada(store)
    given_user(store, "bob", "admin")
    comes(monkeypatch)
    app = opened(AUTH | {"cookie_secret": "hunter22"})
    assert signed_out(app)
    assert "cookie_secret can be guessed" in words(app)
    assert "hunter22" not in words(app)
    assert [button.label for button in app.button] == ["Sign in"]
    assert not [line for line in audit.entries(store, OPERATOR) if line.action.startswith("sign in")]


def test_who_comes_from_a_provider_is_in_until_the_sign_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    given_ada(store)
    comes(monkeypatch)
    app = opened(AUTH)
    assert not signed_out(app)
    assert [line.actor for line in audit.entries(store, OPERATOR) if line.action == "sign in"] == ["ada"]
    press(app, "Sign out")
    assert signed_out(app)
    assert words(app) == ""
    app.run()
    assert signed_out(app)
    assert "That sign-in is over" in words(opened(AUTH))


def test_an_identity_does_not_bring_back_who_was_signed_out_elsewhere(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_ada(store)
    comes(monkeypatch)
    app = opened(AUTH)
    users.set_active(store, OPERATOR, "ada", False, datetime.now(UTC))
    assert signed_out(app.run())
    users.set_active(store, OPERATOR, "ada", True, datetime.now(UTC))
    assert signed_out(app.run())
    assert signed_out(opened(AUTH))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": "[x](https://evil.example)@a.b"}, "nobody here has the address [x](https://evil.example)@a.b"),
        ({"email_verified": False}, "Clerk has not verified that ada@example.com is yours"),
        ({"email": None}, "did not say which e-mail address"),
        ({"iat": 1}, "That sign-in is over"),
        ({"provider": "okta"}, ""),
        ({"provider": None}, ""),
        ({"is_logged_in": "yes"}, ""),
    ],
)
def test_who_stays_outside_reads_why(
    store: Store, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], said: str
) -> None:
    given_ada(store)
    comes(monkeypatch, **changes)
    app = opened(AUTH)
    assert signed_out(app)
    assert said in words(app)
    assert (words(app) == "") == (said == "")
    assert not [one for one in app.warning if "](http" in one.value]
    app.run()
    assert signed_out(app)
    assert len([line for line in audit.entries(store, OPERATOR) if line.action == "sign in failed"]) == bool(said)


def test_a_provider_that_cannot_be_asked_is_a_calm_sentence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.errors import StreamlitAuthError

    def broken(_name: str) -> None:
        raise StreamlitAuthError("client_secret hunter22")

    given_user(store, "bob", "admin")
    app = opened(AUTH)
    monkeypatch.setattr(oidc.st, "login", broken)
    press(app, "Continue with Clerk")
    assert "Clerk cannot be asked" in words(app)
    assert "hunter22" not in words(app)
