"""One client whose every word and number occurs nowhere else, beside one that is like any other; and who may see what.

The words hold MARK, and those that nobody would type into a URL hold SECRET too. The numbers are large and odd, so that
also what is summed, divided, shortened or rounded from them can be told from all else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

from sqlalchemy import insert, update

from perfdash import exports
from perfdash.domain import restatements
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Client, Days
from perfdash.domain.corrections import Target, WantedValue
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.question import VIEWS, Question
from perfdash.presentation import formatting
from perfdash.presentation.tables import Table
from perfdash.store import receipts
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.query import catalog
from perfdash.store.receipts import Exported
from perfdash.store.restatements import read as restatement_read
from perfdash.store.schema import clients, quarantine, revisions
from tests.store.builders import ADMIN, Runs, given_campaign, given_creator, given_facts, given_history
from tests.ui.conftest import given_user

MARK, SECRET = "zyx7", "qvx9"
OWNER, OTHER = f"{MARK}canary", "bolt"
SPRING, AUTUMN = f"{MARK}-spring", f"{MARK}-autumn"
ANN, BEN = f"{MARK}-ann", f"{MARK}-ben"
TV, RADIO = f"{MARK} tv {SECRET}", f"{MARK} radio {SECRET}"
RECEIPT, SHARED = f"{MARK}receipt", "sharedreceipt"
MONEY = "7310613.27"
"""The dearest of the owner's facts, as an amount."""
OF_OWNER = Principal("o", "analyst", frozenset({OWNER}))
OF_OTHER = Principal("o", "analyst", frozenset({OTHER}))
USERS = {
    f"{MARK}-client": ("client", OWNER, True),
    f"{MARK}-desk": ("client", OWNER, False),
    f"{MARK}-analyst": ("analyst", OWNER, True),
    f"{MARK}-blind": ("analyst", OWNER, False),
    "other-client": ("client", OTHER, True),
    "other-analyst": ("analyst", OTHER, True),
    "boss": ("admin", "", True),
}


def ago(days: int) -> date:
    """The day that many days before today (UTC, as both clients' accounts are)."""
    return datetime.now(UTC).date() - timedelta(days=days)


def given_world(store: Store) -> None:
    """Both clients, everything they can have, and their users."""
    now = datetime.now(UTC).replace(microsecond=0)
    found = [Client(OWNER, f"{MARK} {SECRET} Ltd", "EUR", "UTC"), Client(OTHER, "Bolt", "EUR", "UTC")]
    bound = [
        Account(OWNER, "agency", f"{MARK}-{SECRET}-1", "EUR", "UTC", 3, 60),
        Account(OTHER, "agency", "bolt-1", "EUR", "UTC", 3, 60),
    ]
    catalog.register(store, found, bound, now - timedelta(days=70))
    _revisions(store, OWNER, now)
    _revisions(store, OTHER, now)
    _owner(store, now)
    given_facts(
        store, *({"client_id": OTHER, "campaign_id": "spring", "day": ago(n), "reported_cpm": "5"} for n in range(1, 9))
    )
    given_campaign(store, "spring", client=OTHER, name="Bolt spring", budget=90_000_000)
    Runs(store, OTHER).add(ago(70), ago(-1), at=now - timedelta(hours=1))
    _exports(store, now)
    for name, (role, client, money) in USERS.items():
        given_user(store, name, role, *([client] if client else []), money=money)  # type: ignore[arg-type]


def _revisions(store: Store, client: str, now: datetime) -> None:
    rows = [
        {"client_id": client, "revision": n, "kind": "run", "author": f"{client[:4]}-author", "at": at}
        for n, at in enumerate((now - timedelta(days=69), now - timedelta(hours=2)), 1)
    ]
    with store.writing() as connection:
        connection.execute(insert(revisions), rows)
        connection.execute(update(clients).where(clients.c.client_id == client).values(revision=2))


