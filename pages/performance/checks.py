"""Checks: what sources report as CPM and ROI against what their own measures give, why they differ, and what if."""

from __future__ import annotations

import streamlit as st

from perfdash.domain.cpm_causes import RatioName
from perfdash.domain.cpm_lab import Comparison
from perfdash.presentation import formatting
from perfdash.ui import downloads
from perfdash.ui.auth import session
from perfdash.ui.campaigns.empty import nothing_here
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.cpm_lab import tables as cpm_lab_tables
from perfdash.ui.cpm_lab import what_if
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import browser, cache, navigation
from perfdash.ui.sync_health import missing_rows, progress

principal = session.require(navigation.CHECKS)
asked = sidebar.current(principal)
question = asked.question


def _section(measure: RatioName, found: Comparison | None, facts: int) -> None:
    if found is None:
        label = cpm_lab_tables.LABELS[measure]
        st.info(
            f"No row in view reports a {label} of its own, so there is nothing to compare the recomputed one with.",
            title=f"No reported {label}",
            icon=":material/science:",
        )
        return
    cpm_lab_tables.verdict(found, facts)
    st.header("Why")
    names = {(row.client, row.account, row.campaign): row.name for row in campaigns}
    cpm_lab_tables.causes(found, names, key=f"lab_{measure}_causes")
    if found.wholes:
        st.header("In total")
        in_view = {group.currency: group.sums for group in cache.groups(question.filtered(raw=True))}
        cpm_lab_tables.wholes(found, in_view, key=f"lab_{measure}_wholes")
    downloads.heading("Largest disagreements", [lambda: _csv(measure)])
    if not found.worst:
        st.caption("None. The CSV holds every row that was compared.")
        return
    creators = cache.creators(principal, question.clients)
    cpm_lab_tables.worst(found, names, creators, principal, key=f"lab_{measure}_worst")


def _csv(measure: RatioName) -> None:
    downloads.listing(
        question, f"lab-{measure}", lambda asking: cpm_lab_tables.table(asking, measure), key=f"lab_{measure}_csv"
    )


st.title("Checks")
if not principal.money:
    st.info(
        "This page compares prices, and amounts of money are not part of your access. Whoever manages it can add them.",
        title="Not part of your access",
        icon=":material/lock:",
    )
    st.stop()
zone = browser.zone()
with errors_shown():
    progress.last_result(principal, zone)
    progress.fetch_missing(question, zone)
    missing_rows.warn(question)
    campaigns = cache.campaigns(question)
    groups = cache.groups(question)
    if not groups:
        nothing_here(question)
        st.stop()
    known = cache.origins(question).values()
    fetched = min((origin.fetched_at for origin in known if origin.fetched_at), default=None)
    st.caption(
        f"{formatting.days(asked.period.days)} · data fetched {browser.clock(fetched)}. What each source "
        f"sends as CPM and "
        "ROI, beside what its own cost, impressions and revenue give; compared as reported, without corrections."
    )
    compared = {one.measure: one for one in cpm_lab_tables.comparisons(question)}
    facts = sum(group.sums.rows for group in groups)
    opened = cpm_lab_tables.first_tab(tuple(compared.values()))
    on_cpm, on_roi, on_terms = st.tabs(
        list(cpm_lab_tables.TABS), default=opened, key="check", on_change="rerun", bind="query-params"
    )
    with on_cpm:
        _section("cpm", compared.get("cpm"), facts)
    with on_roi:
        _section("roi", compared.get("roi"), facts)
    with on_terms:
        what_if.what_if(groups, campaigns)
