"""What a client link shows, in words: the same for its author and for its visitors."""

from __future__ import annotations

from perfdash import comparison, words
from perfdash.accounts import Days
from perfdash.link_question import Shared
from perfdash.ui import asof_control
from perfdash.ui.plain import plain

LinkLine = tuple[str, str]
"""An icon's name, and what is fixed."""


def lines(shared: Shared, client: str, *, money: bool) -> list[LinkLine]:
    """Whose numbers, which of them, and as known when; escaped for Markdown."""
    asked = shared.filters
    told = [("person", plain(client, 200)), ("calendar_month", _days(asked.days))]
    told.append(("devices", plain(words.listed(asked.platforms), 200) if asked.platforms else "All platforms"))
    if asked.currency and money:
        told.append(("payments", f"In {plain(asked.currency)}"))
    if asked.max_cpm is not None:
        limit = words.micros(asked.max_cpm, asked.currency or "")
        each = "campaign a day" if asked.cpm_grain == "row" else "campaign"
        told.append(("filter_alt", f"CPM at most {plain(limit)} for each {each}"))
    told.append(("compare_arrows", _change(shared)))
    if shared.as_of is None:
        told.append(("update", "Follows the present: it changes when the numbers do"))
    else:
        told.append(("history", f"As it was on {plain(asof_control.told(shared.as_of))}"))
    if not money:
        told.append(("money_off", "Without amounts of money"))
    return told


def _days(days: Days) -> str:
    return plain(words.days(days))


def _change(shared: Shared) -> str:
    if shared.against is None:
        return "Without a change against other days"
    against = comparison.said(shared.against.kind, shared.against.current, shared.against.previous)
    return plain(against[:1].upper() + against[1:], 200)
