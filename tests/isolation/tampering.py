"""A visitor who does not keep to the widgets: what a hostile browser can send in their place, value by value."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed

from tests.fixtures.socket_client import PATIENCE, Visitor

LONG = "x" * 100_000
EDITED = json.dumps(
    {
        "edited_rows": {"0": {"cost": 0, "name": "owned"}, "99999": {"cost": 0}, "-1": {"client": "rival"}},
        "added_rows": [{"client": "rival", "cost": 1}],
        "deleted_rows": [0, 1, 2, -1, 99999],
    }
)
"""What a table that can be edited would send; none of ours can."""
HARMLESS = ("Sign out", "Sign out everywhere", "Refresh now", "Sync now")
"""Whatever is sent presses them, as anybody may: they end the visitor's own sessions, or sync the visitor's clients."""


@dataclass(frozen=True)
class Widget:
    """Anything on a page that a browser may answer for."""

    kind: str
    id: str
    label: str
    options: tuple[str, ...] = ()


class Tamperer(Visitor):
    """A tab whose browser answers for widgets with whatever it likes; `told` is what it was sent in return."""

    def __init__(self, url: str, query: str = "", page: str = "", *, cookie: str = "") -> None:
        self._come(url, query, page, cookie=cookie)

    def _come(self, url: str, query: str, page: str, **how: str) -> None:
        self.told, self.tab_id, self._how = bytearray(), "", (url, query, page, how)
        Visitor.__init__(self, url, query, page, **how)

    def _next(self, deadline: float) -> ForwardMsg:
        found = super()._next(deadline)
        message = ForwardMsg()
        message.CopyFrom(found)
        if message.WhichOneof("type") == "new_session":
            self.tab_id = message.new_session.initialize.session_id or self.tab_id
            message.new_session.main_script_path = ""  # Streamlit tells everybody where its script lies
        self.told += message.SerializeToString()
        return found

    @property
    def widgets(self) -> list[Widget]:
        """All that has an id on the page now, in the page's order."""
        found = []
        for kind, element in (self.elements[place] for place in sorted(self.elements)):
            if getattr(element, "id", ""):
                label = getattr(element, "label", "") or getattr(element, "alt", "")
                found.append(Widget(kind, element.id, label, tuple(map(_option, getattr(element, "options", ())))))
        return found

    def labelled(self, label: str, kind: str = "") -> Widget:
        """The widget with this label."""
        return next(one for one in self.widgets if one.label == label and kind in ("", one.kind))

    def send(self, *states: WidgetState, **context: str) -> Tamperer:
        """Run the page once with exactly these answers; `context` is what the browser says of itself."""
        asked = BackMsg()
        script = asked.rerun_script
        script.query_string, script.page_name, script.page_script_hash = self.query, self._page, self._page_hash
        script.widget_states.widgets.extend(states)
        for name, value in context.items():
            setattr(script.context_info, name, value)
        try:
            self._socket.send(asked.SerializeToString())
            self._until_finished(time.monotonic() + PATIENCE)
        except ConnectionClosed:  # refused with the whole socket; a browser would come again
            (url, query, page, how), told = self._how, self.told
            self.close()
            self._come(url, query, page, **how)
            self.told[:0] = told
            self.run()
        return self

    @property
    def files(self) -> dict[str, str]:
        """Download button's label and id -> the name under which its file can be asked for."""
        return {f"{one.label} {one.id}": one.deferred_file_id for one in self._of("download_button")}

    def ask_for_file(self, file_id: str, session_id: str | None = None) -> str:
        """The address that the server gives for a deferred file; '' when it gives none."""
        asked = BackMsg()
        request = asked.backend_operation_request
        request.request_id, request.session_id = (
            f"file-{time.monotonic_ns()}",
            self.tab_id if session_id is None else session_id,
        )
        request.deferred_file.file_id = file_id
        return str(self._answer(asked).deferred_file.url)

    def ask_for_chunk(self, source: str, start: int, end: int) -> str:
        """What the server says to a request for rows of a lazy table; the error, or '' when it sent rows."""
        asked = BackMsg()
        request = asked.backend_operation_request
        request.request_id, request.session_id = f"chunk-{time.monotonic_ns()}", self.tab_id
        for field in request.dataframe_chunk.DESCRIPTOR.fields:
            if field.message_type is None:
                setattr(
                    request.dataframe_chunk, field.name, source if field.cpp_type == 9 else _number(field, start, end)
                )
        return str(self._answer(asked).error_msg)

    def _answer(self, asked: BackMsg) -> Any:
        self._socket.send(asked.SerializeToString())
        while True:
            message = self._next(time.monotonic() + PATIENCE)
            answer = message.backend_operation_response
            if answer.request_id == asked.backend_operation_request.request_id:
                return answer


