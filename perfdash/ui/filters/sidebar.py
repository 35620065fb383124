"""The sidebar's question, kept in the URL: it survives the menu, reloads, the back button and the sign-in.

Bound widgets drop a value that equals their default from the URL, and a link would then mean the reader's default. So
each has a neutral default (nothing chosen), and the real ones are set through the session state before the widget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Client, Days
from perfdash.domain.as_of import AsOf, last_day
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.comparison import DEFAULT_KIND
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Filters, Grain, cpm_limit, range_of
from perfdash.domain.periods import DEFAULT_PRESET, PRESET_LABELS, PRESETS, Period, Preset, compared, resolve
from perfdash.domain.question import Question, of_every_day
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.query import catalog
from perfdash.ui.filters import as_of as as_of_control
from perfdash.ui.filters import compare
from perfdash.ui.filters import url as filter_url
from perfdash.ui.runtime import cache, context
from perfdash.ui.runtime.streamlit_internals import StreamlitAPIException


def narrowed(question: Question) -> tuple[Question, tuple[str, ...]]:
    """The question with currency, limit and grain, and what was not applied: no limit until one currency is in view."""
    currencies = cache.currencies(question)
    currency = _currency(currencies) if len(currencies) > 1 else None
    one = currency or (currencies[0] if len(currencies) == 1 else "")
    several = len(currencies) > 1 and currency is None
    with st.container(key="filter_max_cpm", gap="xsmall"):
        limit, unusable = _limit(one, several)
        grain = _grain(several)
    if len(currencies) == 1 and (asked := st.query_params.get("currency", one)) != one:
        unusable += (f"currency “{asked}”: everything in view is in {one}",)
    return question.filtered(currency=currency, max_cpm=limit, cpm_grain=grain), unusable


def _currency(currencies: Sequence[str]) -> str | None:
    with st.container(key="filter_currency"):
        chosen = st.selectbox(
            "Currency", (_ALL_CURRENCIES, *currencies), key="currency", bind="query-params", filter_mode=None
        )
    return chosen if chosen in currencies else None


def _grain(disabled: bool) -> Grain:
    grain: Grain | None = st.segmented_control(
        "Applied to each",
        filter_url.GRAINS,
        key="cpm_grain",
        bind="query-params",
        required=True,
        disabled=disabled,
        width="stretch",
        help="Each row: a campaign on one platform on one day. Each campaign: over all days and platforms in view.",
    )
    return grain or "row"


def _limit(currency: str, several: bool) -> tuple[int | None, tuple[str, ...]]:
    value = st.number_input(
        f"CPM at most ({currency})" if currency else "CPM at most",
        min_value=0.0,
        max_value=1e6,
        value=None,
        step=1.0,
        format="%g",
        key="max_cpm",
        bind="query-params",
        disabled=several,
        placeholder="Choose a currency" if several else "No limit",
        help="Keeps what costs at most this much per thousand impressions. What has no CPM is left out, and said so.",
    )
    if value is None:
        return None, ()
    if several:
        return None, (f"CPM at most {value:g}, until one currency is chosen",)
    try:
        return cpm_limit(repr(float(value))), ()
    except UsageError:
        return None, (f"CPM at most {value:g}",)


_ALL_CURRENCIES = "All currencies"
_ASKED, _MEND, _WRITE, _IGNORED, _DAYS = "_asked", "_mend", "_write", "_ignored", "_last_days"
_PILLS_UP_TO = 6
_SELECTION, PLACE = "_selection", "filters"


@dataclass(frozen=True, slots=True)
class Selection:
    """What the page is to answer, and what its change is measured against.

    `ignored` names, in short phrases, what was asked for and not applied.
    """

    question: Question
    period: Period
    ignored: tuple[str, ...] = ()

    def about(self, campaign: CampaignRef) -> Selection:
        """The same about one campaign."""
        return replace(self, question=self.question.about(campaign), period=self.period.of(campaign.client))


def current(principal: Principal) -> Selection:
    """The selection of this run, asked by whom the page was opened for; main.py has drawn the sidebar before."""
    selection = st.session_state.get(_SELECTION)
    if not isinstance(selection, Selection):  # a page that ran without the app around it
        st.stop()
    return replace(selection, question=selection.question.asked_by(principal))


def fixed(question: Question, period: Period) -> Selection:
    """The selection of a run that has no filters, such as that of a client link's visitor."""
    st.session_state[_SELECTION] = Selection(question, period)
    return current(question.principal)


