"""What people type to correct a number: values, totals, factors and reasons, read strictly. Pure.

Digits are ASCII, a comma only separates thousands, and there are no exponents: what has two readings is refused.
"""

from __future__ import annotations

from decimal import Decimal

from perfdash.corrections import A_FACTOR, MONEY_FIELDS, CorrectedField
from perfdash.errors import UsageError
from perfdash.reported import MAX_COUNT, MAX_UNITS, RefusedValue, count, micros, number_of, plain

LONGEST_REASON = 500
_SHORTEST_REASON = 3


def value_of(field: CorrectedField, text: str) -> int:
    """What was typed as a value of `field`, in its unit: counts whole, cost and CPM with at most six decimals."""
    try:
        return _amount(text) if field in MONEY_FIELDS else count(text.strip(), field)
    except RefusedValue as error:
        what = "an amount with at most six decimals" if field in MONEY_FIELDS else "a whole number"
        most = MAX_UNITS if field in MONEY_FIELDS else MAX_COUNT
        raise UsageError(
            f"{_quoted(text)} is not {what} from 0 to {most:,}, written like "
            f"{'1,234.50' if field in MONEY_FIELDS else '1,234'}."
        ) from error


def total_of(text: str) -> int:
    """A total of cost as it was typed, in micros."""
    return value_of("cost", text)


def factor_of(text: str) -> Decimal:
    """A factor as it was typed: 0.9, or 90%."""
    written = text.strip()
    try:
        return number_of(written.removesuffix("%").rstrip(), "factor", -2 if written.endswith("%") else 0, False)
    except RefusedValue as error:
        raise UsageError(f"{_quoted(text)}: {A_FACTOR}") from error


def _amount(text: str) -> int:
    found, rounded = micros(text.strip(), "value")
    if rounded:
        raise RefusedValue("more than six decimals")
    return found


def _quoted(text: str) -> str:
    return f"“{plain(text)[:40]}”"


def reason_of(text: str) -> str:
    """A reason that says something; it stays with the correction for good."""
    found = plain(text)
    if len(found) > LONGEST_REASON:
        raise UsageError(f"A reason has at most {LONGEST_REASON} characters, and this one has {len(found)}.")
    if sum(character.isalnum() for character in found) < _SHORTEST_REASON:
        raise UsageError("A correction needs a reason: say in a few words why the reported value is wrong.")
    return found
