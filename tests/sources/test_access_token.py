"""OAuth 2: a token is asked for once, used until it ends, renewed once when refused, and seen by nobody."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from perfdash.config.source import Source
from perfdash.domain.errors import RunFailed, SourceRefused, SourceUnreachable
from perfdash.domain.facts import Fetched
from tests.sources.loopback import KEY, Answer, Asked, Hours, said
from tests.sources.routed import CLIENT_ID, REFRESH_TOKEN, Routed, asking, custom, entry

NONE = {"type": "none"}


@dataclass
class Api:
    """A token server and the API behind it. Of the tokens it has given only the last one is good."""

    life: Any = 3600
    given: int = 0
    rotates: bool = False
    refuses: dict[str, Any] | None = None
    status: int = 400
    forms: list[dict[str, str]] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    pages: int = 1

    @property
    def token(self) -> str:
        return f"t0ken-that-nobody-may-see-{self.given}"

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/token":
            return self._token(asked)
        self.heads.append(asked.headers)
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return said({"message": f"refused {asked.headers.get('authorization')}"}, 401)
        at = int(asked.query.get("p", 1))
        return said({"items": [entry(at)], "echo": self.token, "next": f"?p={at + 1}" if at < self.pages else None})

    def _token(self, asked: Asked) -> Answer:
        self.forms.append({name: values[0] for name, values in parse_qs(asked.body.decode()).items()})
        self.heads.append(asked.headers)
        if self.refuses is not None:
            return said(self.refuses, self.status)
        self.given += 1
        more = {"refresh_token": f"r0tated-that-nobody-may-see-{self.given}"} if self.rotates else {}
        life = {} if self.life is None else {"expires_in": self.life}
        return said({"access_token": self.token, "token_type": "Bearer", **life, **more})


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def server(api: Api) -> Iterator[Routed]:
    with Routed(api) as running:
        yield running


def source(server: Routed, paging: dict[str, Any] | None = None, **auth: Any) -> Source:
    said = {"type": "oauth2", "token_url": f"{server.url}/token", "client_id": "abc", **auth}
    return custom(server.url, paging or NONE, auth=said)


def seen(found: Fetched | RunFailed) -> str:
    log = found.log if isinstance(found, Fetched) else found.trail.log if found.trail else ()
    return "\n".join([*log, str(found)])


def test_a_token_is_asked_for_with_the_key_as_the_clients_secret_and_sent_as_bearer(api: Api, server: Routed) -> None:
    found = asking(source(server, scope="read stats", audience="https://api", params={"resource": "r"}))
    assert api.forms == [
        {
            "grant_type": "client_credentials",
            "client_id": "abc",
            "client_secret": KEY,
            "scope": "read stats",
            "audience": "https://api",
            "resource": "r",
        }
    ]
    assert "authorization" not in api.heads[0]
    assert api.heads[1]["authorization"] == f"Bearer {api.token}"
    assert found.batch.fetched == 1
    assert [one.method for one in server.asked] == ["POST", "GET"]
    assert "for a token: 200" in found.log[0]


def test_the_client_may_stand_in_a_header(api: Api, server: Routed) -> None:
    asking(source(server, client_in="header"))
    assert base64.b64decode(api.heads[0]["authorization"].removeprefix("Basic ")) == f"abc:{KEY}".encode()
    assert "client_secret" not in api.forms[0]


def test_a_token_is_used_by_all_until_shortly_before_it_ends(api: Api, server: Routed) -> None:
    hours = Hours()
    for _ in range(3):
        asking(source(server), hours=hours)
    assert api.given == 1
    hours.slept.append(3539)
    asking(source(server), hours=hours)
    assert api.given == 1
    hours.slept.append(1)
    asking(source(server), hours=hours)
    assert api.given == 2


def test_another_client_gets_a_token_of_its_own(api: Api, server: Routed) -> None:
    hours = Hours()
    for auth in ({}, {"client_id": "other"}, {"scope": "x"}):
        asking(source(server, **auth), hours=hours)
    assert api.given == 3


@pytest.mark.parametrize("life", [None, "soon", -5, "3600"])
def test_a_token_without_an_end_is_used_until_it_is_refused(api: Api, server: Routed, life: Any) -> None:
    api.life, hours = life, Hours()
    asking(source(server), hours=hours)
    hours.slept.append(600)
    asking(source(server), hours=hours)
    assert api.given == 1


def test_a_token_that_had_worked_and_is_refused_is_asked_for_anew_once(api: Api, server: Routed) -> None:
    hours = Hours()
    asking(source(server), hours=hours)
    api.given += 1  # the server has forgotten the first one
    found = asking(source(server), hours=hours)
    assert (found.batch.fetched, found.retries) == (1, 1)
    assert any("refused, so a new one" in line for line in found.log)
    assert api.token not in seen(found)


def test_in_the_middle_of_pages_too(api: Api, server: Routed) -> None:
    api.pages = 3
    usual = server._handler

    def forgetful(asked: Asked) -> Answer:
        if asked.query.get("p") == "2" and api.given == 1:
            api.given = 2
        return usual(asked)

    server._handler = forgetful
    assert asking(source(server, {"type": "next_url", "next": "next"})).batch.fetched == 3


def test_a_new_token_that_is_refused_at_once_is_a_refusal(api: Api, server: Routed) -> None:
    usual = server._handler
    server._handler = lambda asked: usual(asked) if asked.path == "/token" else said({"message": api.token}, 401)
    with pytest.raises(SourceRefused, match=r"401.*check the key ANY_API_KEY") as caught:
        asking(source(server))
    assert api.given == 1 and api.token not in seen(caught.value)


def test_a_refresh_token_is_sent_and_a_new_one_is_used_from_then_on(api: Api, server: Routed) -> None:
    api.rotates, hours = True, Hours()
    tables = {"grant": "refresh_token", "refresh_token": {"env": "REFRESH"}, "client_id": {"env": "CLIENT"}}
    first = asking(source(server, **tables), hours=hours)
    hours.slept.append(4000)
    asking(source(server, **tables), hours=hours)
    assert [form["refresh_token"] for form in api.forms] == [REFRESH_TOKEN, "r0tated-that-nobody-may-see-1"]
    assert {form["client_id"] for form in api.forms} == {CLIENT_ID}
    assert any("new refresh token" in line and "REFRESH" in line for line in first.log)
    assert "nobody" not in seen(first)


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (
            {"error": "invalid_client"},
            401,
            "401 invalid_client; check sources.agency.auth.client_id and the key",
        ),
        ({"error": "invalid_grant"}, 400, "the refresh token in REFRESH has ended or was revoked"),
        ({"error": "invalid_scope"}, 400, "check sources.agency.auth.scope"),
        ({"error": f"{KEY} is wrong", "error_description": KEY}, 400, "with 400; check"),
        ({"error": "invalid_client"}, 200, "with 200 invalid_client"),
        ({}, 404, "check sources.agency.auth.token_url"),
        ({"ok": 1}, 200, "without an access_token"),
        ({"access_token": "a b"}, 200, "without an access_token"),
        ({"access_token": 7}, 200, "without an access_token"),
        ({"access_token": "x" * 9000}, 200, "without an access_token"),
        ({"pad": "x" * 70_000}, 200, "larger than"),
    ],
)
def test_a_refusal_says_what_to_look_at_and_quotes_nothing(
    api: Api, server: Routed, body: dict[str, Any], status: int, text: str
) -> None:
    api.refuses, api.status = body, status
    tables = {"grant": "refresh_token", "refresh_token": {"env": "REFRESH"}}
    with pytest.raises(RunFailed, match=text) as caught:
        asking(source(server, **tables))
    assert KEY not in seen(caught.value) and "is wrong" not in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_token_server_that_is_busy_is_asked_again(api: Api, server: Routed, status: int) -> None:
    api.refuses, api.status = {}, status
    with pytest.raises(RunFailed, match=f"the token server answered {status}"):
        asking(source(server))
    assert len(api.forms) == 3


def test_a_redirect_of_the_token_server_is_not_followed(api: Api, server: Routed) -> None:
    server._handler = lambda _asked: said({}, 307, Location="http://127.0.0.1:1/token")
    with pytest.raises(SourceRefused, match=r"set auth.token_url to the final address"):
        asking(source(server))
    assert len(server.asked) == 1


def test_a_token_server_that_is_not_there_is_named() -> None:
    auth = {"type": "oauth2", "token_url": "http://127.0.0.1:9/token", "client_id": "abc"}
    with pytest.raises(SourceUnreachable, match=r"127.0.0.1:9"):
        asking(custom("http://127.0.0.1:9", NONE, auth=auth))


@pytest.mark.parametrize(
    ("auth", "text"),
    [
        ({"token_url": "http://login.example.com/token"}, "https only"),
        ({"token_url": "http://127.0.0.1.example.com/token"}, "https only"),
        ({"token_url": "https://u:p@login.example.com/token"}, "user name and password"),
        ({"token_url": "https://login.example.com/token?x=1"}, "ends with its path"),
        ({"token_url": "ftp://login.example.com/token"}, "https://"),
        ({"grant": "refresh_token"}, "go together"),
        ({"refresh_token": {"env": "X"}}, "go together"),
        ({"grant": "refresh_token", "refresh_token": "l1teral"}, "a key never stands in this file"),
        ({"client_id": {}}, "say what the client id is"),
        ({"grant": "password"}, "client_credentials"),
    ],
)
def test_a_grant_that_cannot_be_meant_is_refused_without_its_content(auth: dict[str, Any], text: str) -> None:
    usual = {"type": "oauth2", "token_url": "https://login.example.com/token", "client_id": "abc"}
    with pytest.raises(ValidationError, match=text) as caught:
        custom("https://api.example.com", NONE, auth={**usual, **auth})
    assert "l1teral" not in str(caught.value)


def test_nothing_of_it_can_be_printed(api: Api, server: Routed) -> None:
    asked = source(server, grant="refresh_token", refresh_token={"env": "REFRESH"})
    asking(asked)
    assert KEY not in repr(asked) and REFRESH_TOKEN not in repr(asked)
    assert json.dumps(api.forms)
