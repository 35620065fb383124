"""What leaves with the browser for the provider, and what comes back with it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Message, Scope

from perfdash.ui.auth.oidc_callback import OUTCOME, RETURN, OidcCallback, drop_identity, is_own_page

HOME = "https://reports.example.com"


async def _login(_request: Request) -> Response:
    return RedirectResponse("https://clerk.example.com/authorize?state=s", 302)


async def _callback(request: Request) -> Response:
    """As Streamlit answers: everybody to the front page, the identity and the tokens in cookies for 30 days."""
    response = RedirectResponse("/", 302)
    if "code" in request.query_params:
        for name in ("_streamlit_user", "_streamlit_user_1", "_streamlit_user_tokens", "_streamlit_user_tokens_1"):
            response.set_cookie(name, "signed", max_age=30 * 24 * 3600, httponly=True, samesite="lax")
    elif "bad" in request.query_params:
        response.delete_cookie("_streamlit_user")
        response.delete_cookie("_streamlit_user_tokens")
    response.set_cookie("_streamlit_session", "state", httponly=True)
    return response


async def _other(_request: Request) -> Response:
    response = RedirectResponse("/", 302)
    response.set_cookie("_streamlit_user_tokens", "untouched")
    return response


ROUTES = [Route("/auth/login", _login), Route("/oauth2callback", _callback), Route("/oauth2callback/x", _other)]


@dataclass(frozen=True)
class Answer:
    """What the browser gets: each header's values, and the Set-Cookie lines by the cookie's name."""

    headers: dict[str, list[str]]
    cookies: dict[str, str]


def ask(address: str, **sent: str) -> Answer:
    """One request to Streamlit's two routes, and to one that is no business of ours."""
    path, _, query = address.partition("?")
    headers = [(name.encode(), value.encode()) for name, value in {"host": "reports.example.com", **sent}.items()]
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": headers,
        "http_version": "1.1",
        "scheme": "https",
        "server": ("reports.example.com", 443),
        "root_path": "",
    }
    found: list[Message] = []

    async def send(message: Message) -> None:
        found.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(OidcCallback(Starlette(routes=ROUTES))(scope, receive, send))
    values: dict[str, list[str]] = {}
    for name, value in found[0]["headers"]:
        values.setdefault(name.decode(), []).append(value.decode("latin-1"))
    return Answer(values, {line.split("=", 1)[0]: line for line in values.get("set-cookie", [])})


PAGES = ["/", "/campaigns", "/campaigns?client=solvane&range=Last+7+days", "/cpm-lab?limit=5", "/?a=%2F%2Fb&c=://x"]
FOREIGN = [
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "/a/b",
    "/campaigns\r\nSet-Cookie: x=1",
    "/campaigns?a=b\r\nLocation: https://evil.example/",
    "/campaigns?a= b",
    "campaigns",
    "/campaigns#x",
    "/%2F/evil.example",
    "/.",
    "/..//evil.example",
    "/@evil.example",
    "/oauth2callback/x",
    "/a?" + "x" * 2001,
    "/ü",
    "/a?ü",
    "?a=b",
    "/link/abc",
    "/auth/login",
    "/\t/evil.example",
    " //evil.example",
]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_that_was_left_is_where_one_comes_back_to(page: str) -> None:
    left = ask("/auth/login?provider=x", referer=HOME + page)
    assert left.headers["location"] == ["https://clerk.example.com/authorize?state=s"]
    assert "HttpOnly" in left.cookies[RETURN]
    for query in ("code=1", "error=access_denied", "bad=1"):
        kept = left.cookies[RETURN].partition(";")[0]
        assert ask(f"/oauth2callback?{query}", cookie=kept).headers["location"] == [page]


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "https://evil.example/campaigns",
        "https://reports.example.com.evil.example/",
        "https://reports.example.com:81/",
        "x",
        "//[",
    ],
)
def test_what_is_not_our_own_page_is_not_kept(referer: str) -> None:
    left = ask("/auth/login?provider=x&next=//evil.example/", **({"referer": referer} if referer else {}))
    assert f"{RETURN}=;" in left.cookies[RETURN]
    assert "Max-Age=0" in left.cookies[RETURN]


@pytest.mark.parametrize("page", FOREIGN)
def test_a_planted_way_back_leads_to_the_front_page(page: str) -> None:
    assert not is_own_page(page, "")
    found = ask("/oauth2callback?code=1", cookie=f"{RETURN}={quote(page, safe='')}")
    assert found.headers["location"] == ["/"]
    assert "Max-Age=0" in found.cookies[RETURN]


def test_under_a_base_path_pages_lie_there_too() -> None:
    assert is_own_page("/reports/campaigns?a=b", "/reports")
    assert is_own_page("/reports", "/reports")
    assert not is_own_page("/campaigns", "/reports")
    assert not is_own_page("/reportsevil", "/reports")
    assert not is_own_page("/reports//evil.example", "/reports")


def test_the_identity_stays_for_minutes_and_the_tokens_not_at_all() -> None:
    found = ask("/oauth2callback?code=1").cookies
    assert not [name for name in found if "tokens" in name]
    for name in ("_streamlit_user", "_streamlit_user_1"):
        assert "Max-Age=300" in found[name]
        assert "2592000" not in found[name]
    assert "state" in found["_streamlit_session"]
    assert "Max-Age=0" in found[OUTCOME]


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        ("error=access_denied&state=s", "cancelled"),
        ("error=server_error", "failed"),
        ("error=access_denied%0d%0aSet-Cookie:x=1", "failed"),
        ("state=madeup", "failed"),
        ("", "failed"),
        ("bad=1", "failed"),
    ],
)
def test_the_form_learns_why_nobody_came_back_signed_in(query: str, outcome: str) -> None:
    found = ask(f"/oauth2callback?{query}").cookies
    assert found[OUTCOME].startswith(f"{OUTCOME}={outcome}; Path=/; Max-Age=60; HttpOnly")


def test_what_ends_a_cookie_passes() -> None:
    found = ask("/oauth2callback?bad=1").cookies
    assert "Max-Age=0" in found["_streamlit_user"]
    assert "Max-Age=0" in found["_streamlit_user_tokens"]


def test_other_addresses_are_left_alone() -> None:
    assert set(ask("/oauth2callback/x").cookies) == {"_streamlit_user_tokens"}


def test_what_a_provider_said_is_dropped_and_nothing_else() -> None:
    names = ("_user", "_user_1", "_user_tokens", "_user_tokens_2", "_xsrf", "_session")
    sent = "; ".join(f"_streamlit{name}=x" for name in names)
    request = Request({"type": "http", "headers": [(b"cookie", sent.encode())]})
    response = Response()
    drop_identity(request, response)
    lines = response.headers.getlist("set-cookie")
    assert {line.split("=", 1)[0] for line in lines} == {
        "_streamlit_user",
        "_streamlit_user_1",
        "_streamlit_user_tokens",
        "_streamlit_user_tokens_2",
    }
