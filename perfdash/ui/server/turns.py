"""Whose turn it is: of what one page asks for one run is under way, and of the others one is kept, made of all of them.

Streamlit gives a fragment to a new runner when the last one has just stopped, and drops what that one said and the
event loop has not passed on yet: of many pages that are opened at once some would lack their last table for good. And a
fragment of a page that was left a moment ago would take the browser back there, to a page without its middle. A whole
run that interrupts another one begins anew each time: who asks often enough would have all others wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from perfdash.ui.runtime.streamlit_internals import BackMsg, ClientState
from perfdash.ui.server import messages
from perfdash.ui.server.messages import Told

PATIENCE_SECONDS, LONG_PATIENCE_SECONDS = 5.0, 30.0
"""For a fragment's run to begin, and a whole one's. A fragment that is there no more is never spoken of."""
INTERRUPT_SECONDS = 1.0
"""A whole run waits so long for the one under way, and then takes its place: somebody has left a page that is slow."""
MOST_WAITING = 100
MOST_BYTES = 2_000_000
"""Of all fragments that wait."""


class Turns:
    """What one page has asked for and been told. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._whole: BackMsg | None = None
        self._waiting: dict[str, BackMsg] = {}  # by fragment, in the order in which they asked
        self._going, self._asked = False, False
        self._since, self._until = 0.0, 0.0
        self._place = ClientState()  # where the browser is, once all is told
        self._again = False
        self.by_itself = False
        """Nobody at the browser has asked for what `next` gave last."""

    def take(self, asked: BackMsg) -> None:
        """The browser asks for a run; `next` gives it when it is its turn."""
        script = asked.rerun_script
        if not script.fragment_id:
            if self._whole is not None:
                messages.keep_clicks(script, self._whole.rerun_script)
            self._whole = asked
            return
        if script.page_script_hash == self._place.page_script_hash:
            self._place.query_string = script.query_string
        if script.is_auto_rerun and (self.busy or self._whole is not None):
            return  # a timer comes again by itself
        if self._whole is not None:
            messages.put_values(self._whole.rerun_script, script)
            return
        self._keep(script.fragment_id, asked)

    def whole(self, asked: BackMsg) -> BackMsg:
        """A whole run covers the fragments that wait: what was clicked in them goes with it, as Streamlit does it."""
        for one in self._waiting.values():
            messages.keep_clicks(asked.rerun_script, one.rerun_script)
        self._waiting.clear()
        self._whole = None
        self._place = messages.page_of(asked.rerun_script)
        self._again = False
        self._passed(LONG_PATIENCE_SECONDS)
        return asked

    def again(self) -> None:
        """Have the page run once more as it is, when it is its turn."""
        self._again = True

    @property
    def due(self) -> bool:
        """True when `next` gives something."""
        if self.busy:
            return self._whole is not None and self._clock() - self._since >= INTERRUPT_SECONDS
        return bool(self._whole or self._again or self._waiting)

    def next(self) -> BackMsg | None:
        """A rerun whose turn it is now."""
        if not self.due:
            return None
        self.by_itself = self._whole is None and self._again
        if self._whole is not None:
            return self.whole(self._whole)
        if self._again:
            return self.whole(messages.run_again(self._place))
        asked = self._waiting.pop(next(iter(self._waiting)))
        self._stay(asked.rerun_script)
        self._passed(PATIENCE_SECONDS)
        return asked

    def told(self, told: Told) -> None:
        """The app has told the browser this."""
        if told.kind == messages.NEW_RUN:
            self._going, self._asked = True, False
        if told.place:
            self._place.page_script_hash, self._place.page_name = told.place, ""
        if told.query is not None:
            self._place.query_string = told.query
        self._going &= not told.over

    def forget(self) -> None:
        """What waits is asked no more."""
        self._waiting.clear()
        self._whole, self._again = None, False

    @property
    def busy(self) -> bool:
        """True while a run is under way, or must have begun and has not said so yet."""
        return self._going or (self._asked and self._clock() < self._until)

    @property
    def patience(self) -> float | None:
        """Seconds until something may change although the app says nothing; None when nothing does."""
        ends = [self._until] if self.busy and not self._going else []
        if self._whole is not None and self.busy:
            ends.append(self._since + INTERRUPT_SECONDS)
        return max(0.0, min(ends) - self._clock()) if ends else None

    def _keep(self, fragment: str, asked: BackMsg) -> None:
        """The newest of each fragment."""
        older = self._waiting.get(fragment)
        if older is not None:
            messages.keep_clicks(asked.rerun_script, older.rerun_script)
        elif len(self._waiting) >= MOST_WAITING:
            return
        if asked.ByteSize() + sum(one.ByteSize() for one in self._waiting.values()) <= MOST_BYTES:
            self._waiting[fragment] = asked

    def _passed(self, patience: float) -> None:
        self._since = self._clock()
        self._asked, self._until = True, self._since + patience

    def _stay(self, script: ClientState) -> None:
        """The browser may have sent this before it learned that it is on another page."""
        if self._place.page_script_hash and script.page_script_hash != self._place.page_script_hash:
            script.page_script_hash, script.query_string = self._place.page_script_hash, self._place.query_string
