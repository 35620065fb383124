"""What an address under a client link asks for, on a server with and without a base path."""

from __future__ import annotations

import pytest

from perfdash.ui.runtime import browser
from perfdash.ui.server import caller, paths
from perfdash.ui.server.caller import Caller
from perfdash.ui.server.paths import Resource

TOKEN = "t" * 43
STATIC = frozenset({"favicon.png", "static/js/index.js"})
MEDIA = f"media/{'a' * 64}.csv"


@pytest.mark.parametrize("base", ["", "reports"])
@pytest.mark.parametrize(
    ("rest", "kind", "name"),
    [
        ("", "link", ""),
        ("/", "link", ""),
        ("/campaigns", "link", "campaigns"),
        ("/_stcore/health", "core", "_stcore/health"),
        ("/_stcore/stream", "stream", "_stcore/stream"),
        (f"/{MEDIA}", "media", MEDIA),
        ("/static/js/index.js", "static", "static/js/index.js"),
    ],
)
def test_a_links_page_and_what_it_needs_lie_under_its_address(base: str, rest: str, kind: str, name: str) -> None:
    inside = f"/{base}" if base else ""
    found = paths.place(f"{inside}/link/{TOKEN}{rest}".encode(), base, STATIC)
    whole = f"{inside}/link/{TOKEN}" if kind == "link" else f"{inside}/{name}"
    assert found == Resource(kind, whole, name, f"/link/{TOKEN}")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "rest",
    ["session", "imports/upload", "healthz", "readyz", "auth/login", "oauth2callback", f"link/{TOKEN}", "a/b", "link"],
)
def test_nothing_else_lies_there(rest: str) -> None:
    assert paths.place(f"/link/{TOKEN}/{rest}".encode(), "", STATIC) is None


@pytest.mark.parametrize("path", ["/link", "/link/", "/link/short", f"/link/{'t' * 201}", f"/link/{TOKEN}x/../y"])
def test_what_is_no_links_address_is_nothing(path: str) -> None:
    assert not paths.is_plain(path.encode()) or paths.place(path.encode(), "", STATIC) is None


@pytest.mark.parametrize(
    ("link", "cookies", "kept"),
    [
        ("", "perfdash_session=a; perfdash_link=b; x=c", "perfdash_session=a; x=c"),
        ("", "perfdash_link=b", ""),
        (f"/link/{TOKEN}", "perfdash_session=a; perfdash_link=b", " perfdash_link=b"),
        (f"/link/{TOKEN}", " perfdash_session =a;perfdash_session=d", ""),
        (f"/link/{TOKEN}", "perfdash_session; perfdash_sessions=e", " perfdash_sessions=e"),
    ],
)
def test_only_the_cookie_that_counts_here_reaches_the_app(link: str, cookies: str, kept: str) -> None:
    who = Caller("127.0.0.1", None, "localhost", "")
    sent = [(b"cookie", cookies.encode()), (browser.LINK.encode(), b"/link/forged"), (browser.ACCOUNT.encode(), b"yes")]
    found = caller.forwarded_headers(sent, who, link)
    assert [value.decode() for name, value in found if name == b"cookie"] == ([kept] if kept else [])
    assert [value.decode() for name, value in found if name == browser.LINK.encode()] == ([link] if link else [])
