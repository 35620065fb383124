"""[security] in perfdash.toml: host names, proxies, and how long sign-ins last."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from perfdash.security import Security
from perfdash.sources.words import Closed, problem, tuples

_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_LONGEST_HOURS = 30 * 24
_DEFAULT = Security()


def _host(name: str) -> str:
    if not _HOST.fullmatch(name.lower()):
        raise problem('a host is a name without scheme, port or path, such as "reports.example.com" or "*.example.com"')
    return name.lower()


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise problem('a proxy is an address or a network, such as "127.0.0.1" or "10.0.0.0/8"') from None
    return text


class SecurityConfig(Closed):
    """The keys and their ranges."""

    allowed_hosts: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], BeforeValidator(tuples)] = ()
    trusted_proxies: Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(tuples)] = ()
    idle_minutes: int = Field(default=_DEFAULT.idle // timedelta(minutes=1), ge=5, le=_LONGEST_HOURS * 60)
    session_hours: int = Field(default=_DEFAULT.lifetime // timedelta(hours=1), ge=1, le=_LONGEST_HOURS)
    audit_days: int = Field(default=_DEFAULT.audit_kept.days, ge=30, le=36_500)
    passwords: bool = True

    def meant(self) -> Security:
        """The same as the app uses it."""
        return Security(
            allowed_hosts=self.allowed_hosts,
            trusted_proxies=tuple(ip_network(text) for text in self.trusted_proxies),
            idle=timedelta(minutes=self.idle_minutes),
            lifetime=timedelta(hours=self.session_hours),
            audit_kept=timedelta(days=self.audit_days),
            passwords=self.passwords,
        )
