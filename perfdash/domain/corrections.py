"""Corrections: overlays on what a source reported, never edits of it. What is set, what follows, and how a range is
expanded to single facts. Pure; exact in integers.

A correction sets cost, impressions, clicks or CPM of one fact. CPM means: the effective cost is CPM x effective
impressions / 1000, half-even to the micro, so that every sum follows; so CPM and cost of a fact exclude each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple, get_args

from perfdash.domain.accounts import Days
from perfdash.domain.errors import UsageError
from perfdash.domain.facts import FactKey
from perfdash.domain.numbers import RefusedValue, typed_number
from perfdash.domain.values import MOST, clean_text, count, micros

CorrectedField = Literal["cost", "impressions", "clicks", "cpm"]
FIELDS: tuple[CorrectedField, ...] = get_args(CorrectedField)
MONEY_FIELDS = frozenset({"cost", "cpm"})
MOST_AT_ONCE = 5_000
"""Facts that one range correction may touch."""
MAX_COUNT, MAX_UNITS = 10**15, 10**9
"""The most that somebody can type, as a count and in units of money."""
LARGEST_FACTOR = 1000
A_FACTOR = f"A factor is a number from 0 to {LARGEST_FACTOR:,}, such as 0.9 or 90%."


class Raw(NamedTuple):
    """What the source reports of a fact, as far as a correction can touch it. `cost` in micros."""

    impressions: int
    clicks: int
    cost: int


class Overlay(NamedTuple):
    """What counts instead of the reported values; None: the reported one counts. `cost` in micros."""

    impressions: int | None = None
    clicks: int | None = None
    cost: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One fact of one account."""

    client: str
    account: int
    key: FactKey


@dataclass(frozen=True, slots=True)
class Range:
    """Which facts a range correction speaks of: one campaign's on `days`; no platforms are all of them."""

    client: str
    account: int
    campaign: str
    days: Days
    platforms: tuple[str, ...] = ()

    def holds(self, target: Target) -> bool:
        key = target.key
        same = (target.client, target.account, key.campaign) == (self.client, self.account, self.campaign)
        return same and key.day in self.days and (not self.platforms or key.platform in self.platforms)


@dataclass(frozen=True, slots=True)
class WantedValue:
    """One value to set: a count, or micros for cost and for CPM (per thousand impressions)."""

    target: Target
    field: CorrectedField
    value: int


def slot(field: CorrectedField) -> str:
    """What excludes what: only one active correction of a fact stands in a slot."""
    return "cost" if field == "cpm" else field


def overlay(raw: Raw, active: Mapping[CorrectedField, int]) -> Overlay:
    """What counts for a fact under its active corrections, by field."""
    impressions = active.get("impressions")
    cost = active.get("cost")
    if "cpm" in active:
        cost = cost_at(active["cpm"], raw.impressions if impressions is None else impressions)
    return Overlay(impressions, active.get("clicks"), cost)


def effective(raw: Raw, active: Mapping[CorrectedField, int]) -> Raw:
    """What counts for a fact: the corrected value where there is one, else the reported one."""
    laid = overlay(raw, active)
    return Raw(*(own if over is None else over for own, over in zip(raw, laid, strict=True)))


def with_value(active: Mapping[CorrectedField, int], field: CorrectedField, value: int) -> dict[CorrectedField, int]:
    """The active corrections of a fact once `field` is set: what stood in its slot is superseded."""
    return {name: was for name, was in active.items() if slot(name) != slot(field)} | {field: value}


def current(raw: Raw, active: Mapping[CorrectedField, int], field: CorrectedField) -> int | None:
    """What counts now for `field`; None for the CPM of no impressions. Half-even to the micro, within 64 bits."""
    now = effective(raw, active)
    if field != "cpm":
        found: int = getattr(now, field)
        return found
    return max(-MOST, min(MOST, round(Fraction(now.cost * 1000, now.impressions)))) if now.impressions else None


def cost_at(cpm: int, impressions: int) -> int:
    """The cost, in micros, of `impressions` at a CPM in micros; half-even.

    Never more than a source may report of one fact: impressions restated under a CPM could otherwise pass every sum.
    """
    return min(round(Fraction(cpm * impressions, 1000)), MOST)


def scaled(raws: Mapping[Target, Raw], field: CorrectedField, factor: Decimal) -> list[WantedValue]:
    """Every fact's `field` times `factor`, each half-even to its unit."""
    _require_some(raws)
    if field == "cpm":
        raise UsageError("A factor scales cost, impressions or clicks; CPM follows from them.")
    if not factor.is_finite() or not 0 <= factor <= LARGEST_FACTOR:
        raise UsageError(A_FACTOR)
    exact = Fraction(factor)
    return [WantedValue(target, field, round(getattr(raw, field) * exact)) for target, raw in sorted_by_key(raws)]


