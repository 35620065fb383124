"""Syncing from a page: progress while it goes on, a clear result when it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from perfdash.demo import history
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.question import Question
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.sync.run import RunResult
from perfdash.ui.runtime import context
from perfdash.ui.sync_health import refresh


def replaying() -> bool:
    """Say how far the replay is; True while it goes on, and pages leave the API to it."""
    if not context.settings().demo:
        return False
    state = history.progress(context.store(), context.now())
    if state.complete:
        return False
    st.info(
        f"Thirty daily syncs are being replayed, so that this demo has a past: day {state.done} of {history.DAYS}. "
        "Numbers appear as they arrive.",
        title="The demo is filling",
        icon=":material/history:",
    )
    return True


_RESULT = "_sync_result"
_LONGEST = 400
_MOST_LINES = 4
"""How many accounts say by themselves what happened; a source that is down fails all of its accounts alike."""


def fetch_missing(question: Question, zone: str) -> None:
    """Fetch just the days in view that no run covers, then let the page render; a failure becomes one calm line.

    Nothing of a past is missing: what had not been fetched then was not known then. Client links fetch nothing.
    """
    principal = question.principal
    if principal.lock is not None or question.as_of is not None or replaying():
        return
    wanted = refresh.missing(question)
    results: Sequence[RunResult] = ()
    if wanted:
        days = len({day for _, part in wanted for day in part.each()})
        results = _with_progress(
            f"Fetching {formatting.plural(days, 'day')} not seen before",
            lambda tell: refresh.fetch_missing(principal, wanted, tell),
        )
        if refresh.moves_the_view(question, results):
            st.rerun()
    told = refresh.failures(results, refresh.account_standing(principal, question.clients), context.now(), zone)
    told += _stale(question, {line.split(":")[0] for line in told}, zone)
    _warn(told)


def _stale(question: Question, told: set[str], zone: str) -> list[str]:
    """Accounts in view that failed when they were last asked, by whomever: how old their numbers are."""
    return [
        line
        for fresh in refresh.stale_accounts(question)
        if (line := refresh.failure(fresh.account, fresh.message, fresh.fetched_at, context.now(), zone)).split(":")[0]
        not in told
    ]


def _warn(lines: Sequence[str]) -> None:
    for line in lines[:_MOST_LINES]:
        st.warning(escape_markdown(line, _LONGEST), icon=":material/cloud_off:")
    if len(lines) > _MOST_LINES:
        more = formatting.plural(len(lines) - _MOST_LINES, "more account")
        st.warning(f"{more} could not be synced either; Sync health lists them all.", icon=":material/cloud_off:")


def sync_button(
    principal: Principal, clients: tuple[str, ...], label: str, *, key: str, view: Days | None = None
) -> None:
    """A button that syncs the clients in view: what is due, and with `view` these days too."""
    if st.button(label, icon=":material/sync:", key=key):
        results = _with_progress("Asking the sources", lambda tell: refresh.refresh(principal, clients, tell, view))
        # Kept, because the page follows the new data with a rerun of its own.
        st.session_state[_RESULT] = results
        st.rerun()


def last_result(principal: Principal, zone: str) -> None:
    """What came of the last press of a sync button on this page; shown until the next or until it is closed."""
    results: Sequence[RunResult] | None = st.session_state.get(_RESULT)
    if results is None:
        return
    now = context.now()
    done = refresh.outcome_line(results, now, zone)
    failed = refresh.failures(results, refresh.account_standing(principal, ()), now, zone)
    if done:
        st.success(escape_markdown(done, _LONGEST), icon=":material/check_circle:", title="Synced")
    _warn(failed)
    if not done and not failed:
        st.info("There was nothing to sync.", icon=":material/check_circle:")
    st.button("Dismiss", on_click=lambda: st.session_state.pop(_RESULT, None), type="tertiary", key="dismiss_result")


def _with_progress(title: str, work: Callable[[refresh.PageProgress], tuple[RunResult, ...]]) -> tuple[RunResult, ...]:
    slot: Any = st.empty()
    with slot.status(f"{title} …", expanded=True) as status:
        bar = st.progress(0.0)
        results = work(lambda share, line: bar.progress(share, text=escape_markdown(line, 160)))
        status.update(state="complete")
    slot.empty()
    return results
