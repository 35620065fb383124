from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest

from perfdash.domain.security import Security, ServerSetup, at_address, is_of_loopback, unsafe, watched

SAFE = {
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.corsAllowedOrigins": [],
    "server.enableStaticServing": False,
    "server.scriptHealthCheckEnabled": False,
    "server.enableAgentApi": False,
    "server.trustedUserHeaders": {},
    "server.unsafeMetricsUserAttributes": [],
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.disableDataExport": True,
    "global.developmentMode": False,
    "server.runOnSave": False,
}


def served(security: Security | None = None, address: str = "127.0.0.1", **more: object) -> ServerSetup:
    known: dict[str, object] = {"demo": False, "options": SAFE, **more}
    return ServerSetup(address=address, security=security or Security(), **known)  # type: ignore[arg-type]


def test_what_perfdash_ships_with_is_safe() -> None:
    assert set(SAFE) == set(watched())
    assert unsafe(served()) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("server.enableXsrfProtection", False),
        ("server.enableCORS", False),
        ("server.corsAllowedOrigins", ["https://elsewhere.example"]),
        ("server.enableStaticServing", True),
        ("server.scriptHealthCheckEnabled", True),
        ("server.enableAgentApi", True),
        ("server.trustedUserHeaders", {"X-User": "name"}),
        ("server.unsafeMetricsUserAttributes", ["email"]),
        ("client.showErrorDetails", "full"),
        ("client.showErrorLinks", True),
        ("client.disableDataExport", False),
        ("global.developmentMode", True),
        ("server.runOnSave", True),
    ],
)
def test_an_option_that_undoes_a_protection_is_named_with_what_to_do(name: str, value: object) -> None:
    (said,) = unsafe(served(options=SAFE | {name: value}))
    assert name in said
    assert "Remove it" in said
    assert len(said.split(". ")) == 2


@pytest.mark.parametrize("network", ["0.0.0.0/0", "128.0.0.0/1", "::/0", "2000::/3"])
def test_a_proxy_network_that_holds_everybody_is_refused(network: str) -> None:
    (said,) = unsafe(served(Security(trusted_proxies=(ip_network(network),))))
    assert network in said


@pytest.mark.parametrize("network", ["10.0.0.0/8", "192.168.1.7/32", "fd00::/16"])
def test_a_company_s_own_networks_may_be_trusted(network: str) -> None:
    assert unsafe(served(Security(trusted_proxies=(ip_network(network),)))) == ()


def test_without_passwords_there_must_be_another_way_in() -> None:
    assert "nobody could sign in" in unsafe(served(Security(passwords=False)))[0]
    assert unsafe(served(Security(passwords=False), oidc=True)) == ()


def test_an_idle_limit_longer_than_the_whole_session_is_refused() -> None:
    assert "idle_minutes" in unsafe(served(Security(idle=timedelta(hours=13))))[0]


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.7", "::", "reports.example.com"])
def test_where_others_can_connect_the_app_must_know_its_name(address: str) -> None:
    (said,) = unsafe(served(address=address))
    assert "allowed_hosts" in said
    assert unsafe(served(Security(allowed_hosts=("reports.example.com",)), address)) == ()
    assert unsafe(served(address=address, demo=True)) == ()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.9.9.9", ""])
def test_on_the_machine_itself_or_where_nothing_was_said_nothing_has_to_be_set(address: str) -> None:
    assert unsafe(served(address=address)) == ()


@pytest.mark.parametrize("name", ["localhost", "demo.localhost", "127.0.0.1", "127.8.9.1", "[::1]"])
def test_names_of_this_machine_are_told(name: str) -> None:
    assert is_of_loopback(name)


@pytest.mark.parametrize(
    "name", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[2001:db8::1]", "0.0.0.0"]
)
def test_names_of_others_are_told(name: str) -> None:
    assert not is_of_loopback(name)


@pytest.mark.parametrize(
    ("security", "address", "only"),
    [
        (Security(), "127.0.0.1", True),
        (Security(), "::1", True),
        (Security(), "localhost", True),
        (Security(), "", False),
        (Security(), "0.0.0.0", False),
        (Security(allowed_hosts=("reports.example.com",)), "127.0.0.1", False),
        (Security(trusted_proxies=(ip_network("127.0.0.1"),)), "127.0.0.1", False),
    ],
)
def test_a_server_for_this_machine_alone_answers_to_its_names_alone(
    security: Security, address: str, only: bool
) -> None:
    assert at_address(security, address).loopback_only is only
