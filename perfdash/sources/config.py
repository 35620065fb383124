"""The vocabulary of perfdash.toml, closed: an unknown key is an error. No message quotes what may be a secret."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from perfdash import platforms
from perfdash.reported import plain
from perfdash.sources.coherence import mismatches
from perfdash.sources.fields import FieldsConfig, RecordsConfig
from perfdash.sources.presets import over_preset
from perfdash.sources.security_config import SecurityConfig
from perfdash.sources.vocabulary import (
    Auth,
    BearerAuth,
    NoPaging,
    OutcomeRule,
    Paging,
    RateConfig,
    RequestConfig,
    UsageConfig,
)
from perfdash.sources.words import Closed, Text, problem, tuples

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
LITERAL_KEY = 'a key never stands in this file: put it in the environment and name it here, key = { env = "NAME" }'


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise problem(f'there is no time zone "{plain(name)[:60]}"; use an IANA name such as "Europe/Berlin"') from None
    return name


def _currency(code: str) -> str:
    if not re.fullmatch("[A-Z]{3}", code):
        raise problem('a currency is three capital letters, such as "EUR"')
    return code


def _base_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise problem("this is not a web address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine or not url.isascii():
        raise problem(
            'a web address begins with https:// or http:// and names a host, such as "https://api.example.com"'
        )
    if "@" in parts.netloc:
        raise problem("user name and password do not belong in the address; name the key with key = { env = ... }")
    if "?" in url or "#" in url:
        raise problem("the address ends with its path; what follows ? or # does not belong here")
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise problem("the address holds a blank, a control character or a backslash")
    return url.rstrip("/")


def _asked_platforms(names: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(platforms.spelled(plain(name))[0] for name in names)
    if not found:
        raise problem("name at least one platform, or leave the line out to ask for all")
    if not all(found) or any("," in name for name in found):
        raise problem("a platform is a name without a comma")
    if len({name.casefold() for name in found}) < len(found):
        raise problem("a platform is named twice")
    return found


def _named_key(value: Any) -> Any:
    if isinstance(value, str):
        raise problem(LITERAL_KEY)
    return value


Currency = Annotated[str, AfterValidator(_currency)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
DayCount = Annotated[int, Field(ge=1, le=3660)]


class ClientConfig(Closed):
    """[clients.SLUG]"""

    name: Text
    currency: Currency
    time_zone: TimeZone


class EnvKey(Closed):
    """key = { env = "NAME" }: where the key is, never what it is."""

    env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


Key = Annotated[EnvKey, BeforeValidator(_named_key)]


class AccountConfig(Closed):
    """[[sources.NAME.accounts]]: one account at the source, and whose it is. What is absent comes from these."""

    client: str
    account: Text
    currency: Currency | None = None
    time_zone: TimeZone | None = None
    key: Key | None = None
    platforms: Annotated[tuple[str, ...], BeforeValidator(tuples), AfterValidator(_asked_platforms)] | None = None


class LimitsConfig(Closed):
    """[sources.NAME.limits]: what one run may cost: seconds, attempts a request, pages an answer, MiB a page."""

    connect_seconds: Annotated[float, Field(gt=0, le=120)] = 10.0
    read_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    total_seconds: Annotated[float, Field(gt=0, le=3600)] = 300.0
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    pages: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    body_mib: Annotated[float, Field(gt=0, le=1024)] = 64.0


class SourceConfig(Closed):
    """[sources.NAME]: its own lines over those of the preset that `type` names; custom has none."""

    type: Literal["performance_v1", "tiktok_business", "meta_insights", "custom"] = "performance_v1"
    base_url: Annotated[str, AfterValidator(_base_url)]
    key: Key
    currency: Currency | None = None
    time_zone: TimeZone | None = None
    settlement_days: DayCount | None = None
    history_days: DayCount = 180
    overlap: bool = False
    auth: Auth = BearerAuth()
    request: RequestConfig
    paging: Paging = NoPaging()
    records: RecordsConfig
    fields: FieldsConfig
    outcomes: Annotated[tuple[OutcomeRule, ...], BeforeValidator(tuples)] = ()
    rate: RateConfig | None = None
    usage: UsageConfig | None = None
    limits: LimitsConfig = LimitsConfig()
    accounts: Annotated[tuple[AccountConfig, ...], BeforeValidator(tuples)] = ()

    @model_validator(mode="before")
    @classmethod
    def _over_preset(cls, said: Any) -> Any:
        return over_preset(said) if isinstance(said, dict) else said

    @model_validator(mode="after")
    def _fits_together(self) -> SourceConfig:
        for found in mismatches(self.request, self.paging, self.auth):
            raise problem(found)
        return self


class Document(Closed):
    """The whole file."""

    clients: dict[str, ClientConfig] = Field(default_factory=dict)
    sources: dict[str, SourceConfig] = Field(default_factory=dict)
    security: SecurityConfig = SecurityConfig()