def sidebar(principal: Principal) -> Selection:
    """Draw the filters and return the question that they and the URL ask."""
    clients = cache.clients(principal)
    zones = {client.slug: client.time_zone for client in clients}
    latest = max(_todays(zones, None).values())
    place = st.sidebar.container(key=PLACE, gap="small")
    with place, st.container(key="filter_as_of", gap="xsmall"):
        as_of, not_past = as_of_control.control(principal, latest)
    platforms, is_corrected = cache.filter_options(of_every_day(principal, (), as_of))
    _open_link(principal, tuple(zones), platforms, latest)
    with place:
        chosen = _clients(clients)
        then = _todays({slug: zones[slug] for slug in chosen or zones}, as_of)
        period, unusable = _period(of_every_day(principal, chosen, as_of), then, latest)
        period = compared(period, compare.chosen())
        filters = Filters(period.days, chosen, _platforms(platforms), ranges=period.ranges)
        question = Question(principal, filters, as_of)
        question, unapplied = narrowed(question) if principal.money else (question, ())
        question = question.filtered(raw=is_corrected and as_of_control.counts_raw())
        st.button("Reset filters", on_click=_reset, icon=":material/restart_alt:", type="tertiary")
    _mend_link()
    st.session_state[_DAYS] = period.days
    ignored = _ignored_in_link(question.filters) + not_past + unusable + unapplied
    selection = Selection(question, period, ignored)
    st.session_state[_SELECTION] = selection
    return selection


def say_ignored(selection: Selection) -> None:
    """One line about what was not applied, if anything."""
    if selection.ignored:
        st.warning(
            f"Not applied: {escape_markdown('; '.join(selection.ignored), 300)}.", icon=":material/filter_alt_off:"
        )


def _todays(zones: Mapping[str, str], as_of: AsOf | None) -> dict[str, date]:
    """What each client calls today at `as_of`; without any, what UTC does."""
    now = context.now()
    return {slug: last_day(as_of, zone, now) for slug, zone in (zones or {"": "UTC"}).items()}


def _open_link(principal: Principal, clients: tuple[str, ...], platforms: tuple[str, ...], latest: date) -> None:
    """On the first run only: read the link strictly and set the real defaults. On the next ones, what it mended."""
    state = st.session_state
    mended = state.pop(_MEND, None)
    for key, value in (mended or state.pop(_WRITE, None) or {}).items():
        if mended or state.get(key) == value:  # unless somebody has chosen otherwise meanwhile
            state[key] = value
    if _ASKED not in state:
        currencies = tuple(
            {account.currency for account in catalog.accounts(context.store(), principal, inactive=True)}
        )
        known = filter_url.LinkChoices(clients, platforms, currencies, latest, principal.money)
        asked = filter_url.parse({key: st.query_params.get_all(key) for key in filter_url.KEYS}, known)
        state[_ASKED], state[_IGNORED] = True, (asked.ignored, None)
        dates = (asked.dates.start, asked.dates.end) if asked.dates else ()
        if not dates:
            st.query_params.pop("dates", None)  # nothing is bound to it yet, and nothing will be
        if asked.mended:
            state[_MEND] = {"range": asked.preset, "max_cpm": asked.max_cpm} | ({"dates": dates} if dates else {})
        state.setdefault("range", asked.preset)
    if state.get("range") not in PRESETS:
        state["range"] = DEFAULT_PRESET
    if state.get("cpm_grain") not in filter_url.GRAINS:
        state["cpm_grain"] = "row"


def _mend_link() -> None:
    """On a widget's first run the URL wins over any code; so what was wrong in it is set in a second run.

    Streamlit writes what code sets into the URL only from the run after that one on; `unwritten` asks for it.
    """
    if mend := st.session_state.get(_MEND):
        st.session_state[_WRITE] = mend
        st.rerun()


def unwritten() -> bool:
    """True while the URL still shows a value that was mended; one more run of the page settles it."""
    return _WRITE in st.session_state


def _clients(clients: Sequence[Client]) -> tuple[str, ...]:
    """Slugs, as in every link and on the command line; the full names stand below, once some are chosen."""
    names = {client.slug: client.name for client in clients}
    with st.container(key="filter_client", gap="xsmall"):
        chosen = st.multiselect(
            "Clients", list(names), key="client", bind="query-params", placeholder="All clients", select_all=False
        )
        told = [names[slug] for slug in chosen if slug in names and names[slug].casefold() != slug]
        if told:
            st.caption(escape_markdown(", ".join(told), 200))
    return tuple(sorted(slug for slug in chosen if slug in names))


