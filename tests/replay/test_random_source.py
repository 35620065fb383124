"""A source that says anything, in any order, and people who correct it: the past is still what was known then."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from perfdash.domain.accounts import Account, Client, Days
from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import Fetched
from perfdash.ingest import json_reader, merge_pages, rows
from perfdash.store.engine import Store
from tests.agreement.checker import Exchange
from tests.conftest import FULL
from tests.ingest.mapping_kit import mapping_of_preset
from tests.replay import asked as asking
from tests.replay import listed as listing
from tests.replay.compared import same_changes
from tests.replay.scene import Ask, Scene, opened, random_wanted, values_of
from tests.store.builders import opened as opened_store

pytestmark = pytest.mark.any_dialect

FIRST = date(2026, 3, 27)
"""Two days before the clocks of Berlin go forward."""
START = datetime(2026, 3, 27, 9, tzinfo=UTC)
MAPPING = mapping_of_preset("performance_v1")
CAMPAIGNS = {"solo": ("",), "duo": ("ann", "zoe")}
BAD = ({"impressions": -1}, {"date": "2026-02-30"}, {"date": None}, {"cost": "about twelve"}, {"currency": "XAU"})
OPTIONAL: dict[str, tuple[Any, ...]] = {
    "revenue": (-1, 30.25),
    "conversions": (0.5, 2),
    "reach": (700,),
    "views": (0, 800),
    "engagements": (12,),
    "cpm": (2.5, 833.33),
    "roi": (1, -0.5),
    "campaignName": ("Spring", "Spring *new*"),
    "budget": (500, 750.5),
}
HOURS = (1, 5, 11, 24, 30, 80)
numbers = itertools.count(1)


@dataclass(frozen=True)
class Step:
    """A run of an account about some days, `hours` after what came before, or what a person does."""

    kind: str
    hours: int
    account: int = 0
    start: int = 0
    length: int = 1
    rows: tuple[dict[str, Any], ...] = ()
    accept: bool = False
    seed: int = 0


def said(rng: random.Random, start: int, length: int) -> tuple[dict[str, Any], ...]:
    """An answer: some of a few rows with a few values, so that the same is often said again, or said otherwise."""
    keys = list(itertools.product(range(start, start + length), sorted(CAMPAIGNS), ("TikTok", "instagram")))
    found = [
        row(rng, FIRST + timedelta(days=day), campaign, creator, platform)
        for day, campaign, platform in keys
        for creator in CAMPAIGNS[campaign]
        if rng.random() < 0.6
    ]
    if found and rng.random() < 0.06:
        found.append(rng.choice(found) | rng.choice(({}, {"clicks": 8})))
    if rng.random() < 0.03:
        found.append(row(rng, FIRST + timedelta(days=start), "duo", "", "TikTok"))
    rng.shuffle(found)
    return tuple(found)


def row(rng: random.Random, day: date, campaign: str, creator: str, platform: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "campaignId": campaign,
        "platform": platform,
        "date": str(day),
        "impressions": rng.choice((0, 1000, 3000)),
        "clicks": rng.choice((0, 7)),
        "cost": rng.choice((0, 2.5, "1,000.000001")),
    }
    for name in rng.sample(sorted(OPTIONAL), rng.choice((0, 0, 1, 3))):
        told[name] = rng.choice(OPTIONAL[name])
    if creator:
        told |= {"creatorId": creator, "creatorName": rng.choice((f"@{creator}", f"@{creator}.new"))}
    return told | (rng.choice(BAD) if rng.random() < 0.06 else {})


@st.composite
def steps(draw: Callable[..., Any]) -> Step:
    """What happens next; the numbers in an answer follow from a seed, so that they are not all nothing."""
    kind = draw(st.sampled_from(("run",) * 8 + ("correct",) * 4 + ("fails", "half", "revert")))
    hours, account, seed = draw(st.sampled_from(HOURS)), draw(st.integers(0, 2)), draw(st.integers(0, 10**6))
    if kind in ("correct", "revert"):
        return Step(kind, hours, account, seed=seed)
    start, length = draw(st.integers(0, 2)), draw(st.integers(1, 3))
    rows = said(random.Random(seed), start, length)
    return Step(kind, hours, account, start, length, rows, draw(st.booleans()), seed)


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    with opened_store(migrated_url) as found:
        yield found


def new_scene(store: Store) -> Scene:
    """Two clients that the store does not know yet: one store serves all examples."""
    number = next(numbers)
    one, two = f"one-{number}", f"two-{number}"
    clients = [Client(one, "One", "EUR", "Europe/Berlin"), Client(two, "Two", "USD", "America/Los_Angeles")]
    account = Account(one, "agency", f"{one}-a", "EUR", "Europe/Berlin", settlement_days=1)
    accounts = [
        account,
        replace(account, external_id=f"{one}-b", settlement_days=None, refuse_at_most=1_000_000),
        Account(two, "agency", two, "USD", "America/Los_Angeles", settlement_days=3, refuse_at_most=250_000),
    ]
    return opened(store, START, clients, accounts, [])


def telling(scene: Scene, step: Step) -> Ask:
    """A source that says the rows of `step`, on two pages; or half of that, and then nothing."""

    def ask(account: Account, days: Days, clock: Callable[[], datetime]) -> Fetched:
        began = clock()
        middle = len(step.rows) if step.seed % 2 else (len(step.rows) + 1) // 2
        batches = []
        for page, some in enumerate((step.rows[:middle], step.rows[middle:]), 1):
            info = {"page": page, "page_size": max(middle, 1), "total_number": len(step.rows), "total_page": 2}
            body = json.dumps({"data": some, "page_info": info}).encode()
            bad = step.kind == "fails" or (step.kind == "half" and page == 2)
            scene.exchanges.append(Exchange(f"?page={page}", 500 if bad else 200, b"busy" if bad else body))
            if bad:
                clock()
                raise BadAnswer("The source answered with 500.")
            batches.append(rows.read_rows(json_reader.loads(body)["data"], MAPPING, account, days))
        together = merge_pages.merge(batches)
        return Fetched(together, began, clock())

    return ask


def play(scene: Scene, story: list[Step]) -> Counter[str]:
    happened = Counter[str]()
    for step in story:
        scene.clock.move(hours=step.hours)
        rng, client = random.Random(step.seed), scene.clients[step.account % 2].slug
        if step.kind == "correct":
            if wanted := random_wanted(scene, rng, client):
                scene.correct(wanted)
                happened["corrected"] += 1
        elif step.kind == "revert":
            if active := scene.active(client):
                scene.revert(client, rng.sample(active, 1))
                happened["reverted"] += 1
        else:
            start = FIRST + timedelta(days=step.start)
            days = Days(start, start + timedelta(days=step.length - 1))
            result, judged = scene.sync(telling(scene, step), scene.accounts[step.account], days, accept=step.accept)
            assert values_of(result, judged) == (judged.state, judged.counts), result.message
            happened[judged.state] += 1
            happened.update({name: count for name, count in judged.counts.items() if count})
    return happened


@pytest.mark.timeout(900)
def test_whatever_a_source_says_the_past_is_what_was_known_then(store: Store) -> None:
    met, differs, questions, last = Counter[str](), 0, 0, FIRST + timedelta(days=4)

    @settings(
        max_examples=90 if FULL else 4,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[phase for phase in Phase if phase is not Phase.explain],
    )
    @given(st.lists(steps(), min_size=12, max_size=30), st.integers(0, 10**9))
    def check(story: list[Step], seed: int) -> None:
        nonlocal differs, questions
        scene, rng = new_scene(store), random.Random(seed)
        met.update(play(scene, story))
        if not any(scene.memory.moments.values()):
            return
        for kind in rng.sample(asking.KINDS, 4):
            asked = narrowed(scene, asking.random_asked(scene, rng, kind, FIRST, last))
            asking.agree(scene, asked)
            questions += 1
            differs += asking.rebuilt_groups(scene, asked, asked.as_of) != asking.rebuilt_groups(scene, asked, None)
        commits = [at for some in scene.memory.moments.values() for at in some]
        for as_of in (None, *rng.sample(commits, min(8, len(commits)))):
            asking.whole_agrees(scene, as_of)
        view = listing.View(str(FIRST), str(last), clients=tuple(sorted(scene.zones)))
        since, until = rng.sample(list(asking.moments(scene, rng).values()), 2)
        same_changes(scene, view, since, until, while_open=rng.random() < 0.5)
        same_changes(scene, view, {}, None, while_open=True)

    check()
    print(f"\n{questions} questions, {differs} differ from now's; {dict(met)}")
    assert not FULL or (questions >= 300 and differs >= 100)


def narrowed(scene: Scene, asked: asking.Asked) -> asking.Asked:
    """The question about the clients of this example: the store knows those of all others too."""
    if asked.filters.clients or not asked.who.sees_all:
        return asked
    return replace(asked, filters=replace(asked.filters, clients=tuple(sorted(scene.zones))))
