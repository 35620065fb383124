"""Who stands at the gate, and where: nothing that a visitor says about itself counts."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from perfdash.domain.security import Security
from perfdash.ui.runtime import browser
from perfdash.ui.server import caller as server_caller
from perfdash.ui.server import headers, paths
from perfdash.ui.server.caller import Caller, RefusedRequest

TRUSTING = Security(trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("::1/128")))


def caller(
    client: str, *, security: Security = TRUSTING, scheme: str = "http", **headers: str
) -> Caller | RefusedRequest:
    said = {"Host": "reports.example.com"} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in said.items()]
    return server_caller.caller(client, scheme, raw, security)


def known(client: str, *, security: Security = TRUSTING, scheme: str = "http", **headers: str) -> Caller:
    found = caller(client, security=security, scheme=scheme, **headers)
    assert isinstance(found, Caller), found
    return found


@pytest.mark.parametrize(
    ("client", "hops", "address"),
    [
        ("203.0.113.1", "198.51.100.7", "203.0.113.1"),  # no proxy of ours
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "192.0.2.9, 198.51.100.7, 10.3.3.3", "198.51.100.7"),  # what stands left of it is made up
        ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::1", "::ffff:198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("", "198.51.100.7", ""),
    ],
)
def test_the_address_is_the_last_hop_that_is_no_proxy_of_ours(client: str, hops: str, address: str) -> None:
    assert known(client, X_Forwarded_For=hops).address == address


def test_without_trusted_proxies_no_header_counts() -> None:
    found = known("127.0.0.1", security=Security(), X_Forwarded_For="198.51.100.7", X_Forwarded_Proto="https")
    assert (found.address, found.encrypted, found.speaks_tls) == ("127.0.0.1", None, False)


def test_what_the_browser_speaks_is_the_proxys_word_or_the_connections() -> None:
    assert known("10.0.0.1", X_Forwarded_Proto="https").encrypted is True
    assert known("10.0.0.1", X_Forwarded_Proto="http", Origin="https://reports.example.com").speaks_tls is False
    assert known("10.0.0.1", X_Forwarded_Proto="http, https").encrypted is True
    assert known("203.0.113.1", X_Forwarded_Proto="https").encrypted is None
    assert known("203.0.113.1", scheme="https").encrypted is True
    assert known("203.0.113.1", Origin="https://reports.example.com").speaks_tls is True


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("reports.example.com", 0),
        ("REPORTS.example.com:8443", 0),
        ("reports.example.com.", 0),
        ("a.b.example.org", 0),
        ("example.org", 421),
        ("evil.example", 421),
        ("reports.example.com.evil.example", 421),
        ("", 400),
        ("reports.example.com:99999", 400),
        ("reports.example.com/x", 400),
        ("a@reports.example.com", 400),
        ("reports.example.com, evil.example", 400),
        ("reports.example.com\t", 0),
        ("[::1]:80", 421),
        ("x" * 300, 400),
    ],
)
def test_only_the_named_hosts_are_answered_for(host: str, status: int) -> None:
    security = Security(allowed_hosts=("reports.example.com", "*.example.org"))
    found = caller("203.0.113.1", security=security, Host=host)
    assert (found.status if isinstance(found, RefusedRequest) else 0) == status


@pytest.mark.parametrize(("host", "status"), [("localhost:8501", 0), ("[::1]:8501", 0), ("evil.example:8501", 421)])
def test_a_server_for_this_machine_alone_answers_no_name_that_was_made_to_lead_here(host: str, status: int) -> None:
    found = caller("127.0.0.1", security=Security(loopback_only=True), Host=host)
    assert (found.status if isinstance(found, RefusedRequest) else 0) == status


@pytest.mark.parametrize("name", ["host", "origin", "sec-fetch-site", "content-length"])
def test_a_header_that_decides_something_is_sent_once(name: str) -> None:
    raw = [(b"host", b"a.example"), (name.encode(), b"1"), (name.encode(), b"2")]
    found = server_caller.caller("203.0.113.1", "http", raw, Security())
    assert isinstance(found, RefusedRequest)
    assert found.status == 400


def test_a_request_that_gives_two_lengths_of_itself_is_refused() -> None:
    raw = [(b"host", b"a.example"), (b"content-length", b"3"), (b"transfer-encoding", b"chunked")]
    assert isinstance(server_caller.caller("203.0.113.1", "http", raw[:2], Security()), Caller)
    found = server_caller.caller("203.0.113.1", "http", raw, Security())
    assert isinstance(found, RefusedRequest)
    assert found.status == 400


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://reports.example.com", True),
        ("https://reports.example.com:443", True),
        ("", False),
        ("null", False),
        ("https://reports.example.com:8443", False),
        ("https://reports.example.com.evil.example", False),
        ("http://reports.example.com/x", False),
        ("ftp://reports.example.com", False),
        ("http://a@reports.example.com", False),
    ],
)
def test_a_page_is_our_own_when_the_browser_names_the_very_same_host(origin: str, own: bool) -> None:
    assert known("203.0.113.1", Origin=origin).is_own_page is own


def test_under_tls_an_unencrypted_page_is_not_our_own() -> None:
    assert not known("10.0.0.1", X_Forwarded_Proto="https", Origin="http://reports.example.com").is_own_page
    assert known("10.0.0.1", X_Forwarded_Proto="https", Origin="https://reports.example.com").is_own_page


def test_only_harmless_headers_and_our_own_word_are_passed_on() -> None:
    claims = (
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "remote-user",
        "x-auth-user",
        "authorization",
        browser.ADDRESS,
        "x-streamlit-user",
        "x_perfdash_address",
        browser.SCHEME,
    )
    raw = [(b"host", b"a.example"), (b"cookie", b"a=b"), *((name.encode(), b"admin") for name in claims)]
    who = Caller("198.51.100.7", True, "a.example", "")
    assert server_caller.forwarded_headers(raw, who) == [
        (b"host", b"a.example"),
        (b"cookie", b"a=b"),
        (browser.ADDRESS.encode(), b"198.51.100.7"),
        (browser.SCHEME.encode(), b"https"),
    ]


def arriving(cookies: str, *, host: str = "localhost:8501", tls: bool = False, link: str = "") -> str:
    """The cookies that the app sees."""
    who = Caller("198.51.100.7", tls, host, "")
    raw = [(b"host", host.encode()), (b"cookie", cookies.encode())]
    found = [value for name, value in server_caller.forwarded_headers(raw, who, link) if name == b"cookie"]
    return b"".join(found).decode()


@pytest.mark.parametrize(
    ("sent", "host", "tls", "seen"),
    [
        ("perfdash_session_8501=a", "localhost:8501", False, "perfdash_session=a"),
        ("perfdash_session_8502=b; perfdash_session_8501=a", "localhost:8501", False, "perfdash_session=a"),
        ("perfdash_session_8502=b", "localhost:8501", False, ""),
        ("x=1; perfdash_session=old", "localhost:8501", False, "x=1; perfdash_session=old"),
        ("perfdash_session=old; perfdash_session_8501=a", "localhost:8501", False, "perfdash_session=a"),
        ("__Host-perfdash_session=a", "reports.example.com", True, "perfdash_session=a"),
        ("perfdash_session=planted", "reports.example.com", True, ""),
        ("perfdash_session=planted; __Host-perfdash_session=a", "reports.example.com", True, "perfdash_session=a"),
        ("perfdash_session=a", "reports.example.com", False, "perfdash_session=a"),
        ("__Host-perfdash_session=a", "reports.example.com", False, "perfdash_session=a"),
        ("perfdash_known_8501=k;perfdash_session_8501=a", "h:8501", False, "perfdash_known=k;perfdash_session=a"),
        ("perfdash_known=planted", "reports.example.com", True, ""),
    ],
)
def test_of_the_cookies_of_a_host_only_those_of_this_installation_arrive(
    sent: str, host: str, tls: bool, seen: str
) -> None:
    assert arriving(sent, host=host, tls=tls) == seen


def test_under_a_link_no_account_counts_and_elsewhere_no_link() -> None:
    both = "perfdash_session_8501=a; perfdash_known_8501=k; perfdash_link=l"
    assert arriving(both, link="/link/token").strip() == "perfdash_link=l"
    assert "perfdash_link" not in arriving(both)


@pytest.mark.parametrize(
    ("path", "base", "kind"),
    [
        ("/", "", "page"),
        ("/campaigns", "", "page"),
        ("/campaigns/", "", "page"),
        ("/session", "", "session"),
        ("/reports", "reports", "page"),
        ("/reports/", "reports", "page"),
        ("/reports/session", "reports", "session"),
        ("/session", "reports", None),
        ("/healthz", "reports", "probe"),
        ("/reports/readyz", "reports", "probe"),
        ("/static", "", None),
        ("/media", "", None),
        ("/media/x.csv", "", None),
        (f"/media/{'a' * 56}.csv", "", "media"),
        (f"/link/{'a-_' * 10}", "", "link"),
        ("/link/short", "", None),
        ("/_stcore/metrics", "", None),
        ("/_stcore/stream", "", "stream"),
        ("/static/js/none.js", "", None),
        ("/favicon.png", "", "static"),
        ("/index.html", "", None),
        ("/session/", "", None),
        ("/imports/upload", "", "upload"),
        ("/reports/imports/upload", "reports", "upload"),
        ("/imports/upload/", "", None),
        ("/imports", "", None),
        ("/import", "", "page"),
        ("/a/b", "", None),
        ("/reportsx", "reports", None),
    ],
)
def test_every_address_asks_for_one_thing_or_for_nothing(path: str, base: str, kind: str | None) -> None:
    found = paths.place(path.encode(), base, headers.static_names())
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"x",
        b"*",
        b"//",
        b"/.",
        b"/..",
        b"/a/../b",
        b"/a..b",
        b"/%61",
        b"/a b",
        b"/\xff",
        b"/a//b",
        b"/\\a",
        b"/a\x00",
        b"/" + b"a" * 600,
        b"http://a.example/",
    ],
)
def test_an_address_in_any_other_spelling_is_not_read(path: bytes) -> None:
    assert not paths.is_plain(path)


def test_under_tls_every_cookie_is_secure_once() -> None:
    cookies = [(b"set-cookie", b"a=b; Path=/"), (b"Set-Cookie", b"c=secure; SECURE")]
    sealed = headers.secured(cookies, "session", tls=True)
    assert [value for name, value in sealed if name == b"set-cookie"] == [b"a=b; Path=/; Secure", b"c=secure; SECURE"]
    plain = headers.secured(cookies, "session", tls=False)
    assert [value for name, value in plain if name == b"set-cookie"] == [b"a=b; Path=/", b"c=secure; SECURE"]
    assert not [name for name, _ in plain if name == b"strict-transport-security"]
