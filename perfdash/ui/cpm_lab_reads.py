"""What the CPM lab shows, read once for each question, moment and revision, and its rows for the download."""

from __future__ import annotations

from fractions import Fraction

from perfdash import cause_words, export, metrics
from perfdash.causes import RatioName
from perfdash.cpm_lab import ExplainedRatio
from perfdash.cpm_lab_sums import Comparison
from perfdash.domain.question import Question
from perfdash.export import Cell, Table
from perfdash.store import reported_ratios
from perfdash.ui import cache, wiring

_NAMES = {
    "client": "client", "day": "day (account's time zone)", "account": "account number", "campaign": "campaign id",
    "platform": "platform", "creator": "creator id", "currency": "currency", "cost": "cost (currency units)",
    "impressions": "impressions", "reach": "reach", "revenue": "revenue (currency units)",
}  # fmt: skip


@cache.shared(entries=50, spinner="Comparing every row in view…")
def comparisons(question: Question) -> tuple[Comparison, ...]:
    return reported_ratios.comparisons(wiring.store(), question)


def table(question: Question, measure: RatioName) -> Table:
    """Every row in view that reports `measure`: what is reported, what is recomputed, and the cause."""
    unit = "currency units per 1000 impressions" if measure == "cpm" else "fraction"
    said = [(name, f"{name} {measure} ({unit})") for name in ("reported", "recomputed", "difference")]
    columns = [*_NAMES.items(), *said, ("cause", "cause")]
    found = reported_ratios.all_findings(wiring.store(), question)
    return export.listing(f"lab-{measure}", columns, [_cells(one) for one in found if one.measure == measure])


def _cells(finding: ExplainedRatio) -> list[Cell]:
    row, cause = finding.row, finding.cause
    measures: dict[str, Cell] = {"cost": metrics.money(row.cost), "revenue": metrics.money(row.revenue)}
    return [
        *(measures.get(name, getattr(row, name)) for name in _NAMES),
        cause.reported, _exact(finding, cause.recomputed), _exact(finding, cause.difference),
        cause_words.named(finding.measure, cause.name, cause.fits),
    ]  # fmt: skip


def _exact(finding: ExplainedRatio, value: Fraction | None) -> Cell:
    return None if value is None else metrics.rounded(value, metrics.METRICS[finding.measure].places)
