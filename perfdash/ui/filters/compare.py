"""What the change is measured against: the control in the sidebar, and both sides with each day at the same age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.accounts import today_in
from perfdash.domain.as_of import AtRevisions, first_moment_after
from perfdash.domain.comparison import DEFAULT_KIND, KINDS, LABELS, NAMES, Age, Kind, as_long_ago
from perfdash.domain.question import Question, of_every_day
from perfdash.presentation import comparison as comparison_story
from perfdash.presentation.moments import told
from perfdash.store.query import catalog, coverage, same_age
from perfdash.store.query.same_age import Aged, Unknown
from perfdash.ui.runtime import browser, cache, context

_HELP = """
- **Fair**: the days before; while days in view can still change, each earlier day as it was known when it was as old
  as its counterpart in view is now, if the ledger goes back so far.
- **Days before**: the equally long run just before; for this month, the same days of last month.
- **Same weekdays**: the latest equally long run before that begins on the same weekday.
- **Last year**: the same days, one year earlier.
- **Same age**: the days before, but each day of both sides as it was known equally long after it. Platforms change past
  days, so young numbers against settled ones look worse, or better, than they are.
- **None**: no change is shown.
"""


def chosen() -> Kind:
    """What the reader wants the change measured against."""
    state = st.session_state
    if state.get("compare") not in KINDS:
        state["compare"] = DEFAULT_KIND
    with st.container(key="filter_compare"):
        kind: Kind = st.selectbox(
            "Compare with",
            KINDS,
            index=KINDS.index(DEFAULT_KIND),
            format_func=LABELS.__getitem__,
            key="compare",
            bind="query-params",
            filter_mode=None,
            help=_HELP,
        )
    return kind


@dataclass(frozen=True, slots=True)
class AsOld:
    """Earlier days as they were known when each was as old as its counterpart in view is now.

    `at` is that moment; `unknown` are the days that were not complete then, by client.
    """

    question: Question
    at: datetime | date
    unknown: Mapping[str, tuple[date, ...]]


def as_old(current: Question, previous: Question) -> AsOld | None:
    """The question about `previous` at the moment that is fair to `current`: counted back by as many days.

    None where no single moment is: clients' days are moved by different lengths.
    """
    own = current.filters.ranges or (("", current.filters.days),)
    if len({days.start - previous.filters.days_of(client).start for client, days in own}) != 1:
        return None
    seen = current.as_of.at if isinstance(current.as_of, AtRevisions) else current.as_of
    client, days = own[0]
    at = as_long_ago(seen or context.now().replace(second=0, microsecond=0), days, previous.filters.days_of(client))
    then = previous.at(at)
    return AsOld(then, at, _incomplete(then))


@cache.shared(cache.runs)
def _incomplete(question: Question) -> Mapping[str, tuple[date, ...]]:
    store = context.store()
    last = coverage.last_complete(store, question, context.now())
    found: dict[str, set[date]] = {}
    for gap in coverage.gaps(store, question):
        found.setdefault(gap.account.client, set()).update(gap.days.each())
    for client in {account.client for account in catalog.accounts(store, question.principal, question.clients)}:
        young = {day for day in question.filters.days_of(client).each() if client not in last or day > last[client]}
        if young:
            found.setdefault(client, set()).update(young)
    return {client: tuple(sorted(days)) for client, days in sorted(found.items())}


def why_not(found: AsOld | None, principal: Principal) -> str:
    """Why the earlier days cannot be taken as they were known then; empty when they can."""
    if principal.lock is not None:
        return "a client link shows one moment"
    if found is None:
        return "the days of the clients in view are moved by different lengths"
    if not found.unknown:
        return ""
    zone = browser.zone()
    days = {day for each in found.unknown.values() for day in each}
    begun = [at for _, at in cache.begins(of_every_day(principal, tuple(found.unknown)))]
    latest = max(begun, default=None)
    since = today_in(zone, latest) if latest and latest >= first_moment_after(found.at, zone) else None
    name, span = NAMES["fair"], found.question.filters.days
    return comparison_story.not_known_then(name, span, days, f"at {told(found.at, zone)}", since)


def not_known(sides: Sequence[tuple[str, Question]], age: Age, when: str) -> str:
    """Why the days of these questions cannot be compared at the same age; empty when they can."""
    for name, side in sides:
        lacking = unknown(side, age)
        days = {day for account in lacking for day in account.days}
        begins = [account.begins for account in lacking if account.begins is not None]
        if days:
            since = today_in(browser.zone(), max(begins)) if len(begins) == len(lacking) else None
            return comparison_story.not_known_then(name, side.filters.days, days, when, since)
    return ""


def _by_minute(age: Age) -> tuple[date, date]:
    """Asked anew every minute, since each day is seen at the same time on the clock."""
    seen = age.seen
    return age.youngest, seen.replace(second=0, microsecond=0) if isinstance(seen, datetime) else seen


@cache.shared(cache.runs, seconds=cache.MINUTES, keys={Age: _by_minute})
def unknown(question: Question, age: Age) -> tuple[Unknown, ...]:
    return same_age.unknown(context.store(), question, age)


@cache.shared(cache.revisions_of_now, seconds=cache.MINUTES, keys={Age: _by_minute})
def aged(question: Question, age: Age) -> Aged:
    return same_age.aged(context.store(), question, age)