def _owner(store: Store, now: datetime) -> None:
    base = {"client_id": OWNER, "creator_id": ANN, "platform": TV, "campaign_id": SPRING}
    facts = [base | _numbers(n) | {"day": ago(n)} for n in range(1, 8)]
    facts += [base | _numbers(n) | {"day": ago(n - 10), "creator_id": BEN, "platform": RADIO} for n in range(11, 15)]
    facts += [base | _numbers(20) | {"day": ago(2), "campaign_id": AUTUMN}]
    facts += [base | _numbers(21) | {"day": ago(3), "campaign_id": AUTUMN, "impressions": 0}]
    given_facts(store, *facts, revision=2)
    before = base | _numbers(30) | {"day": ago(6), "from_rev": 1, "to_rev": 2}
    given_history(store, before, before | {"day": ago(5), "cost": 6_171_819_230_000})
    attributes: dict[str, Any] = {"flight_start": ago(9), "flight_end": ago(-9), "status": f"{MARK} live"}
    given_campaign(store, SPRING, client=OWNER, name=f"{MARK} {SECRET} Spring", budget=98_765_432_190_000, **attributes)
    given_campaign(store, AUTUMN, client=OWNER, name=f"{MARK} {SECRET} Autumn", budget=87_654_321_090_000)
    given_creator(store, ANN, f"{MARK} {SECRET} Ann", client=OWNER)
    given_creator(store, BEN, f"{MARK} {SECRET} Ben", client=OWNER)
    _runs(store, now)
    _corrections(store, now)


def _numbers(n: int) -> dict[str, Any]:
    """Measures of the n-th fact: each its own, none of them round."""
    return {
        "cost": 7_310_613_270_000 + 104_729_310_000 * n,
        "impressions": 91_733_177 + 1_299_709 * n,
        "clicks": 773_317 + 15_485 * n,
        "reach": 31_337_531 + 7_919 * n,
        "views": 55_511_155 + 17_389 * n,
        "engagements": 6_612_166 + 48_611 * n,
        "conversions": 391_193_000_000 + 611_953_000_000 * n,
        "revenue": 19_876_543_210_000 + 224_737_130_000 * n,
        "reported_cpm": f"{81.7391 + n:.4f}",
        "reported_roi": f"{2.71683 + n:.5f}",
    }


def _runs(store: Store, now: datetime) -> None:
    runs = Runs(store, OWNER)
    said = f"{MARK} {SECRET} the source said no"
    for days in (5, 4, 2):
        runs.add(ago(70), ago(days), at=now - timedelta(days=days - 1), author=f"{MARK}-author", log=f"GET /{MARK}")
    run = runs.add(ago(70), ago(-1), at=now - timedelta(hours=2), log=f"GET /{MARK}?{SECRET}", author=f"{MARK}-author")
    runs.add(ago(3), ago(0), at=now - timedelta(minutes=9), state="failed", message=said, author=f"{MARK}-author")
    row = {
        "client_id": OWNER,
        "run_id": run,
        "ordinal": 0,
        "account_id": 1,
        "reason": f"{MARK} {SECRET} is negative",
        "row_key": f"{ago(2)} {SPRING}",
        "payload": f'{{"cost": {MONEY}, "campaignId": "{MARK}{SECRET}"}}',
    }
    with store.writing() as connection:
        connection.execute(insert(quarantine).values(**row))


def _corrections(store: Store, now: datetime) -> None:
    analyst = Principal(f"{MARK}-author", "analyst", frozenset({OWNER}))
    wanted = {"cost": 5_432_198_760_000, "impressions": 88_877_613, "cpm": 77_123_457}
    for n, (name, value) in enumerate(wanted.items(), 1):
        row = Target(OWNER, 1, FactKey(ago(n), SPRING, TV, ANN))
        made = correction_write.correct(
            store,
            analyst,
            [WantedValue(row, name, value)],
            f"{MARK} {SECRET} because {name}",
            lambda: now,  # type: ignore[arg-type]
        )
    correction_write.revert(store, analyst, OWNER, list(made.numbers), f"{MARK} {SECRET} undone", lambda: now)


def _exports(store: Store, now: datetime) -> None:
    days = Days(ago(30), ago(1))
    span = {"from": str(days.start), "to": str(days.end)}
    asked = json.dumps({"clients": [OWNER, OTHER], "platforms": [], "max_cpm": "98712.34"} | span)
    totals = (("cost (EUR)", MONEY), ("impressions", "91733177"))
    sums = f"{MARK}{'1' * 60}"
    parts = [Exported(OWNER, 7, totals, 2), Exported(OTHER, 1, (("cost (EUR)", "40.000000"),), 2)]
    receipts.write(
        store, ADMIN, view="overview", filters=asked, parts=parts[:1], sha256=sums, now=now, new_id=lambda: RECEIPT
    )
    receipts.write(
        store, ADMIN, view="overview", filters=asked, parts=parts, sha256="2" * 64, now=now, new_id=lambda: SHARED
    )
    receipts.write(
        store, ADMIN, view="restatements", filters=asked, parts=parts[:1], sha256=f"{MARK}{'3' * 60}", now=now
    )


