"""What every metric and measure means. The formulas are not written here: they are made of what computes them."""

from __future__ import annotations

from perfdash.domain import measures
from perfdash.domain.measures import Measure, Unit
from perfdash.glossary_entry import Entry, computed
from perfdash.metrics import COVERAGE, METRICS, PACING

_REACHED = "when the row is more than one fact, or its source reports no reach."

COMPUTED = (
    computed(
        METRICS["cpm"], "What a thousand impressions cost.",
        "Computed from sums, never averaged. Some suites divide by reach, or take a creator's fee; ours divides "
        "by impressions.",
    ),
    computed(METRICS["cpc"], "What one click cost.", "What counts as a click differs by platform."),
    computed(
        METRICS["ctr"], "How many of the impressions were clicked.",
        "Per cent on screen; a fraction in data and exports, the unit in the header.",
    ),
    computed(METRICS["cpv"], "What one view cost.", "Per one view, not per thousand. Each platform counts a view after "
             "a watching time of its own."),
    computed(METRICS["cpe"], "What one engagement cost.", "Per one, not per thousand."),
    computed(METRICS["cpa"], "What one conversion cost.", "Per one. Also called cost per result or per acquisition."),
    computed(
        METRICS["engagement_rate"], "How many of the impressions led to an engagement.",
        "Per impressions; some suites divide by reach or by followers.",
    ),
    computed(
        METRICS["roas"], "What came back for each unit of cost.",
        "The share of cost that reports revenue is shown when below 100%.",
    ),
    computed(
        METRICS["roi"], "What was earned beyond the cost, relative to it.",
        "0% is break-even. APIs often send ROAS under this name: what they report is compared, not trusted.",
    ),
    computed(
        METRICS["frequency"], "How often each person reached saw it.",
        "Reach never adds up: one person may be reached twice.", undefined=_REACHED,
    ),
    computed(
        COVERAGE, "The part of the cost whose rows report revenue.",
        "ROAS and ROI speak of this part only.",
    ),
    computed(
        PACING, "How much of a campaign's budget its whole flight has cost.",
        "Of the whole flight as far as its days are stored, whatever days are in view. Above 100% is over budget.",
        undefined="when the source reports no budget.", exported="",
    ),
    Entry(
        "Metrics", "share", "Share", "The row's part of the whole.",
        "Of all cost in its currency; for who may not see money, of all impressions.", "row / all in view",
        "per cent", undefined="when the whole is 0.",
    ),
    Entry(
        "Metrics", "change", "Change", "How much a figure moved against the period before, relative to it.",
        "Complete days only, both sides known at the same moment. Rates move in per cent of themselves: a CTR from 2% "
        "to 3% is +50%.",
        "(now − before) / before", "per cent",
        undefined="over “all days”, when days of either side were never fetched, or when it was undefined or 0 before.",
    ),
)  # fmt: skip

_UNITS: dict[Unit, tuple[str, str]] = {
    "count": ("count", "count"),
    "money": ("amount", "currency units"),
    "millionths": ("number", "number, six decimals"),
}
"""How a measure reads on screen, and in exports."""


def _reported(measure: Measure) -> Entry:
    shown, exported = _UNITS[measure.unit]
    lacking = _REACHED if not measure.additive else "" if measure.always else "when no row reports it."
    return Entry(
        "Measures",
        measure.name,
        measure.label,
        measure.meaning,
        measure.caution,
        shown=shown,
        exported=exported,
        undefined=lacking,
        needs_money=measure.needs_money,
    )


MEASURES = (
    *map(_reported, measures.MEASURES),
    Entry(
        "Measures", "campaigns", "Campaigns", "Campaigns with at least one row in view.",
        shown="count", exported="count",
    ),
    Entry(
        "Measures", "corrected", "Corrected rows", "How many of the rows behind a number count a value that a person "
        "has set.", "0 means: everything is as the source reports it.", shown="count", exported="count",
    ),
    Entry(
        "Campaigns", "budget", "Budget", "The whole budgets of the campaigns in view, not only of these days.",
        "As the source reports it, of the campaigns that have one.",
        shown="amount", exported="currency units", undefined="when no campaign in view reports one.", needs_money=True,
    ),
    Entry(
        "Campaigns", "flight_cost", "Cost of flight", "The cost of all stored days of a campaign's flight.",
        "Whatever days are in view; days that were never fetched are not in it.",
        shown="amount", exported="currency units", needs_money=True,
    ),
)  # fmt: skip
