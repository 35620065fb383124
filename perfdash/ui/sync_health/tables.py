"""The tables of Sync health: accounts, runs, and refused rows; on screen and as downloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Days, today_in
from perfdash.domain.as_of import instant
from perfdash.domain.finality import finality
from perfdash.domain.measures import MEASURES
from perfdash.domain.question import Question
from perfdash.domain.refusals import by_reason
from perfdash.presentation import control_totals as told_totals
from perfdash.presentation import formatting, glossary, tables
from perfdash.presentation.escaping import escape_markdown
from perfdash.presentation.tables import Table
from perfdash.store.query import coverage, sync_health
from perfdash.store.query.sync_health import Freshness, QuarantinedRow, RunRecord
from perfdash.ui.components import charts
from perfdash.ui.components.tables import Shown, chosen, client_column, draw
from perfdash.ui.runtime import context
from perfdash.ui.sync_health import refresh

RUNS_SHOWN = 200
_MOST_REASONS = 100
_SETTLES = glossary.hint("settlement_window")
STANDING = {"ok": "Working", "failing": "Failing", "never": "Never synced"}
STATES = {
    "running": "In progress",
    "committed": "Stored",
    "incomplete": "Incomplete",
    "failed": "Failed",
    "suspicious": "Suspicious",
    "aborted": "Aborted",
    "reverted": "Taken back",
}
COUNTS = (
    "fetched",
    "new",
    "restated",
    "reappeared",
    "unchanged",
    "quarantined",
    "duplicate",
    "added",
    "left_out",
    "vanished",
)


def accounts(rows: Sequence[Freshness], principal: Principal, key: str) -> None:
    """How each account stands."""
    columns = (
        *client_column(principal, lambda row: row.account.client),
        Shown("account", "Account", "text", lambda row: row.account.label, pinned=True),
        Shown("standing", "State", "text", lambda row: "Syncing" if row.running else STANDING[row.standing]),
        Shown("fetched_at", "Last fetched", "moment", lambda row: row.fetched_at),
        Shown("newest_day", "Newest day", "day", lambda row: row.newest_day),
        Shown("currency", "Currency", "text", lambda row: row.account.currency),
        Shown("time_zone", "Time zone", "text", lambda row: row.account.time_zone),
        Shown("settles", "Settles in days", "count", lambda row: row.account.settlement_days, _SETTLES),
        Shown("message", "What happened", "text", lambda row: row.message or None),
    )
    draw(rows, columns, alt="How each account stands", key=key)


def runs_table(question: Question) -> Table:
    """The newest runs as exact values, for the download."""
    found = recent_runs(question.principal, question.clients)
    names = ("client", "run", "label", "state", "trigger", "day_from", "day_to", *COUNTS, "requests", "retries")
    moments = ("started_at", "fetch_began", "fetch_ended", "finished_at")
    columns = [*((name, name.replace("_", " ")) for name in names), *((name, f"{name} (UTC)") for name in moments)]
    rows = [
        [*(getattr(run, name) for name in names), *(_instant(run, name) for name in moments), run.revision, run.message]
        for run in found
    ]
    return tables.listing("runs", [*columns, ("revision", "revision"), ("message", "message")], rows)


def _instant(run: RunRecord, name: str) -> str | None:
    at = getattr(run, name)
    return None if at is None else instant(at)


def recent_runs(principal: Principal, clients: tuple[str, ...]) -> tuple[RunRecord, ...]:
    """The newest runs in view."""
    return sync_health.runs(context.store(), principal, clients, RUNS_SHOWN)


def runs(found: Sequence[RunRecord], principal: Principal, *, key: str) -> RunRecord | None:
    """The runs; returns the chosen one."""
    columns = (
        Shown("state", "Result", "text", lambda run: STATES[run.state], pinned=True),
        *client_column(principal),
        Shown("label", "Account", "text", lambda run: run.label),
        Shown("started_at", "Started", "moment", lambda run: run.started_at),
        Shown("days", "Days", "text", lambda run: formatting.days(Days(run.day_from, run.day_to))),
        *(Shown(name, name.replace("_", " ").capitalize(), "count", _count(name)) for name in COUNTS),
        Shown("message", "What happened", "text", lambda run: run.message or None),
        Shown("trigger", "Asked by", "text", _asked_by(principal)),
        Shown("run", "Run", "count", lambda run: run.run),
    )
    draw(found, columns, alt="Runs, newest first", key=key, choose=lambda run: (run.client, run.run))
    wanted = chosen(key)
    return next((run for run in found if (run.client, run.run) == wanted), None)


def _asked_by(principal: Principal) -> Callable[[RunRecord], str]:
    """Who of the agency asked is the agency's business."""
    if principal.of_agency:
        return lambda run: f"{run.trigger}, {run.author}"
    return lambda run: run.trigger


def run_in_url(found: Sequence[RunRecord], query: Mapping[str, str]) -> RunRecord | None:
    """The run that the address names, until another one is chosen."""
    named = (query.get("owner", ""), query.get("run", ""))
    return next((run for run in found if (run.client, str(run.run)) == named), None)


def same_answers(principal: Principal, clients: tuple[str, ...]) -> None:
    """Warn where two accounts brought the very same rows; of the clients in view, among all that the viewer may see."""
    for those in sync_health.same_answers(context.store(), principal):
        if not clients or any(account.client in clients for account in those):
            names = formatting.enumerate_names([f"{account.client} {account.label}" for account in those])
            st.warning(
                escape_markdown(f"The same rows arrived for {names}: one of them may get the rows of the other.", 400),
                icon=":material/content_copy:",
            )


def _count(name: str) -> Any:
    return lambda run: getattr(run, name)


