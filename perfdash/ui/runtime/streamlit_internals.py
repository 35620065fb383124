"""What perfdash relies on in Streamlit 1.67 and its server although nothing promises that it stays, all in one place.

Elsewhere only `import streamlit` is used. tests/ui/runtime/test_streamlit_internals.py has a test for each entry, which
says after an upgrade what has moved. In brackets who needs it in perfdash/ui, then what breaks when it changes.

- `page_id`, `in_this_page`: the script's context (auth/session, live, sync_health/refresh). Pages are bound to no
  sign-in session any more, so the gate ends none, and follow nothing; the threads of a sync no longer share the page's
  cached answers.
- `by_history` (filters/shown_currency): the same; Back would not undo a choice that the page remembers.
- `BackMsg`, `ClientState`, `ForwardMsg`, `WidgetState` and their fields, read in
  (server/messages, server/guard, server/turns): what the gate lets in, in which order, and what it learns from the
  app. A renamed field closes every socket; a new kind of message is dropped until it is allowed.
- `SUBPROTOCOLS`, the place of a page's name in a handshake (server/gate): anybody could take over the page of somebody
  else.
- `HEALTH`, `HOST_CONFIG`, `STREAM`, `LOGIN`, `LOGOUT`, `CALLBACK`, `MEDIA`, `TAKEN` (server/paths, auth/oidc_callback):
  what Streamlit serves where. A path that moved is refused, and the page stays empty.
- `static_folder`, `page_text`, `TITLE`, `inline_scripts` (server/headers, server/assets): the files of the page, its
  text and the scripts its Content-Security-Policy allows. The browser would run none of them.
- `window.__streamlit` (server/assets): where the page finds its server. It would guess, with requests in vain, and the
  pages of a client link would find none.
- `USER_COOKIE`, `of_provider`, `is_tokens` (auth/oidc_callback): an identity would stay in the browser for 30 days, and
  with it the provider's tokens.
- `auth_secrets` (auth/oidc): the providers that secrets.toml names; nobody could sign in through one.
- `StopException` (components/messages): how `st.stop` ends a script. What a button did would stand on its page for
  good.
- `StreamlitAPIException` (filters/sidebar), `StreamlitAuthError` (auth/oidc): what to catch; a page would fail instead.
- `believe_no_proxy`, `limit_messages` (server/gate): uvicorn's configuration, which Streamlit makes without asking. Any
  process of this machine could name a visitor's address; strangers could have the server keep 20 MB each.
- `with_texts` (components/tables): pandas' Styler and its frame, by the names of their types, and the three of their
  methods that Streamlit calls. Cells would read as bare numbers, with a point and a hyphen.
- `is_of_streamlit` (server/failures): its folder, and that widgets read values in functions called `deserialize`. A
  value that is no widget's would be a page that failed, with its traceback, and not one line.
- `end_connection` (server/gate): uvicorn's connection behind `send`. One whose browser reads nothing would stay.
- `running_server` (server/lifespan): uvicorn's server behind its signal handler. A stop would look like a crash.
- `cookie_parser` (server/page_sessions, auth/oidc_callback): Starlette's way to read a cookie header, the same as
  Streamlit's own.
"""

from __future__ import annotations

import asyncio
import re
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import streamlit as st
import uvicorn.config
from starlette.requests import cookie_parser
from streamlit import file_util
from streamlit.errors import StreamlitAPIException, StreamlitAuthError
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.scriptrunner import StopException, add_script_run_ctx, get_script_run_ctx

__all__ = [
    "BackMsg",
    "ClientState",
    "ForwardMsg",
    "StopException",
    "StreamlitAPIException",
    "StreamlitAuthError",
    "WidgetState",
    "cookie_parser",
]

HEALTH, HOST_CONFIG, STREAM = "_stcore/health", "_stcore/host-config", "_stcore/stream"
LOGIN, LOGOUT, CALLBACK = "auth/login", "auth/logout", "oauth2callback"
MEDIA = "media"
"""Under it lie the files that a page offers, named by a hash in hexadecimal and the ending of their type."""
TAKEN = ("static", MEDIA, "component", "app", "auth")
"""First words under which Streamlit serves something itself, so that no page can have them."""
SUBPROTOCOLS = 3
"""A handshake names the protocol, the XSRF token and, in third place, the page that the browser comes back to."""
USER_COOKIE = "_streamlit_user"
_OF_PROVIDER = re.compile(rf"{USER_COOKIE}(_tokens)?(_\d+)?")
_FOLDER = str(Path(st.__file__).parent)
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def page_id() -> str | None:
    """Streamlit's name of the page that this script runs for; None outside of a script."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context is not None else None


def in_this_page() -> Callable[[], object]:
    """What makes another thread, which calls it, part of the page whose script runs in this one."""
    context = get_script_run_ctx()
    return lambda: add_script_run_ctx(threading.current_thread(), context)


def by_history() -> bool:
    """True in a run that the browser's Back or Forward has asked for: then the address alone says what is asked."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and bool(context.is_history_navigation)


