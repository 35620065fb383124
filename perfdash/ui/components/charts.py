"""What charts and tables share, and the strip of days that were fetched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa
import streamlit as st

from perfdash.domain.accounts import Days
from perfdash.domain.metrics import spoken
from perfdash.presentation import charts, formatting

CORRECTED = "✎"
"""Stands beside every number that counts a corrected value."""
_COVERAGE = pa.schema([("day", pa.float64()), ("account", pa.string()), ("state", pa.string()), ("shown", pa.string())])


def corrected_rows(of: Sequence[tuple[str, int]]) -> str:
    """cost of 2 rows and clicks of 1 row; '' for none."""
    return formatting.enumerate_names([f"{spoken(name)} of {formatting.plural(rows, 'row')}" for name, rows in of])


def coverage(rows: Sequence[tuple[date, str, str, str]], days: Days, *, key: str) -> None:
    """A strip of days per account; rows are (day, account, state, how it reads)."""
    dated = [(charts.at(day), *rest) for day, *rest in rows]
    accounts = len({account for _, account, _, _ in rows})
    data = pa.table(
        [pa.array(c, f.type) for c, f in zip(zip(*dated, strict=True), _COVERAGE, strict=True)], schema=_COVERAGE
    )
    st.vega_lite_chart(data, charts.coverage(days, accounts), key=key, alt="Which days of each account were fetched")
