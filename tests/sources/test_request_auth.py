"""Who is asking: the key in its one place, and masked as it stands there."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from perfdash.config.auth_models import Auth
from perfdash.domain.errors import SourceRefused
from perfdash.domain.secret import Secret
from perfdash.sources.request import masked_key, sign
from tests.sources.loopback import DAYS, KEY, Loopback, said
from tests.sources.routed import Routed, asking, custom

_AUTH: TypeAdapter[Any] = TypeAdapter(Auth)


def auth(type: str, **more: str) -> Any:
    return _AUTH.validate_python({"type": type, **more})


@pytest.mark.parametrize(
    ("how", "header", "value"),
    [
        (auth("bearer"), "Authorization", "Bearer open sesame"),
        (auth("header", name="X-Api-Key"), "X-Api-Key", "open sesame"),
        (auth("header", name="X-Api-Key", prefix="Token"), "X-Api-Key", "Token open sesame"),
        (auth("basic", user="Aladdin"), "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),  # RFC 7617's example
    ],
)
def test_a_key_in_a_header_replaces_whatever_stood_there(how: Any, header: str, value: str) -> None:
    request = httpx.Request("GET", "https://api.example.com/x?p=1", headers={header: "older"})
    sign(request, how, "open sesame")
    assert [sent for name, sent in request.headers.multi_items() if name == header.lower()] == [value]
    assert str(request.url) == "https://api.example.com/x?p=1"


def test_a_key_in_the_address_replaces_the_one_that_a_next_address_may_hold() -> None:
    request = httpx.Request("GET", "https://api.example.com/x?api_key=older&p=2")
    sign(request, auth("query", name="api_key"), "a&b")
    assert dict(request.url.params.multi_items()) == {"api_key": "a&b", "p": "2"}
    assert "authorization" not in request.headers


@pytest.mark.parametrize("user", ["ann", "anne", "annie"])
def test_a_password_is_masked_as_it_stands_on_the_wire_too(user: str) -> None:
    """Base64 has no, one or two signs at its end, and some servers leave them out."""
    key = masked_key(auth("basic", user=user), Secret("KEY", KEY))
    pair = b64encode(f"{user}:{KEY}".encode()).decode()
    for spelling in (KEY, pair, pair.rstrip("="), b64encode(KEY.encode()).decode()):
        assert key.masked(f"<{spelling}>") == "<***>"
        assert key.masked_bytes(f"<{spelling}>".encode()) == b"<***>"


def test_other_keys_stand_on_the_wire_as_they_are() -> None:
    key = Secret("KEY", KEY)
    assert masked_key(auth("bearer"), key) is key


@pytest.mark.parametrize("spelled", [lambda sent: sent, lambda sent: sent.rstrip("=")])
def test_a_source_that_echoes_its_request_does_not_bring_the_password_out(spelled: Any) -> None:
    def echo(asked: Any) -> bytes:
        return said({"message": f"who is {spelled(asked.headers['authorization'])}?"}, 422, X_Request_Id="r")

    lines: list[str] = []
    with Routed(echo) as server, pytest.raises(SourceRefused) as caught:
        asking(custom(server.url, {"type": "none"}, auth={"type": "basic", "user": "anna"}), progress=lines.append)
    assert "who is Basic ***?" in str(caught.value)
    assert b64encode(f"anna:{KEY}".encode()).decode().rstrip("=") not in f"{caught.value} {lines}"


def test_a_password_reaches_the_source_as_http_wants_it() -> None:
    with Loopback(said({"items": []})) as server:
        asking(custom(server.url, {"type": "none"}, auth={"type": "basic", "user": "anna"}), days=DAYS)
    assert server.asked[0].headers["authorization"] == "Basic " + b64encode(f"anna:{KEY}".encode()).decode()
