"""What ui/runtime/streamlit_internals.py lists is there and does what is relied on. A failure says what depends on it.

After an upgrade of Streamlit, uvicorn or Starlette these fail before anything that a person would notice.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import secrets
import signal
import tomllib
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import uvicorn.config
from google.protobuf.descriptor import Descriptor
from starlette.datastructures import Headers
from starlette.responses import Response
from streamlit import config
from streamlit.runtime.media_file_storage import MediaFileKind
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.testing.v1 import AppTest
from streamlit.web.server.starlette import starlette_auth_routes, starlette_websocket
from streamlit.web.server.starlette.starlette_app import App
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from perfdash.domain import oidc, security
from perfdash.ui.runtime import streamlit_internals
from perfdash.ui.runtime.streamlit_internals import BackMsg, ClientState, ForwardMsg
from perfdash.ui.server import messages, paths
from tests.fixtures.command_line import ROOT

SENT_BY_BROWSERS = {
    "clear_cache",
    "set_run_on_save",
    "stop_script",
    "rerun_script",
    "load_git_info",
    "debug_disconnect_websocket",
    "debug_shutdown_runtime",
    "file_urls_request",
    "app_heartbeat",
    "backend_operation_request",
}
OF_A_RUN = {
    "query_string",
    "widget_states",
    "page_script_hash",
    "page_name",
    "fragment_id",
    "is_auto_rerun",
    "cached_message_hashes",
    "context_info",
    "is_history_navigation",
}
OPERATIONS = {"deferred_file", "install_skills", "dismiss_skills_nudge", "dataframe_chunk"}
SERVED = {
    streamlit_internals.HEALTH,
    streamlit_internals.HOST_CONFIG,
    streamlit_internals.STREAM,
    streamlit_internals.LOGIN,
    streamlit_internals.LOGOUT,
    streamlit_internals.CALLBACK,
    "media/{file_id:path}",
}
REFUSED = {
    "_stcore/metrics",
    "_stcore/upload_file/{session_id}/{file_id}",
    "component/{path:path}",
    "_stcore/bidi-components/{path:path}",
    "_stcore/agent/interact",
    "_stcore/agent/openapi.json",
    "_stcore/agent/mcp",
}


def kinds(message: Any, oneof: str = "type") -> set[str]:
    descriptor: Descriptor = message.DESCRIPTOR
    assert oneof in descriptor.oneofs_by_name, f"{descriptor.name} has no oneof {oneof!r}: ui/server/messages reads it"
    return {field.name for field in descriptor.oneofs_by_name[oneof].fields}


def reach(message: Any, path: str) -> Any:
    """The field at `path`, as a failure that says who reads it."""
    value = message
    for name in path.split("."):
        assert hasattr(value, name), f"{type(message).__name__}.{path} is gone at {name!r}: ui/server/messages reads it"
        value = getattr(value, name)
    return value


def test_the_list_names_all_that_is_used_and_every_module_that_uses_it() -> None:
    listed, folder = streamlit_internals.__doc__ or "", ROOT / "perfdash" / "ui"
    modules = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.py")}
    brackets = {name for names in re.findall(r"\(([\w/]+(?:, [\w/]+)*)\)", listed) for name in names.split(", ")}
    users: set[str] = set()
    for name in sorted(modules - {"runtime/streamlit_internals"}):
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        used = set(re.findall(r"streamlit_internals\.([A-Za-z]\w+)", text))
        for names in re.findall(r"from perfdash\.ui\.runtime\.streamlit_internals import ([\w, ]+)", text):
            used |= set(names.split(", "))
        assert [one for one in used if f"`{one}`" not in listed] == [], name
        users |= {name} if used else set()
    assert brackets == users


# --- the script's context -------------------------------------------------------------------------------------------


def test_a_script_knows_its_page_and_what_is_no_script_has_none() -> None:
    def script() -> None:
        import streamlit as st

        from perfdash.ui.runtime import streamlit_internals

        st.text(streamlit_internals.page_id())

    reason = "get_script_run_ctx().session_id moved: ui/auth/session binds no page to a sign-in, so the gate ends none"
    assert streamlit_internals.page_id() is None
    app = AppTest.from_function(script).run()
    assert not app.exception, reason
    assert app.text[0].value == "test session id", reason
    assert "is_history_navigation" in vars(ScriptRunContext)["__dataclass_fields__"], "ui/runtime: by_history is blind"
    assert not streamlit_internals.by_history()


def test_a_thread_becomes_part_of_the_page_that_started_it() -> None:
    def script() -> None:
        import threading

        import streamlit as st

        from perfdash.ui.runtime import streamlit_internals

        join, seen = streamlit_internals.in_this_page(), []

        def work() -> None:
            join()
            seen.append(streamlit_internals.page_id())

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        st.text(str(seen == [streamlit_internals.page_id()]))

    app = AppTest.from_function(script).run()
    reason = "add_script_run_ctx(thread, context) changed: threads of ui/sync_health/refresh are not part of their page"
    assert not app.exception, reason
    assert app.text[0].value == "True", reason


def test_a_script_that_stops_raises_what_lets_a_message_after_a_button_go() -> None:
    def script() -> None:
        import streamlit as st

        from perfdash.ui.runtime import streamlit_internals

        ends = st.session_state.setdefault("ends", [])
        try:
            st.stop()
        except streamlit_internals.StopException:  # st.session_state only stops again from here on
            ends.append("stopped")
            raise

    ends = AppTest.from_function(script).run().session_state["ends"]
    assert ends == ["stopped"], "st.stop() raises another thing: ui/components/messages never counts a message as shown"


# --- messages -------------------------------------------------------------------------------------------------------


def test_the_kinds_of_messages_that_browsers_send_are_known() -> None:
    assert set(messages.ALLOWED) - kinds(BackMsg) == set(), "renamed: ui/server/sockets drops what pages need"
    assert kinds(BackMsg) == SENT_BY_BROWSERS, "decide in ui/server/messages.ALLOWED what of this a page of ours needs"


def test_what_browsers_ask_the_server_for_is_known() -> None:
    message = BackMsg()
    known = kinds(message.backend_operation_request, "payload")
    assert known == OPERATIONS, "ui/server/sockets lets through deferred_file only; decide about what is new"
    for path in ("request_id", "session_id", "deferred_file.file_id"):
        assert reach(message, f"backend_operation_request.{path}") == ""


def test_what_a_run_carries_is_known() -> None:
    fields = {field.name for field in ClientState.DESCRIPTOR.fields}
    assert fields == OF_A_RUN, "ui/server/messages.page_of clears what was filled in; decide about what is new"
    reach(BackMsg(), "rerun_script")


def test_a_page_is_run_again_where_it_was_without_what_was_filled_in() -> None:
    state = ClientState(page_name="campaigns", query_string="client=acme", fragment_id="f", is_auto_rerun=True)
    state.is_history_navigation = True
    state.widget_states.widgets.add(id="w", string_value="typed")
    again = messages.run_again(messages.page_of(state)).rerun_script
    assert again == ClientState(page_name="campaigns", query_string="client=acme")


def test_the_app_names_its_page_and_its_files_where_the_gate_looks() -> None:
    message = ForwardMsg()
    assert {"new_session", "delta", "backend_operation_response"} <= kinds(message), "ui/server/messages reads these"
    assert "download_button" in kinds(message.delta.new_element), "ui/server/messages.parse_forward reads it"
    for path in (
        "new_session.initialize.session_id",
        "new_session.page_script_hash",
        "navigation.page_script_hash",
        "page_info_changed.query_string",
        "delta.new_element.download_button.deferred_file_id",
        "delta.new_element.download_button.url",
        "backend_operation_response.request_id",
        "backend_operation_response.error_msg",
        "backend_operation_response.deferred_file.url",
    ):
        assert reach(message, path) == ""
    assert list(message.metadata.run.fragment_ids) == [], "a fragment's run would count as one of the whole page"
    assert message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY != ForwardMsg.FINISHED_EARLY_FOR_RERUN


def test_what_is_no_message_raises_when_it_is_read() -> None:
    assert messages.parse_back(b"\xff\xff\xff") is None, "it accepts anything: ui/server/messages.parse_back"


# --- addresses, handshake, cookies ----------------------------------------------------------------------------------


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The paths of all that Streamlit serves, without their first slash."""
    script = str(ROOT / "perfdash" / "ui" / "main.py")
    monkeypatch.setattr(config, "_main_script_path", config._main_script_path)
    monkeypatch.setattr("streamlit.runtime.Runtime._instance", None)
    app = App(script)._build_starlette_app()
    return {getattr(route, "path", "?").removeprefix("/") for route in app.routes}


