"""The way from a campaign to its corrections."""

from __future__ import annotations

from perfdash.domain.question import Question
from perfdash.ui import campaign_tables, menu


def offer(question: Question) -> None:
    """A link to correct the campaign, for who may, and not while a past is shown."""
    if question.only is not None and question.as_of is None and question.principal.may("correct"):
        menu.link(menu.CORRECTIONS, "Correct…", query=campaign_tables.link_of(question.only))