def _number(field: Any, start: int, end: int) -> int:
    found = end if "end" in field.name or "count" in field.name else start
    return found if field.cpp_type in (1, 2, 5, 6) else max(0, found)


def _option(option: Any) -> str:
    return option if isinstance(option, str) else str(getattr(option, "content", option))


def strings(widget: str, *values: str) -> WidgetState:
    """A list of texts, as multiselects, pills and dates send it."""
    found = WidgetState(id=widget)
    found.string_array_value.data.extend(values)
    return found


def integers(widget: str, *values: int) -> WidgetState:
    """A list of whole numbers."""
    found = WidgetState(id=widget)
    found.int_array_value.data.extend(values)
    return found


def numbers(widget: str, *values: float) -> WidgetState:
    """A list of numbers."""
    found = WidgetState(id=widget)
    found.double_array_value.data.extend(values)
    return found


def text(widget: str, value: str) -> WidgetState:
    """A text, as inputs and selectboxes send it; tables send their selection so."""
    return WidgetState(id=widget, string_value=value)


def selection(widget: str, **chosen: object) -> WidgetState:
    """A table's selection."""
    return text(widget, json.dumps({"selection": chosen}))


def lookalike(name: str) -> str:
    """A text that reads like `name` and is another."""
    return name.translate(str.maketrans("aceopxi", "асеорхі")) + "\u200b"


def hostile(widget: Widget, foreign: Sequence[str]) -> list[WidgetState]:
    """Twelve answers for `widget` that none of its kind would give; `foreign` are ids of another client."""
    make = _BY_KIND.get(widget.kind, _wrong_types)
    found = list(make(widget, foreign))
    found += list(_wrong_types(widget, foreign))
    return found[:12]


def _wrong_types(widget: Widget, foreign: Sequence[str]) -> Iterator[WidgetState]:
    """For what only ever says that it was pressed, and to fill up: every other type there is."""
    at = widget.id
    yield text(at, foreign[0])
    yield WidgetState(id=at, int_value=-(2**62))
    yield WidgetState(id=at, double_value=math.nan)
    yield strings(at, *foreign)
    yield integers(at, 0, -1, 2**31)
    yield numbers(at, math.inf, -math.inf)
    yield WidgetState(id=at, json_value='{"selection": {"rows": [0')
    yield WidgetState(id=at, bytes_value=b"\xff\x00\xfe")
    yield WidgetState(id=at, json_trigger_value="[[[")
    yield WidgetState(id=at, bool_value=True)
    found = WidgetState(id=at)
    found.string_trigger_value.data = foreign[-1]
    yield found
    yield WidgetState(id=at)


def _choices(widget: Widget, foreign: Sequence[str]) -> Iterator[WidgetState]:
    at, known = widget.id, (*widget.options, "")[0]
    yield strings(at, *foreign)
    yield strings(at, known, foreign[0])
    yield strings(at, lookalike(known))
    yield strings(at, *([known] * 20_000))
    yield strings(at, "\0", "\ud7ff", "", known + "\0")
    yield strings(at, LONG)
    yield integers(at, 0, 99_999, -1)
    yield numbers(at, math.nan, math.inf, -0.5)
    yield text(at, foreign[0])
    yield WidgetState(id=at, int_value=-1)
    yield WidgetState(id=at, json_value='{"a":')
    yield WidgetState(id=at, bool_value=True)


def _choice(widget: Widget, foreign: Sequence[str]) -> Iterator[WidgetState]:
    at, known = widget.id, (*widget.options, "")[0]
    for one in (*foreign[:3], lookalike(known), known + "\0", LONG, "-1"):
        yield text(at, one)
    yield WidgetState(id=at, int_value=99_999)
    yield WidgetState(id=at, int_value=-1)
    yield strings(at, known, foreign[0])
    yield WidgetState(id=at, double_value=math.nan)
    yield WidgetState(id=at, json_value="]")


