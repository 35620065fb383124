"""The messages of Streamlit's socket: what a browser may say, and what the app's own messages tell the gate."""

from __future__ import annotations

from dataclasses import dataclass

from perfdash.ui.runtime.streamlit_internals import BackMsg, ClientState, ForwardMsg

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
            return Told(kind, page=message.new_session.initialize.session_id)
        case "backend_operation_response":
            return Told(kind, given=message.backend_operation_response.deferred_file.url)
        case "delta" if message.delta.new_element.WhichOneof("type") == "download_button":
            button = message.delta.new_element.download_button
            return Told(kind, offered=button.deferred_file_id, given=button.url)
    return Told(kind)


def refusal(asked: BackMsg) -> bytes:
    """The answer to a request that is refused, so that the page does not wait for another."""
    answer = ForwardMsg()
    answer.backend_operation_response.request_id = asked.backend_operation_request.request_id
    answer.backend_operation_response.error_msg = "This is not available here."
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
    for name in ("widget_states", "fragment_id", "is_auto_rerun", "cached_message_hashes"):
        place.ClearField(name)
    return place


def run_again(place: ClientState) -> bytes:
    """The message that has the script run once more at `place`."""
    message: bytes = BackMsg(rerun_script=place).SerializeToString()
    return message
