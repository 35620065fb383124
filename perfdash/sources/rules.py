"""Which of a source's outcome rules an answer meets (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from perfdash.paths import look_up
from perfdash.sources.vocabulary import OutcomeRule


def first_met(
    rules: Sequence[OutcomeRule], status: int, headers: Mapping[str, str], body: object
) -> OutcomeRule | None:
    """The first rule of which every condition holds; None when none does. `body` is parsed JSON, None for none.

    `headers` must compare names in any case, as httpx's do.
    """
    return next((rule for rule in rules if _is_met(rule, status, headers, body)), None)


def _is_met(rule: OutcomeRule, status: int, headers: Mapping[str, str], body: object) -> bool:
    if rule.status is not None and status not in rule.status and f"{status // 100}xx" not in rule.status:
        return False
    if rule.header is not None and rule.header not in headers:
        return False
    # Nothing is found in what is no JSON, be it asked for what is absent: `code != 0` is not true of a web page.
    return rule.at is None or (body is not None and _value_fits(rule, look_up(rule.at)(body)))


def _value_fits(rule: OutcomeRule, value: object) -> bool:
    if rule.any_of is not None:
        return any(_same(value, one) for one in rule.any_of)
    if rule.between is not None:
        number = _number(value)
        return number is not None and rule.between[0] <= number <= rule.between[1]
    if rule.contains is not None:
        return isinstance(value, str) and rule.contains.casefold() in value.casefold()
    return value is not None and value is not False and value not in ("", [], {})


def _same(value: object, one: bool | int | str) -> bool:
    """Codes come as numbers here and as text there; true and false are only themselves."""
    if isinstance(value, bool) or isinstance(one, bool):
        return value is one
    if isinstance(one, int):
        return _number(value) == one
    return isinstance(value, str | int) and str(value).strip() == one


def _number(value: object) -> Decimal | int | None:
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
