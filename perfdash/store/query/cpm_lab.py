"""What sources report as CPM and ROI, beside the measures that they report them with: read row by row, as a stream.

Corrections do not count here, whatever is asked: a source can only be compared with what it said itself. The causes and
the order of the disagreements are worked out over all rows in view, in Python, since they need exact fractions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import Connection, or_, select

from perfdash.domain.attention import MisnamedRoi
from perfdash.domain.cpm_lab import MOST, Comparison, ExplainedRatio, ReportedFact, compare, findings
from perfdash.domain.errors import AccessDenied
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.store.query.facts import KEYS, view

AT_ONCE = 2_000
"""Rows taken from the database at a time."""
_SAID = ("cost", "impressions", "reach", "revenue", "reported_cpm", "reported_roi")
_ORDER = ("client_id", "day", "account_id", "campaign_id", "creator_id", "platform")
"""That of the key of facts: rows of a campaign's day come one after the other, and SQLite need not sort."""


def comparisons(store: Store, question: Question, most: int = MOST) -> tuple[Comparison, ...]:
    """CPM, then ROI, each if any row in view reports it; the `most` largest disagreements of either.

    AccessDenied without money; UsageError as for every question with a CPM limit.
    """
    with store.reading() as connection:
        return compare(findings(_rows(connection, question)), most)


def all_findings(store: Store, question: Question) -> tuple[ExplainedRatio, ...]:
    """Every reported CPM and ROI in view, by client, day and campaign. AccessDenied without money."""
    with store.reading() as connection:
        return tuple(findings(_rows(connection, question)))


def misnamed(store: Store, question: Question) -> tuple[MisnamedRoi, ...]:
    """Per client and currency, the rows in view whose reported ROI is their ROAS, and nothing else fits. Those without
    any are absent. AccessDenied without money.
    """
    with store.reading() as connection:
        wrong = (
            (one.row.client, one.row.currency)
            for one in findings(_rows(connection, question))
            if one.measure == "roi" and one.cause.name == "roas"
        )
        counted = Counter(wrong)
    return tuple(MisnamedRoi(client, currency, rows) for (client, currency), rows in sorted(counted.items()))


def _rows(connection: Connection, question: Question) -> Iterator[ReportedFact]:
    if not question.principal.money:
        raise AccessDenied("Reported and recomputed CPM are amounts of money, which are not part of your access.")
    bound = view(connection, question.filtered(raw=True))
    versions = bound.facts((*KEYS, *_SAID))
    c = versions.c
    columns = [c[name] for name in ("client_id", "day", "account_id", "campaign_id", "platform", "creator_id")]
    statement = (
        select(*columns, c.currency, *(c[name] for name in _SAID))
        .where(or_(c.reported_cpm.is_not(None), c.reported_roi.is_not(None)), *bound.within(versions))
        .order_by(*(c[name] for name in _ORDER))
    )
    for *values, cpm, roi in connection.execute(statement, execution_options={"yield_per": AT_ONCE}):
        yield ReportedFact._make((*values, _exact(cpm), _exact(roi)))


def _exact(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