# --- what to look for


@dataclass
class Needles:
    """Numbers, and every text in which a page, an export or a tooltip could show one of them."""

    numbers: set[float] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)

    def __sub__(self, other: Needles) -> Needles:
        return Needles(self.numbers - other.numbers, self.texts - other.texts)

    def in_text(self, text: str) -> set[str]:
        """Those that stand in a text as whole numbers: what is a part of a longer number is another number."""
        found = set(_NUMBER.findall(text))
        return {needle for needle in self.texts if needle in found}

    def in_numbers(self, values: Iterable[float]) -> set[float]:
        """Those among values that came as numbers, to nine digits."""
        rounded = {_rounded(number) for number in self.numbers}
        return {value for value in values if _rounded(value) in rounded}


_NUMBER = re.compile(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[kMB%×](?!\w))?")


def _rounded(value: float) -> str:
    return f"{value:.9g}"


def told(value: Any) -> Iterator[str]:
    """A number in all the ways in which it could be written; nothing for one too short to know it by."""
    number = Decimal(value)
    fraction = Fraction(number)
    shown = [
        f"{number:f}",
        str(number.normalize()),
        f"{float(number)}",
        f"{number:.2f}",
        f"{number:,.0f}",
        f"{number:,.4f}",
        *(
            formatting.figure(fraction, unit, "EUR", place)
            for unit in get_args(formatting.Unit)
            for place in get_args(formatting.Place)
        ),
        str(int(number * 1_000_000)),
        str(round(float(number), 2)),
    ]
    for text in shown:
        for part in _NUMBER.findall(text.replace("\u00a0", " ").replace("\u202f", " ")):
            digits = re.sub(r"\D", "", part).lstrip("0")
            if len(digits) >= _enough(part):
                yield part


def _enough(part: str) -> int:
    """How many digits tell a number: more without a mark in it, as ports, clocks and random names hold such too."""
    if part[-1] in "kMB×":
        return 3
    return 4 if re.search(r"\d[.,]\d", part) else 6


def needles(values: Iterable[Any]) -> Needles:
    """Of these numbers."""
    found = Needles()
    for value in values:
        if value is None or isinstance(value, bool) or not Decimal(value):
            continue
        if len(Decimal(value).normalize().as_tuple().digits) >= 4:  # 1 and 0.5 are everybody's
            found.numbers |= {float(value), float(value) * 100, float(value) * 1_000_000}
            found.texts |= set(told(value))
    return found


def numbers_of(store: Store, principal: Principal, *, money_only: bool = False) -> list[Any]:
    """Every number that `principal` can be told of the world, in every export; with `money_only` those of money."""
    found: list[Any] = []
    for days in (Days(ago(30), ago(1)), Days(ago(7), ago(1))):
        for raw in (False, True):
            for view in VIEWS:
                answer = exports.answer(store, Question(principal, Filters(days, raw=raw)), view, datetime.now(UTC))
                found += _cells(answer.table, money_only=money_only)
                # The document's totals are of the same columns, but over all rows.
                found += _totals(answer, money_only=money_only)
    everything = Filters(Days(ago(70), ago(0)))
    for event in restatement_read.events(store, Question(principal, everything), ago(69), while_open=True):
        for change in event.changes:
            if not money_only or change.field in ("cost", "revenue", "reported_cpm", "reported_roi"):
                found += [_units(change.field, side) for side in (change.then, change.now)]
    return found


def _units(name: str, value: Any) -> Any:
    exact = restatements.exact_value(name, value)
    return exact if isinstance(exact, int | Decimal) else None


def _cells(table: Table, *, money_only: bool) -> list[Any]:
    kept = [n for n, column in enumerate(table.columns) if column.needs_money or not money_only]
    return [row[n] for row in table.rows for n in kept if isinstance(row[n], int | Decimal)]


def _totals(answer: exports.Export, *, money_only: bool) -> list[Any]:
    document: Any = exports.as_document(answer)
    names = {column.name for column in answer.table.columns if column.needs_money or not money_only}
    values = [value for total in document["totals"] for name, value in total.items() if name in names]
    return [Decimal(str(value)) for value in values if value is not None and re.fullmatch(r"-?[\d.]+", str(value))]
