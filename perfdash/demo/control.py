"""The switches of the demo's API: its clock, the faults that wait for requests, and the log of what it served."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from perfdash.accounts import today_in
from perfdash.demo.faults import Fault
from perfdash.errors import UsageError

Clock = Callable[[], datetime]
MATCHABLE = ("client_id", "start_date", "end_date", "platforms", "page", "page_size")
LOG_LENGTH = 20_000


@dataclass(slots=True)
class LoggedRequest:
    """One line of the log. `today` is what "today" was for this request, '' when it was refused before that."""

    request_id: str
    time: str
    path: str
    query: dict[str, str]
    status: int = 0
    fault: str = ""
    today: str = ""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(slots=True)
class Waiting:
    """A fault that waits for `times` requests that match; 0 stays until it is cleared."""

    fault: Fault
    match: Mapping[str, str]
    times: int

    def fits(self, query: Mapping[str, str]) -> bool:
        """True when every named parameter has this value; a request without `page` asks for page 1."""
        return all(query.get(name, "1" if name == "page" else "") == value for name, value in self.match.items())


@dataclass(slots=True)
class Switchboard:
    """The state of one running API. It lives in its event loop's thread only."""

    clock: Clock
    moment: date | datetime | None = None
    """The test clock: one day for all accounts, or an aware instant that each account's zone reads. None: real time."""
    waiting: list[Waiting] = field(default_factory=list)
    log: deque[LoggedRequest] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    count: int = 0

    def today(self, time_zone: str, header: str | None) -> date:
        """The day it is for an account: by the request's header, else the test clock, else the real one."""
        moment = moment_of(header) if header else self.moment
        if moment is None:
            moment = self.clock()
        return today_in(time_zone, moment) if isinstance(moment, datetime) else moment

    def next_fault(self, query: Mapping[str, str]) -> Fault | None:
        """Take the first waiting fault that this request matches."""
        for waiting in self.waiting:
            if waiting.fits(query):
                waiting.times -= 1
                if waiting.times == 0:
                    self.waiting.remove(waiting)
                return waiting.fault
        return None

    def begin(self, path: str, query: dict[str, str]) -> LoggedRequest:
        """Open the log line of a request; it is kept once it has a status."""
        self.count += 1
        return LoggedRequest(f"demo-{self.count:06}", self.clock().isoformat(), path, query)


def moment_of(text: str) -> date | datetime:
    """A day (YYYY-MM-DD) or an instant with an offset, between 2000 and 2100; UsageError otherwise."""
    try:
        moment = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if isinstance(moment, datetime) and moment.tzinfo is None:
        moment = None
    if moment is None or not 2000 <= moment.year <= 2100:
        raise UsageError(
            f"Today must be a day as YYYY-MM-DD or an instant with its offset, 2000 to 2100, not {text!r}."
        )
    return moment
