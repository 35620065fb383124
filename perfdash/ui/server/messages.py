"""The messages of Streamlit's socket: what a browser may say, and what the app's own messages tell the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perfdash.ui.runtime.streamlit_internals import BackMsg, ClientState, ForwardMsg, WidgetState

LARGEST = 1_000_000
"""Bytes of a message from a signed-in page: the state of all its widgets."""
LARGEST_ANONYMOUS = 64_000
"""The same for the sign-in form."""
TELLING = 8_000
"""The app's messages that tell the gate something are small; larger ones, tables and charts, are not read."""
ALLOWED = ("rerun_script", "stop_script", "app_heartbeat", "backend_operation_request")
"""Not clear_cache, debug_*, load_git_info, set_run_on_save, file_urls_request: no page of ours needs them."""
NEW_RUN, STATUS = "new_session", "session_status_changed"


@dataclass(frozen=True, slots=True)
class Told:
    """What one message of the app says. Each is "" when it says nothing of the kind."""

    kind: str
    page: str = ""
    """Streamlit's name of the page's session."""
    offered: str = ""
    """A download that this page's button may ask for."""
    given: str = ""
    """The address of a file that was made for this page."""
    place: str = ""
    """Streamlit's name of the page that a whole run draws."""
    query: str | None = None
    """The query string that the browser shows from now on; None when it stays."""
    over: bool = False
    """A run has come to its end, and no other follows by itself."""
    answered: str = ""
    """The request for a download that this answers."""
    widget: tuple[str, str] = ("", "")
    """The id of a widget that is drawn, and its kind."""


def parse_back(data: bytes) -> BackMsg | None:
    """What a browser said; None when it is no message at all."""
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except Exception:  # noqa: BLE001  protobuf's own error; which package brings it is Streamlit's affair
        return None
    return message if message.WhichOneof("type") else None


def parse_forward(data: bytes) -> Told:
    """What the app says to the browser."""
    message = ForwardMsg()
    message.ParseFromString(data)
    kind = message.WhichOneof("type") or ""
    match kind:
        case "new_session":
            begun = message.new_session
            place = "" if message.metadata.run.fragment_ids else begun.page_script_hash
            return Told(kind, page=begun.initialize.session_id, place=place)
        case "navigation":
            return Told(kind, place=message.navigation.page_script_hash)
        case "page_info_changed":
            return Told(kind, query=message.page_info_changed.query_string)
        case "script_finished":
            return Told(kind, over=message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN)
        case "backend_operation_response":
            answer = message.backend_operation_response
            return Told(kind, given=answer.deferred_file.url, answered=answer.request_id)
        case "delta":
            return _drawn(message)
    return Told(kind)


def _drawn(message: ForwardMsg) -> Told:
    name = message.delta.new_element.WhichOneof("type") or ""
    if name not in VALUES:
        return Told("delta")
    element = getattr(message.delta.new_element, name)
    if name == "download_button":
        return Told("delta", offered=element.deferred_file_id, given=element.url, widget=(element.id, name))
    return Told("delta", widget=(element.id, name))


_TEXT, _TEXTS, _CLICK = ("string_value",), ("string_array_value",), ("trigger_value",)
VALUES = {
    "bidi_component": ("json_value", "json_trigger_value"),
    "button": _CLICK,
    "button_group": _TEXTS,
    "checkbox": ("bool_value",),
    "dataframe": _TEXT,
    "date_input": _TEXTS,
    "date_time_input": _TEXTS,
    "download_button": _CLICK,
    "link_button": _CLICK,
    "multiselect": _TEXTS,
    "number_input": ("double_value",),
    "radio": _TEXT,
    "selectbox": _TEXT,
    "slider": ("double_array_value", "string_array_value"),
    "text_area": _TEXT,
    "text_input": _TEXT,
    "time_input": _TEXT,
    "vega_lite_chart": _TEXT,
}
"""The kinds of value that a widget may send, by Streamlit's name of the widget. Of others nothing is known here."""


def misfit(asked: ClientState, kinds: Mapping[str, str]) -> str:
    """The kind of a widget whose value is of another kind than it ever sends; "" when all fit. `kinds`: id -> kind."""
    for state in asked.widget_states.widgets:
        kind, value = kinds.get(state.id, ""), state.WhichOneof("value")
        if kind and value is not None and value not in VALUES[kind]:
            return kind
    return ""


NOT_HERE, ONE_AT_A_TIME = "This is not available here.", "One download at a time; the last one is still being made."


def refusal(asked: BackMsg, why: str = NOT_HERE) -> bytes:
    """The answer to a request that is refused, so that the page does not wait for another."""
    answer = ForwardMsg()
    answer.backend_operation_response.request_id = asked.backend_operation_request.request_id
    answer.backend_operation_response.error_msg = why
    message: bytes = answer.SerializeToString()
    return message


def running() -> bytes:
    """What tells the browser that a run is under way: only then does it surely ask for one over its next socket."""
    said = ForwardMsg()
    said.session_status_changed.script_is_running = True
    message: bytes = said.SerializeToString()
    return message


def page_of(asked: ClientState) -> ClientState:
    """The page and query string of a run, without what was filled in there."""
    place = ClientState()
    place.CopyFrom(asked)
    for name in ("widget_states", "fragment_id", "is_auto_rerun", "is_history_navigation", "cached_message_hashes"):
        place.ClearField(name)
    return place


_TRIGGERS = ("trigger_value", "string_trigger_value", "chat_input_value", "json_trigger_value")


def triggers_of(asked: ClientState) -> list[WidgetState]:
    """What was clicked just now, of the widgets' states: the browser says it once and never again."""
    return [state for state in asked.widget_states.widgets if state.WhichOneof("value") in _TRIGGERS]


MOST_CLICKS = 100


def keep_clicks(asked: ClientState, older: ClientState) -> None:
    """`asked` comes in place of `older`: its values are the newer ones, and what was clicked before is not lost."""
    known = {state.id: state for state in asked.widget_states.widgets}
    clicks = [state for state in triggers_of(older) if state.id not in known]
    room = max(0, MOST_CLICKS - len(triggers_of(asked)))
    if clicks and asked.ByteSize() + sum(state.ByteSize() for state in clicks[:room]) <= LARGEST:
        asked.widget_states.widgets.extend(clicks[:room])


def put_values(asked: ClientState, newer: ClientState) -> None:
    """A fragment has asked after a whole run, and before it began: its values go with it."""
    if asked.ByteSize() + newer.ByteSize() > LARGEST:
        return
    values = {state.id: state for state in (*asked.widget_states.widgets, *newer.widget_states.widgets)}
    kept = [WidgetState.FromString(state.SerializeToString()) for state in values.values()]
    del asked.widget_states.widgets[:]
    asked.widget_states.widgets.extend(kept)


def run_again(place: ClientState) -> BackMsg:
    """The message that has the script run once more at `place`."""
    return BackMsg(rerun_script=place)
