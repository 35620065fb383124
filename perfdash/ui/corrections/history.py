"""The corrections that were made: what each set, whether it still holds, what to look at, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.corrections import LONGEST_REASON, Correction
from perfdash.domain.errors import PerfdashError
from perfdash.presentation import formatting
from perfdash.presentation.columns import Names
from perfdash.presentation.corrections import LABELS, CorrectionBatch
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.corrections import write as correction_write
from perfdash.ui.auth import session
from perfdash.ui.components import messages
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, client_column, draw
from perfdash.ui.runtime import browser, context

_TO_REVERT, _TURN = "_to_revert", "_revert_turn"
STATES = ("Active", "Ended", "All")


def chosen_state(found: Sequence[CorrectionBatch]) -> tuple[CorrectionBatch, ...]:
    """The decisions that are asked for: active ones first of all."""
    active = tuple(one for one in found if one.active)
    labels = dict(zip(STATES, (active, tuple(one for one in found if not one.active), tuple(found)), strict=True))
    chosen = st.segmented_control(
        "Which corrections",
        STATES,
        default="Active" if active else "All",
        required=True,
        key="corrections_state",
        format_func=lambda state: f"{state} ({len(labels[state])})",
        label_visibility="collapsed",
    )
    return labels.get(chosen or "", tuple(found))


def table(found: Sequence[CorrectionBatch], names: Names, principal: Principal, *, key: str) -> None:
    """One line per decision; `chosen` tells which one was clicked on."""
    columns = [
        Shown("made_at", "Corrected", "moment", lambda one: one.first.made_at, pinned=True),
        Shown("name", "Campaign", "text", lambda one: _name(one, names)),
        Shown("field", "Field", "text", lambda one: LABELS[one.first.field]),
        Shown("before", "Before", "figure", lambda one: one.before, "what counted before"),
        Shown("value", "Corrected to", "figure", lambda one: one.value),
        Shown("warning", "Look at", "text", lambda one: "; ".join(one.warnings), "what happened since"),
        Shown("days", "Days", "text", lambda one: formatting.days(one.days)),
        Shown("platforms", "Platforms", "list", lambda one: one.platforms),
        Shown("rows", "Rows", "count", lambda one: len(one.parts), "reported rows that it speaks of"),
        *client_column(principal, lambda one: one.first.client),
        Shown("raw_then", "Reported then", "figure", lambda one: one.raw_then, "by the source, when it was corrected"),
        Shown("raw_now", "Reported now", "figure", lambda one: one.raw_now, "by the source"),
        Shown("state", "State", "text", lambda one: one.state),
        Shown("reason", "Why", "text", lambda one: one.first.reason),
    ]
    if principal.of_agency:  # who of the agency corrected is the agency's business
        columns.append(Shown("author", "By", "text", lambda one: one.first.author))
    rows = found[: component_tables.MOST_ROWS]
    draw(rows, columns, alt="Corrections, newest first", key=key, choose=_id)
    if len(found) > component_tables.MOST_ROWS:
        st.caption(f"The newest {component_tables.MOST_ROWS:,} of {len(found):,}; the CSV holds all of them.")


def chosen(found: Sequence[CorrectionBatch], key: str) -> CorrectionBatch | None:
    """The decision that was clicked on in table `key`; also once it has ended and left the list of active ones."""
    picked: tuple[str, int] | None = component_tables.chosen(key)
    return next((one for one in found if _id(one) == picked), None)


def _id(one: CorrectionBatch) -> tuple[str, int]:
    return one.first.client, one.first.number


def _name(one: CorrectionBatch, names: Names) -> str:
    first = one.first
    return names.get((first.client, first.account, first.key.campaign), first.key.campaign)


def history_of(one: CorrectionBatch, names: Names, *, authors: bool) -> None:
    """What happened with a decision, in order: made, what the source did since, ended."""
    first = one.first
    by = f" by {first.author}" if authors else ""
    where = f"{_name(one, names)}, {formatting.enumerate_names(one.platforms)}, {formatting.days(one.days)}"
    st.header(escape_markdown(f"{LABELS[first.field]} of {where}", 300))
    lines = [f"{browser.clock(first.made_at)}{by}: {one.before} → {one.value}. {first.reason}"]
    lines += [f"Since then: {line}." for line in one.warnings]
    ended = {(p.ended_at, p.ended_as, p.ended_by, p.ended_reason) for p in one.parts if p.ended_at}
    for at, how, who, why in sorted(ended, key=lambda end: str(end[0])):
        count = sum((p.ended_at, p.ended_reason) == (at, why) for p in one.parts)
        rows = f" {formatting.plural(count, 'row')}" if len(one.parts) > 1 else ""
        lines.append(f"{browser.clock(at)}: {how}{rows}{f' by {who}' if who else ''}. {why}")
    for line in lines:
        st.markdown(escape_markdown(line, 800))


def batch_rows(one: CorrectionBatch, creators: Names, *, key: str) -> Correction | None:
    """The rows of a batch; returns the one that was clicked on."""

    def creator(part: Correction) -> str:
        return creators.get((part.client, part.account, part.key.creator), part.key.creator)

    def each(part: Correction) -> CorrectionBatch:
        return CorrectionBatch((part,))

    columns = (
        Shown("day", "Day", "day", lambda part: part.key.day, pinned=True),
        Shown("platform", "Platform", "text", lambda part: part.key.platform),
        Shown("creator", "Creator", "text", creator),
        Shown("before", "Before", "figure", lambda part: each(part).before),
        Shown("value", "Corrected to", "figure", lambda part: each(part).value),
        Shown("raw_now", "Reported now", "figure", lambda part: each(part).raw_now),
        Shown("state", "State", "text", lambda part: each(part).state),
        Shown("warning", "Look at", "text", lambda part: "; ".join(each(part).warnings)),
    )
    picked: int | None = component_tables.chosen(key)
    draw(
        one.parts[: component_tables.MOST_ROWS],
        columns,
        alt="Rows of this correction",
        key=key,
        choose=lambda part: part.number,
    )
    return next((part for part in one.parts if part.number == picked), None)


def revert_form(principal: Principal, one: CorrectionBatch, part: Correction | None) -> None:
    """The way back, with a reason: of the row that was chosen, or of all that is active of the decision."""
    those = [part] if part is not None and part.ended_at is None else list(one.active)
    if not those or not principal.may("correct"):
        return
    turn = st.session_state.setdefault(_TURN, 0)
    st.session_state[_TO_REVERT] = (principal.user_id, one.first.client, tuple(each.number for each in those))
    label = "Revert" if len(those) == 1 else f"Revert all {len(those):,} rows"
    with st.form(f"revert_{turn}", border=True):
        st.text_input(
            "Reason of the revert",
            max_chars=LONGEST_REASON,
            key=f"revert_reason_{turn}",
            placeholder="Why the reported value counts again",
        )
        st.form_submit_button(label, icon=":material/undo:", on_click=_revert, key=f"revert_button_{turn}")


def _revert() -> None:
    """End what the page had named, once."""
    state = st.session_state
    turn = state.get(_TURN, 0)
    (user, client, numbers), principal = state.pop(_TO_REVERT, (None, "", ())), session.current()
    if not numbers or principal is None or principal.user_id != user:
        return
    try:
        reason = str(state.get(f"revert_reason_{turn}", ""))
        made = correction_write.revert(context.store(), principal, client, numbers, reason, context.now)
    except PerfdashError as error:
        messages.failed("revert", error)
        return
    state[_TURN] = turn + 1
    messages.done(
        "revert",
        f"{formatting.plural(len(made.numbers), 'correction')} reverted: the reported values count again.",
    )
