"""A campaign: what names it, and what is known and added up of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from perfdash.domain.accounts import Days
from perfdash.domain.facts import BudgetKind
from perfdash.domain.metrics import Sums


@dataclass(frozen=True, slots=True)
class CampaignRef:
    """One campaign: client slug, account number, the source's campaign id."""

    client: str
    account: int
    campaign: str


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign in one currency. Money in micros; flight days inclusive; None is not known or not to be seen.

    `flight_cost` is its cost over all days of its flight (of its life, where no flight is known), whatever the filters.
    `budget` is in the account's currency, so a row in another currency has none. `platforms` are those in view. For who
    came by a client link `flight_cost` is None: most of a flight lies outside of its days.
    """

    client: str
    account: int
    campaign: str
    name: str
    status: str | None
    budget: int | None
    flight_start: date | None
    flight_end: date | None
    flight_cost: int | None
    currency: str
    platforms: tuple[str, ...]
    sums: Sums

    @property
    def ref(self) -> CampaignRef:
        """What names the campaign."""
        return CampaignRef(self.client, self.account, self.campaign)


def whole_budget(budget: int | None, kind: BudgetKind | None, start: date | None, end: date | None) -> int | None:
    """The budget of the whole flight, in micros: a daily one counts for each day of a known flight, else None."""
    if budget is None or kind is None:
        return budget
    return budget * len(Days(start, end)) if start and end and start <= end else None
