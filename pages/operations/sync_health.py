"""Sync health: is the data fresh and whole, and if not, what happened and when did it last work."""

from __future__ import annotations

import streamlit as st

from perfdash import words
from perfdash.ui import actions, downloads, filters, health_tables, menu, session, syncing, viewer
from perfdash.ui.calm import calmly
from perfdash.ui.plain import plain

DAYS_SHOWN = {"30 days": 30, "90 days": 90, "180 days": 180}

principal = session.require(menu.SYNC_HEALTH)
question = filters.current(principal).question
clients = question.clients
zone = viewer.zone()

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    st.title("Sync health")
    with calmly():
        syncing.sync_button(principal, clients, "Refresh now", key="refresh_now")

with calmly():
    syncing.last_result(principal, zone)
    standing = actions.standing(principal, clients)
    if not standing:
        st.info(
            "No account is configured for the clients in view.", icon=":material/link_off:", title="Nothing to sync"
        )
        st.stop()

    for fresh in standing:
        if fresh.standing == "failing":
            line = actions.failure(fresh.account, fresh.message, fresh.fetched_at, viewer.now(), zone)
            pause = f" The source asked for a pause until {viewer.clock(fresh.resume_at)}." if fresh.resume_at else ""
            st.warning(plain(line + pause, 500), icon=":material/cloud_off:")

    downloads.heading(
        words.plural(len(standing), "account"),
        [
            lambda: downloads.listing(
                question, "accounts", health_tables.accounts_table, key="accounts_csv"
            )
        ],
    )  # fmt: skip
    health_tables.accounts(standing, "accounts")

    downloads.heading("Coverage")
    shown = st.segmented_control(
        "Days shown", list(DAYS_SHOWN), default="30 days", required=True, key="coverage_days",
        label_visibility="collapsed",
    )  # fmt: skip
    health_tables.coverage_strip(question, standing, DAYS_SHOWN[shown or "30 days"])

    downloads.heading(
        "Runs",
        [lambda: downloads.listing(question, "runs", health_tables.runs_table, key="runs_csv")],
    )
    runs = health_tables.recent_runs(principal, clients)
    if not runs:
        st.caption("Nothing has been synced yet.")
        st.stop()
    run = health_tables.runs(runs, authors=principal.of_agency, key="runs")
    if run is None:
        st.caption("Choose a run to see what it refused and how it went.")
        st.stop()

    downloads.heading(
        f"Run {run.run} of {plain(run.client)}",
        [
            lambda: downloads.listing(
                question,
                "quarantine",
                lambda asking: health_tables.quarantined_table(asking.principal, run),
                key="quarantine_csv",
            )
        ],
    )  # fmt: skip
    if run.message:
        st.markdown(plain(run.message, 500))
    health_tables.run_details(principal, run)
    health_tables.run_log(principal, run)
