"""Syncing from a page: progress while it goes on, a clear result when it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from perfdash import words
from perfdash.access import Principal
from perfdash.accounts import Days
from perfdash.filters import Filters
from perfdash.sync import RunResult
from perfdash.ui import actions, demo_notice, wiring
from perfdash.ui.plain import plain

_RESULT = "_sync_result"
_LONGEST = 400


def fetch_missing(principal: Principal, filters: Filters, zone: str) -> None:
    """Fetch just the days in view that no run covers, then let the page render; a failure becomes one calm line."""
    if demo_notice.replaying():
        return
    wanted = actions.missing(principal, filters)
    results: Sequence[RunResult] = ()
    if wanted:
        days = len({day for _, part in wanted for day in part.each()})
        results = _with_progress(f"Fetching {words.plural(days, 'day')} not seen before", lambda tell: actions.fill(
            principal, wanted, tell
        ))  # fmt: skip
    told = actions.failures(results, actions.standing(principal, filters.clients), wiring.now(), zone)
    told += _resting(principal, filters, {line.split(":")[0] for line in told}, zone)
    for line in told:
        st.warning(plain(line, _LONGEST), icon=":material/cloud_off:")


def _resting(principal: Principal, filters: Filters, told: set[str], zone: str) -> list[str]:
    """Accounts that lack days in view and failed a moment ago: said, and not asked again at every rerun."""
    return [
        line
        for account, message, worked in actions.resting(principal, filters)
        if (line := actions.failure(account, message, worked, wiring.now(), zone)).split(":")[0] not in told
    ]


def sync_button(
    principal: Principal, clients: tuple[str, ...], label: str, *, key: str, view: Days | None = None
) -> None:
    """A button that syncs the clients in view: what is due, and with `view` these days too."""
    if st.button(label, icon=":material/sync:", key=key):
        results = _with_progress("Asking the sources", lambda tell: actions.refresh(principal, clients, tell, view))
        # Kept, because the page follows the new data with a rerun of its own.
        st.session_state[_RESULT] = results
        st.rerun()


def last_result(principal: Principal, zone: str) -> None:
    """What came of the last press of a sync button on this page; shown until the next or until it is closed."""
    results: Sequence[RunResult] | None = st.session_state.get(_RESULT)
    if results is None:
        return
    now = wiring.now()
    done = actions.outcome(results, now, zone)
    failed = actions.failures(results, actions.standing(principal, ()), now, zone)
    if done:
        st.success(plain(done, _LONGEST), icon=":material/check_circle:", title="Synced")
    for line in failed:
        st.warning(plain(line, _LONGEST), icon=":material/cloud_off:")
    if not done and not failed:
        st.info("There was nothing to sync.", icon=":material/check_circle:")
    st.button("Dismiss", on_click=lambda: st.session_state.pop(_RESULT, None), type="tertiary", key="dismiss_result")


def _with_progress(title: str, work: Callable[[actions.Progress], tuple[RunResult, ...]]) -> tuple[RunResult, ...]:
    slot: Any = st.empty()
    with slot.status(f"{title} …", expanded=True) as status:
        bar = st.progress(0.0)
        results = work(lambda share, line: bar.progress(share, text=plain(line, 160)))
        status.update(state="complete")
    slot.empty()
    return results