def split(raws: Mapping[Target, Raw], total: int) -> list[WantedValue]:
    """`total` micros of cost over the facts in proportion to their reported cost; the parts sum to exactly `total`.

    Largest remainder: what rounding down leaves over goes, a micro each, to the largest remainders, then by key.
    """
    _require_some(raws)
    if not 0 <= total <= MAX_COUNT * len(raws):
        raise UsageError("This total is negative, or more than so many rows can cost.")
    whole = sum(raw.cost for raw in raws.values())
    if whole <= 0:
        raise UsageError("The reported cost of these days is not above 0: no total can be split in proportion to it.")
    parts = [(target, *divmod(total * raw.cost, whole)) for target, raw in sorted_by_key(raws)]
    left = total - sum(share for _, share, _ in parts)
    largest = sorted(range(len(parts)), key=lambda n: (-parts[n][2], n))[:left]
    extra = set(largest)
    return [WantedValue(target, "cost", share + (n in extra)) for n, (target, share, _) in enumerate(parts)]


def sorted_by_key(raws: Mapping[Target, Raw]) -> list[tuple[Target, Raw]]:
    """In an order that does not depend on who asks."""
    return sorted(raws.items(), key=lambda item: (item[0].client, item[0].account, item[0].key))


def _require_some(raws: Mapping[Target, Raw]) -> None:
    if not raws:
        raise UsageError("No reported row lies in this range, so there is nothing to correct.")
    if len(raws) > MOST_AT_ONCE:
        raise UsageError(
            f"{len(raws):,} rows lie in this range, more than the {MOST_AT_ONCE:,} that one correction may touch."
        )


def field_of(text: str) -> CorrectedField:
    """A field by its name."""
    for field in FIELDS:
        if field == text:
            return field
    raise UsageError(f"{text!r} cannot be corrected; known: {', '.join(FIELDS)}.")


def require_usable(wanted: Sequence[WantedValue]) -> None:
    """UsageError unless every value can stand in a ledger, whoever made it, and no two want the same."""
    if len(wanted) > MOST_AT_ONCE:
        raise UsageError(f"{len(wanted):,} rows are more than the {MOST_AT_ONCE:,} that one correction may touch.")
    for one in wanted:
        field_of(one.field)
        least = -MOST if one.field == "cost" else 0  # a credit stays one
        if type(one.value) is not int or not least <= one.value <= MOST:
            raise UsageError(f"A value of {one.field} lies outside of what one row can have; give a smaller factor.")
    if conflicts(wanted):
        raise UsageError("One row was given two values for the same field, or both a cost and a CPM; give one.")


def conflicts(wanted: Iterable[WantedValue]) -> bool:
    """True when two of them want the same slot of the same fact."""
    slots = [(one.target, slot(one.field)) for one in wanted]
    return len(set(slots)) < len(slots)


class Set(NamedTuple):
    """An active correction of a fact."""

    number: int
    field: CorrectedField
    value: int


