"""Generated exports: a clean table, and the same table as people and platforms write it, with what they do to it.

The clean table is a pandas frame of whole numbers (money in micros), which the written one must add up to again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd

FINER = ("ad_id", "country", "hour")
MONEY = ("cost", "revenue")
MEASURES = ("impressions", "clicks", "cost", "conversions", "revenue")
COUNTS = ("impressions", "clicks")
KEY = ("date", "campaign", "platform")
UNREADABLE = ("abc", "#REF!", "1.2.3,4,5", "yes")
NOTHING = ("", "-", "--", "N/A", "n/a")
FIRST = date(2026, 9, 25)


@dataclass
class Written:
    """One table as it is sent. `clean` holds a row for each written row that is about a fact, in any order."""

    clean: pd.DataFrame
    rows: list[dict[str, str]]
    columns: list[str]
    finer: list[str]
    numbers: str | None
    """`records.numbers`, where the table says it."""
    day_format: str | None
    refused: list[int] = field(default_factory=list)
    """Rows of `clean` of which something needed cannot be read."""
    dirty: dict[str, int] = field(default_factory=dict)
    """Optional column -> how many of its cells cannot be read."""
    duplicates: int = 0
    total: str = ""
    """"end", "middle" or nothing: where a total row stands."""
    undeclared: bool = False
    """True when rows are finer than their source says."""

    def sums(self) -> dict[tuple[str, str, str], tuple[int | None, ...]]:
        """pandas' groupby: date, campaign and platform -> the sum of each measure, None where none reports it."""
        kept = self.clean.drop(index=self.refused)
        grouped = kept.groupby(list(KEY), sort=True)
        added = grouped[list(MEASURES)].sum(min_count=1)
        return {
            key: tuple(None if pd.isna(value) else int(value) for value in row)
            for key, row in zip(added.index, added.itertuples(index=False, name=None), strict=True)
        }


def table(rng: random.Random) -> Written:
    """One table: 0 to 3 finer columns, 1 to 60 rows, its own spelling of numbers and days, and some of its faults."""
    finer = rng.sample(FINER, rng.choice((0, 0, 1, 2, 3)))
    clean = _clean(rng, finer)
    written = Written(clean, [], [], list(finer), None, None)
    _write(rng, written)
    if rng.random() < 0.4:
        _dirty(rng, written)
    if rng.random() < 0.12:
        _refuse(rng, written)
    if finer and rng.random() < 0.15:
        _repeat(rng, written)
    if finer and rng.random() < 0.1:
        written.finer, written.undeclared = [], bool(clean.duplicated(list(KEY)).any())
    rng.shuffle(written.rows)
    if rng.random() < 0.2:
        _total(rng, written)
    return written


def _clean(rng: random.Random, finer: list[str]) -> pd.DataFrame:
    days = [FIRST + timedelta(days=n) for n in range(rng.randint(1, 12))]
    campaigns = [f"c-{n}" for n in range(rng.randint(1, 6))]
    platforms = rng.sample(["TikTok", "Instagram", "Facebook"], rng.randint(1, 2))
    values = {
        "ad_id": [f"ad{n}" for n in range(rng.randint(1, 3))],
        "country": ["DE", "FR", "US"][: rng.randint(1, 3)],
        "hour": ["09", "10", "23"][: rng.randint(1, 3)],
    }
    rows = []
    optional = {name: rng.random() < 0.7 for name in ("conversions", "revenue")}
    keys = {
        (day, campaign, platform, *(rng.choice(values[name]) for name in finer))
        for _ in range(rng.randint(1, 60))
        for day, campaign, platform in [(rng.choice(days), rng.choice(campaigns), rng.choice(platforms))]
    }
    for day, campaign, platform, *rest in sorted(keys):
        cost = rng.choice((0, rng.randint(1, 10**7), rng.randint(1, 10**9), -rng.randint(1, 10**6)))
        rows.append(
            {"date": day.isoformat(), "campaign": campaign, "platform": platform, **dict(zip(finer, rest, strict=True))}
            | {
                "impressions": rng.choice((0, 7, rng.randint(1, 10**4), rng.randint(10**6, 10**8))),
                "clicks": rng.randint(0, 2000),
                "cost": cost * 10 ** rng.choice((0, 4, 4)),
                "conversions": rng.randint(0, 500) * 10**6 if optional["conversions"] else None,
                "revenue": rng.randint(0, 10**7) * 10**4 if optional["revenue"] and rng.random() < 0.9 else None,
            }
        )
    frame = pd.DataFrame(rows)
    for name in MEASURES:
        frame[name] = frame[name].astype("Int64")
    return frame


