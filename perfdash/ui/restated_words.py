"""What the page of restatements says around its tables, and the question behind its download."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import streamlit as st

from perfdash import asof, restated_document, restatements, words
from perfdash.access import Principal
from perfdash.asof import AsOf
from perfdash.domain.question import Question
from perfdash.export import Names, Table
from perfdash.metrics import Sums
from perfdash.recorrected import between
from perfdash.restatements import LABELS, Moved, Movement, RestatedField
from perfdash.store import correction_log, restated
from perfdash.store.names import campaign_names
from perfdash.ui import viewer, wiring
from perfdash.ui.plain import plain
from perfdash.ui.since_control import Since

Key = TypeVar("Key")
_SHOWN = 20


def context(question: Question, since: Since, *, limited: bool, any_moved: bool) -> None:
    """What is compared with what; a calm word when nothing changed. `limited`: a CPM limit was asked for."""
    until = "now" if question.as_of is None else "the moment you look back to"
    st.caption(
        f"{words.days(question.filters.days)} as known since {plain(since.told)}, against {until} · as the sources "
        "report it, without corrections · a first report is no restatement"
    )
    if limited:
        st.caption(":material/filter_alt_off: The CPM limit is not applied here: a row can move across it.")
    if since.clients and not question.principal.sees_all and set(question.clients) - set(since.clients):
        st.caption("Only the clients of this export are compared.")
    if not any_moved:
        st.info(f"Nothing changed since {plain(since.told)}.", icon=":material/check_circle:", title="No restatement")


def measure(fields: Sequence[RestatedField]) -> RestatedField:
    """The measure that the sentence, the chart and the tables speak of: cost where there is any."""
    first: RestatedField = "cost" if "cost" in fields else fields[0]
    if st.session_state.get("restated_measure") not in fields:
        st.session_state["restated_measure"] = first
    chosen: RestatedField | None = st.segmented_control(
        "Measure", fields, format_func=LABELS.__getitem__, required=True, key="restated_measure",
        label_visibility="collapsed",
    )  # fmt: skip
    return chosen or first


def in_currencies(
    principal: Principal, moved: Sequence[Moved], now: Mapping[str, Sums]
) -> list[tuple[Movement, Sums | None]]:
    """What moved, per currency, beside what is in view now; without money all currencies are one."""
    if principal.money:
        return [(one, now.get(one.currency)) for one in restatements.total(moved)]
    together = Sums()
    for sums in now.values():
        together += sums
    return [(one, together) for one in restatements.total(moved)]


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


def names(principal: Principal, clients: tuple[str, ...]) -> Names:
    """The campaigns' current names."""
    return campaign_names(wiring.store(), principal, clients)


def export_of(since: AsOf, while_open: bool) -> Callable[[Question], Table]:
    """All changes as a table, for who asks at the click."""

    def build(question: Question) -> Table:
        found = restated.events(wiring.store(), question, since, while_open=while_open)
        return restated_document.table(found, names(question.principal, question.clients))

    return build


def corrections(question: Question, since: Since) -> None:
    """What people corrected meanwhile: told apart, since no platform changed it."""
    now = viewer.now()
    begin, end = asof.then(since.at, "UTC", now), asof.then(question.as_of, "UTC", now)
    made = correction_log.told(wiring.store(), question.at(None))
    found = between(made, begin, end, question.filters.platforms)
    if not found:
        return
    with st.expander(f"{words.plural(len(found), 'decision')} of people in that time (corrections, not restatements)"):
        for one in found[:_SHOWN]:
            what = f"{one.field} of {one.campaign}, {one.platform}, {words.day(one.day)} {one.what}: {one.reason}"
            st.markdown(f"{viewer.clock(one.at)} · {plain(what, 300)}")
        if len(found) > _SHOWN:
            st.caption(f"and {len(found) - _SHOWN:,} more")
