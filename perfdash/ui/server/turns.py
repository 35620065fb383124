"""Whose turn it is: a fragment's rerun waits until the browser has been told all of the run that is under way.

Streamlit gives a fragment to a new runner when the last one has just stopped, and drops what that one said and the
event loop has not passed on yet: of many pages that are opened at once some would lack their last table for good. And a
fragment of a page that was left a moment ago would take the browser back there, to a page without its middle.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from perfdash.ui.runtime.streamlit_internals import BackMsg, ClientState
from perfdash.ui.server import messages
from perfdash.ui.server.messages import Told

PATIENCE_SECONDS, LONG_PATIENCE_SECONDS = 5.0, 30.0
"""For a fragment's run to begin, and a whole one's. A fragment that is there no more is never spoken of."""
MOST_WAITING = 100


class Turns:
    """What one page has asked for and been told. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: deque[BackMsg] = deque()
        self._going, self._asked = False, False
        self._until = 0.0
        self._place = ClientState()  # where the browser is, once all is told
        self._again = False

    def take(self, asked: BackMsg) -> BackMsg | None:
        """The rerun that may go to the app now, in place of `asked`; None when it has to wait, or has no need."""
        script = asked.rerun_script
        if not script.fragment_id:
            return self.whole(asked)
        if script.page_script_hash == self._place.page_script_hash:
            self._place.query_string = script.query_string
        if self.busy:
            # A timer comes again by itself.
            if not script.is_auto_rerun and len(self._waiting) < MOST_WAITING:
                self._waiting.append(asked)
            return None
        return self._fragment(asked)

    def whole(self, asked: BackMsg) -> BackMsg:
        """A whole run covers the fragments that wait: what was clicked in them goes with it, as Streamlit does it."""
        triggers = [state for one in self._waiting for state in messages.triggers_of(one.rerun_script)]
        self._waiting.clear()
        known = {state.id for state in asked.rerun_script.widget_states.widgets}
        asked.rerun_script.widget_states.widgets.extend(state for state in triggers if state.id not in known)
        self._place = messages.page_of(asked.rerun_script)
        self._again = False
        self._asked, self._until = True, self._clock() + LONG_PATIENCE_SECONDS
        return asked

    def again(self) -> None:
        """Have the page run once more as it is, when it is its turn."""
        self._again = True

    def next(self) -> BackMsg | None:
        """A rerun that has waited and whose turn it is now."""
        if self.busy:
            return None
        if self._again:
            return self.whole(messages.run_again(self._place))
        return self._fragment(self._waiting.popleft()) if self._waiting else None

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

    @property
    def busy(self) -> bool:
        """True while a run is under way, or must have begun and has not said so yet."""
        return self._going or (self._asked and self._clock() < self._until)

    @property
    def patience(self) -> float | None:
        """Seconds until it may be somebody's turn although the app says nothing; None when nobody waits for that."""
        unsure = (self._waiting or self._again) and self._asked and not self._going
        return max(0.0, self._until - self._clock()) if unsure else None

    def _fragment(self, asked: BackMsg) -> BackMsg:
        self._stay(asked.rerun_script)
        self._asked, self._until = True, self._clock() + PATIENCE_SECONDS
        return asked

    def _stay(self, script: ClientState) -> None:
        """The browser may have sent this before it learned that it is on another page."""
        if self._place.page_script_hash and script.page_script_hash != self._place.page_script_hash:
            script.page_script_hash, script.query_string = self._place.page_script_hash, self._place.query_string