def static_folder() -> Path:
    """Where the installed Streamlit keeps the files of its page."""
    return Path(file_util.get_static_dir())


TITLE = "<title>Streamlit</title>"


@cache
def page_text() -> str:
    """Streamlit's page, whose files are named relative to where it lies."""
    return (static_folder() / "index.html").read_text(encoding="utf-8")


def inline_scripts() -> list[str]:
    """The scripts that stand in the page itself."""
    return _INLINE.findall(page_text())


def of_provider(cookie: str) -> bool:
    """True for the name of a cookie that holds what a provider said, or a part of it: long ones are cut in pieces."""
    return _OF_PROVIDER.fullmatch(cookie) is not None


def is_tokens(cookie: str) -> bool:
    """True for the name of a cookie that holds a provider's tokens, or a part of them."""
    return of_provider(cookie) and cookie.startswith(f"{USER_COOKIE}_tokens")


def auth_secrets() -> Any:
    """The section [auth] of the secrets; None without one, or without a file."""
    return st.secrets.get("auth") if st.secrets.load_if_toml_exists() else None


def with_texts(data: pa.Table, texts: Mapping[str, Sequence[str]]) -> Any:
    """`data` for st.dataframe, whose columns sort by their values and show `texts`: column -> a text for each row."""
    frame = data.to_pandas()
    shown = [pa.array(texts.get(name) or _written(frame[name]), pa.string()) for name in data.column_names]
    styler = frame.style
    styler.__class__, frame.__class__ = _without_styles((type(styler), type(frame)))
    object.__setattr__(frame, "shown", pa.table(shown, names=data.column_names).to_pandas())
    return styler


@cache
def _without_styles(both: tuple[type[Any], type[Any]]) -> tuple[type[Any], type[Any]]:
    """pandas' Styler and its frame without what else they compute: a hundred times faster.

    Streamlit writes each value as text first, and then puts what is shown in its place, cell by cell: here the first
    gives what is shown, and nothing is left for the second. It knows both by the names of their types.
    """
    styler, frame = both
    own = {"_compute": lambda self: self, "_translate": lambda *_options: {}}
    return _named(styler, own), _named(frame, {"astype": lambda self, _type: self.shown})


def _written(values: Any) -> list[str | None]:
    """As pandas writes them, which nobody sees where Streamlit draws from the values."""
    return [None if one is None else str(one) for one in values]


def _named(kind: type[Any], own: Mapping[str, object]) -> type[Any]:
    return type(kind.__name__, (kind,), {"__module__": kind.__module__, "__qualname__": kind.__qualname__, **own})


def believe_no_proxy() -> None:
    """Leave X-Forwarded-For alone: uvicorn would believe it of any process on this machine."""
    uvicorn.config.ProxyHeadersMiddleware = _unchanged  # type: ignore[assignment, attr-defined]


def limit_messages(most_bytes: int) -> None:
    """The longest message that any socket may send, also while it is not yet complete.

    uvicorn's configuration is made already, or is yet to be made: either way this is what it says.
    """
    uvicorn.config.Config.ws_max_size = property(  # type: ignore[assignment]
        lambda _: most_bytes, lambda *_: None
    )


def is_of_streamlit(file: str) -> bool:
    """True for the path of one of Streamlit's own modules."""
    return file.startswith(_FOLDER)


def end_connection(send: Any, seconds: float) -> None:
    """Drop the connection behind a socket's `send` after some seconds: closing alone waits for who reads nothing."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        asyncio.get_running_loop().call_later(seconds, transport.abort)


def running_server() -> Any:
    """The uvicorn server that stops this process at SIGTERM, with `should_exit`; None when there is none."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return server if hasattr(server, "should_exit") else None


def _unchanged(app: Any, **_options: object) -> Any:
    return app
