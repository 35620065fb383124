"""What a page may set going: fetching the days that a question lacks, and refreshing what is there.

Both are ordinary syncs: one lease per account, a stored cooldown, and a result that a client may read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Days
from perfdash.domain.as_of import day_before, last_day
from perfdash.domain.facts import Fetched
from perfdash.domain.filters import joined
from perfdash.domain.question import Question, of_every_day
from perfdash.domain.reconcile import Counts
from perfdash.domain.schedule import default_days, history_of, refresh_days
from perfdash.presentation import formatting
from perfdash.presentation.columns import Origin
from perfdash.store import audit
from perfdash.store.ledger import attempts
from perfdash.store.query import catalog
from perfdash.store.query.coverage import Gap
from perfdash.store.query.sync_health import Freshness
from perfdash.sync.pool import Voice, sync_all
from perfdash.sync.run import COOLDOWN, Order, RunResult, SyncContext, totals
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import cache, streamlit_internals
from perfdash.ui.runtime import context as runtime_context

OLD_AFTER = timedelta(hours=6)
"""A page whose data is older offers a sync."""
REST_AFTER_FAILURE = timedelta(minutes=5)
"""How long pages leave a failing source alone; a button still asks it at once (after the stored cooldown)."""
PageProgress = Callable[[float, str], object]
"""Gets the share that is done, from 0 to 1, and what is being done."""


def missing(question: Question) -> tuple[tuple[Account, Days], ...]:
    """The days in view that no run has covered, of accounts that did not fail just now; to be fetched by the page."""
    gaps = _gaps(question)
    left_alone = {_key(account) for account, _, _ in resting_accounts(question)} if gaps else set()
    return tuple((gap.account, gap.days) for gap in gaps if _key(gap.account) not in left_alone)


def resting_accounts(question: Question) -> tuple[tuple[Account, str, datetime | None], ...]:
    """Accounts that lack days in view and failed a moment ago: account, what happened, and when it last worked."""
    lacking = {_key(gap.account) for gap in _gaps(question)}
    since = runtime_context.now() - REST_AFTER_FAILURE
    return tuple(
        (fresh.account, fresh.message, fresh.fetched_at)
        for fresh in (account_standing(question.principal, question.clients) if lacking else ())
        if _key(fresh.account) in lacking and fresh.standing == "failing" and _recent(fresh, since)
    )


def stale_accounts(question: Question) -> tuple[Freshness, ...]:
    """Accounts whose last attempt failed and whose numbers in view it could have changed: they are not final."""
    known = cache.origins(question)
    return tuple(
        fresh
        for fresh in account_standing(question.principal, question.clients)
        if fresh.standing == "failing"
        and not _is_final(known.get(_key(fresh.account)), question.filters.days_of(fresh.account.client))
    )


def _is_final(origin: Origin | None, days: Days) -> bool:
    return origin is not None and origin.final_to == days.end


def _recent(fresh: Freshness, since: datetime) -> bool:
    return fresh.resume_at is not None or (fresh.failed_at is not None and fresh.failed_at > since)


def _gaps(question: Question) -> tuple[Gap, ...]:
    return cache.gaps(_up_to_yesterday(question) if sidebar.is_moving() else question)


def _up_to_yesterday(question: Question) -> Question:
    """Where a view ends with the last complete day, the days since belong to it: they only have not been fetched."""
    complete, now = cache.last_complete(question), runtime_context.now()
    own: dict[str, Days] = {}
    for client in cache.clients(question.principal):
        days = question.filters.days_of(client.slug)
        if question.clients and client.slug not in question.clients:
            continue
        reaches = days.end == complete.get(client.slug)
        last = max(days.end, day_before(last_day(None, client.time_zone, now))) if reaches else days.end
        own[client.slug] = Days(days.start, last)
    return question.over(*joined(own)) if own else question


def moves_the_view(question: Question, results: Sequence[RunResult]) -> bool:
    """True when days behind the view were stored just now, which are part of it from the next run on."""
    stored = [result for result in results if result.state in ("committed", "incomplete", "reused")]
    return any(result.days.end > question.filters.days_of(result.account.client).end for result in stored)


def fetch_missing(
    principal: Principal, wanted: Sequence[tuple[Account, Days]], progress: PageProgress
) -> tuple[RunResult, ...]:
    """Fetch and store exactly `wanted`."""
    return _carry_out(principal, wanted, progress)


def refresh(
    principal: Principal, clients: tuple[str, ...], progress: PageProgress, view: Days | None = None
) -> tuple[RunResult, ...]:
    """A default sync of the accounts in view: recent days, the settlement window, whatever else is due, and `view`.

    Who asked for it stands in the audit before any source is asked.
    """
    accounts = catalog.accounts(runtime_context.store(), principal, clients)
    wanted = [
        (account, days) for account in accounts if not account.files_only for days in _due(principal, account, view)
    ]
    if wanted:
        asked, kept = {account.client for account, _ in wanted}, runtime_context.settings().security.audit_kept
        audit.record(runtime_context.store(), principal, "sync", asked, "from a page", runtime_context.now(), kept=kept)
    return _carry_out(principal, wanted, progress)


def _due(principal: Principal, account: Account, view: Days | None) -> list[Days]:
    runs, now = attempts.committed(runtime_context.store(), principal, account), runtime_context.now()
    return default_days(account, runs, now) if view is None else refresh_days(account, runs, now, view)


def is_old(question: Question) -> bool:
    """True when a sync could make the days in view newer, and the last one is longer ago than OLD_AFTER."""
    known, now = cache.origins(question), runtime_context.now()
    accounts = cache.accounts(question)
    views = [(account, question.filters.days_of(account.client)) for account in accounts if not account.files_only]
    return any(
        view.overlaps(history_of(account, now)) and _is_old(known.get(_key(account)), view, now)
        for account, view in views
    )


def _is_old(origin: Origin | None, view: Days, now: datetime) -> bool:
    if origin is None or origin.fetched_at is None:
        return True
    return origin.final_to != view.end and now - origin.fetched_at > OLD_AFTER


def account_standing(principal: Principal, clients: tuple[str, ...]) -> tuple[Freshness, ...]:
    """How the accounts in view stand."""
    return cache.standing(of_every_day(principal, clients))


def outcome_line(results: Sequence[RunResult], now: datetime, time_zone: str) -> str:
    """One line about what was stored: "3 runs: 120 new, 14 restated"; '' when nothing ended well."""
    committed = [result for result in results if result.stored]
    reused = [result for result in results if result.state == "reused"]
    lines = []
    if committed:
        lines.append(f"{formatting.plural(len(committed), 'run')}: {counts_line(totals(committed))}.")
    lines += [
        f"{result.account.client}, {result.account.label}: {result.message}" for result in committed if result.kept
    ]
    if reused:
        at = min((result.fetched_at for result in reused if result.fetched_at), default=None)
        accounts = formatting.plural(len({_key(result.account) for result in reused}), "account")
        lines.append(
            f"{accounts} had answered already ({formatting.moment(at, now, time_zone)}); that answer was used."
        )
    return " ".join(lines)


def counts_line(counts: Counts) -> str:
    """120 new, 14 restated, 3 quarantined; "nothing changed" when so."""
    names = ("new", "restated", "reappeared", "vanished", "quarantined", "duplicate", "added", "left_out")
    parts = [f"{getattr(counts, name):,} {name.replace('_', ' ')}" for name in names if getattr(counts, name)]
    return ", ".join(parts) or f"nothing changed in {formatting.plural(counts.fetched, 'row')}"


def failures(results: Sequence[RunResult], standing: Sequence[Freshness], now: datetime, time_zone: str) -> list[str]:
    """One calm line per account that failed: what happened, that old numbers stay, and when it last worked."""
    worked = {_key(fresh.account): fresh.fetched_at for fresh in standing}
    lines: dict[tuple[str, int], str] = {}
    for result in results:
        if not result.ok and not result.stored:
            lines[_key(result.account)] = failure(
                result.account, result.message, worked.get(_key(result.account)), now, time_zone
            )
    return list(lines.values())


def failure(account: Account, message: str, worked: datetime | None, now: datetime, time_zone: str) -> str:
    """The line itself."""
    last = "it has not worked yet"
    if worked:
        last = f"it last worked {formatting.moment(worked, now, time_zone)}, {formatting.ago(now - worked)}"
    # A source's own sentences begin with its account, for the log's sake.
    what = message.removeprefix(f"{account.label}: ").rstrip(".")
    return f"{account.client}, {account.label}: {what}. Stored numbers stay as they are; {last}."


def _carry_out(
    principal: Principal, wanted: Sequence[tuple[Account, Days]], progress: PageProgress
) -> tuple[RunResult, ...]:
    ended = 0

    def begun(line: str) -> None:
        progress(ended / len(wanted), line)

    def told(result: RunResult) -> None:
        nonlocal ended
        ended += 1
        begun(f"{result.account.client}, {result.account.label}: {result.days}")

    context = SyncContext(runtime_context.store(), _fetch(principal), clock=runtime_context.now, progress=begun)
    # The threads are part of this page, whose kept answers they use; what they find is drawn by the page's own.
    results = sync_all(
        context,
        Order(principal, "page", fresh=COOLDOWN),
        wanted,
        voice=Voice(told, prepare=streamlit_internals.in_this_page()),
    )
    context.store.checkpoint()
    return results


def _fetch(principal: Principal) -> Callable[[Account, Days], Fetched]:
    """The kept answer unless something newer was stored meanwhile: that one would only be refused as superseded."""

    def fetch(account: Account, days: Days) -> Fetched:
        found = cache.fetched(account, days)
        stored = attempts.committed(runtime_context.store(), principal, account)
        if any(run.fetched_at > found.began and run.days.overlaps(days) for run in stored):
            cache.forget_fetched(account, days)
            found = cache.fetched(account, days)
        return found

    return fetch


def _key(account: Account) -> tuple[str, int]:
    return account.client, account.number
