"""What a file would bring, as people check it: the totals beside their own export's, the first rows, what is odd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from perfdash.domain.accounts import Account, Days
from perfdash.domain.control_totals import ControlTotals
from perfdash.domain.imports import ImportPreview, SampleRow
from perfdash.domain.measures import BY_NAME, MEASURES, NAMES
from perfdash.domain.refusals import Refusal, by_reason
from perfdash.presentation import control_totals, formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.components import tables
from perfdash.ui.components.tables import Shown
from perfdash.ui.imports import mapping_form

MOST_REASONS = 6
LONGEST_REASON = 240


@dataclass(frozen=True, slots=True)
class TotalLine:
    """One measure of the totals table; figures are text with all their digits."""

    label: str
    read: str
    stored: str
    refused: str
    left_out: str
    duplicate: str


def recognised(found: ImportPreview) -> None:
    """Which export it is taken for, and what was recognised about the file itself."""
    if not found.readable:
        return
    if not found.mapping:
        st.markdown(":material/check: Read by the columns that you named.")
    elif found.recognised:
        st.markdown(f":material/check: Recognised as a **{escape_markdown(mapping_form.title(found.mapping))}**.")
    else:
        st.markdown(f":material/check: Read {escape_markdown(_by(found.mapping))}.")
    for line in found.said:
        st.caption(escape_markdown(line, 200))


def _by(mapping: str) -> str:
    told = mapping_form.title(mapping)
    return told if told.startswith("as ") else f"as a {told}"


def question(found: ImportPreview, account: Account) -> None:
    """1,143 rows, cost 58,705.23 EUR: is that what your export says?"""
    rows = formatting.plural(found.counts.fetched, "row")
    cost = found.totals.measures.get("cost") if found.totals else None
    figure = control_totals.figure(BY_NAME["cost"], cost.read, account.currency) if cost else ""
    amount = f", cost {figure} {account.currency}" if cost else ""
    st.header(f"{rows}{amount}: is that what your export says?", anchor=False)
    if found.first_day and found.last_day:
        days = formatting.days(Days(found.first_day, found.last_day))
        st.caption(f"{days}; they become {formatting.plural(found.facts, 'row')} by campaign, platform and day.")


def totals(of: ControlTotals | None, currency: str, key: str) -> None:
    """What came, measure by measure, and where it goes."""
    lines = _lines(of, currency) if of is not None else []
    if not lines:
        return
    columns = (
        Shown("label", "Measure", "text", lambda line: line.label, pinned=True),
        Shown("read", f"In the file ({currency})", "text", lambda line: line.read),
        Shown("stored", "Stored", "text", lambda line: line.stored),
        Shown("refused", "Refused", "text", lambda line: line.refused),
        Shown(
            "left_out",
            "Left out",
            "text",
            lambda line: line.left_out,
            "Lines that are no row, such as totals.",
        ),
        Shown("duplicate", "Twice", "text", lambda line: line.duplicate, "Rows that are another row once more."),
    )
    tables.draw(lines, columns, alt="Control totals: what is in the file, and where it goes", key=key)


def _lines(of: ControlTotals, currency: str) -> list[TotalLine]:
    found = []
    for measure in MEASURES:
        sums = of.measures.get(measure.name)
        if sums is None:
            continue
        parts = [
            control_totals.figure(measure, value, currency) if value or always else ""
            for value, always in (
                (sums.read, True),
                (sums.stored, True),
                (sums.refused, False),
                (sums.left_out, False),
                (sums.duplicate, False),
            )
        ]
        found.append(TotalLine(measure.label, *parts))
    return found


def sample(found: ImportPreview, account: Account, key: str) -> None:
    """The first rows as they would be stored."""
    measures = [name for name in NAMES if any(name in row.measures for row in found.rows)]
    columns = (
        Shown("day", "Day", "day", lambda row: row.day, pinned=True),
        Shown("campaign", "Campaign", "text", lambda row: row.campaign),
        Shown("name", "Name", "text", lambda row: row.name if row.name != row.campaign else ""),
        Shown("platform", "Platform", "text", lambda row: row.platform),
        Shown("creator", "Creator", "text", lambda row: row.creator),
        *(Shown(name, BY_NAME[name].label, formatting.unit_of(name), _measure(name)) for name in measures),
    )
    tables.draw(found.rows, columns, alt="The first rows as they would be stored", key=key, currency=account.currency)


def _measure(name: str) -> Callable[[SampleRow], int | None]:
    return lambda row: row.measures.get(name)


def doubts(found: ImportPreview, account: Account) -> None:
    """What is not stored, and why; what was added up; values that could not be read."""
    counts = found.counts
    if counts.quarantined:
        refused(found.refused, counts.quarantined, account.currency)
        if too_many_refused(found, account):
            most = f"{account.refuse_at_most / 10_000:g}%"
            st.error(
                f"More than {most} of the rows are refused, so storing it would change nothing. Mend the file, or say "
                "how it is read.",
                icon=":material/block:",
            )
    told = []
    if counts.added:
        told.append(
            f"{formatting.plural(counts.added, 'row')} finer than a day of a campaign "
            f"({escape_markdown(formatting.enumerate_names(found.finer), 160)}) are added to another one."
        )
    if counts.left_out:
        told.append(f"{formatting.plural(counts.left_out, 'line')} that are no row of a day (totals) are left out.")
    if counts.duplicate:
        told.append(f"{formatting.plural(counts.duplicate, 'row')} that stand there twice count once.")
    unread = found.totals.unread if found.totals else {}
    if unread:
        each = [f"{name} ({count:,})".replace('"', "") for name, count in sorted(unread.items())]
        names = formatting.enumerate_names(each, 8)
        told.append(f"Values that cannot be read are left out of their rows: {escape_markdown(names, 300)}.")
    if found.more_columns:
        shown = f"{len(found.columns):,}"
        told.append(f"Only the first {shown} columns can be chosen; {found.more_columns:,} more are there.")
    told += [escape_markdown(line, 300) for line in found.warnings]
    if told:
        st.info(told[0] if len(told) == 1 else "\n".join(f"- {line}" for line in told), icon=":material/info:")


def too_many_refused(found: ImportPreview, account: Account) -> bool:
    """True when a run would apply nothing of the file."""
    return found.counts.quarantined * 1_000_000 > found.counts.fetched * account.refuse_at_most


def refused(refusals: tuple[Refusal, ...], rows: int, currency: str) -> None:
    """Refused rows by reason. A reason may quote what stands in the file."""
    cost = sum(one.cost for one in refusals)
    amount = f", {formatting.micros(cost, currency)} of cost" if cost else ""
    head = f"{formatting.plural(rows, 'row')} cannot be read and would not be stored{amount}:"
    found = by_reason(refusals)
    lines = [f"- {escape_markdown(reason, LONGEST_REASON)} ({count:,})" for reason, count in found[:MOST_REASONS]]
    if len(found) > MOST_REASONS:
        lines.append(f"- {formatting.plural(len(found) - MOST_REASONS, 'more reason')}")
    st.warning("\n".join([head, "", *lines]), icon=":material/warning:")
