"""What one validated answer changes in the ledger, decided as a value before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, replace

from perfdash.domain.errors import SuspiciousRun
from perfdash.domain.facts import Batch, CampaignAttributes, FactKey, Sheet, same_values
from perfdash.domain.measures import FactValues

SUSPICIOUS_FROM = 20
"""Below this many known facts a vanishing half is ordinary; from here on it is suspicious."""


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

    @property
    def changes_something(self) -> bool:
        """False when applying it would write no fact and no campaign: such a run takes no revision."""
        return bool(self.new or self.reappeared or self.restated or self.vanished or self.campaigns)


def decide(
    batch: Batch,
    current: Mapping[FactKey, FactValues],
    gone: AbstractSet[FactKey],
    attributes: Mapping[str, CampaignAttributes],
    creators: Mapping[str, str],
    *,
    accept_vanished: bool = False,
) -> WritePlan:
    """The plan for `batch` against what the ledger holds of exactly the asked account, days and platforms.

    `gone` are keys that vanished earlier and are not current. Raises SuspiciousRun for an unbelievable answer.
    """
    appeared, restated = _differing(batch.facts, current)
    vanished = _vanished(batch, current, len(batch.facts) - len(appeared))
    _refuse_unbelievable(batch, len(current), len(vanished), accept_vanished)
    reappeared = {key: appeared[key] for key in sorted(appeared.keys() & gone)}
    new = {key: values for key, values in appeared.items() if key not in gone} if reappeared else appeared
    counts = Counts(
        fetched=batch.fetched,
        new=len(new),
        restated=len(restated),
        reappeared=len(reappeared),
        unchanged=len(batch.facts) - len(appeared) - len(restated),
        quarantined=len(batch.quarantined),
        duplicate=batch.duplicates,
        vanished=len(vanished),
    )
    return WritePlan(
        new=new,
        reappeared=reappeared,
        restated=restated,
        vanished=vanished,
        campaigns=tuple(changed_attributes(batch.campaigns, attributes)),
        creators={k: name for k, name in batch.creators.items() if creators.get(k) != name},
        counts=counts,
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


def _vanished(batch: Batch, current: Mapping[FactKey, FactValues], still_there: int) -> tuple[FactKey, ...]:
    """Current facts that the answer does not name. A quarantined row names its fact; one without a key could be any."""
    named = {row.key for row in batch.quarantined}
    if None in named or still_there == len(current):
        return ()
    facts = Sheet.of(batch.facts).rows
    return tuple(sorted(FactKey(*key) for key in Sheet.of(current).rows if key not in facts and key not in named))


def _refuse_unbelievable(batch: Batch, known: int, vanishing: int, accepted: bool) -> None:
    if batch.fetched and len(batch.quarantined) == batch.fetched:
        raise SuspiciousRun(
            f"All {batch.fetched} rows of the answer were quarantined ({batch.quarantined[0].reason}); "
            "nothing was stored. Look at the quarantined rows and at the source."
        )
    if not accepted and known >= SUSPICIOUS_FROM and 2 * vanishing > known:
        raise SuspiciousRun(
            f"{vanishing} of {known} known rows are missing from the answer; nothing was stored. "
            "If the source is right, run sync with --accept-vanished."
        )


def changed_attributes(
    answered: Mapping[str, CampaignAttributes], known: Mapping[str, CampaignAttributes]
) -> list[CampaignAttributes]:
    """Attributes that differ from the known ones; a field that is not reported keeps what was known."""
    changed = []
    for campaign, said in answered.items():
        if known.get(campaign) == said:
            continue
        before = known.get(campaign, CampaignAttributes(campaign))
        reported = {f.name: getattr(said, f.name) for f in fields(said) if getattr(said, f.name) is not None}
        merged = replace(before, **reported)
        if merged != before or campaign not in known:
            changed.append(merged)
    return changed
