"""Making a client link from what the sidebar asks: which client, what it will show, for how long, and its address."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Client
from perfdash.domain.as_of import TICK, AsOf, AtRevisions, first_moment_after
from perfdash.domain.errors import PerfdashError
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.domain.share_links import Shared, against
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.query import catalog, overview
from perfdash.store.share_links import links
from perfdash.ui.auth import session
from perfdash.ui.components.copy_button import copy_button
from perfdash.ui.filters import as_of as as_of_control
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.runtime import addresses, context, navigation
from perfdash.ui.share_links import visitor as link_visitor

LIVES = {7: "7 days", 30: "30 days", 90: "90 days", 365: "A year"}
_MADE, _AWAY, _WRONG, _WHICH = "_link_made", "_link_away", "_link_wrong", "link_client"
_PINNED, _PRESENT = "pinned", "present"


def offer(principal: Principal) -> None:
    """The way from what is seen to a link that shows it, for who may make one; the filters come along."""
    if principal.may("share"):
        navigation.link(navigation.CLIENT_LINKS, "Share what you see")


def show_form(asked: Selection) -> None:
    """The form, or what is lacking for one; in its place the address of the link that was just made, until it is put
    away; then a button above it that shows the address again."""
    if _made():
        return
    question, principal = asked.question, asked.question.principal
    client = _client(principal, question.clients)
    if client is None:
        st.info(
            "A link shows one client. Choose one in the sidebar, with the days and platforms that it is to show.",
            icon=":material/person_search:",
            title="Which client?",
        )
        _choice(principal, question.clients)
        return
    if question.filters.raw:
        st.info("A link shows what counts. Switch Corrections back to counted to share it.", icon=":material/edit_off:")
        return
    shared = Shared(_exact(question, client), _moment(question.as_of, client), against(asked.period))
    left, right = st.columns([3, 2], gap="medium")
    with right, st.container(border=True, height="stretch"):
        st.markdown("**What it will show**")
        for icon, line in link_visitor.lines(shared, client.name, money=True)[:-1]:
            st.caption(f":material/{icon}: {line}")
        st.caption("From the sidebar: change the filters there, and this changes.")
    with left, st.form("client_link", enter_to_submit=False):
        _form(principal, shared, client)


def _form(principal: Principal, shared: Shared, client: Client) -> None:
    label = st.text_input(
        "Name of the link",
        max_chars=links.LONGEST_LABEL,
        placeholder="November report for the board",
        help="Your client sees it, and so does the log.",
        key="link_label",
    )
    days = st.segmented_control(
        "Opens for", list(LIVES), default=30, required=True, format_func=LIVES.__getitem__, key="link_days"
    )
    states = {_PINNED: _pinned(shared.as_of), _PRESENT: "Whatever is known when it is looked at"}
    state = st.radio(
        "Shows the numbers",
        list(states),
        format_func=states.__getitem__,
        key="link_state",
        help="Platforms change past days. A pinned link shows the same numbers for good.",
    )
    money = True
    if principal.money:
        money = not st.checkbox("Without amounts of money", key="link_without_money")
    change = shared.against is not None and st.checkbox("With the change against other days", True, key="link_change")
    if st.form_submit_button("Make link", type="primary", icon=":material/add_link:"):
        pinned = (shared.as_of or context.now()) if state == _PINNED else None
        wanted = Shared(shared.filters, pinned, shared.against if change else None)
        _make(client, wanted, label, money=money and principal.money, days=days or 30)
    if wrong := st.session_state.pop(_WRONG, ""):
        st.error(escape_markdown(wrong, 300), icon=":material/error:")


def _pinned(as_of: datetime | None) -> str:
    return (
        "As they are now, for good"
        if as_of is None
        else f"As they were on {escape_markdown(as_of_control.as_of_text(as_of))}"
    )


def _make(client: Client, wanted: Shared, label: str, *, money: bool, days: int) -> None:
    now = context.now()
    try:
        question = Question(session.require(navigation.CLIENT_LINKS), wanted.filters, wanted.as_of)
        link, token = links.make(
            context.store(),
            question,
            client.slug,
            label,
            money,
            now + timedelta(days=days),
            context.now,
            against=wanted.against,
            demo=context.settings().demo,
        )
    except PerfdashError as error:
        st.session_state[_WRONG] = str(error)
        return
    page = st.context.url
    address = addresses.link_address(page if isinstance(page, str) else "http://localhost/", token)
    st.session_state[_MADE] = (link.label, address, link.expires_at.date())
    st.session_state[_AWAY] = False
    st.session_state.pop("link_label", None)  # the next link is another one
    st.rerun()


def _made() -> bool:
    """The address of the newest link, while this page is open; the store keeps no copy. True while it is in view."""
    found: tuple[str, str, date] | None = st.session_state.get(_MADE)
    if found is None:
        return False
    label, address, until = found
    if st.session_state.get(_AWAY):
        st.button(f"Show the address of {escape_markdown(label, 100)} again", on_click=_put_away, args=(False,))
        return False
    with st.container(border=True):
        st.markdown(
            f":material/link: **{escape_markdown(label, 100)}** is ready. "
            f"It opens until {escape_markdown(formatting.day(until))}."
        )
        st.code(address, language=None, wrap_lines=True)
        copy_button("Copy the address", address, key="copy_link")
        st.caption(
            "Whoever has it sees these numbers, without signing in. It can be shown again until you reload or leave "
            "perfdash; nobody can look it up later."
        )
        st.button("Make another link", on_click=_put_away, args=(True,), icon=":material/add_link:")
    return True


def _put_away(away: bool) -> None:
    st.session_state[_AWAY] = away


def _choice(principal: Principal, chosen: tuple[str, ...]) -> None:
    """The clients in view, one of which a link may show; the sidebar follows."""
    names = {client.slug: client.name for client in catalog.clients(context.store(), principal)}
    offered = [slug for slug in names if not chosen or slug in chosen]

    def choose() -> None:
        if (picked := st.session_state.get(_WHICH)) in offered:
            st.session_state["client"] = [picked]

    st.selectbox(
        "Client of the link",
        offered,
        index=None,
        format_func=lambda slug: names.get(slug, slug),
        key=_WHICH,
        placeholder="Choose one here",
        on_change=choose,
        width=320,
    )


def _client(principal: Principal, chosen: tuple[str, ...]) -> Client | None:
    """The one client in view."""
    known = catalog.clients(context.store(), principal)
    in_view = [client for client in known if not chosen or client.slug in chosen]
    return in_view[0] if len(in_view) == 1 else None


def _exact(question: Question, client: Client) -> Filters:
    """The filters with the client and, where a CPM limit speaks of it, the currency in view."""
    question = question.filtered(clients=(client.slug,))
    if question.filters.max_cpm is None or question.filters.currency is not None:
        return question.filters
    currencies = overview.currencies(context.store(), question)
    return replace(question.filters, currency=currencies[0]) if len(currencies) == 1 else question.filters


def _moment(as_of: AsOf | None, client: Client) -> datetime | None:
    """A past that is looked at, as one moment: a day's end is another one in each time zone."""
    if as_of is None or isinstance(as_of, AtRevisions):
        return None
    return min(context.now(), first_moment_after(as_of, client.time_zone) - TICK)
