"""The words a reader meets that are not figures: what is final, what changed, who corrected, how syncs went."""

from __future__ import annotations

from perfdash.glossary_entry import Entry, Section


def _counted(section: Section, name: str, label: str, meaning: str, caution: str = "") -> Entry:
    return Entry(section, name, label, meaning, caution, shown="count", exported="count")


CAMPAIGN_WORDS = (
    Entry("Campaigns", "flight", "Flight", "The days from a campaign's planned start to its planned end.",
          "A plan that the source reports; numbers may lie outside of it."),
    Entry("Campaigns", "fact", "Fact", "The smallest thing that is stored: one campaign, creator and platform on one "
          "day, with its measures."),
    Entry("Campaigns", "day", "Day", "A day in the time zone of the account.",
          "A label that is never shifted to the reader's zone: sums stay those of the platform."),
)  # fmt: skip

FINALITY = (
    Entry("Finality", "settlement_window", "Settlement window", "How many days after a day's end its source still "
          "changes the day's numbers.", "Set for each source; unknown is not 0."),
    Entry("Finality", "open", "Open", "The settlement window has not passed: the source may still restate the day.",
          short="the source may still restate it"),
    Entry("Finality", "final", "Final", "A fetch confirmed the day after its settlement window had passed.",
          "A source may still break its word; such a change is a late restatement.",
          short="settled, and fetched since"),
    Entry("Finality", "unverified", "Unverified", "The settlement window has passed, but nothing has fetched the day "
          "since.", "A sync of that day makes it final.", short="settled, but not fetched since"),
    Entry("Finality", "provisional", "Provisional", "Nobody has said how long the source restates its days, so none "
          "of them is ever called final.", short="nobody said how long the source restates"),
    Entry("Finality", "finality", "Finality", "Whether the days behind a number may still change: open, final, "
          "unverified or provisional.", "Over several days or accounts it is that of the least certain one."),
    Entry("Finality", "final_to", "Final to", "The last day up to which every day is final.",
          "Of several accounts the earliest."),
    Entry("Finality", "stale", "Stale", "Days that can still change were last fetched more than 6 hours ago.",
          "Final days do not go stale."),
)  # fmt: skip

CHANGES = (
    Entry("Changes", "restatement", "Restatement", "The source reports another value for a past day than it did "
          "before. Both are kept.", "Not counted: first reports, repeated values and, unless requested, changes "
          "on the current day."),
    Entry("Changes", "late_restatement", "Late restatement", "A restatement of a day that was already final."),
    _counted("Changes", "vanished", "Vanished", "Rows that the source no longer reports for a day it had reported them "
          "for. They stop counting, and stay in the history."),
    _counted("Changes", "reappeared", "Reappeared", "Rows that had vanished and are reported again."),
    Entry("Changes", "as_of", "As of", "The state of the numbers as it was known at an earlier moment, campaign names "
          "and budgets too.", "A bare date means the end of that day in the client's time zone. It moves data, never "
          "permissions."),
    Entry("Changes", "revision", "Revision", "The number of one change to a client's data: a sync that changed "
          "something, a correction or a revert. It only grows."),
    Entry("Changes", "receipt", "Receipt", "The record of an export: who took out what, when, from which revisions, "
          "with which totals. From it the same rows can be made again."),
)  # fmt: skip

CORRECTIONS = (
    Entry("Corrections", "correction", "Correction", "A value of one fact that a person has set, with a reason, and "
          "that counts instead of the reported one.", "It lies over what the source reports and never replaces it; it "
          "survives every sync, and a revert takes it away."),
    Entry("Corrections", "effective", "Effective", "What counts: the corrected value where there is one, else the "
          "reported one.", "Every sum, filter and chart is made of effective values unless raw ones are asked for."),
    Entry("Corrections", "raw", "Raw", "What the source reports, without any correction."),
    Entry("Corrections", "reported_cpm", "Reported CPM", "The CPM that the source itself sends.",
          "Kept beside the computed one and compared with it, never mixed into it.", needs_money=True),
    Entry("Corrections", "reported_roi", "Reported ROI", "The ROI that the source itself sends, which is often ROAS.",
          "Kept beside the computed one and compared with it, never mixed into it.", needs_money=True),
)  # fmt: skip

SYNCS = (
    Entry("Syncs", "run", "Run", "One account asked for one range of days. It is stored whole or not at all."),
    Entry("Syncs", "fetched_at", "Last fetched", "When the source last answered well for these days.",
          "Of several accounts the oldest."),
    _counted("Syncs", "fetched", "Fetched", "The rows that the source sent.", "Each is exactly one of new, restated, "
          "reappeared, unchanged, quarantined or duplicate."),
    _counted("Syncs", "new", "New", "Rows reported for the first time."),
    _counted("Syncs", "restated", "Restated", "Rows with another value than before."),
    _counted("Syncs", "unchanged", "Unchanged", "Rows as they were already known."),
    _counted("Syncs", "quarantined", "Quarantined", "Rows that were refused because they cannot be right, each with "
          "its reason.", "What was known before stays; nothing is guessed."),
    _counted("Syncs", "duplicate", "Duplicate", "Rows that the same answer sent twice, alike; they count once."),
)  # fmt: skip
