"""Random facts, random filters and a model in plain Python that shares nothing with the SQL."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from perfdash.domain.accounts import Days
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Filters
from perfdash.domain.metrics import Sums
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.store.query import overview
from tests.store.builders import ADMIN, given_client, given_facts, given_history, given_revisions

FIRST = date(2026, 3, 1)
START = datetime(2026, 3, 1, tzinfo=UTC)
REVISIONS = 5
BY = {"client": "client_id", "account": "account_id", "campaign": "campaign_id", "creator": "creator_id"}
GRAIN = {
    "row": ("client_id", "account_id", "campaign_id", "platform", "day"),
    "campaign": ("client_id", "account_id", "campaign_id"),
}


@dataclass(frozen=True)
class World:
    """Every version of every fact: `to_rev` None is current."""

    versions: tuple[dict[str, Any], ...]

    def at(self, revision: int | None) -> list[dict[str, Any]]:
        """The facts as they were at `revision` of every client; None is now."""
        if revision is None:
            return [v for v in self.versions if v["to_rev"] is None]
        return [v for v in self.versions if v["from_rev"] <= revision and (v["to_rev"] or 99) > revision]


def random_world(rng: random.Random) -> World:
    versions = []
    for key in sorted({random_key(rng) for _ in range(160)}):
        changes = sorted(rng.sample(range(1, REVISIONS + 1), rng.randint(1, 3)))
        ends = [*changes[1:], None if rng.random() < 0.85 else REVISIONS + 1]
        names = ("client_id", "day", "account_id", "campaign_id", "creator_id", "platform")
        for from_rev, to_rev in zip(changes, ends, strict=True):
            if to_rev is None or from_rev < to_rev <= REVISIONS:
                fact = dict(zip(names, key, strict=True)) | random_values(rng, key[0])
                versions.append(fact | {"from_rev": from_rev, "to_rev": to_rev})
    return World(tuple(versions))


def random_key(rng: random.Random) -> tuple[Any, ...]:
    return (
        rng.choice(["acme", "bolt"]),
        FIRST + timedelta(rng.randrange(6)),
        rng.choice([1, 2]),
        rng.choice(["spring", "autumn", "winter"]),
        rng.choice(["", "ann", "zoe"]),
        rng.choice(["TikTok", "Instagram"]),
    )


def random_values(rng: random.Random, client: str) -> dict[str, Any]:
    size = rng.choice([1, 1, 10**6])
    impressions = rng.choice([0, rng.randrange(5_000) * size])
    optional = {
        name: rng.choice([None, rng.randrange(1_000)])
        for name in ("reach", "views", "engagements", "conversions", "revenue")
    }
    currency = "EUR" if client == "acme" else rng.choice(["EUR", "USD"])
    # Few distinct CPMs, so that a limit often meets one exactly.
    cost = impressions * rng.choice([2, 5, 9]) if rng.random() < 0.6 else rng.randrange(10**8) * size
    cost = -cost if rng.random() < 0.15 else cost  # a credit
    return optional | {"currency": currency, "impressions": impressions, "clicks": rng.randrange(90), "cost": cost}


def random_filters(rng: random.Random) -> Filters:
    start = FIRST + timedelta(rng.randrange(6))
    return Filters(
        days=Days(start, start + timedelta(rng.randrange(6))),
        clients=rng.choice([(), (), ("acme",), ("bolt", "acme")]),
        platforms=rng.choice([(), (), ("TikTok",)]),
        currency=rng.choice([None, "EUR", "USD"]),
        max_cpm=rng.choice([None, 2_000, 5_000, 9_000, rng.randrange(20_000_000)]),
        cpm_grain=rng.choice(["row", "campaign"]),
    )


class SeveralCurrencies(Exception):
    """What the model says where a limit cannot be answered."""


def in_view(facts: list[dict[str, Any]], filters: Filters) -> list[dict[str, Any]]:
    seen = [
        f
        for f in facts
        if f["day"] in filters.days
        and (not filters.clients or f["client_id"] in filters.clients)
        and (not filters.platforms or f["platform"] in filters.platforms)
        and filters.currency in (None, f["currency"])
    ]
    if filters.max_cpm is None:
        return seen
    if len({f["currency"] for f in seen}) > 1:
        raise SeveralCurrencies
    return [f for f in seen if (cpm := cpm_around(f, seen, filters)) is not None and cpm <= filters.max_cpm]


def cpm_around(fact: dict[str, Any], seen: list[dict[str, Any]], filters: Filters) -> Fraction | None:
    names = GRAIN[filters.cpm_grain]
    same = [f for f in seen if all(f[name] == fact[name] for name in names)]
    impressions = sum(f["impressions"] for f in same)
    return Fraction(sum(f["cost"] for f in same) * 1000, impressions) if impressions else None


def model(facts: list[dict[str, Any]], filters: Filters, by: tuple[str, ...]) -> dict[tuple[Any, ...], Sums]:
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for fact in in_view(facts, filters):
        groups.setdefault((*(fact[BY.get(name, name)] for name in by), fact["currency"]), []).append(fact)
    return {key: summed(members) for key, members in groups.items()}


def summed(facts: list[dict[str, Any]]) -> Sums:
    def total(name: str, of: str | None = None) -> int | None:
        known = [f[name] for f in facts if f[name] is not None and (of is None or f[of] is not None)]
        return sum(known) if known else None

    plain = ("impressions", "clicks", "cost", "views", "engagements", "conversions", "revenue")
    return Sums(
        rows=len(facts),
        reach=facts[0]["reach"] if len(facts) == 1 else None,
        **{name: total(name) for name in plain},  # type: ignore[arg-type]
        **{f"cost_of_{of}": total("cost", of) for of in ("views", "engagements", "conversions", "revenue")},
        impressions_of_engagements=total("impressions", "engagements"),
    )


def fill(store: Store, world: World) -> None:
    for client, currency in (("acme", "EUR"), ("bolt", "USD")):
        given_client(store, client, currency=currency, accounts=2)
        given_revisions(store, client, *(START + timedelta(days=n) for n in range(1, REVISIONS + 1)))
    current = [{k: x for k, x in v.items() if k != "to_rev"} for v in world.versions if v["to_rev"] is None]
    given_facts(store, *current)
    given_history(store, *(v for v in world.versions if v["to_rev"] is not None))


def questions(rng: random.Random, count: int) -> Iterator[tuple[Filters, tuple[str, ...], int | None]]:
    names = ["client", "account", "campaign", "creator", "platform", "day"]
    for _ in range(count):
        by = tuple(rng.sample(names, rng.randint(0, 6)))
        yield random_filters(rng), by, rng.choice([None, None, *range(REVISIONS + 1)])


def test_every_answer_equals_that_of_a_model_in_plain_python(store: Store, full: bool) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    world = random_world(rng)
    fill(store, world)
    partly = refused = 0
    for filters, by, revision in questions(rng, 2_000 if full else 70):
        as_of = None if revision is None else START + timedelta(days=revision)
        facts = world.at(revision)
        try:
            expected = model(facts, filters, by)
        except SeveralCurrencies:
            refused += 1
            with pytest.raises(UsageError, match="one currency"):
                overview.breakdown(store, Question(ADMIN, filters, as_of), by)  # type: ignore[arg-type]
            continue
        found = overview.breakdown(store, Question(ADMIN, filters, as_of), by)  # type: ignore[arg-type]
        answer = {(*(getattr(g, name) for name in by), g.currency): g.sums for g in found}
        assert answer == expected, (seed, filters, by, revision)
        assert len(found) == len(answer)
        assert list(answer) == sorted(answer)
        partly += filters.max_cpm is not None and 0 < len(in_view(facts, filters)) < len(facts)
    print(f"{partly} questions kept some facts under a limit, {refused} met several currencies")
    assert partly > 2
    assert refused > 0