def test_streamlit_serves_what_the_gate_lets_through_where_it_looks_for_it(served: set[str]) -> None:
    assert SERVED - served == set(), "moved: ui/server/paths would refuse it, and pages stay empty or nobody signs in"


def test_all_else_that_streamlit_serves_is_known_and_refused(served: set[str]) -> None:
    others = {path for path in served - SERVED if path}
    assert others == REFUSED, "decide in ui/server/paths whether a stranger may have it"
    for path in others:
        raw = path.replace("{path:path}", "x").replace("{session_id}", "s").replace("{file_id}", "f")
        assert paths.place(f"/{raw}".encode(), "", frozenset()) is None, path


def test_no_page_can_lie_where_streamlit_serves_something(served: set[str]) -> None:
    first = {path.partition("/")[0] for path in served if "/" in path}
    assert first - {"_stcore", *streamlit_internals.TAKEN} == set(), (
        "add it to TAKEN: ui/server/paths takes it for a page"
    )


def test_a_files_address_is_one_that_the_gate_takes_for_a_file() -> None:
    storage = MemoryMediaFileStorage(f"/{streamlit_internals.MEDIA}")
    url = storage.get_url(storage.load_and_get_id(b"a,b", "text/csv", MediaFileKind.DOWNLOADABLE, "x.csv"))
    place = paths.place(url.encode(), "", frozenset())
    assert place is not None and place.kind == "media", f"{url}: ui/server/paths does not know it, so no CSV arrives"


