"""A group of facts: what they share, and their sums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from perfdash.domain.metrics import Sums

Dimension = Literal["client", "account", "campaign", "creator", "platform", "day"]


@dataclass(frozen=True, slots=True)
class Group:
    """The sums of the facts that share the dimensions grouped by and a currency.

    A dimension that was not grouped by is '' (account 0, day None). Account numbers and campaign and creator ids mean
    something only together with their client (and account): group by those too, or different ones fall together.
    """

    currency: str
    sums: Sums
    client: str = ""
    account: int = 0
    campaign: str = ""
    creator: str = ""
    platform: str = ""
    day: date | None = None
