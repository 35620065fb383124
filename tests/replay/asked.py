"""Questions about the past, put to perfdash and to the rebuilding. The same must come back."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from perfdash import exports
from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import AsOf, AtRevisions
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Filters, Grain
from perfdash.domain.groups import Dimension
from perfdash.domain.question import VIEWS, Question, View
from perfdash.store.query import campaigns as campaign_query
from perfdash.store.query import overview
from tests.agreement import checker
from tests.agreement.checker import Fact, Known
from tests.replay.rebuilt import TICK, Corrected, Moment, narrowed, sums, without_money
from tests.replay.scene import Scene

DIMENSIONS: tuple[Dimension, ...] = ("client", "account", "campaign", "creator", "platform", "day")
NOT_SAID = ("source", "fetched_at", "final_to", "corrected", "finality", "missing_rows")
"""Columns of the answer that the checker does not tell; origins and sums are compared apart."""
Groups = dict[tuple[Any, ...], dict[str, int | None]]


@dataclass(frozen=True)
class Asked:
    """One question at one moment, by somebody; `kind` says what is special about the moment."""

    kind: str
    as_of: Moment
    filters: Filters
    by: tuple[Dimension, ...] = ()
    view: View = "overview"
    who: Principal = OPERATOR

    @property
    def when(self) -> AsOf | None:
        """The moment as perfdash takes it."""
        if isinstance(self.as_of, Mapping):
            return AtRevisions(tuple(sorted(self.as_of.items())))
        return self.as_of

    @property
    def whole(self) -> Question:
        """The question as perfdash takes it."""
        return Question(self.who, self.filters, self.when)

    @property
    def question(self) -> checker.Question:
        """The question as the checker takes it."""
        f = self.filters
        limit = None if f.max_cpm is None else Fraction(f.max_cpm, 10**6)
        return checker.Question(
            str(f.days.start), str(f.days.end), f.clients, f.platforms, f.currency, limit, f.cpm_grain
        )


def known_to(scene: Scene, asked: Asked, as_of: Moment) -> tuple[Known, Corrected]:
    """What the rebuilding says was known, as far as the one who asks may see it."""
    known, corrected = scene.memory.known(as_of, scene.zones, raw=asked.filters.raw)
    if not asked.who.sees_all:
        known = narrowed(known, asked.who.clients)
    if not asked.who.money:
        corrected = {named: of for named, of in corrected.items() if of & {"impressions", "clicks"}}
    return known, corrected


def rebuilt_groups(scene: Scene, asked: Asked, as_of: Moment) -> Groups:
    """The sums by the asked dimensions and currency."""
    known, corrected = known_to(scene, asked, as_of)
    return _grouped(scene, asked, checker.kept(known, asked.question), corrected, asked.by)


def _grouped(scene: Scene, asked: Asked, facts: list[Fact], corrected: Corrected, by: tuple[str, ...]) -> Groups:
    groups: dict[tuple[Any, ...], list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[(*(_part(scene, fact, name) for name in by), fact.currency)].append(fact)
    found = {key: sums(some, corrected) for key, some in groups.items()}
    return found if asked.who.money else {key: without_money(some) for key, some in found.items()}


def _part(scene: Scene, fact: Fact, name: str) -> Any:
    value = getattr(fact, name)
    if name == "account":
        return scene.memory.owners[value].number
    return date.fromisoformat(value) if name == "day" else value


def agree(scene: Scene, asked: Asked) -> None:
    """Sums, campaigns, the exported table and where it comes from are those of the rebuilding."""
    known, corrected = known_to(scene, asked, asked.as_of)
    currencies = {fact.currency for fact in checker.in_view(known, asked.question)}
    if asked.filters.max_cpm is not None and asked.filters.currency is None and len(currencies) > 1:
        with pytest.raises(UsageError, match="one currency"):
            overview.breakdown(scene.store, asked.whole, asked.by)
        return
    groups = overview.breakdown(scene.store, asked.whole, asked.by)
    told = {(*(getattr(g, name) for name in asked.by), g.currency): asdict(g.sums) for g in groups}
    assert len(told) == len(groups)
    assert told == rebuilt_groups(scene, asked, asked.as_of), asked
    _same_campaigns(scene, asked, known, corrected)
    if asked.who.money:
        _same_answer(scene, asked, known)
    _same_origins(scene, asked)


def _same_campaigns(scene: Scene, asked: Asked, known: Known, corrected: Corrected) -> None:
    facts = checker.kept(known, asked.question)
    rows = campaign_query.campaign_rows(scene.store, asked.whole)
    groups = _grouped(scene, asked, facts, corrected, ("client", "account", "campaign"))
    assert {(r.client, r.account, r.campaign, r.currency): asdict(r.sums) for r in rows} == groups, asked
    for row in rows:
        label = scene.of(row.client, row.account).label
        key = (row.client, label, row.campaign)
        said = known.campaigns[key]
        assert (row.name, row.status) == (said.get("campaignName", row.campaign), said.get("status")), asked
        flight = tuple(day and str(day) for day in (row.flight_start, row.flight_end))
        assert flight == (said.get("startDate"), said.get("endDate")), asked
        mine = [fact for fact in known.facts if (fact.client, fact.account, fact.campaign) == key]
        in_view = {f.platform for f in facts if (f.client, f.account, f.campaign) == key}
        assert set(row.platforms) == in_view, asked
        if asked.who.money:
            assert row.budget == checker.budget_of(known, mine[0]), asked
            on_flight = [f for f in mine if (flight[0] or "") <= f.day <= (flight[1] or "9")]
            assert row.flight_cost == sum(f.measures["cost"] or 0 for f in on_flight), asked
        else:
            assert row.budget is row.flight_cost is None, asked


def _same_answer(scene: Scene, asked: Asked, known: Known) -> None:
    found = exports.answer(scene.store, asked.whole, asked.view, scene.clock())
    said: dict[str, Any] = exports.as_document(found)
    rows = [{name: cell for name, cell in row.items() if name not in NOT_SAID} for row in said["rows"]]
    assert sorted(rows, key=_key) == sorted(checker.table(known, asked.question, asked.view), key=_key), asked
    assert said["totals"] == checker.totals(known, asked.question), asked
    assert said["left_out"] == checker.left_out(known, asked.question), asked


def _key(row: Mapping[str, Any]) -> list[str]:
    names = ("day", "client", "account", "campaign", "creator", "platform", "currency")
    return [str(row.get(name, "")) for name in names]


def _same_origins(scene: Scene, asked: Asked) -> None:
    """When the days in view were last fetched, and how final each of them was."""
    found = exports.origins(scene.store, asked.whole, scene.clock())
    for (client, number), origin in found.items():
        owner = scene.of(client, number)
        as_of = None if isinstance(asked.as_of, Mapping) else asked.as_of
        before = min(scene.memory.before(as_of, client, owner.zone), scene.clock() + TICK)
        fetched = [
            run.ended
            for run, judged in scene.memory.runs
            if judged.visible
            and run.owner == owner
            and run.over < before
            and run.first <= str(asked.filters.days.end)
            and run.last >= str(asked.filters.days.start)
        ]
        assert origin.fetched_at == max(fetched, default=None), asked
        told = {str(day): state for days, state in origin.finality for day in days.each()}
        days = [str(day) for day in asked.filters.days.each()]
        assert told == {day: scene.memory.finality(owner, day, before - TICK) for day in days}, asked


def whole_agrees(scene: Scene, as_of: Moment) -> None:
    """Every single row as it counted then."""
    days = [date.fromisoformat(named[2]) for named in scene.memory.facts]
    filters = Filters(Days(min(days), max(days)), tuple(sorted(scene.zones)))
    asked = Asked("whole", as_of, filters, DIMENSIONS)
    groups = overview.breakdown(scene.store, Question(OPERATOR, filters, asked.when), DIMENSIONS)
    told = {(*(getattr(g, name) for name in DIMENSIONS), g.currency): asdict(g.sums) for g in groups}
    assert told == rebuilt_groups(scene, asked, as_of), as_of


# --- random questions


def moments(scene: Scene, rng: random.Random) -> dict[str, Moment]:
    """One of each kind of moment that is special, and some that are not."""
    commits = [at for some in scene.memory.moments.values() for at in some]
    first, last = min(commits), max(commits)
    found: dict[str, Moment] = {
        "any": first + (last - first) * rng.random(),
        "a day": (first + (last - first) * rng.random()).date(),
        "at a commit": rng.choice(commits),
        "just before a commit": rng.choice(commits) - TICK,
        "before the first run": first - timedelta(seconds=rng.choice((1, 10**5))),
        "revisions": {
            client: rng.randint(0, len(some)) for client, some in scene.memory.moments.items() if rng.random() < 0.9
        },
        "now": None,
    }
    if scene.failed:
        begun, over = rng.choice(scene.failed)
        found["during a failed run"] = begun + (over - begun) / 2
    ended = [one for one in scene.memory.set if one.until is not None]
    if ended:
        one = rng.choice(ended)
        assert one.until is not None
        found["between a correction and its end"] = one.since + (one.until - one.since) * rng.random()
    return found


def random_filters(
    scene: Scene, rng: random.Random, as_of: Moment, first: date, last: date, who: Principal = OPERATOR
) -> Filters:
    """Any days, clients, platforms and currency; half of them limited by a CPM that one of the judged has exactly."""
    start = first + timedelta(days=rng.choice((0, 0, rng.randrange((last - first).days + 1))))
    end = min(last, start + timedelta(days=rng.choice((0, 3, 10, 30, 60))))
    clients = tuple(sorted(rng.sample(sorted(scene.zones), rng.choice((0, 0, 1)))))
    currencies = sorted({owner.currency for owner in scene.memory.owners.values()})
    platforms = rng.choice(((), (), ("TikTok",), ("Instagram",)))
    filters = Filters(Days(start, end), clients, platforms, rng.choice((None, *currencies)), raw=rng.random() < 0.2)
    if not who.money or rng.random() < 0.5:
        return filters
    grain: Grain = rng.choice(("row", "campaign"))
    asked = Asked("", as_of, filters, who=who)
    facts = checker.in_view(known_to(scene, asked, as_of)[0], asked.question)
    cpms = sorted({cpm for some in checker.judged(facts, grain).values() if (cpm := checker.cpm_of(some)) is not None})
    middle = rng.choice(cpms) if cpms else Fraction(1)
    limit = -(-middle.numerator * 10**6 // middle.denominator) + rng.choice((0, 0, -1))
    return Filters(filters.days, clients, platforms, filters.currency, min(max(limit, 0), 10**12), grain, filters.raw)


def random_asked(scene: Scene, rng: random.Random, kind: str, first: date, last: date) -> Asked:
    """A question at a moment of this kind; where there is none of it, at any."""
    found = moments(scene, rng)
    kind = kind if kind in found else "any"
    who = rng.choice(
        (OPERATOR,) * 6
        + (
            Principal("reader", "client", frozenset(rng.sample(sorted(scene.zones), 1))),
            Principal("counts", "client", frozenset(scene.zones), money=False),
        )
    )
    filters = random_filters(scene, rng, found[kind], first, last, who)
    if any(not who.may_see(client) for client in filters.clients):
        who = OPERATOR
    by = tuple(rng.sample(DIMENSIONS, rng.randrange(len(DIMENSIONS) + 1)))
    return Asked(kind, found[kind], filters, by, rng.choice(VIEWS), who)


KINDS = (
    "any",
    "a day",
    "at a commit",
    "just before a commit",
    "before the first run",
    "revisions",
    "now",
    "during a failed run",
    "between a correction and its end",
    "any",
    "a day",
    "at a commit",
)
