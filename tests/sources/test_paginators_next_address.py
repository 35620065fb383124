"""A next page is asked for at the source's own origin only, whatever its address pretends; none is overlooked."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perfdash.domain.errors import BadAnswer, SourceRefused
from perfdash.sources.origin import origin
from perfdash.sources.paginators import next_link, resolve_next
from tests.sources.paging_kit import BASE, START, Api, came, numbered, paging, read, script

ORIGIN = "https://api.example.com"


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        ("https://api.example.com/v2/report?p=2", f"{ORIGIN}/v2/report?p=2"),
        ("HTTPS://API.Example.COM:443/x", f"{ORIGIN}/x"),
        ("https://api.example.com", f"{ORIGIN}/"),
        ("https://api.example.com?p=2", f"{ORIGIN}/?p=2"),
        ("//api.example.com/x", f"{ORIGIN}/x"),
        ("/x?p=2", f"{ORIGIN}/x?p=2"),
        ("?p=2&q=a%20b", f"{ORIGIN}/v2/report?p=2&q=a%20b"),
        ("next;v=1?p=2", f"{ORIGIN}/v2/next;v=1?p=2"),
        ("../v3/x", f"{ORIGIN}/v3/x"),
        ("?p=2#row-7", f"{ORIGIN}/v2/report?p=2"),
        ("?url=https://other.example/", f"{ORIGIN}/v2/report?url=https://other.example/"),
        ("?mail=a@b", f"{ORIGIN}/v2/report?mail=a@b"),
    ],
)
def test_an_address_is_resolved_against_the_page_that_named_it(reference: str, address: str) -> None:
    assert resolve_next(reference, START, BASE) == address


def test_the_port_of_the_source_is_kept() -> None:
    assert resolve_next("?p=2", "http://127.0.0.1:8080/x?p=1", "http://127.0.0.1:8080") == "http://127.0.0.1:8080/x?p=2"
    assert resolve_next("/y", "http://[::1]:8080/x", "http://[::1]:8080") == "http://[::1]:8080/y"


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        ("https://evil.example/v2/report", "https://evil.example,"),
        ("https://evil.example:8443/", "https://evil.example:8443,"),
        ("//evil.example/v2", "https://evil.example,"),
        ("http://api.example.com/v2/report", "http://api.example.com,"),
        ("https://api.example.com:8443/v2/report", "https://api.example.com:8443,"),
        ("http://api.example.com:443/", "http://api.example.com:443,"),
        ("https://api.example.com.evil.example/", "https://api.example.com.evil.example,"),
        ("https://api.example.com./", "https://api.example.com.,"),
        ("https://api.example.com%2eevil.example/", "https://api.example.com%2eevil.example,"),
        ("https://api.example.com@evil.example/", "an address with a user name"),
        ("https://user:pass@api.example.com/", "an address with a user name"),
        ("https://evil.example#@api.example.com/", "https://evil.example,"),
        ("https://evil.example?@api.example.com/", "https://evil.example,"),
        ("ftp://api.example.com/", "an address without a clear host"),
        ("file:///etc/hosts", "an address without a clear host"),
        ("javascript:alert(1)", "an address without a clear host"),
        ("data:application/json,[]", "an address without a clear host"),
        ("https://api.example.com:99999/", "an address without a clear host"),
        ("https://api.example.com:x/", "an address without a clear host"),
    ],
)
def test_an_address_anywhere_else_is_refused_and_named_by_its_host(reference: str, named: str) -> None:
    with pytest.raises(SourceRefused) as caught:
        resolve_next(reference + ("" if "?" in reference else "?token=s3cret"), START, BASE)
    assert f"the next page is said to be at {named}" in str(caught.value)
    assert "the key goes to https://api.example.com only" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("s3cret", "user:", "pass"))


@pytest.mark.parametrize(
    "reference",
    [
        "https://api.example.com\\@evil.example/",
        "\\\\evil.example/x",
        "/\\evil.example/x",
        "/x\r\nHost: evil.example",
        "https://api.example.com\t.evil.example/",
        "\x00//evil.example",
        " https://api.example.com/x",
        "/a b",
        "/x\x7f",
        "/\ud800",
    ],
)
def test_what_parsers_may_read_differently_is_refused(reference: str) -> None:
    with pytest.raises(SourceRefused, match="holds a blank, a control character or a backslash"):
        resolve_next(reference, START, BASE)


@pytest.mark.parametrize("reference", ["https://[::1/", "//[", "https://a\u2100b/"])
def test_what_is_no_address_is_refused(reference: str) -> None:
    with pytest.raises(SourceRefused, match=r"^the address of the next page is not a web address$"):
        resolve_next(reference, START, BASE)


def test_a_long_or_strange_host_is_named_short_and_plain() -> None:
    with pytest.raises(SourceRefused) as caught:
        resolve_next(f"https://{'x' * 300}\u202e.example/", START, BASE)
    assert "x" * 100 in str(caught.value) and "x" * 101 not in str(caught.value)
    assert "\u202e" not in str(caught.value)


PIECES = [
    "https:",
    "http:",
    "//",
    "/",
    "\\",
    "@",
    ":",
    "443",
    "?",
    "#",
    "..",
    "%2e",
    "[",
    "]",
    ";",
    ".",
    " ",
    "\t",
    "é",
    "api.example.com",
    "evil.example",
    "x",
    "\u212a",
    "\uff0f",
    "\u3002",
]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=9).map("".join) | st.text(max_size=30))
@example(pieces="https:evil.example")
@example(pieces="///evil.example")
@example(pieces="////evil.example//x")
def test_no_text_at_all_leads_away(pieces: str) -> None:
    try:
        address = resolve_next(pieces, START, BASE)
    except SourceRefused:
        return
    assert origin(address) == origin(BASE)
    assert address.startswith(f"{ORIGIN}/")
    assert not urlsplit(address).fragment


# Paging by address


@pytest.mark.parametrize("end", [None, False, ""])
def test_an_address_that_is_absent_or_empty_is_the_end(end: object) -> None:
    assert len(read(paging("next_url", next="next"), script(came(numbered(0, 2), next=end))).asked) == 1


@pytest.mark.parametrize("address", [True, 2, ["/x"], {"href": "/x"}])
def test_what_is_not_text_is_no_address(address: object) -> None:
    with pytest.raises(BadAnswer, match=r"links\.next is not text"):
        read(paging("next_url", next="links.next"), script(came(numbered(0, 2), links={"next": address})))


def test_the_whole_address_is_asked_and_nothing_is_added_to_it() -> None:
    """The size of a page is there for a body only, which is sent again."""
    found = read(paging("next_url", next="next", size=2), Api(numbered(0, 3), cap=2).by_address)
    assert [(dict(ask.values), ask.url) for ask in found.asked] == [
        ({"page_size": "2"}, None),
        ({"page_size": "2"}, f"{START}&p=1"),
    ]


@pytest.mark.parametrize("kind", ["next_url", "link_header"])
@pytest.mark.parametrize(
    ("following", "text"),
    [
        (["?p=2", "?p=2"], "the next page after page 2 is said to be page 2 again: page 2 -> page 2"),
        (["?p=2", "?p=3", "?p=2"], "page 2 -> page 3 -> page 2"),
        (["?p=2", "?account=a"], "page 1 -> page 2 -> page 1"),
        (["?p=2", "?p=3", "?p=2#again"], "page 2 -> page 3 -> page 2"),
        (
            [*(f"?p={page}" for page in range(2, 9)), "?p=3"],
            (
                "the next page after page 8 is said to be page 3 again: "
                "page 4 -> page 5 -> page 6 -> page 7 -> page 8 -> page 3"
            ),
        ),
        ([START], "page 1 -> page 1"),
    ],
)
def test_addresses_that_lead_back_are_named_by_their_pages(kind: str, following: list[str], text: str) -> None:
    config = paging(kind, **({"next": "next"} if kind == "next_url" else {}))
    # Each page stands at the address that the one before named.
    places = [START, *(resolve_next(said, START, BASE) for said in following)]
    pages = [came([], place, f"<{said}>; rel=next", next=said) for place, said in zip(places, following, strict=False)]
    with pytest.raises(BadAnswer) as caught:
        read(config, script(*pages))
    assert text in str(caught.value)


@pytest.mark.parametrize("kind", ["next_url", "link_header"])
def test_a_foreign_address_ends_the_run_before_it_is_asked(kind: str) -> None:
    config = paging(kind, **({"next": "next"} if kind == "next_url" else {}))
    page = came(numbered(0, 2), START, '<https://evil.example/x?t=1>; rel="next"', next="https://evil.example/x?t=1")
    with pytest.raises(SourceRefused, match=r"https://evil\.example"):
        read(config, script(page))


def test_addresses_that_never_end_are_bounded() -> None:
    def server(ask: Any) -> Any:
        return came([], ask.url or START, next=f"?p={int((ask.url or '=0').rpartition('=')[2]) + 1}")

    with pytest.raises(BadAnswer, match="more than the 60 pages"):
        read(paging("next_url", next="next"), server)


@pytest.mark.parametrize("kind", ["next_url", "link_header"])
def test_a_total_may_be_named_on_the_first_page_only_but_must_be_there(kind: str) -> None:
    config = paging(kind, total_rows="total", **({"next": "next"} if kind == "next_url" else {}))
    second = f"{START}&p=2"
    first = came(numbered(0, 2), START, "<?p=2>; rel=next", next=second)
    last = came(numbered(2, 3), second)
    named = came(numbered(0, 2), START, f"<{second}>; rel=next", next=second, total=3)
    assert len(read(config, script(named, last)).rows) == 3
    with pytest.raises(BadAnswer, match="total is missing"):
        read(config, script(first, last))


# The Link header


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("", None),
        ('<https://api.example.com/x?p=2>; rel="next"', "https://api.example.com/x?p=2"),
        ("</x>;rel=next", "/x"),
        ("</x>; rel=next;", "/x"),
        ("</x> ; REL = NEXT", "/x"),
        ('</x>; rel="prev next"', "/x"),
        ('</x>; rel="  next\tlast "', "/x"),
        ('</x?a=1,2;3&b="q">; rel=next', '/x?a=1,2;3&b="q"'),
        ('</1>; rel="first", </3>; rel="next", </9>; rel="last"', "/3"),
        ('</1>; rel="first",</3>;rel="next",</9>;rel="last"', "/3"),
        (',, </3>; rel="next" , ,', "/3"),
        ('</1>; title="a, b; rel=\\"next\\""; rel=prev, </3>; rel=next', "/3"),
        ("</1>; title=\"rel=next\", </3>; title*=UTF-8''n%c3%a4chste; rel=next; type=text/html", "/3"),
        ('</3>; crossorigin; rel="next"', "/3"),
        ('</3>; rel="next", </3>; rel="next last"', "/3"),
        ('</1>; rel="nextish", </2>; rel="https://example.com/rels/next"', None),
        ('</1>; rel="prev"; rel="next"', None),
        ('</1>; rev="next"', None),
        ('</1>; rel="next"; anchor="/another"', None),
        ('</3>; rel="next"; anchor=""', "/3"),
        ('</3>; rel="next"; anchor', "/3"),
        ('</3>; rel="next"; anchor="?account=a"', "/3"),
        ("</3>; rel", None),
        ("</1>", None),
        ("<>; rel=next", ""),
        ("< /x >; rel=next", "/x"),
        ('</x>; rel="ne\\xt"', "/x"),
    ],
)
def test_a_link_header_is_read_as_its_standard_says(header: str, target: str | None) -> None:
    assert next_link(header, START) == target


@pytest.mark.parametrize(
    "header",
    [
        "next",
        "</1>; rel=next, X",
        "/x; rel=next",
        "</x; rel=next",
        '</x>; rel="next',
        "</x> rel=next",
        "</x></y>; rel=next",
        '</1>; rel="prev" </3>; rel="next"',
        '</1>; title="a"b, </3>; rel=next',
        '"</3>; rel=next"',
        '</x>; rel=="next"',
    ],
)
def test_a_link_header_that_cannot_be_read_is_not_taken_for_the_end(header: str) -> None:
    with pytest.raises(BadAnswer, match="the Link header cannot be read"):
        next_link(header, START)


def test_two_different_next_pages_are_refused() -> None:
    with pytest.raises(BadAnswer, match="two different next pages"):
        next_link("</2>; rel=next, </3>; rel=next", START)


LETTERS = ["a", ";", ",", "<", ">", '"', "\\", "=", " ", "rel", "next"]


@given(before=st.lists(st.sampled_from(LETTERS), max_size=12).map("".join))
def test_no_link_header_at_all_breaks_the_reader(before: str) -> None:
    try:
        found = next_link(f"{before}</x>; rel=next", START)
    except BadAnswer:
        return
    assert found is None or isinstance(found, str)


def test_a_long_hostile_link_header_is_read_in_no_time() -> None:
    for piece in ("; a", " ", ";", '; a="\\', "<", ", ", '</x>; a="', "</x>,"):
        try:
            found = next_link("</x>" + piece * 20_000, START)
        except BadAnswer:
            continue
        assert found is None  # nothing in it says rel="next"
