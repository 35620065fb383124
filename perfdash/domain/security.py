"""What an installation may set about sign-ins and its own address: [security] in perfdash.toml, all with a default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Security:
    """`allowed_hosts` are host names without port ("reports.example.com", "*.example.com"); empty means any.

    `trusted_proxies` are the networks whose X-Forwarded-For and X-Forwarded-Proto count. A session ends after
    `idle` without user activity, and after `lifetime` whatever happens. Audit lines are kept for `audit_kept`.
    """

    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    idle: timedelta = timedelta(hours=2)
    lifetime: timedelta = timedelta(hours=12)
    audit_kept: timedelta = timedelta(days=730)
    loopback_only: bool = False
    """True: only names of this machine itself are answered, as it listens to nobody else and stands behind no proxy."""
    passwords: bool = True
    """False: nobody signs in with a password here; only OpenID Connect and client links are left."""


def at_address(security: Security, address: str) -> Security:
    """`security` of a server that listens on `address` ('' when it was not told).

    Where nobody else can connect and nothing is said of names, any other name is a trick of a page elsewhere, whose
    name was made to lead here (DNS rebinding).
    """
    by_itself = not security.allowed_hosts and not security.trusted_proxies
    return replace(security, loopback_only=by_itself and bool(address) and not _is_open(address))


def is_of_loopback(name: str) -> bool:
    """True for a host name or address, as a browser sends it, that leads to the browser's own machine."""
    bare = name.removeprefix("[").removesuffix("]")
    return name == "localhost" or name.endswith(".localhost") or not _is_open(bare)


WIDEST_PROXY_NETWORK = {4: 8, 6: 16}
"""Prefix lengths: no company's proxies fill a larger network, and a mistyped one lets anybody name his own address."""


@dataclass(frozen=True, slots=True)
class ServerSetup:
    """How the app is about to be served. `address` is what the server was told to listen on; '' when it was not told.

    Then Streamlit listens everywhere, as hosts expect that run the app by themselves, and the name is theirs to check.
    """

    demo: bool
    address: str
    security: Security
    options: Mapping[str, object]
    oidc: bool = False


# Streamlit option -> the values that are safe, and what another one would do.
_SAFE: dict[str, tuple[tuple[object, ...], str]] = {
    "server.enableXsrfProtection": ((True,), "other sites could send requests in a viewer's name"),
    "server.enableCORS": ((True,), "the pages of any other site could connect"),
    "server.corsAllowedOrigins": (((), None), "the pages of those sites could connect in a viewer's name"),
    "server.enableStaticServing": ((False,), "files beside the app would be served without a sign-in"),
    "server.scriptHealthCheckEnabled": ((False,), "strangers could have pages run"),
    "server.enableAgentApi": ((False,), "an interface that perfdash does not guard would be open"),
    "server.trustedUserHeaders": (({}, None), "a visitor could name himself"),
    "server.unsafeMetricsUserAttributes": (((), None), "the server's metrics would name its users"),
    "client.showErrorDetails": (("none",), "pages would show tracebacks, with addresses and keys in them"),
    "client.showErrorLinks": ((False,), "error messages would leave for search engines"),
    "client.disableDataExport": ((True,), "tables could be exported with live spreadsheet formulas and no receipt"),
    "global.developmentMode": ((False,), "messages that stop the server would be obeyed"),
    "server.runOnSave": ((False,), "a file written on the server would change the running app"),
}


def unsafe(served: ServerSetup) -> tuple[str, ...]:
    """One sentence for each setting that must not stay: which, what it would do, how to mend it. Empty when safe."""
    return (*_options(served.options), *_security(served))


def watched() -> tuple[str, ...]:
    """The Streamlit options that `unsafe` judges."""
    return tuple(_SAFE)


def _options(options: Mapping[str, object]) -> Iterator[str]:
    for name, (safe, harm) in _SAFE.items():
        if name in options and _plain(options[name]) not in safe:
            wanted = next((value for value in safe if value is not None), None)
            yield (
                f"Streamlit's {name} is {options[name]!r}: {harm}. Remove it from the command line, the environment "
                f"(STREAMLIT_...) and config.toml, or set it to {_toml(wanted)}."
            )


def _plain(value: object) -> object:
    """Lists as tuples, so that an empty one is recognised however it was written."""
    return tuple(value) if isinstance(value, list) else value


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "nothing" if value in ((), {}) else f'"{value}"'


def _security(served: ServerSetup) -> Iterator[str]:
    for network in served.security.trusted_proxies:
        if network.prefixlen < WIDEST_PROXY_NETWORK[network.version]:
            yield (
                f"security.trusted_proxies holds {network}, so anybody could name an address of his own choice and "
                "guess passwords without limit. Name the addresses of your proxies only."
            )
    if not served.security.passwords and not served.oidc:
        yield (
            "security.passwords is false and no OpenID Connect provider is set up, so nobody could sign in. Set up "
            "[auth] in .streamlit/secrets.toml (docs/sign-in.md), or remove the line."
        )
    if served.security.idle > served.security.lifetime:
        yield ("security.idle_minutes is longer than security.session_hours, so it would never count. Make it shorter.")
    if served.address and _is_open(served.address) and not served.demo and not served.security.allowed_hosts:
        yield (
            f"The app is to listen on {served.address}, and nothing says under which name people open it. Set "
            'allowed_hosts = ["reports.example.com"] under [security] in perfdash.toml.'
        )


def _is_open(address: str) -> bool:
    """True when others than this machine can connect."""
    if address == "localhost":
        return False
    try:
        return not ip_address(address).is_loopback
    except ValueError:
        return True
