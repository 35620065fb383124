"""Which host an address belongs to; an address that could be read in two ways belongs to none."""

from __future__ import annotations

import pytest

from perfdash.sources.origin import origin


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://api.example.com/v1?p=2", ("https", "api.example.com", 443)),
        ("http://api.example.com", ("http", "api.example.com", 80)),
        ("HTTPS://API.Example.COM:443/", ("https", "api.example.com", 443)),
        ("http://127.0.0.1:8080/x", ("http", "127.0.0.1", 8080)),
        ("https://[::1]:8443/", ("https", "::1", 8443)),
        ("https://api.example.com/mail@host", ("https", "api.example.com", 443)),
    ],
)
def test_an_address_belongs_to_its_scheme_host_and_port(url: str, found: tuple[str, str, int]) -> None:
    assert origin(url) == found


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com",
        "//api.example.com/x",
        "ftp://api.example.com",
        "ftp://api.example.com:443",
        "https://",
        "https:///v1",
        "https://user@api.example.com",
        "https://api.example.com@evil.example",
        "https://evil.example\\@api.example.com",
        "https://api.example.com\\x",
        "https://api.example.com:0/",
        "https://api.example.com:99999",
        "https://api.example.com:port",
        "https://[::1",
    ],
)
def test_an_address_without_one_clear_host_belongs_to_none(url: str) -> None:
    assert origin(url) is None
