"""Sync health: is the data fresh and whole, and if not, what happened and when did it last work."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui import downloads
from perfdash.ui.auth import session
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import browser, navigation
from perfdash.ui.sync_health import progress, refresh
from perfdash.ui.sync_health import tables as sync_health_tables

DAYS_SHOWN = {"30 days": 30, "90 days": 90, "180 days": 180}

principal = session.require(navigation.SYNC_HEALTH)
question = sidebar.current(principal).question
clients = question.clients
zone = browser.zone()

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    st.title("Sync health")
    with errors_shown():
        progress.sync_button(principal, clients, "Refresh now", key="refresh_now")

with errors_shown():
    progress.last_result(principal, zone)
    standing = refresh.account_standing(principal, clients)
    if not standing:
        st.info(
            "No account is configured for the clients in view.", icon=":material/link_off:", title="Nothing to sync"
        )
        st.stop()

    for fresh in standing:
        if fresh.standing == "failing":
            line = refresh.failure(fresh.account, fresh.message, fresh.fetched_at, browser.now(), zone)
            pause = f" The source asked for a pause until {browser.clock(fresh.resume_at)}." if fresh.resume_at else ""
            st.warning(escape_markdown(line + pause, 500), icon=":material/cloud_off:")

    sync_health_tables.same_answers(principal, clients)

    downloads.heading(
        formatting.plural(len(standing), "account"),
        [lambda: downloads.listing(question, "accounts", sync_health_tables.accounts_table, key="accounts_csv")],
    )
    sync_health_tables.accounts(standing, principal, "accounts")

    downloads.heading("Coverage")
    shown = st.segmented_control(
        "Days shown",
        list(DAYS_SHOWN),
        default="30 days",
        required=True,
        key="coverage_days",
        label_visibility="collapsed",
    )
    sync_health_tables.coverage_strip(question, standing, DAYS_SHOWN[shown or "30 days"])

    downloads.heading(
        "Runs",
        [lambda: downloads.listing(question, "runs", sync_health_tables.runs_table, key="runs_csv")],
    )
    runs = sync_health_tables.recent_runs(principal, clients)
    if not runs:
        st.caption("Nothing has been synced yet.")
        st.stop()
    run = sync_health_tables.runs(runs, principal, key="runs")
    run = run or sync_health_tables.run_in_url(runs, st.query_params)
    if run is None:
        st.caption("Choose a run to see what it refused and how it went.")
        st.stop()
    of_run = run

    downloads.heading(
        f"Run {run.run} of {escape_markdown(run.client)}",
        [
            lambda: downloads.listing(
                question,
                "quarantine",
                lambda asking: sync_health_tables.quarantined_table(asking.principal, of_run),
                key="quarantine_csv",
            )
        ],
    )
    if run.message:
        st.markdown(escape_markdown(run.message, 500))
    sync_health_tables.control_totals(principal, run)
    sync_health_tables.refusals(principal, run)
    sync_health_tables.run_details(principal, run)
    sync_health_tables.run_log(principal, run)
