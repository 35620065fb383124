"""[security] in perfdash.toml: host names, proxies and lengths of time, or why not."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from perfdash.config.loading import validate
from perfdash.config.models import SecurityConfig
from perfdash.domain.errors import ConfigError
from perfdash.domain.security import Security

HOST = 'a host is a name without scheme, port or path, such as "reports.example.com" or "*.example.com"'
PROXY = 'a proxy is an address or a network, such as "127.0.0.1" or "10.0.0.0/8"'


def told(**security: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        validate({"security": security})
    return str(caught.value).split("\n")


def test_what_is_not_said_is_the_default() -> None:
    assert validate({}).security == validate({"security": {}}).security == Security()


def test_lengths_of_time_are_whole_numbers() -> None:
    found = SecurityConfig()
    assert {type(value) for value in (found.idle_minutes, found.session_hours, found.audit_days)} == {int}


def test_what_is_said_is_what_counts() -> None:
    said = {
        "allowed_hosts": ["Reports.Example.com", "*.example.com", "localhost"],
        "trusted_proxies": ["127.0.0.1", "10.0.0.0/8", "::1"],
        "idle_minutes": 5,
        "session_hours": 1,
        "audit_days": 30,
        "passwords": False,
    }
    assert validate({"security": said}).security == Security(
        allowed_hosts=("reports.example.com", "*.example.com", "localhost"),
        trusted_proxies=(ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("::1")),
        idle=timedelta(minutes=5),
        lifetime=timedelta(hours=1),
        audit_kept=timedelta(days=30),
        passwords=False,
    )


@pytest.mark.parametrize("host", ["a", "a-b.c", "1.2.3.4", "*.a", "xn--bcher-kva.example", "A.B"])
def test_a_host_is_a_name(host: str) -> None:
    assert validate({"security": {"allowed_hosts": [host]}}).security.allowed_hosts == (host.lower(),)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "*",
        "*.",
        "*a.b",
        "a.*",
        "*.*.a",
        "a b",
        "https://a.b",
        "a.b:80",
        "a.b/",
        "a..b",
        ".a",
        "a.",
        "-a",
        "a-",
        "b\xfccher.example",
        "a_b",
        "a\n",
        "\u0663",
    ],
)
def test_what_is_no_host_is_told(host: str) -> None:
    assert told(allowed_hosts=["ok.example", host]) == [f"security.allowed_hosts[1]: {HOST}"]


@pytest.mark.parametrize("proxy", ["", "localhost", "10.0.0.1/8", "10.0.0", "1.2.3.4:80", "*"])
def test_what_is_no_proxy_is_told(proxy: str) -> None:
    assert told(trusted_proxies=["::1", proxy]) == [f"security.trusted_proxies[1]: {PROXY}"]


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("idle_minutes", 5, 43_200), ("session_hours", 1, 720), ("audit_days", 30, 36_500)],
)
def test_a_length_of_time_has_bounds(name: str, least: int, most: int) -> None:
    for fine in (least, most):
        validate({"security": {name: fine}})
    assert told(**{name: least - 1}) == [f"security.{name}: this must be greater than or equal to {least}"]
    assert told(**{name: most + 1}) == [f"security.{name}: this must be less than or equal to {most}"]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"passwords": "no"}, "security.passwords: this must be true or false"),
        ({"idle_minutes": "5"}, "security.idle_minutes: this must be a whole number"),
        ({"allowed_hosts": "a.b"}, "security.allowed_hosts: this must be a list"),
        ({"trusted_proxies": "::1"}, "security.trusted_proxies: this must be a list"),
        ({"allowed_host": []}, 'security.allowed_host: there is no such setting; did you mean "allowed_hosts"?'),
    ],
)
def test_a_line_of_another_kind_is_told(said: dict[str, Any], line: str) -> None:
    assert told(**said) == [line]
