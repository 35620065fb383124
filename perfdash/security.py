"""What an installation may set about sign-ins and its own address: [security] in perfdash.toml, all with a default."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

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
    passwords: bool = True
    """False: nobody signs in with a password here; only OpenID Connect and client links are left."""
