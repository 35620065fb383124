"""What one validated answer changes in the ledger, decided as a value before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sized
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, replace
from datetime import date

from perfdash.domain.control_totals import ControlTotals, stored_sums
from perfdash.domain.errors import SuspiciousRun
from perfdash.domain.facts import MICRO, Batch, CampaignAttributes, FactKey, Sheet, same_values
from perfdash.domain.measures import FactValues
from perfdash.domain.refusals import without_amounts
from perfdash.domain.vanishing import Absent, Closing, absent, share

BY_ITSELF = Closing()
REFUSE_AT_MOST = 10_000
"""In millionths of the rows and of the cost, where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Counts:
    """fetched = new + restated + reappeared + unchanged + quarantined + duplicate + added + left out.

    `added`: rows that were added to another of the same fact. `vanished` is counted beside it.
    """

    fetched: int = 0
    new: int = 0
    restated: int = 0
    reappeared: int = 0
    unchanged: int = 0
    quarantined: int = 0
    duplicate: int = 0
    vanished: int = 0
    added: int = 0
    left_out: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))


@dataclass(frozen=True, slots=True)
class WritePlan:
    """The writes of one run. Old versions of `restated` and `vanished` facts are closed as the ledger holds them."""

    new: Mapping[FactKey, FactValues]
    reappeared: Mapping[FactKey, FactValues]
    restated: Mapping[FactKey, FactValues]
    vanished: tuple[FactKey, ...]
    campaigns: tuple[CampaignAttributes, ...]
    creators: Mapping[str, str]
    counts: Counts
    kept: tuple[date, ...] = ()
    """Days of which the answer no longer says what is known; that stays as it is."""
    totals: ControlTotals | None = None
    """What the answer adds up to, closed; None for a batch that did not come from an answer."""

    @property
    def message(self) -> str:
        """What there is to say of a run that was applied; '' when nothing."""
        if not self.kept:
            return ""
        days = f"{len(self.kept)} days" if len(self.kept) > 1 else "1 day"
        are, their = ("are", "their") if len(self.kept) > 1 else ("is", "its")
        return f"{days} from {self.kept[0]} on {are} not answered any more; {their} numbers were kept."

    @property
    def changes_something(self) -> bool:
        """False when applying it would write no fact and no campaign: such a run takes no revision."""
        return bool(self.new or self.reappeared or self.restated or self.vanished or self.campaigns)


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What the ledger holds of exactly the asked account, days and platforms."""

    current: Mapping[FactKey, FactValues]
    gone: AbstractSet[FactKey] = frozenset()
    """Keys that vanished earlier and are not current."""
    attributes: Mapping[str, CampaignAttributes] = field(default_factory=dict)
    creators: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, date] = field(default_factory=dict)
    """Campaign -> its latest known day after the asked ones, where it has one."""
    from_files: AbstractSet[FactKey] = frozenset()
    """Those of `current` that a file brought: only an answer that has rows of their day closes them."""


def decide(
    batch: Batch, held: KnownFacts, closing: Closing = BY_ITSELF, refuse_at_most: int = REFUSE_AT_MOST
) -> WritePlan:
    """The plan for `batch`. SuspiciousRun for an unbelievable answer, BadAnswer for totals that do not close.

    `closing`: what the answer may close. `refuse_at_most`: the share, in millionths, of its rows and of its cost that
    may be refused.
    """
    totals = batch.totals.closed(Sheet.of(batch.facts).rows.values()) if batch.totals else None
    _refuse_too_many_refused(batch, totals, refuse_at_most)
    appeared, restated = _differing(batch.facts, held.current)
    missing = absent(batch, held.current, held.from_files, restated, closing)
    reappeared = {key: appeared[key] for key in sorted(appeared.keys() & held.gone)}
    new = {key: values for key, values in appeared.items() if key not in held.gone} if reappeared else appeared
    counts = _counts(batch, new, reappeared, restated, missing)
    older = _older(batch.newest, held)
    return WritePlan(
        new=new,
        reappeared=reappeared,
        restated=restated,
        vanished=missing.vanished,
        campaigns=tuple(changed_attributes(batch.campaigns, held.attributes, older)),
        creators={k: name for k, name in batch.creators.items() if held.creators.get(k) != name},
        counts=counts,
        kept=missing.kept,
        totals=totals,
    )


def _counts(batch: Batch, new: Sized, reappeared: Sized, restated: Sized, missing: Absent) -> Counts:
    return Counts(
        fetched=batch.fetched,
        new=len(new),
        restated=len(restated),
        reappeared=len(reappeared),
        unchanged=len(batch.facts) - len(new) - len(reappeared) - len(restated),
        quarantined=len(batch.quarantined),
        duplicate=batch.duplicates,
        vanished=len(missing.vanished),
        added=batch.added,
        left_out=batch.left_out,
    )


def _differing(
    answered: Mapping[FactKey, FactValues], current: Mapping[FactKey, FactValues]
) -> tuple[Mapping[FactKey, FactValues], Mapping[FactKey, FactValues]]:
    """What the ledger does not hold, and what it holds with other values. Most runs change little, so those are few."""
    if not current:
        return answered, {}
    held, came = Sheet.of(current).rows, Sheet.of(answered).rows
    differing = {key: values for key, values in came.items() if held.get(key) != values}
    appeared = {key: values for key, values in differing.items() if key not in held}
    restated = {key: values for key, values in differing.items() if key in held and not same_values(values, held[key])}
    return Sheet(appeared), Sheet(restated)


def _refuse_too_many_refused(batch: Batch, totals: ControlTotals | None, at_most: int) -> None:
    refused = len(batch.quarantined)
    if not refused:
        return
    # What is said of a run is read by those without money, too.
    ((reason, _),) = Counter(without_amounts(row.reason) for row in batch.quarantined).most_common(1)
    if refused == batch.fetched:
        raise SuspiciousRun(
            f"All {batch.fetched:,} rows of the answer were quarantined ({reason}); "
            "nothing was stored. Look at the quarantined rows and at the source."
        )
    cost, of = _refused_cost(batch, totals)
    if refused * MICRO > at_most * batch.fetched or cost * MICRO > at_most * of:
        raise SuspiciousRun(
            f"{refused:,} of {batch.fetched:,} rows ({share(refused, batch.fetched)}"
            f"{f', {share(cost, of)} of the cost' if cost else ''}) were refused ({reason}), more than the "
            f"{at_most / 10_000:g}% that refuse_at_most allows; nothing was stored. "
            "Look at the quarantined rows and at the source."
        )


def _refused_cost(batch: Batch, totals: ControlTotals | None) -> tuple[int, int]:
    """The cost of the refused rows and of all that came. A refused credit counts like a refused cost."""
    refused = sum(abs(row.cost or 0) for row in batch.quarantined)
    read = totals.measures.get("cost") if totals else None
    stored = stored_sums(Sheet.of(batch.facts).rows.values(), ("cost",))["cost"] if read is None else 0
    return refused, max(refused, abs(read.read) if read else abs(stored) + refused)


def _older(newest: Mapping[str, date], held: KnownFacts) -> frozenset[str]:
    """Campaigns of which the ledger knows a later day than the latest of which the answer speaks."""
    known = dict(held.later)
    for day, campaign, _, _ in Sheet.of(held.current).rows if newest else ():
        if campaign not in known or known[campaign] < day:
            known[campaign] = day
    return frozenset(campaign for campaign, day in newest.items() if campaign in known and known[campaign] > day)


def changed_attributes(
    answered: Mapping[str, CampaignAttributes],
    known: Mapping[str, CampaignAttributes],
    older: AbstractSet[str] = frozenset(),
) -> list[CampaignAttributes]:
    """Attributes that differ from the known ones; a field that is not reported keeps what was known.

    Of `older` campaigns the answer only fills in what is not known: what is known is of a later day.
    """
    changed = []
    for campaign, said in answered.items():
        if known.get(campaign) == said:
            continue
        before = known.get(campaign, CampaignAttributes(campaign))
        merged = _over(said, before) if campaign in older else _over(before, said)
        if merged != before or campaign not in known:
            changed.append(merged)
    return changed


def _over(below: CampaignAttributes, above: CampaignAttributes) -> CampaignAttributes:
    """Each field of `above`, or where it says nothing of `below`. What a budget is for goes with the budget."""
    reported = {f.name: getattr(above, f.name) for f in fields(above) if getattr(above, f.name) is not None}
    if above.budget is not None:
        reported["budget_kind"] = above.budget_kind
    return replace(below, **reported)
