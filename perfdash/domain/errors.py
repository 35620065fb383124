"""Every error that perfdash raises on purpose. The text of each may be read by a client.

PerfdashError              one sentence: what was expected, what came, what to do      exit 1
├── UsageError             the request cannot be answered as asked                     exit 2
│   ├── ConfigError        a configuration, secrets or environment value is unusable
│   └── StoreError         the database cannot be opened, read or written
├── AccessDenied           the principal may not do this (reads like "unknown")
└── RunFailed              a run ended without becoming visible; old numbers stay
    ├── SourceUnreachable  no usable connection, or the deadline passed
    ├── SourceRefused      the source said no (authentication, permission, unknown account, parameters)
    ├── RateLimited        the source asked for a pause beyond our budget; carries `resume_at`
    ├── BadAnswer          the answer is not what the contract promises
    ├── SuspiciousRun      the answer is well formed and unbelievable; an operator may accept it
    ├── Superseded         an overlapping answer that was fetched later is already committed
    └── LeaseLost          another process took over the account while this one was working
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Trail:
    """What a run had asked before it failed: requests, retries among them, and a line per request, without secrets."""

    requests: int = 0
    retries: int = 0
    log: tuple[str, ...] = ()


class PerfdashError(Exception):
    """Base of all expected failures; `str(error)` is safe to show to any user."""

    exit_code = 1


class UsageError(PerfdashError):
    """The request cannot be answered as it was asked."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration value is missing or unusable; the text names its path."""


class StoreError(UsageError):
    """The database cannot be opened, read or written."""


class AccessDenied(PerfdashError):
    """The principal may not do this."""


class RunFailed(PerfdashError):
    """A run ended without becoming visible. `trail` says how far it had come."""

    trail = Trail()


class SourceUnreachable(RunFailed):
    """No usable connection to the source, or its deadline passed."""


class SourceRefused(RunFailed):
    """The source understood and said no."""


class RateLimited(RunFailed):
    """The source asked for a pause that does not fit the run's time budget."""

    def __init__(self, message: str, resume_at: datetime | None = None) -> None:
        super().__init__(message)
        self.resume_at = resume_at


class BadAnswer(RunFailed):
    """The answer is not what the contract promises."""


class SuspiciousRun(RunFailed):
    """The answer is well formed and unbelievable; `sync --accept-vanished` applies it."""


class Superseded(RunFailed):
    """An answer fetched later for overlapping days is already committed."""


class LeaseLost(RunFailed):
    """Another process took over the account while this one was working."""
