"""The strip at the top of the Overview: what became of the numbers that were reported then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from zoneinfo import ZoneInfo

import streamlit as st

from perfdash.domain.metrics import Sums
from perfdash.domain.question import Question, question_of
from perfdash.domain.restatements import Moved, by_currency
from perfdash.presentation import kpis, memory
from perfdash.presentation.memory import Remembered
from perfdash.store.receipts import ExportReceipt
from perfdash.ui.overview.snapshot import total
from perfdash.ui.restatements.base import Base, complete_at, moved_since
from perfdash.ui.runtime import browser, cache, navigation


def strip(question: Question, base: Base, currency: str) -> None:
    """One sentence about what became of the numbers that were reported then, and the ways on from it."""
    begun = [at for _, at in cache.begins(question)]
    first = min(begun, default=None)
    if first is None:
        return
    found = remembered(question, base, currency)
    with st.container(border=True, key="memory_strip"):
        said, ways = st.columns([5, 1] if base.report is None else [7, 3], vertical_alignment="center")
        if found is None:
            day = first.astimezone(ZoneInfo(browser.zone())).date()
            said.markdown(f":material/history: {memory.begins(day)}")
            return
        said.markdown(f":material/{'history' if found.moved else 'verified'}: {memory.sentence(found)}")
        with ways.container(horizontal=True, horizontal_alignment="right", gap="small"):
            if found.moved:
                navigation.link(navigation.RESTATEMENTS, "See what changed", query={"since": base.since})
            if base.report is not None:
                query = {"receipt": base.report.parts[0].receipt}
                navigation.link(navigation.RECEIPTS, "Rebuild that file", query=query)


def remembered(question: Question, base: Base, currency: str) -> Remembered | None:
    """The total that was reported, then and now, over the days that were complete then; None: nothing was known yet.

    Of a report it is the report's own total, as far as its clients are in view.
    """
    asked = question.filtered(currency=currency or None) if base.report is None else _reported(question, base.report)
    then = complete_at(asked, base if base.report is None else replace(base, at=base.report.at_revisions))
    if then is None:
        return None
    now = then.at(question.as_of)
    known = {group.currency: group.sums for group in cache.groups(then)}
    if not known:
        return None
    one = currency if currency in known or not question.principal.money else next(iter(known))
    moved = _moved(question, base, now)
    changes = [found for found in by_currency(moved) if found.currency in ("", one)]
    name = "cost" if question.principal.money else "impressions"
    return Remembered(
        base.told,
        name,
        one,
        _value(name, one, known),
        _value(name, one, {group.currency: group.sums for group in cache.groups(now)}),
        len({day for change in changes for day in change.days}),
        len({day for change in changes for day in change.late_days}),
    )


def _moved(question: Question, base: Base, now: Question) -> Iterator[Moved]:
    """Of the days that `now` is about. Without a report they are among those in view, of which the page asks anyhow."""
    of = question.at(now.as_of) if base.report is None else now
    for one in moved_since(of, base):
        if one.client in now.clients and one.day in now.filters.days_of(one.client):
            yield one


def _value(name: str, currency: str, sums: Mapping[str, Sums]) -> Fraction | None:
    """In `currency`; without money over all of them."""
    of_one = sums.get(currency, Sums()) if currency else total(sums.values())
    return kpis.value(name, kpis.Total(currency, of_one))


def _reported(question: Question, report: ExportReceipt) -> Question:
    """What the report asked, about those of its clients that are in view."""
    clients = [part.client for part in report.parts if not question.clients or part.client in question.clients]
    asked = question_of(question.principal, report.parts[0].filters, clients)
    return asked if question.principal.money else asked.filtered(max_cpm=None)
