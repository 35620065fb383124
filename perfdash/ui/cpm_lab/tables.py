"""Checks on screen: how many rows agree, why the others do not, what that does to the total, and the worst."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import streamlit as st

from perfdash.domain import metrics
from perfdash.domain.access import Principal
from perfdash.domain.cpm_causes import RatioName
from perfdash.domain.cpm_lab import EVEN, MOST, Comparison, ExplainedRatio, Share, Whole
from perfdash.domain.metrics import Cell, Sums, ratio, text
from perfdash.domain.question import Question
from perfdash.presentation import cpm_lab as cpm_lab_story
from perfdash.presentation import formatting, tables
from perfdash.presentation.columns import Names
from perfdash.presentation.escaping import escape_markdown
from perfdash.presentation.tables import Table
from perfdash.store.query import cpm_lab as cpm_lab_query
from perfdash.ui.components.kpis import NARROWEST_TILE
from perfdash.ui.components.tables import Kind, Shown, client_column, draw
from perfdash.ui.runtime import cache, context

LABELS: dict[RatioName, str] = {"cpm": "CPM", "roi": "ROI"}


TABS = ("CPM", "ROI", "What if")


def first_tab(compared: Sequence[Comparison]) -> str:
    """The one with the most rows that disagree: what there is to look at stands in front."""
    worst = max(compared, key=lambda one: one.disagreeing, default=None)
    return LABELS[worst.measure] if worst is not None and worst.disagreeing else TABS[0]


def verdict(found: Comparison, facts: int) -> None:
    """One sentence and the counts behind it."""
    label, rows = LABELS[found.measure], found.rows
    beyond = found.count("incomparable")
    st.markdown(f"**{_sentence(found)}**")
    with st.grid(4 if found.disagreeing else 3, min_column_width=NARROWEST_TILE, gap="small"):
        _count(f"Rows with {label}", rows, f"of {facts:,} in view", "Rows in view whose source sends this number.")
        _count(
            "Agree",
            found.count("agrees"),
            _share(found.count("agrees"), rows),
            "Ours, rounded to as many decimals as the source sends, is the number that it sends.",
        )
        _count("Disagree", found.disagreeing, _share(found.disagreeing, rows), "For the causes below.")
        if found.disagreeing:
            named = found.disagreeing - found.count("unexplained", "ambiguous")
            _count("Explained", named, _share(named, found.disagreeing), "Disagreements that exactly one cause fits.")
    if beyond:
        st.caption(
            f"{formatting.plural(beyond, 'row')} cannot be recomputed: no revenue is reported beside the {label}."
        )


def _sentence(found: Comparison) -> str:
    label, off = LABELS[found.measure], found.disagreeing
    if not found.rows - found.count("incomparable"):
        return f"No reported {label} can be recomputed."
    if not off:
        return f"Every {label} that can be checked is the one that its own row gives."
    names = sorted({share.name for share in found.shares} - set(EVEN), key=lambda name: -found.count(name))
    parts = [f"{cpm_lab_story.inline_label(found.measure, name)} ({found.count(name):,})" for name in names]
    return escape_markdown(
        f"{formatting.plural(off, 'row')} of {found.rows:,} disagree: {formatting.enumerate_names(parts, most=9)}.", 300
    )


def _share(part: int, whole: int) -> str:
    return formatting.figure(Fraction(part, whole), "percent") if whole else formatting.UNDEFINED


def _count(label: str, value: int, share: str, told: str) -> None:
    st.metric(
        label,
        formatting.figure(value, "count"),
        share,
        delta_color="off",
        delta_arrow="off",
        help=told,
        border=True,
        height="stretch",
    )


def causes(found: Comparison, campaigns: Names, *, key: str) -> None:
    """A row for each cause, and below it what to do about those that were found."""
    currency = _one_currency(found.measure, (share.currency for share in found.shares))
    moves = f"by how much these rows move the reported total {LABELS[found.measure]} away from the recomputed one"
    columns = (
        Shown(
            "cause", "Cause", "text", lambda share: cpm_lab_story.words_of(found.measure, share.name).label, pinned=True
        ),
        Shown("currency", "Currency", "text", lambda share: "" if currency else share.currency),
        Shown("rows", "Rows", "count", lambda share: share.rows, "rows in view"),
        Shown("share", "Share of rows", "share", lambda share: Fraction(share.rows, found.rows), "of all that report"),
        Shown("cost", "Cost", "money", lambda share: share.cost, "cost of these rows"),
        Shown("moves", "Moves the total by", _apart(found.measure), _moves, moves, signed=found.measure == "cpm"),
        Shown("example", "Costliest example", "text", lambda share: _example(share.example, campaigns)),
    )
    draw(found.shares, columns, alt=f"Reported {LABELS[found.measure]} by cause", key=key, currency=currency)
    for name in dict.fromkeys(share.name for share in found.shares):
        told = cpm_lab_story.words_of(found.measure, name)
        if name != "agrees":
            formula = f" ({told.formula})" if told.formula else ""
            st.markdown(f"- **{told.label}**{formula}. {told.advice}")


def _moves(share: Share) -> Fraction | None:
    return None if share.name in EVEN else share.moves


def _one_currency(measure: RatioName, currencies: Iterable[str]) -> str:
    """The currency that stands in the headers, if there is one; a ROI is in none, so there it stands in each row."""
    found = set(currencies)
    return found.pop() if measure == "cpm" and len(found) == 1 else ""


def _example(finding: ExplainedRatio, campaigns: Names) -> str:
    row, cause = finding.row, finding.cause
    said = f"{_as_sent(finding, Fraction(cause.reported))} reported, {_as_sent(finding, cause.recomputed)} recomputed"
    name = campaigns.get((row.client, row.account, row.campaign), row.campaign)
    return f"{said}: {name}, {row.platform}, {formatting.day(row.day)}"


def _as_sent(finding: ExplainedRatio, value: Fraction | None) -> str:
    return cpm_lab_story.as_sent(finding.measure, finding.cause.reported, value)


def wholes(found: Comparison, in_view: Mapping[str, Sums], *, key: str) -> None:
    """The total: recomputed from sums, as reported and weighted alike, and the mean that must not be used.

    `in_view`: per currency all rows as reported, also those that send no such number: what the Overview adds up.
    """
    measure, kind, apart = found.measure, _kind(found.measure), _apart(found.measure)
    weight = "impressions" if measure == "cpm" else "cost"
    currency = _one_currency(measure, (whole.currency for whole in found.wholes))
    columns = (
        Shown("currency", "Currency", "text", lambda whole: whole.currency, pinned=True),
        Shown("rows", "Rows", "count", lambda whole: whole.rows, "rows that report it and can be recomputed"),
        Shown("recomputed", "Recomputed", kind, lambda whole: whole.recomputed, cpm_lab_story.FORMULAS[measure]),
        Shown("reported", "Reported", kind, lambda whole: whole.reported, f"weighted by {weight}"),
        Shown(
            "difference",
            "Difference",
            apart,
            _difference,
            "reported, weighted, less recomputed",
            signed=measure == "cpm",
        ),
        Shown("mean", "Plain mean", kind, lambda whole: whole.mean, "every row alike: it answers no question"),
        Shown(
            "all",
            "All rows in view",
            kind,
            lambda whole: ratio(measure, in_view.get(whole.currency, Sums())),
            "recomputed also over the rows that send none: the Overview's number, without corrections",
        ),
    )
    draw(found.wholes, columns, alt=f"{LABELS[measure]} in total", key=key, currency=currency)
    for whole in found.wholes:
        if left := _left_out(whole, in_view.get(whole.currency, Sums()), LABELS[measure]):
            st.caption(escape_markdown(left, 300))
    st.caption(
        f"Recomputed = {cpm_lab_story.FORMULAS[measure]}, over sums; reported = weighted by {weight}. The plain "
        f"mean lets the row with the least {weight} speak as loud as the one with the most: never use it."
    )


def _left_out(whole: Whole, everything: Sums, label: str) -> str:
    """Not in this total: 112 rows of 1,234.00 EUR that send no CPM, of 1,400 in view."""
    rows = everything.rows - whole.rows
    if rows <= 0:
        return ""
    cost = formatting.micros((everything.cost or 0) - whole.cost, whole.currency)
    return (
        f"Not in this total: {formatting.plural(rows, 'row')} of {everything.rows:,} in {whole.currency}, which cost "
        f"{cost} and send no {label} that can be recomputed."
    )


def _apart(measure: RatioName) -> Kind:
    """How a difference of its values reads: that of percentages in points."""
    return "price" if measure == "cpm" else "points"


def _kind(measure: RatioName) -> Kind:
    """How its values read: a CPM as a price, ROI in per cent as everywhere."""
    return "price" if measure == "cpm" else "percent"


def _difference(whole: Whole) -> Fraction | None:
    """Nothing where both read alike: what lies between is the rounding of the source."""
    if whole.reported is None or whole.recomputed is None:
        return None
    unit = formatting.unit_of("cpm")
    reads = [formatting.figure(side, unit, whole.currency) for side in (whole.reported, whole.recomputed)]
    return whole.reported - whole.recomputed if reads[0] != reads[1] else Fraction(0)


@dataclass(frozen=True, slots=True)
class _Named:
    """A finding with the names that people know it by."""

    finding: ExplainedRatio
    campaign: str
    creator: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.finding.row, name)


def worst(found: Comparison, campaigns: Names, creators: Names, principal: Principal, *, key: str) -> None:
    """The largest disagreements, the largest first."""
    rows = [_named(finding, campaigns, creators) for finding in found.worst]
    currency = _one_currency(found.measure, (row.currency for row in rows))
    columns = _worst_columns(found.measure, client_column(principal), named=not currency)
    draw(rows, columns, alt="Largest disagreements", key=key, currency=currency)
    if found.disagreeing > len(rows):
        st.caption(f"The {MOST} that are furthest apart, of {found.disagreeing:,}; the CSV holds every row.")


def _named(finding: ExplainedRatio, campaigns: Names, creators: Names) -> _Named:
    row = finding.row
    campaign = campaigns.get((row.client, row.account, row.campaign), row.campaign)
    return _Named(finding, campaign, creators.get((row.client, row.account, row.creator), row.creator))


def _worst_columns(measure: RatioName, clients: Sequence[Shown], *, named: bool) -> Sequence[Shown]:
    said, kind = f"{LABELS[measure]} as the source wrote it", _kind(measure)
    return (
        Shown("campaign", "Campaign", "text", lambda row: row.campaign, pinned=True),
        Shown("day", "Day", "day", lambda row: row.day),
        Shown("platform", "Platform", "text", lambda row: row.platform),
        Shown("creator", "Creator", "text", lambda row: row.creator),
        Shown("cause", "Cause", "text", lambda row: _cause(row.finding)),
        Shown("currency", "Currency", "text", lambda row: row.currency if named else ""),
        Shown("reported", "Reported", kind, lambda row: Fraction(row.finding.cause.reported), "by the source"),
        Shown("recomputed", "Recomputed", kind, _recomputed, cpm_lab_story.FORMULAS[measure]),
        Shown(
            "difference",
            "Difference",
            _apart(measure),
            _difference_of,
            "reported less recomputed",
            signed=measure == "cpm",
        ),
        Shown("cost", "Cost", "money", lambda row: row.cost),
        Shown("impressions", "Impressions", "count", lambda row: row.impressions),
        Shown("reach", "Reach", "count", lambda row: row.reach if measure == "cpm" else None),
        Shown("revenue", "Revenue", "money", lambda row: row.revenue if measure == "roi" else None),
        *clients,
        Shown("sent", "As it was sent", "figure", lambda row: text(row.finding.cause.reported), said),
    )


def _recomputed(row: _Named) -> Fraction | None:
    return row.finding.cause.recomputed


def _difference_of(row: _Named) -> Fraction | None:
    return row.finding.cause.difference


def _cause(finding: ExplainedRatio) -> str:
    return cpm_lab_story.cause_label(finding.measure, finding.cause.name, finding.cause.fits)


_NAMES = {
    "client": "client",
    "day": "day (account's time zone)",
    "account": "account number",
    "campaign": "campaign id",
    "platform": "platform",
    "creator": "creator id",
    "currency": "currency",
    "cost": "cost (currency units)",
    "impressions": "impressions",
    "reach": "reach",
    "revenue": "revenue (currency units)",
}


@cache.shared(spinner="Comparing every row in view…")
def comparisons(question: Question) -> tuple[Comparison, ...]:
    return cpm_lab_query.comparisons(context.store(), question)


def table(question: Question, measure: RatioName) -> Table:
    """Every row in view that reports `measure`: what is reported, what is recomputed, and the cause."""
    unit = "currency units per 1000 impressions" if measure == "cpm" else "fraction"
    said = [(name, f"{name} {measure} ({unit})") for name in ("reported", "recomputed", "difference")]
    columns = [*_NAMES.items(), *said, ("cause", "cause")]
    found = cpm_lab_query.all_findings(context.store(), question)
    return tables.listing(f"lab-{measure}", columns, [_cells(one) for one in found if one.measure == measure])


def _cells(finding: ExplainedRatio) -> list[Cell]:
    row, cause = finding.row, finding.cause
    measures: dict[str, Cell] = {"cost": metrics.money(row.cost), "revenue": metrics.money(row.revenue)}
    return [
        *(measures.get(name, getattr(row, name)) for name in _NAMES),
        cause.reported,
        _exact(finding, cause.recomputed),
        _exact(finding, cause.difference),
        cpm_lab_story.cause_label(finding.measure, cause.name, cause.fits),
    ]


def _exact(finding: ExplainedRatio, value: Fraction | None) -> Cell:
    return None if value is None else metrics.rounded(value, metrics.METRICS[finding.measure].places)