class SeenVersion(NamedTuple):
    """What somebody looked at: the revision that brought the fact (without money its counts, since amounts alone may
    bring another revision), and the numbers of its active corrections."""

    version: int | tuple[int, int]
    corrections: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CorrectableFact:
    """A fact as the source reports it now, and what is set over it. Without money its cost is 0, and no cost is set.
    `idle` are fields set in a currency that the fact is no longer in: they count nothing. `version` as in SeenVersion.
    """

    target: Target
    raw: Raw
    currency: str
    version: int | tuple[int, int]
    active: tuple[Set, ...] = ()
    idle: tuple[CorrectedField, ...] = ()

    @property
    def seen(self) -> SeenVersion:
        """What a correction of this line, as it looks now, must still find."""
        return SeenVersion(self.version, tuple(sorted(one.number for one in self.active)))

    @property
    def by_field(self) -> dict[CorrectedField, int]:
        """The values of the active corrections that count."""
        return {one.field: one.value for one in self.active if one.field not in self.idle}

    @property
    def counted(self) -> Raw:
        return effective(self.raw, self.by_field)

    @property
    def laid(self) -> Overlay:
        """What counts because of corrections; None where the reported value does."""
        return overlay(self.raw, self.by_field)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a correction would do to the sums of the rows that it touches. `cost` in micros."""

    rows: int
    before: Raw
    after: Raw
    currency: str


FAR_OFF = 10
"""A value this many times another one is more often a slipped decimal point than meant."""


def far_off(found: Effect) -> tuple[CorrectedField, ...]:
    """The fields that would be ten times what they are, or more, or a tenth, or less; what is set to 0 is meant."""
    each: tuple[CorrectedField, ...] = ("cost", "impressions", "clicks")
    sides = ((name, getattr(found.before, name), getattr(found.after, name)) for name in each)
    return tuple(
        name
        for name, was, is_ in sides
        if was > 0 and is_ > 0 and not Fraction(1, FAR_OFF) < Fraction(is_, was) < FAR_OFF
    )


def effect(lines: Sequence[CorrectableFact], wanted: Sequence[WantedValue]) -> Effect:
    """The sums of the wanted rows, now and once `wanted` is set. UsageError for a row that is not among `lines`."""
    known = {line.target: line for line in lines}
    if any(one.target not in known for one in wanted):
        raise UsageError("The rows in view are others meanwhile; look at them again.")
    touched = [known[target] for target in dict.fromkeys(one.target for one in wanted)]
    active = {line.target: line.by_field for line in touched}
    for one in wanted:
        active[one.target] = with_value(active[one.target], one.field, one.value)
    currencies = {line.currency for line in touched}
    return Effect(
        rows=len(touched),
        before=_sum([line.counted for line in touched]),
        after=_sum([effective(line.raw, active[line.target]) for line in touched]),
        currency=currencies.pop() if len(currencies) == 1 else "",
    )


def _sum(rows: Sequence[Raw]) -> Raw:
    return Raw(*(sum(row[n] for row in rows) for n in range(3)))


def cpm_of(sums: Raw) -> Fraction | None:
    """The CPM of sums in currency units; None without impressions."""
    return Fraction(sums.cost, 1000 * sums.impressions) if sums.impressions else None


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction as it is told. Values are counts, or micros of `currency` for cost and CPM.

    `before` is what counted when it was made (None: the CPM of no impressions), `raw_then` what the source reported
    then, `raw_now` what it reports now; None: it no longer reports the fact. `ended_at` is None while it is active.
    Without money, costs are 0. Who made it is the agency's business: '' for a client.
    """

    client: str
    number: int
    account: int
    key: FactKey
    field: CorrectedField
    value: int
    before: int | None
    raw_then: Raw
    raw_now: Raw | None
    currency: str
    reason: str
    author: str
    made_at: datetime
    batch: str | None
    ended_at: datetime | None
    ended_as: str
    ended_by: str
    ended_reason: str
    currency_now: str

    @property
    def restated_under(self) -> bool:
        """True when the source has changed, underneath, what this correction speaks of."""
        return self.raw_now is not None and _spoken_of(self.field, self.raw_now) != _spoken_of(
            self.field, self.raw_then
        )

    @property
    def in_another_currency(self) -> bool:
        """True when the source now reports the fact in another currency than the amount was set in."""
        money = self.field in MONEY_FIELDS
        return money and self.raw_now is not None and self.currency_now != self.currency


def _spoken_of(field: CorrectedField, raw: Raw) -> tuple[int, ...]:
    return (raw.cost, raw.impressions) if field == "cpm" else (getattr(raw, field),)


LONGEST_REASON = 500
_SHORTEST_REASON = 3


def value_of(field: CorrectedField, text: str) -> int:
    """What was typed as a value of `field`, in its unit: counts whole, cost and CPM with at most six decimals."""
    try:
        return _amount(text) if field in MONEY_FIELDS else _count(text, field)
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
        return typed_number(written.removesuffix("%").rstrip(), "factor").scaleb(-2 if written.endswith("%") else 0)
    except RefusedValue as error:
        raise UsageError(f"{_quoted(text)}: {A_FACTOR}") from error


def _count(text: str, field: CorrectedField) -> int:
    found = count(typed_number(text.strip(), field), field)
    if found > MAX_COUNT:
        raise RefusedValue("too large")
    return found


def _amount(text: str) -> int:
    found, rounded = micros(typed_number(text.strip(), "value"), "value")
    if rounded or found > MAX_COUNT:
        raise RefusedValue("more than six decimals, or too large")
    return found


def _quoted(text: str) -> str:
    return f"“{clean_text(text)[:40]}”"


def reason_of(text: str) -> str:
    """A reason that says something; it stays with the correction for good."""
    found = clean_text(text)
    if len(found) > LONGEST_REASON:
        raise UsageError(f"A reason has at most {LONGEST_REASON} characters, and this one has {len(found)}.")
    if sum(character.isalnum() for character in found) < _SHORTEST_REASON:
        raise UsageError("A correction needs a reason: say in a few words why the reported value is wrong.")
    return found
