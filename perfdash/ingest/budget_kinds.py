"""What a budget is for: a day, or the whole flight. Told by a field, or found beside the budget by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from perfdash.domain.facts import BudgetKind
from perfdash.domain.values import WRONG_TYPE, RefusedValue
from perfdash.ingest.columnar_rows import Kinds
from perfdash.ingest.convert import ConvertedColumn, Values, by_distinct
from perfdash.ingest.field_paths import look_up, path_of, plain_name
from perfdash.ingest.mapping import Field
from perfdash.ingest.page import Page

_BEHIND = ("type", "types", "kind", "mode", "typ", "art", "modus", "period")
_BEFORE = ("typeof", "tipode", "typede", "tipodi")
_DAY = re.compile(
    r"(?<![^\W_])(daily|day|per day|täglich|pro tag|tag|tages\w*|diario|diaria|quotidien(ne)?|journalier|"
    r"giornalier[oa]|dagelijks|dzienny|diário)(?![^\W_])"
)
_FLIGHT = re.compile(
    r"(?<![^\W_])(lifetime|life time|total|campaign|flight|whole|laufzeit\w*|gesamt\w*|kampagne\w*|overall|fixed|"
    r"durée de vie|vitalicio|ciclo de vida)(?![^\W_])"
)


def column(page: Page, budget: Field) -> Sequence[BudgetKind | None] | None:
    """The kind of the budget row by row; None when nothing says any. A `daily_budget` says it by its own name."""
    said = page.optional("budget_kind", kinds)
    if said is None:
        beside = _beside(page, budget)
        said = None if beside is None else page.lenient(beside, kinds)
    if said is not None:
        return said.values
    return ["daily"] * page.rows if _is_daily_by_name(budget) else None


def _is_daily_by_name(budget: Field) -> bool:
    try:
        return budget.keys is not None and kind_of(budget.keys[-1], budget.label) is not None
    except RefusedValue:
        return False


def _beside(page: Page, budget: Field) -> Field | None:
    if budget.keys is None:
        return None
    *above, own = budget.keys
    known = {plain_name(own), "budget"}
    wanted = {name + behind for name in known for behind in _BEHIND} | {
        before + name for name in known for before in _BEFORE
    }
    for name in sorted(page.names_beside(budget.keys)):
        if plain_name(name) in wanted:
            keys = (*above, name)
            path = path_of(keys)
            return Field("budget_kind", path, look_up(path), keys)
    return None


def kinds(values: Values, field: Field, types: Kinds) -> ConvertedColumn[Any]:
    """Kinds of budgets as many sources call them."""

    def one(value: object) -> BudgetKind | None:
        if value is None:
            return None
        if type(value) is not str:
            raise RefusedValue(f"{field.label} {WRONG_TYPE}")
        return kind_of(field.spelled(value), field.label)

    return by_distinct(values, types, one, None)


def kind_of(text: str, label: str) -> BudgetKind | None:
    """ "daily", or None for a whole flight's. RefusedValue for a word that says neither."""
    said = re.sub(r"[\s_-]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)).strip().casefold()
    if _DAY.search(said):
        return "daily"
    if not said or _FLIGHT.search(said):
        return None
    raise RefusedValue(f"{label} is no kind of budget that is known")