_STYLES = {
    "1,234.56": (",", "."),
    "1.234,56": (".", ","),
    "1 234,56": ("\u202f", ","),
    "1'234.56": ("'", "."),
    "1,23,456.78": ("indian", "."),
    "plain": ("", "."),
    "dollar": (",", "."),
}


def number(micros: int, style: str, *, whole: bool, money: bool = True) -> str:
    """An amount, or a count (`whole`), as that style writes it; a currency sign stands at `money` only."""
    group, point = _STYLES[style]
    units = abs(micros) if whole else abs(micros) // 10**6
    digits = _grouped(str(units), group)
    if not whole and micros % 10**6:
        digits += point + f"{abs(micros) % 10**6:06d}".rstrip("0").ljust(2, "0")
    elif not whole and style != "plain":
        digits += point + "00"
    sign = "-" if micros < 0 else ""
    return f"{sign}${digits}" if style == "dollar" and money and not whole else sign + digits


def _grouped(digits: str, group: str) -> str:
    if not group:
        return digits
    step = 2 if group == "indian" else 3
    head, tail = digits[:-3], digits[-3:]
    parts = [tail]
    while head:
        parts.insert(0, head[-step:])
        head = head[:-step]
    return ("," if group == "indian" else group).join(part for part in parts if part)


def _day(text: str, style: str, rng: random.Random) -> str:
    day = date.fromisoformat(text)
    if style == "mixed":
        style = rng.choice(("iso", "month", "time", "zulu"))
    return {
        "iso": text,
        "us": f"{day.month}/{day.day}/{day.year}",
        "dots": f"{day.day:02d}.{day.month:02d}.{day.year}",
        "month": f"{day:%b} {day.day}, {day.year}",
        "time": f"{text} 00:00:00",
        "zulu": f"{text}T12:00:00Z",
        "compact": text.replace("-", ""),
    }[style]


def _write(rng: random.Random, written: Written) -> None:
    style = rng.choice(list(_STYLES))
    said = {"dollar": "1,234.56", "plain": None}.get(style, style)
    written.numbers = said if said and rng.random() < 0.5 else None
    days = rng.choice(("iso", "iso", "us", "dots", "month", "time", "compact", "mixed"))
    written.day_format = {"us": "%m/%d/%Y", "dots": "%d.%m.%Y"}.get(days)
    written.columns = [name for name in written.clean.columns if not written.clean[name].isna().all()]
    for row in written.clean.to_dict("records"):
        out = {}
        for name in written.columns:
            value = row[name]
            if name in MEASURES:
                empty = pd.isna(value)
                out[name] = (
                    rng.choice(NOTHING)
                    if empty
                    else number(int(value), style, whole=name in COUNTS, money=name in MONEY)
                )
            else:
                out[name] = _day(value, days, rng) if name == "date" else str(value)
        written.rows.append(out)


def _dirty(rng: random.Random, written: Written) -> None:
    for name in ("conversions", "revenue"):
        if name not in written.columns:
            continue
        for place in range(len(written.rows)):
            if rng.random() < 0.1 and not pd.isna(written.clean[name][place]):
                written.rows[place][name] = rng.choice(UNREADABLE)
                written.clean.loc[place, name] = pd.NA
                written.dirty[name] = written.dirty.get(name, 0) + 1


def _refuse(rng: random.Random, written: Written) -> None:
    place = rng.randrange(len(written.rows))
    written.rows[place][rng.choice(("cost", "impressions", "date"))] = rng.choice(UNREADABLE)
    written.refused.append(place)


def _repeat(rng: random.Random, written: Written) -> None:
    written.rows += [dict(row) for row in rng.sample(written.rows, rng.randint(1, min(2, len(written.rows))))]
    written.duplicates = len(written.rows) - len(written.clean)


def _total(rng: random.Random, written: Written) -> None:
    written.total = rng.choice(("end", "middle"))
    row = dict.fromkeys(written.columns, "")
    for name in MEASURES:
        if name in written.columns:
            micros = int(written.clean[name].sum())
            row[name] = number(micros, "plain", whole=name in COUNTS)
    if written.total == "end":
        row[written.columns[0]] = "Total"
        written.rows.append(row)
    else:
        row |= {"date": written.rows[0]["date"], "campaign": "Total", "platform": written.rows[0]["platform"]}
        written.rows.insert(rng.randrange(len(written.rows) + 1), row)


def micros_of(text: str) -> int:
    """An exact amount of a ledger as micros."""
    return int(Decimal(text) * 10**6)