def test_the_callback_is_the_one_that_redirect_uri_must_end_with() -> None:
    assert f"/{streamlit_internals.CALLBACK}" == oidc.CALLBACK


def test_the_page_that_a_browser_comes_back_to_stands_third_in_its_handshake() -> None:
    parts = ", ".join(["streamlit", "token", "page"][: streamlit_internals.SUBPROTOCOLS])
    read = starlette_websocket._parse_subprotocols(Headers({"sec-websocket-protocol": parts}))
    assert read == ("streamlit", "token", "page"), "ui/server/gate looks for a foreign page's name there"


def test_an_identity_is_kept_in_the_cookies_that_are_shortened_and_dropped() -> None:
    response = Response()

    def long() -> str:
        return secrets.token_hex(9000)  # random, or it would be packed into one cookie

    asyncio.run(starlette_auth_routes._set_auth_cookie(response, {"name": long()}, {"access_token": long()}))
    lines = [line for line in response.headers.getlist("set-cookie") if "max-age=0" not in line.lower()]
    names = {line.partition("=")[0] for line in lines}
    reason = "other cookies than ui/auth/oidc_callback shortens and drops: an identity would stay for 30 days"
    assert {f"{streamlit_internals.USER_COOKIE}{end}" for end in ("", "_1", "_tokens", "_tokens_1")} <= names, reason
    assert [name for name in names if not streamlit_internals.of_provider(name)] == [], reason
    assert [line for line in lines if "Max-Age=2592000" not in line or "Path=/" not in line] == [], reason
    assert {name for name in names if streamlit_internals.is_tokens(name)} == {n for n in names if "_tokens" in n}


def test_other_cookies_of_streamlit_are_no_identity() -> None:
    assert not any(streamlit_internals.of_provider(f"_streamlit_{name}") for name in ("xsrf", "session", "users"))


def test_a_cookie_header_is_read_as_streamlit_reads_it() -> None:
    assert streamlit_internals.cookie_parser('a=1; b="2"; a=3; =x; c') == {"a": "3", "b": "2", "": "c"}


# --- files, secrets, options, errors --------------------------------------------------------------------------------


def test_the_page_and_its_scripts_are_found() -> None:
    folder = streamlit_internals.static_folder()
    page = folder / "index.html"
    assert page.is_file(), "ui/server/headers serves only what lies there"
    scripts = page.read_text(encoding="utf-8").count("<script") - page.read_text(encoding="utf-8").count("<script type")
    assert len(streamlit_internals.inline_scripts()) == scripts, "ui/server/headers allows inline scripts by their hash"
    assert (folder / "static" / "js").is_dir()


def test_secrets_tell_whether_there_are_any_without_raising() -> None:
    def script() -> None:
        import streamlit as st

        from perfdash.ui.runtime import streamlit_internals

        st.text(str(streamlit_internals.auth_secrets()))

    reason = "st.secrets.load_if_toml_exists changed: ui/auth/oidc finds no provider"
    app = AppTest.from_function(script)
    app.secrets["auth"] = {"cookie_secret": "made up"}
    app.run()
    assert not app.exception, reason
    assert "made up" in app.text[0].value, reason


