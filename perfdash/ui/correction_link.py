"""The way from a campaign to its corrections."""

from __future__ import annotations

from perfdash.access import Principal
from perfdash.asof import AsOf
from perfdash.store.queries import CampaignRef
from perfdash.ui import campaign_tables, menu


def offer(principal: Principal, ref: CampaignRef, as_of: AsOf | None) -> None:
    """A link to correct this campaign, for who may, and not while a past is shown."""
    if principal.may("correct") and as_of is None:
        menu.link(menu.CORRECTIONS, "Correct…", query=campaign_tables.link_of(ref))
