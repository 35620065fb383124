"""Which rows are to be corrected: a campaign, its platform and days, and, with a click, one row of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef, CampaignRow
from perfdash.domain.corrections import MOST_AT_ONCE, CorrectableFact, Range, Target, cpm_of
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Filters, range_of
from perfdash.domain.question import Question
from perfdash.presentation import formatting, json_documents
from perfdash.presentation.columns import Names
from perfdash.presentation.corrections import CorrectionBatch, decisions
from perfdash.presentation.tables import Table
from perfdash.store.corrections import read as correction_read
from perfdash.store.query.campaigns import campaign_names
from perfdash.ui.campaigns import tables as campaign_tables
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, draw
from perfdash.ui.runtime import cache, context, navigation


@cache.shared()
def decisions_in_view(question: Question) -> tuple[CorrectionBatch, ...]:
    """The decisions about the days, clients and platforms in view, newest first, as they stood at the moment in view.

    Rows that arrived in a range are told of now only.
    """
    return _read(question)


def _read(question: Question) -> tuple[CorrectionBatch, ...]:
    store, platforms = context.store(), question.filters.platforms
    made = correction_read.list_corrections(store, question)
    late = correction_read.arrived_later(store, question.principal, question.clients) if question.as_of is None else {}
    in_view = decisions(made, late)
    if not platforms:
        return in_view
    return tuple(decision for decision in in_view if set(decision.platforms) & set(platforms))


def names_in_view(principal: Principal, clients: tuple[str, ...]) -> Names:
    """The campaigns' current names."""
    return campaign_names(context.store(), principal, clients)


def log_of(question: Question) -> Table:
    """The decisions as a table, for a download."""
    return json_documents.corrections_table(_read(question), names_in_view(question.principal, question.clients))


def campaigns(question: Question) -> dict[str, CampaignRef]:
    """What is shown of each campaign in view -> what it is; every label is another."""
    names = cache.client_names(question.principal)
    labelled: dict[str, CampaignRef] = {}
    for row in sorted(_rows(question), key=lambda row: (row.name.casefold(), row.client, row.account, row.campaign)):
        label = f"{row.name} · {names.get(row.client, row.client)}" if len(names) > 1 else row.name
        if row.ref in labelled.values():
            continue
        labelled[label if label not in labelled else f"{label} · {row.campaign} ({row.account})"] = row.ref
    return labelled


def _rows(question: Question) -> tuple[CampaignRow, ...]:
    """The campaigns with rows in view, whatever their CPM."""
    filters = question.filters
    return cache.campaigns(
        Question(
            question.principal,
            Filters(filters.days, filters.clients, filters.platforms, raw=True, ranges=filters.ranges),
        )
    )


_CAMPAIGN, _LINKED = "correct_campaign", "_correct_linked"
_ADDRESS = ("campaign", "account", "owner")


def chosen_range(question: Question) -> Range | None:
    """The campaign, platform and days that are chosen; None until there is a whole choice."""
    filters, options = question.filters, campaigns(question)
    _follow_link(options)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            "Campaign",
            list(options),
            index=None,
            key=_CAMPAIGN,
            placeholder="Search by name",
            on_change=lambda: _into_url(options),
            help="The campaigns with rows under the filters at the left.",
        )
        ref = options.get(label or "")
        if ref is None:
            return None
        platform = _platform(question, ref)
        days = _days(filters.days_of(ref.client))
    if days is None:
        st.caption("Choose a first and a last day.")
        return None
    return Range(ref.client, ref.account, ref.campaign, days, (platform,) if platform else filters.platforms)


def _into_url(options: Mapping[str, CampaignRef]) -> None:
    """The chosen campaign stands in the address, as in a link to it."""
    ref = options.get(st.session_state.get(_CAMPAIGN) or "")
    for key in _ADDRESS:
        st.query_params.pop(key, None)
    if ref is not None:
        st.query_params.update(campaign_tables.link_of(ref))
    st.session_state[_LINKED] = ref


def _follow_link(options: Mapping[str, CampaignRef]) -> None:
    """A link names a campaign once; from then on the choice is the reader's. What is gone is not chosen any more."""
    linked = campaign_tables.campaign_in_url(st.query_params)
    if linked is not None and st.session_state.get(_LINKED) != linked:
        label = next((label for label, ref in options.items() if ref == linked), None)
        st.session_state[_CAMPAIGN] = label
        if label is None:
            st.warning("This campaign has no row under the filters at the left.", icon=":material/filter_alt_off:")
            return
    st.session_state[_LINKED] = linked
    if st.session_state.get(_CAMPAIGN) not in options:
        st.session_state[_CAMPAIGN] = None


