"""Joins settings and sources into the one function that a sync asks for rows."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from perfdash.config.settings import Settings
from perfdash.domain.accounts import Account, Days
from perfdash.domain.facts import Fetched
from perfdash.sources.client import fetch
from perfdash.sync.run import Fetch


def fetcher(settings: Settings) -> Fetch:
    """Fetches from the configured source of each account, with the real clock."""
    return lambda account, days: fetch_at(settings, account, days, lambda: datetime.now(UTC))


def fetch_at(
    settings: Settings,
    account: Account,
    days: Days,
    clock: Callable[[], datetime],
    headers: Mapping[str, str] | None = None,
    base_url: str | None = None,
) -> Fetched:
    """One answer; `clock` stamps it. `base_url` replaces the configured one: the demo's replay has its own API."""
    source = settings.source(account)
    if base_url:
        source = replace(source, config=source.config.model_copy(update={"base_url": base_url}))
    # Jitter needs to differ between processes, not to be unguessable.
    return fetch(source, account, days, clock=clock, sleep=time.sleep, rng=random.Random(), headers=headers)