@pytest.mark.parametrize("name", sorted(security.watched()))
def test_every_option_that_must_be_safe_exists(name: str) -> None:
    config.get_option(name)
    assert name in config._config_options_template, (
        f"{name} is gone: perfdash/domain/security.py judges it at every start"
    )


def test_every_option_that_we_set_exists() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    known = {name for name in config._config_options_template if not name.startswith("theme.")}
    names = {f"{section}.{name}" for section in settings if section != "theme" for name in settings[section]}
    assert names - known == set(), "Streamlit ignores these lines of .streamlit/config.toml"


def test_a_parameter_that_is_bound_to_a_widget_refuses_to_be_removed_as_the_filters_expect() -> None:
    def script() -> None:
        import streamlit as st

        from perfdash.ui.runtime.streamlit_internals import StreamlitAPIException

        st.text_input("Client", key="client", bind="query-params")
        try:
            st.query_params.pop("client", None)
        except StreamlitAPIException:
            st.text("refused")

    app = AppTest.from_function(script)
    app.query_params["client"] = "acme"
    app.run()
    assert not app.exception, "another error than StreamlitAPIException: ui/filters/sidebar lets it through"
    assert [text.value for text in app.text] == ["refused"]


def test_a_sign_in_that_is_not_set_up_raises_what_the_form_catches() -> None:
    def script() -> None:
        import streamlit as st

        from perfdash.ui.runtime.streamlit_internals import StreamlitAuthError

        try:
            st.login("nobody")
        except StreamlitAuthError:
            st.text("caught")

    app = AppTest.from_function(script).run()
    assert not app.exception, "another error than StreamlitAuthError: ui/auth/oidc lets it through"
    assert [text.value for text in app.text] == ["caught"]


# --- the server -----------------------------------------------------------------------------------------------------


async def nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    """An ASGI app."""


@pytest.fixture
def own_uvicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests change is not uvicorn's own."""
    monkeypatch.setattr(uvicorn.config, "ProxyHeadersMiddleware", ProxyHeadersMiddleware)
    monkeypatch.setattr(uvicorn.config, "Config", type("Config", (uvicorn.config.Config,), {}))


@pytest.mark.usefixtures("own_uvicorn")
def test_no_proxy_is_believed_by_uvicorn() -> None:
    usual = uvicorn.config.Config(nothing, interface="asgi3", log_config=None)
    usual.load()
    assert usual.loaded_app is not nothing, "uvicorn does not wrap the app any more: believe_no_proxy may go"
    streamlit_internals.believe_no_proxy()
    ours = uvicorn.config.Config(nothing, interface="asgi3", log_config=None)
    ours.load()
    reason = "uvicorn.config.ProxyHeadersMiddleware is not what wraps the app: X-Forwarded-For of anybody is believed"
    assert ours.loaded_app is nothing, reason


@pytest.mark.usefixtures("own_uvicorn")
def test_no_message_is_longer_than_the_gate_allows_whatever_streamlit_sets() -> None:
    before = uvicorn.config.Config(nothing, ws_max_size=20_000_000)
    streamlit_internals.limit_messages(1000)
    after = uvicorn.config.Config(nothing, ws_max_size=20_000_000)
    reason = "uvicorn.Config.ws_max_size is not read from the class: each socket of a stranger may hold 20 MB"
    assert (before.ws_max_size, after.ws_max_size) == (1000, 1000), reason


def test_every_way_to_speak_websockets_obeys_that_limit() -> None:
    folder = Path(inspect.getfile(uvicorn)).parent / "protocols" / "websockets"
    ways = list(folder.glob("*_impl.py"))
    assert len(ways) >= 2
    assert [way.name for way in ways if "config.ws_max_size" not in way.read_text(encoding="utf-8")] == []


def test_the_server_behind_the_signal_is_found_and_told_to_stop() -> None:
    assert streamlit_internals.running_server() is None
    server = uvicorn.Server(uvicorn.Config(nothing))
    with server.capture_signals():
        reason = (
            "the handler of SIGTERM is no method of uvicorn's server: in ui/server/lifespan a stop looks like a crash"
        )
        assert streamlit_internals.running_server() is server, reason
        assert server.should_exit is False
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
