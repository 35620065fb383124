"""Reads that reruns share: same scope, same question, same revisions, same rows. It saves work and protects nothing.

Keys are frozen values, given by position; the scope is part of every key, and who may ask is decided before. So are the
revisions that are shown, those of now or of the question's moment: a sync is seen at once, a past is read once, and
nothing has to be cleared. Whether they have moved is asked with every read, and looked up only after a commit.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import streamlit as st

from perfdash import exports
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Client, Days
from perfdash.domain.campaigns import CampaignRow
from perfdash.domain.facts import Fetched
from perfdash.domain.filters import Filters
from perfdash.domain.groups import Dimension, Group
from perfdash.domain.pacing import Delivery
from perfdash.domain.question import Question, of_every_day
from perfdash.domain.refusals import Missing
from perfdash.domain.values import LONGEST_ID
from perfdash.presentation.columns import Names, Origins
from perfdash.store.query import campaigns as campaign_query
from perfdash.store.query import catalog, coverage, delivery, overview, refused, sync_health
from perfdash.store.query.coverage import Gap
from perfdash.store.query.overview import LeftOut, RunsStamp, Stamp
from perfdash.store.query.sync_health import Freshness
from perfdash.sync.fetch import fetcher
from perfdash.ui.runtime import context
from perfdash.ui.runtime.kept import Kept

HOUR, MINUTES = 3_600, 300
ANSWER_SECONDS = 60
"""How long a validated answer of a source is worth reusing: as long as the stored cooldown."""
P = ParamSpec("P")
T = TypeVar("T")
kept = Kept()
"""The answers of this process. Not st.cache_data: it copies each for each hit, and any socket may empty it."""


@dataclass(frozen=True)
class SharedRead(Generic[P, T]):
    """A read of the store whose answer reruns share. `reduced` leaves of a question what decides the answer.

    `kept` gives the answer to a reduced question, what is given besides, and a version.
    """

    read: Callable[Concatenate[Question, P], T]
    kept: Callable[[Question, tuple[Any, ...], Hashable], T]
    version: Callable[[Question], Hashable]
    reduced: Callable[[Question], Question]
    signature: inspect.Signature

    def __call__(self, question: Question, *rest: P.args, **named: P.kwargs) -> T:
        """The answer, read anew only when nobody with the same rights has asked the same at the same version."""
        reduced = self.reduced(question).shared()
        if named or len(rest) + 1 < len(self.signature.parameters):
            bound = self.signature.bind(question, *rest, **named)
            bound.apply_defaults()
            return self.kept(reduced, bound.args[1:], self.version(reduced))
        return self.kept(reduced, rest, self.version(reduced))


def committed(question: Question) -> Hashable:  # noqa: ARG001
    """For what is cheap to read: anew after every commit, whatever was committed."""
    return context.beat()


def revisions(question: Question) -> Hashable:
    """The revisions that the question's moment shows of the clients in view: other clients' syncs change nothing."""
    return _revisions(question)


def revisions_of_now(question: Question) -> Hashable:
    """The last revisions of the clients in view."""
    return _revisions(question.at(None))


def runs(question: Question) -> Hashable:
    """Runs, not revisions: one that changed nothing can make a day final."""
    return runs_stamp(question)


def runs_by_minute(question: Question) -> Hashable:
    """For what changes as time passes, too."""
    return runs(question), context.now().replace(second=0, microsecond=0)


def runs_by_day(question: Question) -> Hashable:
    """For what changes from day to day, too."""
    return runs(question), context.now().date()


def as_it_is(question: Question) -> Question:
    """All of the question decides the answer."""
    return question


def shared(
    version: Callable[[Question], Hashable] = revisions,
    *,
    reduced: Callable[[Question], Question] = as_it_is,
    seconds: float = HOUR,
    spinner: str = "",
    keys: Mapping[type[Any], Callable[[Any], Hashable]] | None = None,
) -> Callable[[Callable[Concatenate[Question, P], T]], SharedRead[P, T]]:
    """Let reruns share what a function answers to a question; `version` is what the answer changes with.

    What it takes besides stands in the key as well, by position; `keys` says by type what of a value does. An answer
    is of frozen values, since it is handed to many as it is.
    """
    parts = keys or {}

    def share(read: Callable[Concatenate[Question, P], T]) -> SharedRead[P, T]:
        answer: Callable[..., T] = read
        name = f"{read.__module__}.{read.__qualname__}"

        def answered(question: Question, rest: tuple[Any, ...], version: Hashable) -> T:
            def ask() -> T:
                with st.spinner(spinner) if spinner else nullcontext():
                    return answer(question, *rest)

            if question.only is not None and len(question.only.campaign) > LONGEST_ID:
                return answer(question, *rest)  # no campaign is called so, and what an address says is kept nowhere
            given = tuple(parts[type(one)](one) if type(one) in parts else one for one in rest)
            return kept.get((name, context.store().label, question, given, version), seconds, ask)

        return SharedRead(read, answered, version, reduced, inspect.signature(read))

    return share


def _of_moment(question: Question) -> Question:
    """Nothing but who asks and as of when."""
    return of_every_day(question.principal, (), question.as_of)


def _of_clients(question: Question) -> Question:
    """Nothing but which clients, as of when."""
    return of_every_day(question.principal, question.clients, question.as_of)


def _of_everything(question: Question) -> Question:
    """Nothing but who asks."""
    return of_every_day(question.principal)


@shared(committed, reduced=_of_clients)
def _revisions(question: Question) -> Stamp:
    return overview.revisions_at(context.store(), question)


@shared(committed, reduced=_of_everything)
def runs_stamp(question: Question) -> RunsStamp:
    """Every client in scope, its last run and how many are in progress."""
    return overview.runs_stamp(context.store(), question.principal)


def stamp(principal: Principal) -> Stamp:
    """Every client in scope and its last revision."""
    return _revisions(of_every_day(principal))


@shared(committed, reduced=_of_everything)
def _clients(question: Question) -> tuple[Client, ...]:
    return catalog.clients(context.store(), question.principal)


def clients(principal: Principal) -> tuple[Client, ...]:
    """Every client in scope, by slug."""
    return _clients(of_every_day(principal))


@shared(committed, reduced=_of_clients)
def accounts(question: Question) -> tuple[Account, ...]:
    """The accounts of the clients in view that are configured."""
    return catalog.accounts(context.store(), question.principal, question.clients)


@shared(committed, reduced=_of_clients)
def begins(question: Question) -> tuple[tuple[str, datetime], ...]:
    """(client, moment of its first revision), by client."""
    return overview.begins(context.store(), question.principal, question.clients)


@shared()
def groups(question: Question, by: tuple[Dimension, ...] = ()) -> tuple[Group, ...]:
    return overview.breakdown(context.store(), question, by)


@shared()
def campaigns(question: Question) -> tuple[CampaignRow, ...]:
    return campaign_query.campaign_rows(context.store(), question)


@shared(runs)
def deliveries(question: Question) -> tuple[Delivery, ...]:
    """How far the campaigns in view are through their flights. A run that changes nothing may complete a day."""
    return delivery.deliveries(context.store(), question, context.now())


@shared()
def left_out(question: Question) -> tuple[LeftOut, ...]:
    return overview.left_out(context.store(), question)


@shared(reduced=_of_moment)
def filter_options(question: Question) -> tuple[tuple[str, ...], bool]:
    """Every platform in scope, and whether anything was ever corrected: what the sidebar can offer.

    It keeps each platform's colour whatever is filtered.
    """
    store = context.store()
    return overview.platforms(store, question), overview.any_corrected(store, question.principal)


def _of_days(question: Question) -> Question:
    """Nothing but which clients and days."""
    filters = question.filters
    return Question(question.principal, Filters(filters.days, question.clients, ranges=filters.ranges), question.as_of)


def _unlimited(question: Question) -> Question:
    """Without a CPM limit, and whether corrections count."""
    return question.filtered(max_cpm=None, raw=True)


@shared(runs_by_minute, reduced=_of_days, seconds=MINUTES)
def origins(question: Question) -> Origins:
    """Where the numbers in view come from. Asked anew every minute, since days become final as time passes."""
    return exports.origins(context.store(), question, context.now().replace(second=0, microsecond=0))


@shared(runs, reduced=_unlimited)
def missing(question: Question) -> Missing:
    """Refused rows that are missing from the numbers in view. A run that changes no number may bring them all."""
    return refused.missing(context.store(), question)


@shared(runs_by_minute, reduced=_of_clients, seconds=MINUTES)
def last_complete(question: Question) -> Mapping[str, date]:
    """Per client in view its last complete day: what presets reach up to, whoever asks."""
    return coverage.last_complete(context.store(), question, context.now())


@shared(runs_by_minute, reduced=_of_clients, seconds=MINUTES)
def standing(question: Question) -> tuple[Freshness, ...]:
    """How the accounts in view stand: what was told of their last run does not change until the next one."""
    return sync_health.freshness(context.store(), question.principal, question.clients, context.now())


@shared(runs_by_minute, seconds=MINUTES)
def gaps(question: Question) -> tuple[Gap, ...]:
    """The days in view that no run has covered."""
    return coverage.uncovered(context.store(), question, context.now())


@shared(runs)
def never_fetched(question: Question) -> tuple[Gap, ...]:
    """The days in view that no committed run covers, however long ago."""
    return coverage.gaps(context.store(), question)


@shared(reduced=_unlimited)
def currencies(question: Question) -> tuple[str, ...]:
    """The currencies in view, whatever the CPM limit."""
    return overview.currencies(context.store(), question)


@shared()
def rows_since(question: Question, before: Stamp) -> int | None:
    """`store/query/overview.rows_since`."""
    return overview.rows_since(context.store(), question, before)


@shared(reduced=_of_clients)
def first_day(question: Question) -> date | None:
    """The first stored day of the clients in view."""
    return overview.first_day(context.store(), question)


def client_names(principal: Principal) -> Mapping[str, str]:
    """Slug -> the name that people know a client by; two of one name also say their slugs."""
    found = {client.slug: client.name for client in clients(principal)}
    count = Counter(found.values())
    return {slug: name if count[name] == 1 else f"{name} ({slug})" for slug, name in found.items()}


def creators(principal: Principal, clients: tuple[str, ...]) -> Names:
    """(client, account number, creator id) -> name. Not kept: an erased name must be gone at once."""
    return overview.creator_names(context.store(), principal, clients)


def _source_key(account: Account) -> tuple[str, str, str, tuple[str, ...]]:
    """What of an account decides what its source is asked."""
    return account.source, account.client, account.external_id, account.platforms


@st.cache_data(ttl=ANSWER_SECONDS, max_entries=16, show_spinner=False, hash_funcs={Account: _source_key})
def fetched(account: Account, days: Days) -> Fetched:
    """A validated answer of the account's source, at most ANSWER_SECONDS old. Who may ask was decided before."""
    return fetcher(context.settings())(account, days)


def forget_fetched(account: Account, days: Days) -> None:
    """Drop a kept answer, so that the next call asks the source."""
    fetched.clear(account, days)
