"""kill -9 at random moments of a sync: whatever the moment, the store opens, holds whole runs only, and catches up.

A second store gets the same answers and is never disturbed; after each catching up both hold the same numbers.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from perfdash.domain.accounts import Days
from tests.crash.kit import Contents, Ended, Project, answers_as_of, contents, let_the_server_notice, opened, problems
from tests.crash.restating_api import FIRST_DAY, RestatingApi

pytestmark = pytest.mark.timeout(1800)


@dataclass
class Siege:
    """One store under attack and its undisturbed twin."""

    project: Project
    attacked: str
    twin: str
    rng: random.Random
    before: Contents
    after: Contents
    calm: Ended
    kills: int = 0
    inside: int = 0
    caught_up: int = 0
    moments: list[str] = field(default_factory=list)

    def kill_inside(self) -> None:
        """Somewhere between a run's word that it applies and, in a calm sync, the end of that."""
        pending = [n for n, done in enumerate(self.done()) if not done]
        which = self.rng.choice(pending)
        seconds = self.rng.uniform(0, self.calm.applying()[which])
        ended = self.project.sync_killed_applying(self.attacked, which, seconds)
        state = self._state_after(ended)
        if ended.inside and state == "running":
            self.inside += 1
            self.moments.append(f"run {which} applying +{seconds:.3f} s")
        else:
            self.moments.append(f"run {which} applying +{seconds:.3f} s (missed: {state})")

    def kill_anywhere(self) -> None:
        """Anywhere from the first request to the end; now and then while the process still starts."""
        seconds = self.rng.uniform(0, self.calm.whole() * 1.02)
        if self.rng.random() < 0.2:
            seconds = -self.rng.uniform(0.05, 1.2)
        state = self._state_after(self.project.sync_killed_at(self.attacked, seconds))
        self.moments.append(f"{'start' if seconds < 0 else 'fetching'} +{abs(seconds):.3f} s ({state})")

    def done(self) -> list[bool]:
        """Per account, in the order in which they are synced: does the store hold this round's answer?"""
        store = opened(self.attacked)
        try:
            held = contents(store).accounts
        finally:
            store.close()
        return [held.get(key) == wanted for key, wanted in sorted(self.after.accounts.items())]

    def _state_after(self, ended: Ended) -> str:
        """What the killed sync left, after checking that it is made of whole runs. The last run's state."""
        if ended.code != 0:
            assert ended.code == -9, ended
            self.kills += 1
        let_the_server_notice(self.attacked)
        store = opened(self.attacked)
        try:
            assert problems(store) == []
            held = contents(store)
        finally:
            store.close()
        self._require_whole_runs(held)
        return str(held.runs[-1][3]) if held.runs else "no run"

    def _require_whole_runs(self, held: Contents) -> None:
        for key, found in held.accounts.items():
            empty = {name: [] for name in found}
            assert found in (self.before.accounts.get(key, empty), self.after.accounts[key]), f"{key} is half written"
        assert held.revisions == [row for row in self.after.revisions if row[1] <= held.last.get(row[0], 0)]
        committed = sorted((row[0], row[4]) for row in held.runs if row[3] == "committed" and row[4] is not None)
        assert committed == sorted((row[0], row[1]) for row in held.revisions)
        unfinished = [row[:2] for row in held.runs if row[3] == "running"]
        assert len(unfinished) == len(set(unfinished)) == held.leases, "one unfinished run an account, with its lease"

    def catch_up(self) -> None:
        """The next sync, undisturbed: then both stores hold the same."""
        ended = self.project.sync(self.attacked)
        assert ended.code == 0, ended.lines
        store = opened(self.attacked)
        try:
            held = contents(store)
        finally:
            store.close()
        assert held.accounts == self.after.accounts
        assert held.revisions == self.after.revisions
        assert held.leases == 0
        assert {row[3] for row in held.runs} <= {"committed", "aborted"}
        self.caught_up += 1

    def next_round(self) -> None:
        """The source tells its next story, to the twin first."""
        self.project.api.round += 1
        self.before, (self.calm, self.after) = self.after, calmly(self.project, self.twin)


def calmly(project: Project, url: str) -> tuple[Ended, Contents]:
    """A sync that nobody disturbs and what the store holds after it."""
    ended = project.sync(url)
    assert ended.code == 0, ended.lines
    store = opened(url)
    try:
        assert problems(store) == []
        return ended, contents(store)
    finally:
        store.close()


@pytest.fixture
def api(full: bool) -> Iterator[RestatingApi]:
    with RestatingApi(*((28, 48) if full else (12, 24))) as running:
        yield running


@pytest.fixture
def project(project_copy: Path, tmp_path: Path, api: RestatingApi) -> Project:
    config = tmp_path / "crash.toml"
    config.write_text(api.configuration(), encoding="utf-8")
    (tmp_path / "home").mkdir(exist_ok=True)
    return Project(project_copy, config, tmp_path / "home", api)


def besiege(project: Project, attacked: str, twin: str, kills: int, inside: int) -> Siege:
    """`kills` kills, at least `inside` of them in an apply transaction, over as many rounds as it takes."""
    # Always a fresh seed: the moments are those of a machine under some load, which no seed repeats anyway.
    seed = secrets.randbits(32)
    print(f"\nseed {seed}, {project.api.rows()} rows a sync")
    calm, first = calmly(project, twin)
    siege = Siege(project, attacked, twin, random.Random(seed), Contents({}, [], {}, [], 0), first, calm)
    tries = 0
    while siege.kills < kills or siege.inside < inside:
        tries += 1
        assert tries < 4 * kills, siege.moments
        if siege.rng.random() < (inside - siege.inside) / max(1, kills - siege.kills):
            siege.kill_inside()
        else:
            siege.kill_anywhere()
        if all(siege.done()) or siege.rng.random() < 0.25:
            siege.catch_up()
            siege.next_round()
    siege.catch_up()
    return siege


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.full)])
def test_a_sync_killed_at_any_moment_leaves_whole_runs_and_the_next_one_catches_up(
    kind: str, project: Project, new_store_url, full: bool
) -> None:
    kills, inside = {"sqlite": (50, 20) if full else (3, 2), "postgresql": (12, 6) if full else (2, 1)}[kind]
    attacked, twin = new_store_url(kind), new_store_url(kind)
    siege = besiege(project, attacked, twin, kills, inside)
    days = Days(FIRST_DAY, project.api.last_day)
    one, other = opened(attacked), opened(twin)
    try:
        asked = answers_as_of(other, days)
        assert answers_as_of(one, days) == asked
    finally:
        one.close()
        other.close()
    with project.popen(attacked, "db", "check") as check:
        assert check.wait(120) == 0
    print(
        f"{kind}: {siege.kills} kills, {siege.inside} inside an apply transaction, {siege.caught_up} times caught up, "
        f"{project.api.round + 1} rounds of {project.api.rows()} rows, {len(asked)} as-of answers equal"
    )
    print("\n".join(siege.moments))
