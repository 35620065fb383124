"""A report that the API makes first: ordered for a window of days, asked about until it is done, then read.

Asking always ends: with the report, with a failure in the API's own words, or with the time of the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from perfdash.config.job_models import JobConfig
from perfdash.config.source import Source
from perfdash.domain.accounts import Days
from perfdash.domain.errors import BadAnswer, SourceRefused, SourceUnreachable
from perfdash.domain.values import clean_text
from perfdash.ingest.field_paths import look_up
from perfdash.sources.download import address_in
from perfdash.sources.exchange import Exchange
from perfdash.sources.request import Step
from perfdash.sources.response import GoodAnswer, detail_in, refuse_disguised
from perfdash.sources.transport import Deadline

MOST_POLLS = 10_000
LONGEST_ID = 200


class Ask(Protocol):
    """What makes a request, again if need be."""

    def __call__(self, once: Callable[[], GoodAnswer], /) -> GoodAnswer: ...


@dataclass(frozen=True, slots=True)
class FinishedReport:
    """A report that is done, and what the API said of it last."""

    job: str
    said: object


class ReportJob:
    """The report of one window of a source that has a job."""

    def __init__(self, source: Source, job: JobConfig, exchange: Exchange, deadline: Deadline, ask: Ask) -> None:
        self._source, self._job, self._exchange = source, job, exchange
        self._deadline, self._ask = deadline, ask

    def made(self, window: Days, sleep: Callable[[float], object]) -> FinishedReport:
        """The report of `window`, ordered and waited for."""
        job = self.ordered(window)
        return FinishedReport(job, self.finished(window, job, sleep))

    def step(self, report: FinishedReport) -> Step:
        """The request for its pages."""
        return Step(self._job.reading(self._source.config.request), report.job)

    def address(self, report: FinishedReport, place: str) -> str:
        """Where its file is. SourceRefused for an address that must not be asked."""
        return address_in(look_up(place)(report.said), place, self._source.config.base_url)

    def ordered(self, window: Days) -> str:
        """The id of a new report. Errors as for a page."""
        step = Step(self._job.creating(self._source.config.request))
        said = self._ask(lambda: self._exchange.about(window, step))
        found = look_up(self._job.create.id)(said.body)
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if not isinstance(found, str) or not 0 < len(found) <= LONGEST_ID or clean_text(found) != found:
            self._refuse(said)
            raise BadAnswer(f"the report was ordered, but {self._job.create.id} is missing or no id in the answer")
        return found

    def finished(self, window: Days, job: str, sleep: Callable[[float], object]) -> object:
        """The API's answer about the report `job` once it is done."""
        step, poll = Step(self._job.polling(self._source.config.request), job), self._job.poll
        state = ""
        for _ in range(MOST_POLLS):
            said = self._ask(lambda: self._exchange.about(window, step))
            found = look_up(poll.status)(said.body)
            state = _plain(found)
            if _is_one_of(state, poll.done):
                return said.body
            if _is_one_of(state, poll.failed):
                detail = detail_in(said.body, self._source.key)
                words = f' ("{detail}")' if detail and _plain(detail) != state else ""
                raise SourceRefused(f"the report has failed: {poll.status} is {self._shown(found)}{words}")
            if not state:
                self._refuse(said)
                raise BadAnswer(f"{poll.status} is missing in the answer about the report")
            if poll.every_seconds >= self._deadline.remaining:
                break
            sleep(poll.every_seconds)
        raise SourceUnreachable(
            f"the report is not ready within the {self._deadline.seconds:g} seconds of a run: {poll.status} is "
            f"{self._shown(state)}; ask for fewer days, or set limits.total_seconds higher"
        )

    def _refuse(self, said: GoodAnswer) -> None:
        if not said.allowed:
            refuse_disguised(said.body, self._source.key)

    def _shown(self, state: object) -> str:
        return f'"{self._source.key.masked(clean_text(str(state)))[:60]}"'


def _plain(state: object) -> str:
    """A state to compare with; '' for what is none."""
    if isinstance(state, bool):
        return str(state).lower()
    return str(state).strip().casefold() if isinstance(state, str | int) else ""


def _is_one_of(state: str, states: tuple[object, ...]) -> bool:
    return bool(state) and state in map(_plain, states)
