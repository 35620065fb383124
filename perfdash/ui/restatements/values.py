"""How a restated value reads: with its unit, and a difference with its sign."""

from __future__ import annotations

from fractions import Fraction

from perfdash.domain.facts import MICRO
from perfdash.domain.restatements import RestatedField
from perfdash.presentation import formatting


def exact(field: RestatedField, value: int | None) -> Fraction | None:
    """A value as a number of its unit: money and conversions are stored in millionths."""
    if value is None:
        return None
    return Fraction(value, MICRO if formatting.unit_of(field) in ("money", "millionths") else 1)


def amount(field: RestatedField, value: int | None, currency: str) -> str:
    """29,792.88 EUR, 1,204, or –."""
    return formatting.figure(exact(field, value), formatting.unit_of(field), currency)


def bare(field: RestatedField, value: int | None, currency: str) -> str:
    """The same without the currency's code, where it stands beside it already."""
    return formatting.digits(exact(field, value), formatting.unit_of(field), currency)


def signed_text(field: RestatedField, value: int | None, currency: str) -> str:
    """A difference with its sign, also when it is one up; its currency stands beside it."""
    return formatting.signed(exact(field, value), formatting.unit_of(field), currency).partition(formatting.GAP)[0]


def signed_share(share: Fraction) -> str:
    """+1.9%."""
    return formatting.change(share)