def _platform(question: Question, ref: CampaignRef) -> str | None:
    filters = Filters(question.filters.days_of(ref.client), (), question.filters.platforms, raw=True)
    groups = cache.groups(Question(question.principal, filters, only=ref), ("platform",))
    return st.selectbox(
        "Platform",
        sorted({group.platform for group in groups}),
        index=None,
        placeholder="All platforms",
        key=f"correct_platform {ref}",
    )


def _days(within: Days) -> Days | None:
    value: Any = st.date_input(
        "Days",
        (within.start, within.end),
        min_value=within.start,
        max_value=within.end,
        format="YYYY-MM-DD",
        key=f"correct_days {within}",
    )
    first, last = (*value, None, None)[:2] if isinstance(value, tuple) else (value, None)
    try:
        return range_of(first, last)
    except UsageError:
        return None


def chosen_rows(
    principal: Principal, over: Range, creators: Names
) -> tuple[tuple[CorrectableFact, ...], CorrectableFact | None]:
    """The rows of a range, shown, and the one that was clicked on; () when there is none, or more than can be set."""
    lines = correction_read.lines(context.store(), principal, over)
    if not lines:
        st.info("No source reports a row here.", icon=":material/event_busy:", title="Nothing to correct")
        return (), None
    if len(lines) > MOST_AT_ONCE:
        st.info(
            f"More than {MOST_AT_ONCE:,} rows lie in this range. Choose fewer days, or one platform.",
            icon=":material/unfold_less:",
            title="Too many rows at once",
        )
        return (), None
    key = f"correct_rows {over}"
    picked: Target | None = component_tables.chosen(key)
    _table(lines, creators, money=principal.money, key=key)
    if len(lines) > component_tables.MOST_ROWS:
        st.caption(
            f"The first {component_tables.MOST_ROWS:,} of {len(lines):,} rows; a range correction reaches all of them."
        )
    return lines, next((line for line in lines if line.target == picked), None)


def _table(lines: Sequence[CorrectableFact], creators: Names, *, money: bool, key: str) -> None:
    def creator(line: CorrectableFact) -> str:
        at = line.target
        return creators.get((at.client, at.account, at.key.creator), at.key.creator)

    names = ("cost", "impressions", "clicks") if money else ("impressions", "clicks")
    columns = [
        Shown("day", "Day", "day", lambda line: line.target.key.day, pinned=True),
        Shown("platform", "Platform", "text", lambda line: line.target.key.platform),
        Shown("creator", "Creator", "text", creator),
        *(column for name in names for column in _pair(name)),
    ]
    if money:
        columns.append(Shown("cpm", "CPM", "price", lambda line: cpm_of(line.counted), "of what counts"))
    currencies = {line.currency for line in lines}
    currency = currencies.pop() if len(currencies) == 1 else ""
    draw(
        lines[: component_tables.MOST_ROWS],
        columns,
        alt="Rows that can be corrected",
        key=key,
        currency=currency,
        choose=lambda line: line.target,
    )


def _pair(name: str) -> tuple[Shown, Shown]:
    """What is reported, and, where somebody set another value, what counts."""
    kind: component_tables.Kind = "money" if name == "cost" else "count"
    reported = Shown(name, name.capitalize(), kind, lambda line: getattr(line.raw, name), "as the source reports it")
    return reported, Shown(
        f"{name}_set", f"{name.capitalize()} set", kind, lambda line: getattr(line.laid, name), "what counts"
    )


def row_label(line: CorrectableFact, creators: Names) -> str:
    """3 Mar 2026, TikTok, @zoe"""
    at, key = line.target, line.target.key
    handle = creators.get((at.client, at.account, key.creator), key.creator)
    return f"{formatting.day(key.day)}, {key.platform}" + (f", {handle}" if handle else "")


def offer(question: Question) -> None:
    """A link to correct the campaign, for who may, and not while a past is shown."""
    if question.only is not None and question.as_of is None and question.principal.may("correct"):
        navigation.link(navigation.CORRECTIONS, "Correct…", query=campaign_tables.link_of(question.only))