def _platforms(platforms: Sequence[str]) -> tuple[str, ...]:
    with st.container(key="filter_platform"):
        # Pills read their options as Markdown, and a platform is called whatever its source says.
        if len(platforms) <= _PILLS_UP_TO and all(escape_markdown(name) == name for name in platforms):
            chosen = st.pills("Platforms", platforms, selection_mode="multi", key="platform", bind="query-params")
        else:
            chosen = st.multiselect(
                "Platforms",
                platforms,
                key="platform",
                bind="query-params",
                placeholder="All platforms",
                select_all=False,
            )
    return tuple(sorted(chosen))


def _period(of_clients: Question, today: Mapping[str, date], latest: date) -> tuple[Period, tuple[str, ...]]:
    """The days of each client of `today`, and what could not be applied."""
    with st.container(key="filter_range", gap="xsmall"):
        return _of_preset(of_clients, today, latest, _preset())


def _preset() -> Preset:
    chosen: Preset = st.selectbox(
        "Dates",
        PRESETS,
        # Not an empty choice: what can be emptied, Escape empties.
        index=PRESETS.index(DEFAULT_PRESET),
        format_func=PRESET_LABELS.__getitem__,
        key="range",
        bind="query-params",
        on_change=_preset_chosen,
        filter_mode=None,
    )
    return chosen


def _of_preset(
    of_clients: Question, today: Mapping[str, date], latest: date, preset: Preset
) -> tuple[Period, tuple[str, ...]]:
    complete = cache.last_complete(of_clients)
    if preset != "custom":
        with suppress(StreamlitAPIException):  # while its widget is bound to it, Streamlit removes it by itself
            st.query_params.pop("dates", None)
        first = cache.first_day(of_clients) if preset == "all" else None
        return resolve(preset, complete, today, first=first), ()
    days, unusable = _custom(latest)
    days = days or st.session_state.get(_DAYS) or resolve(DEFAULT_PRESET, complete, today).days
    return resolve("custom", complete, today, days), unusable


def _custom(latest: date) -> tuple[Days | None, tuple[str, ...]]:
    """The chosen range; None, with the reason, while only its first day is chosen or it is reversed."""
    none_chosen: Any = ()  # documented, and missing from Streamlit's types
    value: Any = st.date_input(
        "From and to",
        value=none_chosen,
        min_value=filter_url.EARLIEST,
        max_value=latest,
        key="dates",
        bind="query-params",
        format="YYYY-MM-DD",
    )
    first, last = (*value, None, None)[:2] if isinstance(value, tuple) else (value, None)
    try:
        return range_of(first, last), ()
    except UsageError:
        return None, ("the dates, until they have a first and a last day",)


def _preset_chosen() -> None:
    """A custom range starts as the days that were in view, so that nothing jumps."""
    state = st.session_state
    days = state.get(_DAYS)
    if state.get("range") == "custom" and not state.get("dates") and isinstance(days, Days):
        state["dates"] = (days.start, days.end)
        st.query_params["dates"] = [str(days.start), str(days.end)]  # its widget will not write what code set


def is_moving() -> bool:
    """True where the days in view go on with every day that is complete: not where somebody named them."""
    return st.session_state.get("range") != "custom"


def show_day(day: date) -> None:
    """Put one day in view, as if it had been chosen. For callbacks: it sets what widgets are bound to."""
    st.session_state["range"], st.session_state["dates"] = "custom", (day, day)
    st.query_params["dates"] = [str(day), str(day)]  # its widget will not write what code set


def _reset() -> None:
    """Back to the defaults, in the URL too."""
    state = st.session_state
    neutral: dict[str, Any] = {"client": [], "platform": [], "max_cpm": None, "currency": _ALL_CURRENCIES, "dates": ()}
    neutral |= {as_of_control.KEY: "", as_of_control.VALUES: as_of_control.COUNTED}
    for key, value in (neutral | {"range": DEFAULT_PRESET, "cpm_grain": "row", "compare": DEFAULT_KIND}).items():
        if key in state:
            state[key] = value
    state[_IGNORED] = ((), None)


def _ignored_in_link(filters: Filters) -> tuple[str, ...]:
    """What the link asked for in vain: said until the first change of a filter."""
    phrases, seen = st.session_state.get(_IGNORED, ((), None))
    if seen is not None and seen != filters:
        phrases = ()
    st.session_state[_IGNORED] = (phrases, filters)
    return tuple(phrases)
