"""Which providers are offered, and which mistakes of an operator are found before a stranger finds them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from perfdash.domain.oidc import Provider, parse_settings
from tests.fixtures.command_line import ROOT

SECRET = "Zk3vQ9x_7LmP2aTf5RbW8cYd1EgH4jNs6UoX"
CLERK = {
    "client_id": "abc",
    "client_secret": "def",
    "server_metadata_url": "https://clerk.example.com/.well-known/openid-configuration",
}


def auth(**changes: Any) -> dict[str, Any]:
    """A sound [auth] with Clerk, with `changes`; None takes a key away."""
    found = {"redirect_uri": "https://reports.example.com/oauth2callback", "cookie_secret": SECRET, "clerk": CLERK}
    return {key: value for key, value in (found | changes).items() if value is not None}


def test_without_auth_there_is_nothing_and_nothing_is_wrong() -> None:
    found = parse_settings(None)
    assert (found.providers, found.problems) == ((), ())


def test_named_providers_and_the_unnamed_one_are_offered_under_the_names_that_people_know() -> None:
    found = parse_settings(
        auth(
            **CLERK,
            google=CLERK,
            entra=CLERK | {"trusts_email": True},
            okta=CLERK | {"display_name": " Acme staff "},
        )
    )
    assert found.problems == ()
    assert found.providers == (
        Provider("default", "single sign-on"),
        Provider("clerk", "Clerk"),
        Provider("google", "Google"),
        Provider("entra", "Microsoft", trusts_email=True),
        Provider("okta", "Acme staff"),
    )


@pytest.mark.parametrize(
    "secret", [None, "", "xxx", "short", "a" * 64, "abcabcabc" * 8, "0123456789abcdef", "changeme" * 8, 5]
)
def test_a_cookie_secret_that_can_be_guessed_closes_every_provider(secret: object) -> None:
    found = parse_settings(auth(cookie_secret=secret))
    assert found.providers == ()
    assert "cookie_secret" in found.problems[0]
    assert "token_urlsafe" in found.problems[0]


@pytest.mark.parametrize(
    ("redirect", "said"),
    [
        (None, "redirect_uri must be"),
        ("", "redirect_uri must be"),
        ("reports.example.com/oauth2callback", "redirect_uri must be"),
        ("https://reports.example.com/", "redirect_uri must be"),
        ("https://reports.example.com/oauth2callback?next=x", "redirect_uri must be"),
        ("https://user:pass@reports.example.com/oauth2callback", "redirect_uri must be"),
        ("https://[::1/oauth2callback", "redirect_uri must be"),
        ("javascript:alert(1)//oauth2callback", "redirect_uri must be"),
        ("http://reports.example.com/oauth2callback", "https://"),
        ("http://10.0.0.5/oauth2callback", "https://"),
        ("http://localhost.example.com/oauth2callback", "https://"),
    ],
)
def test_a_redirect_address_that_is_not_ours_or_not_encrypted_closes_every_provider(
    redirect: object, said: str
) -> None:
    found = parse_settings(auth(redirect_uri=redirect))
    assert found.providers == ()
    assert len(found.problems) == 1
    assert said in found.problems[0]


@pytest.mark.parametrize("host", ["localhost:{port}", "localhost:8501", "127.0.0.1:8501", "[::1]:8501"])
def test_on_one_s_own_machine_encryption_is_not_asked_for(host: str) -> None:
    assert parse_settings(auth(redirect_uri=f"http://{host}/oauth2callback")).problems == ()


@pytest.mark.parametrize(
    ("name", "table", "said"),
    [
        ("my_clerk", CLERK, "but no '_'"),
        ("Clerk", CLERK, "upper and lower case"),
        ("okta", CLERK | {"client_secret": ""}, "lacks client_secret"),
        ("okta", CLERK | {"client_id": "..."}, "lacks client_id"),
        ("okta", {"client_id": "a"}, "lacks client_secret, server_metadata_url"),
        ("okta", CLERK | {"server_metadata_url": "http://okta.example.com/x"}, "must begin with https://"),
        ("okta", CLERK | {"server_metadata_url": "okta.example.com"}, "discovery document"),
        ("okta", CLERK | {"trusts_email": "true"}, "without quotes"),
        ("okta", CLERK | {"client_kwargs": {"scope": "openid profile"}}, "openid and email"),
        ("okta", CLERK | {"client_kwargs": "login"}, "openid and email"),
        (
            "entra",
            CLERK
            | {"server_metadata_url": "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"},
            "your own tenant",
        ),
    ],
)
def test_a_provider_that_cannot_be_trusted_is_left_out_alone(name: str, table: dict[str, Any], said: str) -> None:
    found = parse_settings(auth(google=CLERK, **{name: table}))
    assert [provider.name for provider in found.providers if provider.name.lower() != "clerk"] == ["google"]
    assert found.problems
    assert all(said in problem for problem in found.problems)


@pytest.mark.parametrize("found", ["yes", 5, ["clerk"]])
def test_what_is_no_table_is_said(found: object) -> None:
    assert "must be a table" in parse_settings(found).problems[0]


def test_an_auth_section_without_any_provider_is_said() -> None:
    assert "names no provider" in parse_settings(auth(clerk=None)).problems[0]


def test_no_sentence_holds_the_value_of_a_secret() -> None:
    hostile = {"client_id": "id-hunter22", "client_secret": "hunter22", "server_metadata_url": "http://hunter22/"}
    found = parse_settings(
        {"cookie_secret": "hunter22", "redirect_uri": "http://hunter22/", "clerk": hostile, "o_k": hostile}
    )
    assert len(found.problems) >= 4
    assert "hunter22" not in " ".join(found.problems)


@pytest.mark.parametrize("document", [".streamlit/secrets.toml.example", "docs/sign-in.md"])
def test_the_examples_are_whole_once_their_secrets_are_filled_in(document: str) -> None:
    """Every example of a document, uncommented, with a value in each place that asks for one."""
    import tomllib

    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL) or [text]
    merged: dict[str, Any] = {}
    for block in blocks:
        plain = re.sub(r"(?m)^# ?(?=\[auth|[a-z_]+ = )", "", block).replace('"..."', f'"{SECRET}"')
        found = tomllib.loads(plain).get("auth", {})
        merged |= found
    result = parse_settings(merged)
    assert result.problems == ()
    assert {provider.name for provider in result.providers} >= {"clerk"}
