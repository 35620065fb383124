"""The vocabulary of perfdash.toml, closed: an unknown key is an error. No message quotes what may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from perfdash.config.auth_models import Auth, BearerAuth, HeaderAuth, Key, QueryAuth, web_address
from perfdash.config.closed import Closed, TimeZone, tuples, validation_error
from perfdash.config.job_models import JobConfig, job_contradictions
from perfdash.config.presets import ABOUT_AN_API, FILES_ONLY, PRESETS, over_preset
from perfdash.config.request_models import FIRST_DAY, LAST_DAY, RequestConfig
from perfdash.config.source_models import (
    CursorPaging,
    FieldsConfig,
    NoPaging,
    OffsetPaging,
    OutcomeRule,
    PagePaging,
    Paging,
    RateConfig,
    RecordsConfig,
    Text,
    UsageConfig,
)
from perfdash.domain import accounts
from perfdash.domain.security import Security
from perfdash.domain.values import clean_text

_CARRIED = {PagePaging: "page", OffsetPaging: "offset", CursorPaging: "cursor"}


def contradictions(request: RequestConfig, paging: Paging, auth: Auth, job: JobConfig | None = None) -> Iterator[str]:
    """A sentence for each contradiction."""
    if job is not None:
        yield from job_contradictions(job, request, paging)
    if job is None or job.from_days > 1:
        yield from _of_days(request)
        yield from _of_paging(request, paging)
    if job is not None and job.download is None:
        yield from _of_paging(job.reading(request), paging)
    yield from _of_auth(request, auth)


def _of_days(request: RequestConfig) -> Iterator[str]:
    used = request.used()
    if not used & FIRST_DAY or not used & LAST_DAY:
        yield "the request must say which days it wants: put {start} and {end} into request.params or request.path"
    if "job" in used:
        yield "request carries {job}, which only a report of sources.NAME.job has: put it into job.rows"


def _of_paging(request: RequestConfig, paging: Paging) -> Iterator[str]:
    used = request.used()
    needed = _CARRIED.get(type(paging))
    if needed and needed not in used:
        yield f'paging.type "{paging.type}" asks with {{{needed}}}, but nothing in request.params carries it'
    for name in sorted({"page", "offset", "cursor"} & used - {needed}):
        yield f'request carries {{{name}}}, but paging.type "{paging.type}" never gives it a value'
    if "page_size" in used and not _has_size(paging):
        yield "request carries {page_size}, but paging.size does not say what it is"


def _of_auth(request: RequestConfig, auth: Auth) -> Iterator[str]:
    if isinstance(auth, HeaderAuth) and auth.name.lower() in map(str.lower, request.headers):
        yield f"request.headers.{auth.name} is the header in which auth sends the key"
    if isinstance(auth, QueryAuth) and auth.name in request.params:
        yield f"request.params.{auth.name} is the parameter in which auth sends the key"
    if isinstance(auth, QueryAuth) and request.raw_params:
        yield 'request.raw_params are sent as they stand, which auth.type "query" cannot do: send the key in a header'


def _has_size(paging: Paging) -> bool:
    if isinstance(paging, NoPaging):
        return False
    return paging.size is not None or (isinstance(paging, PagePaging) and paging.size_at is not None)


_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_LONGEST_HOURS = 30 * 24
_DEFAULT = Security()


def _host(name: str) -> str:
    if not _HOST.fullmatch(name.lower()):
        raise validation_error(
            'a host is a name without scheme, port or path, such as "reports.example.com" or "*.example.com"'
        )
    return name.lower()


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise validation_error('a proxy is an address or a network, such as "127.0.0.1" or "10.0.0.0/8"') from None
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


SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def _currency(code: str) -> str:
    if not re.fullmatch("[A-Z]{3}", code):
        raise validation_error('a currency is three capital letters, such as "EUR"')
    return code


def _asked_platforms(names: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(accounts.platform_spelling(clean_text(name))[0] for name in names)
    if not found:
        raise validation_error("name at least one platform, or leave the line out to ask for all")
    if not all(found) or any("," in name for name in found):
        raise validation_error("a platform is a name without a comma")
    if len({name.casefold() for name in found}) < len(found):
        raise validation_error("a platform is named twice")
    return found


Currency = Annotated[str, AfterValidator(_currency)]
DayCount = Annotated[int, Field(ge=1, le=3660)]


class ClientConfig(Closed):
    """[clients.SLUG]"""

    name: Text
    currency: Currency
    time_zone: TimeZone


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


if TYPE_CHECKING:
    SourceType = str
else:  # made from the presets, so that a new one is its file and its name there
    SourceType = Literal[(*PRESETS, *FILES_ONLY, "custom")]


class SourceConfig(Closed):
    """[sources.NAME]: its own lines over those of the preset that `type` names; custom and file have none."""

    type: SourceType = "performance_v1"
    base_url: Annotated[str, AfterValidator(web_address)]
    key: Key
    currency: Currency | None = None
    time_zone: TimeZone | None = None
    settlement_days: DayCount | None = None
    history_days: DayCount = 180
    retention_days: DayCount | None = None
    """How far back the API answers at all; older days are not asked for again, and never closed."""
    refuse_at_most: Annotated[float, Field(ge=0, le=100)] = 1.0
    """In percent of the rows and of the cost: an answer of which more is refused is not applied."""
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
    job: JobConfig | None = None
    accounts: Annotated[tuple[AccountConfig, ...], BeforeValidator(tuples)] = ()

    @property
    def files_only(self) -> bool:
        """True for a source without an API: only files bring its rows."""
        return self.type in FILES_ONLY

    @model_validator(mode="before")
    @classmethod
    def _over_preset(cls, said: Any) -> Any:
        if not isinstance(said, dict):
            return said
        needless = sorted(said.keys() & ABOUT_AN_API) if said.get("type") in FILES_ONLY else []
        if needless:
            raise validation_error(f"only files bring the rows of this type, it has no API: leave out {needless[0]}")
        return over_preset(said)

    @model_validator(mode="after")
    def _fits_together(self) -> SourceConfig:
        for found in contradictions(self.request, self.paging, self.auth, self.job):
            raise validation_error(found)
        return self


class Document(Closed):
    """The whole file."""

    clients: dict[str, ClientConfig] = Field(default_factory=dict)
    sources: dict[str, SourceConfig] = Field(default_factory=dict)
    security: SecurityConfig = SecurityConfig()
