"""What the page of restatements reads, kept by the runs of the clients in scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import streamlit as st

from perfdash.domain import as_of as as_of_rules
from perfdash.domain import restatements
from perfdash.domain.access import Principal
from perfdash.domain.as_of import AsOf
from perfdash.domain.filters import Filters
from perfdash.domain.metrics import Sums
from perfdash.domain.question import EVERY_DAY, Question
from perfdash.domain.restatements import LABELS, Event, Moved, Movement, RestatedField
from perfdash.domain.settlement import Curve
from perfdash.presentation import formatting, json_documents
from perfdash.presentation.columns import Names
from perfdash.presentation.corrections import corrections_between
from perfdash.presentation.escaping import escape_markdown
from perfdash.presentation.tables import Table
from perfdash.store.corrections import read as correction_read
from perfdash.store.query.campaigns import campaign_names
from perfdash.store.restatements import read as restatement_read
from perfdash.store.restatements import settlement
from perfdash.ui.restatements.since import Since
from perfdash.ui.runtime import browser, cache, context

ENTRIES = 100


@cache.shared(cache.runs, entries=ENTRIES)
def moved(question: Question, since: AsOf, while_open: bool) -> tuple[Moved, ...]:
    """`store/restatements/read.movement`. `while_open`: whether changes on running days count."""
    return restatement_read.movement(context.store(), question, since, while_open=while_open)


@cache.shared(cache.runs, entries=ENTRIES)
def newest(question: Question, since: AsOf, while_open: bool, field: RestatedField, limit: int) -> tuple[Event, ...]:
    """The newest changes of `field`, at most `limit`."""
    return restatement_read.events(context.store(), question, since, while_open=while_open, of=field, limit=limit)


def _of_platforms(question: Question) -> Question:
    """Nothing but which clients and platforms: the settling curve has days of its own, and is that of now."""
    return Question(question.principal, Filters(EVERY_DAY, question.clients, question.filters.platforms))


@cache.shared(cache.runs_by_day, reduced=_of_platforms, entries=ENTRIES)
def settlement_curves(question: Question) -> tuple[Curve, ...] | None:
    """`store/restatements/settlement.settlement_curves`. Asked anew every day."""
    return settlement.settlement_curves(context.store(), question, context.now())


Key = TypeVar("Key")
_SHOWN = 20


def draw_context(question: Question, since: Since, *, limited: bool, any_moved: bool) -> None:
    """What is compared with what; a calm word when nothing changed. `limited`: a CPM limit was asked for."""
    until = "now" if question.as_of is None else "the moment you look back to"
    st.caption(
        f"{formatting.days(question.filters.days)} as known since {escape_markdown(since.told)}, against {until} "
        f"· as the sources "
        "report it, without corrections · a first report is no restatement"
    )
    if limited:
        st.caption(":material/filter_alt_off: The CPM limit is not applied here: a row can move across it.")
    if since.clients and not question.principal.sees_all and set(question.clients) - set(since.clients):
        st.caption("Only the clients of this export are compared.")
    if not any_moved:
        st.info(
            f"Nothing changed since {escape_markdown(since.told)}.",
            icon=":material/check_circle:",
            title="No restatement",
        )


def measure(fields: Sequence[RestatedField]) -> RestatedField:
    """The measure that the sentence, the chart and the tables speak of: cost where there is any."""
    first: RestatedField = "cost" if "cost" in fields else fields[0]
    if st.session_state.get("restated_measure") not in fields:
        st.session_state["restated_measure"] = first
    chosen: RestatedField | None = st.segmented_control(
        "Measure",
        fields,
        format_func=LABELS.__getitem__,
        required=True,
        key="restated_measure",
        label_visibility="collapsed",
    )
    return chosen or first


def in_currencies(
    principal: Principal, moved: Sequence[Moved], now: Mapping[str, Sums]
) -> list[tuple[Movement, Sums | None]]:
    """What moved, per currency, beside what is in view now; without money all currencies are one."""
    if principal.money:
        return [(one, now.get(one.currency)) for one in restatements.by_currency(moved)]
    together = Sums()
    for sums in now.values():
        together += sums
    return [(one, together) for one in restatements.by_currency(moved)]


def one_currency(in_view: Sequence[tuple[Movement, Sums | None]]) -> tuple[Movement, Sums | None]:
    """The currency that chart and tables are about: amounts in different currencies share no axis and no column."""
    if len(in_view) == 1:
        return in_view[0]
    by_name = {one.currency: (one, sums) for one, sums in in_view}
    chosen = st.segmented_control(
        "Currency of what follows", list(by_name), default=next(iter(by_name)), required=True, key="restated_currency"
    )
    return by_name.get(chosen or "", in_view[0])


def same_currency(principal: Principal, groups: Mapping[tuple[Key, str], Sums]) -> dict[tuple[Key, str], Sums]:
    """Without money, changes name no currency: the groups of all are added up."""
    if principal.money:
        return dict(groups)
    found: dict[tuple[Key, str], Sums] = {}
    for (key, _), sums in groups.items():
        found[key, ""] = found.get((key, ""), Sums()) + sums
    return found


def names_in_view(principal: Principal, clients: tuple[str, ...]) -> Names:
    """The campaigns' current names."""
    return campaign_names(context.store(), principal, clients)


def export_of(since: AsOf, while_open: bool) -> Callable[[Question], Table]:
    """All changes as a table, for who asks at the click."""

    def build(question: Question) -> Table:
        found = restatement_read.events(context.store(), question, since, while_open=while_open)
        return json_documents.restatements_table(found, names_in_view(question.principal, question.clients))

    return build


def corrections(question: Question, since: Since) -> None:
    """What people corrected meanwhile: told apart, since no platform changed it."""
    now = browser.now()
    begin, end = as_of_rules.last_moment(since.at, "UTC", now), as_of_rules.last_moment(question.as_of, "UTC", now)
    made = correction_read.list_corrections(context.store(), question.at(None))
    found = corrections_between(made, begin, end, question.filters.platforms)
    if not found:
        return
    with st.expander(
        f"{formatting.plural(len(found), 'decision')} of people in that time (corrections, not restatements)"
    ):
        for one in found[:_SHOWN]:
            what = f"{one.field} of {one.campaign}, {one.platform}, {formatting.day(one.day)} {one.what}: {one.reason}"
            st.markdown(f"{browser.clock(one.at)} · {escape_markdown(what, 300)}")
        if len(found) > _SHOWN:
            st.caption(f"and {len(found) - _SHOWN:,} more")
