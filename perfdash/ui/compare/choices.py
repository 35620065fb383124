"""What can be put side by side under the filters in view, and which of it was chosen; the URL keeps both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

import streamlit as st

from perfdash.domain.groups import Dimension, Group
from perfdash.domain.metrics import Sums
from perfdash.domain.question import Question
from perfdash.domain.side_by_side import FEWEST, MOST, ComparedSide
from perfdash.presentation import periods as period_story
from perfdash.ui.compare.periods import periods
from perfdash.ui.creators.rows import creator_rows
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.runtime import cache

Kind = Literal["Campaigns", "Creators", "Platforms", "Clients", "Periods"]
KINDS: tuple[Kind, ...] = get_args(Kind)
BY, SIDES = "compare_by", "side"
"""The keys of both controls, and their names in the URL."""
ONE_CURRENCY: frozenset[Kind] = frozenset(("Creators", "Platforms", "Periods"))
"""What runs in several currencies at once: these are compared in the one that is shown."""


def kind(*, several_clients: bool) -> Kind:
    """What the reader puts side by side."""
    choices = tuple(one for one in KINDS if several_clients or one != "Clients")
    if st.session_state.get(BY) not in choices:
        st.session_state[BY] = choices[0]
    chosen: Kind | None = st.segmented_control(
        "Put side by side", choices, required=True, key=BY, bind="query-params", on_change=forget
    )
    return chosen or choices[0]


def in_view(asked: Selection, of: Kind, clients: Mapping[str, str]) -> tuple[ComparedSide, ...]:
    """Everything of this kind in view, the largest first; periods by time. `clients` are names of those in scope."""
    if of == "Periods":
        return periods(asked)
    # By impressions: amounts of several currencies have no order.
    found = _told_apart(_OF[of](asked.question, clients))
    return tuple(sorted(found, key=lambda side: (-(side.sums.impressions or 0), side.label)))


def chosen(found: Sequence[ComparedSide], of: Kind) -> tuple[ComparedSide, ...]:
    """Those of `found` (at least two) that the reader chose, in the order of the choice; without one `_usual`."""
    labels = {side.label: side for side in found}
    usual = _usual(found, of)
    if any(label not in labels for label in st.session_state.get(SIDES) or ()):
        del st.session_state[SIDES]
    picked = st.multiselect(
        f"{of}, {FEWEST} to {MOST}",
        list(labels),
        key=SIDES,
        bind="query-params",
        max_selections=MOST,
        select_all=False,
        placeholder=" and ".join(usual),
        help="The difference is that of the last to the first.",
    )
    return tuple(labels[label] for label in (picked or usual)[:MOST] if label in labels)


def _usual(found: Sequence[ComparedSide], of: Kind) -> list[str]:
    """Of periods the one before and these days; else the largest, and the next one in its currency if there is one."""
    first, *others = found
    if of == "Periods":
        return [first.label, others[-1].label]
    alike = [side for side in others if side.currency == first.currency]
    return [first.label, (alike or others)[0].label]


def days_line(asked: Selection, clients: Mapping[str, str]) -> str:
    """The days in view; `clients` are names of those in scope."""
    return period_story.told(asked.period.days, asked.period.ranges, clients)


def forget() -> None:
    """Another kind was chosen: what was chosen of the last one is none of it."""
    st.session_state[SIDES] = []


def _told_apart(found: Iterable[tuple[str, str, ComparedSide]]) -> tuple[ComparedSide, ...]:
    """(what tells those of one label apart, then more of it, side): two of one name also say whose they are."""
    each = tuple(found)
    for part in (0, 1):
        count = Counter(side.label for _, _, side in each)
        each = tuple(
            (
                one[0],
                one[1],
                one[2] if count[one[2].label] == 1 else replace(one[2], label=f"{one[2].label} ({one[part]})"),
            )
            for one in each
        )
    return tuple(side for _, _, side in each)


Found = Iterable[tuple[str, str, ComparedSide]]


def _campaigns(question: Question, clients: Mapping[str, str]) -> Found:
    for row in cache.campaigns(question):
        if row.sums.rows:
            side = ComparedSide(row.name, row.sums, row.currency if question.principal.money else "")
            yield clients.get(row.client, row.client), f"{row.campaign} {side.currency}".strip(), side


def _creators(question: Question, clients: Mapping[str, str]) -> Found:
    rows, _ = creator_rows(question, cache.creators(question.principal, question.clients))
    for row in rows:
        side = ComparedSide(row.name, row.sums, row.currency)
        yield clients.get(row.ref.client, row.ref.client), row.ref.creator, side


def _platforms(question: Question, _clients: Mapping[str, str]) -> Found:
    for name, sums, currency in _merged(question, lambda group: group.platform, ("platform",)):
        yield currency, "", ComparedSide(name, sums, currency)


def _of_clients(question: Question, clients: Mapping[str, str]) -> Found:
    for slug, sums, currency in _merged(question, lambda group: group.client, ("client",)):
        yield currency, slug, ComparedSide(clients.get(slug, slug), sums, currency)


def _merged(
    question: Question, key: Callable[[Group], str], by: tuple[Dimension, ...]
) -> Iterator[tuple[str, Sums, str]]:
    """Name, sums and currency; without money those of all currencies together."""
    found: dict[tuple[str, str], Sums] = {}
    for group in cache.groups(question, by):
        at = key(group), group.currency if question.principal.money else ""
        found[at] = found.get(at, Sums()) + group.sums
    return ((name, sums, currency) for (name, currency), sums in found.items())


_OF: Mapping[Kind, Callable[[Question, Mapping[str, str]], Found]] = {
    "Campaigns": _campaigns,
    "Creators": _creators,
    "Platforms": _platforms,
    "Clients": _of_clients,
}
