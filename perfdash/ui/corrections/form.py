"""The form that sets a value: what to set, a preview of what that would do, and only then the correction itself.

The browser sends texts and choices; which rows they are about, and what they looked like, is kept on the server and
compared with the store in the transaction that writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.corrections import (
    LONGEST_REASON,
    MONEY_FIELDS,
    CorrectableFact,
    CorrectedField,
    Effect,
    Range,
    Raw,
    SeenVersion,
    Target,
    WantedValue,
    cpm_of,
    effect,
    factor_of,
    far_off,
    reason_of,
    require_usable,
    scaled,
    split,
    total_of,
    value_of,
)
from perfdash.domain.errors import PerfdashError, UsageError
from perfdash.domain.metrics import Sums
from perfdash.domain.question import Question
from perfdash.presentation import formatting
from perfdash.presentation.columns import Names
from perfdash.presentation.corrections import LABELS, format_value
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.corrections import write as correction_write
from perfdash.ui.auth import session
from perfdash.ui.components import messages
from perfdash.ui.corrections.select import row_label
from perfdash.ui.runtime import cache, context

_PLAN, _TURN = "_correction_plan", "_correction_turn"
How = Literal["set", "total", "factor"]
Choice = tuple[How, CorrectedField]
_RANGE: dict[str, Choice] = {
    "Total cost": ("total", "cost"),
    "Cost × factor": ("factor", "cost"),
    "Impressions × factor": ("factor", "impressions"),
    "Clicks × factor": ("factor", "clicks"),
}
_ROW: dict[str, Choice] = {LABELS[field]: ("set", field) for field in ("cost", "cpm", "impressions", "clicks")}


@dataclass(frozen=True, slots=True)
class PendingCorrection:
    """A correction that waits for a yes: whose, of what, and what was looked at."""

    user: int | None
    question: tuple[object, ...]
    wanted: tuple[WantedValue, ...]
    seen: Mapping[Target, SeenVersion]
    over: Range | None
    reason: str
    effect: Effect
    replaces: int


def show_form(
    in_view: Question, over: Range, lines: Sequence[CorrectableFact], row: CorrectableFact | None, creators: Names
) -> None:
    """Ask for a value and a reason, then show what it would do, with the button that does it.

    One row is corrected, unless all of the range are asked for.
    """
    principal = in_view.principal
    row = lines[0] if len(lines) == 1 else row if not _all_rows(over, len(lines)) else None
    if row is None and not st.session_state.get(_which(over)):
        st.caption("Choose a row at the left to correct it.")
        forget()
        return
    touched = (row,) if row else tuple(lines)
    choices = {
        label: c for label, c in (_ROW if row else _RANGE).items() if principal.money or c[1] not in MONEY_FIELDS
    }
    where = row_label(row, creators) if row else f"all {formatting.plural(len(lines), 'row')}"
    st.header(f"Correct {escape_markdown(where, 200)}")
    if row is None:
        st.caption("Every row in this range, by the same rule.")
    turn = st.session_state.setdefault(_TURN, 0)
    label = st.pills(
        "What to set", list(choices), default=next(iter(choices)), required=True, key=f"correct_what_{bool(row)}"
    )
    how, field = choices.get(label or "", next(iter(choices.values())))
    question = (over, row.target if row else None, how, field)
    with st.form(f"correct_{how}_{field}_{turn}", border=True):
        text = st.text_input(_ask(how, field, touched), placeholder=_example(how, field), key=f"correct_value_{turn}")
        reason = st.text_input(
            "Reason",
            max_chars=LONGEST_REASON,
            placeholder="Why the reported value is wrong; it stays with the number",
            key=f"correct_reason_{turn}",
        )
        asked = st.form_submit_button("Preview", icon=":material/visibility:")
    if asked:
        _plan(principal, question, touched, None if row else over, text, reason)
    _preview(question, in_view, over)


def _which(over: Range) -> str:
    return f"correct_all {over}"


def _all_rows(over: Range, count: int) -> bool:
    return st.toggle(
        f"All {formatting.plural(count, 'row')} of this range, by the same rule", key=_which(over), value=False
    )


def _ask(how: How, field: CorrectedField, touched: Sequence[CorrectableFact]) -> str:
    if how == "factor":
        return f"Factor for {LABELS[field].lower()}"
    unit = f" in {touched[0].currency}" if field in MONEY_FIELDS else ""
    return f"New total of cost{unit}" if how == "total" else f"New {field if field != 'cpm' else 'CPM'}{unit}"


def _example(how: How, field: CorrectedField) -> str:
    return "0.9 or 90%" if how == "factor" else "1,234.50" if field in MONEY_FIELDS else "1,234"


def _plan(
    principal: Principal,
    question: tuple[object, ...],
    touched: Sequence[CorrectableFact],
    over: Range | None,
    text: str,
    why: str,
) -> None:
    """Remember what would be set; a sentence where it cannot be."""
    forget()
    try:
        wanted = _wanted(question, touched, text)
        correction_write.require_may_correct(principal, touched[0].target.client, wanted[0].field)
        require_usable(wanted)
        done = effect(touched, wanted)
        st.session_state[_PLAN] = PendingCorrection(
            principal.user_id,
            question,
            tuple(wanted),
            {line.target: line.seen for line in touched},
            over,
            reason_of(why),
            done,
            sum(_replaces(line, wanted[0].field) for line in touched),
        )
    except PerfdashError as error:
        st.error(escape_markdown(str(error), 500), icon=":material/error:")


def _wanted(question: tuple[object, ...], touched: Sequence[CorrectableFact], text: str) -> list[WantedValue]:
    raws = {line.target: line.raw for line in touched}
    match question:
        case (_, _, "factor", "cost" | "impressions" | "clicks" as field):
            return scaled(raws, field, factor_of(text))
        case (_, _, "total", "cost"):
            if len({line.currency for line in touched}) > 1:
                raise UsageError("These rows are in several currencies, which have no common total; choose fewer days.")
            return split(raws, total_of(text))
        case (_, _, "set", "cost" | "impressions" | "clicks" | "cpm" as field):
            return [WantedValue(touched[0].target, field, value_of(field, text))]
    raise UsageError("Choose what to set.")


def _replaces(line: CorrectableFact, field: CorrectedField) -> int:
    slots = ("cost", "cpm") if field in MONEY_FIELDS else (field,)
    return sum(one.field in slots for one in line.active)


def _preview(question: tuple[object, ...], asked: Question, over: Range) -> None:
    plan = st.session_state.get(_PLAN)
    if not isinstance(plan, PendingCorrection) or plan.question != question:
        st.session_state.pop(_PLAN, None)
        return
    with st.container(border=True):
        st.markdown(f"**{formatting.plural(plan.effect.rows, 'row')}**: {escape_markdown(_changes(plan.effect), 400)}")
        for line in _in_total(asked, over, plan.effect):
            st.markdown(escape_markdown(line, 300))
        for name in far_off(plan.effect):
            was, is_ = (format_value(name, getattr(side, name), plan.effect.currency) for side in _sides(plan.effect))
            st.warning(
                escape_markdown(f"{LABELS[name]} {was} → {is_}: ten times apart, or more. Is every digit meant?", 300),
                icon=":material/priority_high:",
                title="Far from what counts now",
            )
        if plan.replaces:
            st.caption(f"Replaces {formatting.plural(plan.replaces, 'active correction')}.")
        with st.container(horizontal=True):
            st.button("Apply", type="primary", icon=":material/check:", on_click=_apply, key="correct_apply")
            st.button("Discard", type="tertiary", on_click=forget, key="correct_discard")


def _sides(found: Effect) -> tuple[Raw, Raw]:
    return found.before, found.after


def _in_total(asked: Question, over: Range, found: Effect) -> list[str]:
    """What the total of the client in view would be: Cost of hoshi, 1–30 Nov 2026: 28,931.66 → 28,943.16 EUR."""
    whole = Sums()
    for group in cache.groups(asked.filtered(clients=(over.client,), max_cpm=None, raw=False)):
        if not asked.principal.money or group.currency == found.currency:
            whole += group.sums
    lines = []
    fields: tuple[CorrectedField, ...] = ("cost", "impressions", "clicks")
    for name in fields[0 if asked.principal.money else 1 :]:
        total, difference = getattr(whole, name), getattr(found.after, name) - getattr(found.before, name)
        if total is None or not difference:
            continue
        read = [format_value(name, value, found.currency) for value in (total, total + difference)]
        share = f" ({formatting.change(Fraction(difference, total))})" if total else ""
        client = cache.client_names(asked.principal).get(over.client, over.client)
        where = f"{client}, {formatting.days(asked.filters.days_of(over.client))}"
        lines.append(f"In total, {LABELS[name].lower()} of {where}: {_arrow(*read)}{share}")
    return lines


def _changes(found: Effect) -> str:
    """cost 120.00 → 108.00 EUR; CPM 12.00 → 10.80 EUR"""
    parts = []
    for field in ("cost", "impressions", "clicks"):
        was, is_ = getattr(found.before, field), getattr(found.after, field)
        if was != is_:
            parts.append(
                f"{field} {_arrow(format_value(field, was, found.currency), format_value(field, is_, found.currency))}"
            )
    was, is_ = (cpm_of(sums) for sums in (found.before, found.after))
    if was != is_ and parts:
        read = [formatting.figure(value, "price", found.currency) for value in (was, is_)]
        parts.append(f"CPM {_arrow(*read)}")
    return "; ".join(parts) or "nothing would change in what counts"


def _arrow(was: str, is_: str) -> str:
    unit = was.partition(formatting.GAP)[2]
    return f"{was.removesuffix(f'{formatting.GAP}{unit}') if unit and is_.endswith(unit) else was} → {is_}"


def forget() -> None:
    """Drop what was previewed."""
    st.session_state.pop(_PLAN, None)


def _apply() -> None:
    """Carry the plan out, once: it is gone before anything is written."""
    plan, principal = st.session_state.pop(_PLAN, None), session.current()
    if not isinstance(plan, PendingCorrection) or principal is None or principal.user_id != plan.user:
        return
    try:
        made = correction_write.correct(
            context.store(), principal, plan.wanted, plan.reason, context.now, seen=plan.seen, over=plan.over
        )
    except PerfdashError as error:
        messages.failed("correction", error)
        return
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    messages.done("correction", f"{formatting.plural(len(made.numbers), 'row')} corrected: {_changes(plan.effect)}.")