def run_details(principal: Principal, run: RunRecord) -> tuple[QuarantinedRow, ...]:
    """The refused rows of `run`, drawn as a table; () when there is none."""
    rows = sync_health.quarantined(context.store(), principal, run.client, run.run)
    if not rows:
        st.caption("This run refused no row.")
        return rows
    columns = (
        Shown("reason", "Reason", "text", lambda row: row.reason, pinned=True),
        Shown("key", "Row", "text", lambda row: row.key),
        Shown("payload", "As it was sent", "text", lambda row: row.payload),
    )
    draw(rows, columns, alt="Rows that the run refused", key="quarantined")
    if run.quarantined > len(rows):
        st.caption(f"The first {len(rows):,} of {run.quarantined:,} refused rows are kept.")
    return rows


def control_totals(principal: Principal, run: RunRecord) -> None:
    """What the answer added up to, by measure, and where that went; and which fields lost values."""
    found = sync_health.control_totals(context.store(), principal, run.client, run.run)
    currency = found.currency
    figures = [
        (measure, found.totals.measures[measure.name]) for measure in MEASURES if measure.name in found.totals.measures
    ]
    if figures:
        columns = (
            Shown("measure", "Measure", "text", lambda row: row[0].label, pinned=True),
            *(
                Shown(part, part.replace("_", " ").capitalize(), "text", _part(part, currency))
                for part in ("read", *told_totals.PARTS)
            ),
        )
        draw(figures, columns, alt="What the answer added up to, and where that went", key="control_totals")
    if found.totals.unread:
        lost = ", ".join(f"{name} ({count:,})" for name, count in sorted(found.totals.unread.items()))
        st.caption(f"Values that could not be read and were left out of their rows: {escape_markdown(lost)}.")


def _part(part: str, currency: str) -> Callable[[Any], str]:
    return lambda row: told_totals.figure(row[0], getattr(row[1], part), currency)


def refusals(principal: Principal, run: RunRecord) -> None:
    """Why rows were refused, most rows first; all of them are in these sums."""
    found = sync_health.refusals(context.store(), principal, run.client, run.run)
    if not found:
        return
    rows = by_reason(found)
    columns = (
        Shown("reason", "Reason", "text", lambda row: row[0], pinned=True),
        Shown("rows", "Rows", "count", lambda row: row[1], "rows refused for this reason"),
    )
    draw(rows[:_MOST_REASONS], columns, alt="Refused rows by reason", key="refusals")


def run_log(principal: Principal, run: RunRecord) -> None:
    """What the run asked, one step away; nothing for who may not read it. As plain text: sources wrote some of it."""
    asked = f"{formatting.plural(run.requests, 'request')}, {formatting.plural(run.retries, 'retry', 'retries')}"
    lines = sync_health.run_log(context.store(), principal, run.client, run.run)
    if not lines:
        st.caption(f"{asked}.")
        return
    with st.expander(f"Log: {asked}", icon=":material/list:"):
        st.code(lines, language=None, wrap_lines=True)


def quarantined_table(principal: Principal, run: RunRecord) -> Table:
    """The refused rows of a run as a download."""
    rows = sync_health.quarantined(context.store(), principal, run.client, run.run)
    columns = [
        ("client", "client"),
        ("run", "run"),
        ("reason", "reason"),
        ("key", "row"),
        ("payload", "as it was sent"),
    ]
    return tables.listing("quarantine", columns, [(run.client, run.run, r.reason, r.key, r.payload) for r in rows])


def accounts_table(question: Question) -> Table:
    """How each account stands, as a download."""
    names = ("client", "source", "external_id", "currency", "time_zone", "settlement_days")
    columns = [
        *((name, name.replace("_", " ")) for name in names),
        ("standing", "state"),
        ("fetched_at", "last fetched (UTC)"),
        ("newest_day", "newest day"),
        ("message", "message"),
    ]
    rows = [
        [
            *(getattr(f.account, name) for name in names),
            f.standing,
            None if f.fetched_at is None else instant(f.fetched_at),
            f.newest_day,
            f.message,
        ]
        for f in refresh.account_standing(question.principal, question.clients)
    ]
    return tables.listing("accounts", columns, rows)


def coverage_strip(question: Question, standing: Sequence[Freshness], length: int) -> None:
    """What is known of each account's last `length` days."""
    now, store = context.now(), context.store()
    last = max(today_in(fresh.account.time_zone, now) for fresh in standing)
    days = Days(last - timedelta(days=length - 1), last)
    fetched = {
        (covered.account.client, covered.account.number, covered.day): covered.fetched_at
        for covered in coverage.coverage(store, question.over(days).at(None))
    }
    rows = [
        (day, _name(a, standing), *_state(day, fetched.get((a.client, a.number, day)), a, now))
        for a in (fresh.account for fresh in standing)
        for day in days.each()
        if day <= today_in(a.time_zone, now)
    ]
    charts.coverage(rows, days, key="coverage")


def _name(account: Account, standing: Sequence[Freshness]) -> str:
    """Its id at the source, as short as it is unmistakable: the strip is narrow on a phone."""
    same = [fresh for fresh in standing if fresh.account.external_id == account.external_id]
    return account.external_id if len(same) == 1 else f"{account.client}, {account.label}"


def _state(day: date, fetched_at: Any, account: Any, now: Any) -> tuple[str, str]:
    if fetched_at is None:
        return "Never fetched", "Never fetched"
    told = glossary.entry_of(finality(day, account.time_zone, account.settlement_days, (fetched_at,), now))
    return told.label, f"{told.label}: {told.short}; fetched {formatting.ago(now - fetched_at)}"