def _days(widget: Widget, foreign: Sequence[str]) -> Iterator[WidgetState]:
    at = widget.id
    yield strings(at, "0001/01/01", "9999/12/31")
    yield strings(at, "9999-12-31", "0001-01-01")
    yield strings(at, "2026-02-30", "2026-13-01")
    yield strings(at, "2026/01/01", "2026/01/02", "2026/01/03")
    yield strings(at, foreign[0], "\0")
    yield strings(at, "२०२६/०१/०१", "２０２６/01/02")
    yield strings(at, *(["2026/01/01"] * 20_000))
    yield strings(at, LONG)
    yield text(at, "2026/01/01")
    yield integers(at, 0, 2**31)
    yield WidgetState(id=at, double_value=math.nan)
    yield WidgetState(id=at, json_value='["2026')


def _amounts(widget: Widget, foreign: Sequence[str]) -> Iterator[WidgetState]:
    at = widget.id
    for value in (math.nan, math.inf, -math.inf, -1.0, 1e308, 5e-324, -0.0):
        yield WidgetState(id=at, double_value=value)
    yield WidgetState(id=at, int_value=-(2**62))
    yield text(at, "1e999")
    yield numbers(at, 1.0, 2.0)
    yield WidgetState(id=at, json_value="NaN")
    yield strings(at, foreign[0])


def _texts(widget: Widget, foreign: Sequence[str]) -> Iterator[WidgetState]:
    at = widget.id
    for value in (*foreign[:2], LONG, "\0", "a\0b", "\u202e\u2066٣٫٥", "' OR '1'='1", "-99999999999999999999", "NaN"):
        yield text(at, value)
    yield WidgetState(id=at, int_value=1)
    yield strings(at, *foreign)
    yield WidgetState(id=at, json_value="{")


def _switches(widget: Widget, foreign: Sequence[str]) -> Iterator[WidgetState]:
    yield text(widget.id, "true")
    yield WidgetState(id=widget.id, int_value=2)
    yield WidgetState(id=widget.id, trigger_value=True)


def _tables(widget: Widget, foreign: Sequence[str]) -> Iterator[WidgetState]:
    at = widget.id
    yield selection(at, rows=[-1], columns=[], cells=[])
    yield selection(at, rows=[10**9])
    yield selection(at, rows=["0"], columns=[foreign[0]])
    yield selection(at, rows=[1.5, None, True, {"a": 1}])
    yield selection(at, rows=list(range(50_000)))
    yield selection(at, rows=None, columns=None, cells=[])
    yield selection(at, cells=[[0, foreign[0]], [10**9, "no column"]])
    yield selection(at, rows={"0": foreign[1]})
    yield selection(at, cells=[[number, "any"] for number in (-1, "0", 1.5, None, True, {"a": 1})])
    yield selection(at, cells=[[0], 0, None, {"0": foreign[1]}])
    yield text(at, '{"selection": {"rows": [NaN, Infinity]}}')
    yield text(at, EDITED)
    yield text(at, '{"selection": ')
    yield integers(at, 0, 1)


_BY_KIND = {
    "multiselect": _choices,
    "button_group": _choices,
    "selectbox": _choice,
    "date_input": _days,
    "number_input": _amounts,
    "text_input": _texts,
    "text_area": _texts,
    "checkbox": _switches,
    "dataframe": _tables,
    "vega_lite_chart": _tables,
}


def strange_ids(known: Iterable[str]) -> list[WidgetState]:
    """Answers for what is not on the page: made up, malformed, of another page, or named like what pages remember."""
    state = (
        "_session",
        "_ticket",
        "_correction_plan",
        "_to_revert",
        "_selection",
        "_link",
        "client",
        "campaigns_chosen",
        "campaigns_rows",
        "corrections_chosen",
        "",
        "\0",
        "$$ID-",
        f"$$ID-{'0' * 32}-_session",
        LONG,
    )
    found = [text(one, '{"selection": {"rows": [0]}}') for one in state]
    found += [WidgetState(id=one, trigger_value=True) for one in known]
    return found
