"""A visitor who keeps all that the server says, taken apart: texts, and the numbers inside of tables and charts."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.fixtures.socket_client import COOKIE, PATIENCE, Visitor
from tests.ui.conftest import PASSWORD


@dataclass
class Heard:
    """Everything that somebody received. `said` is readable text, `numbers` what came as numbers."""

    raw: bytearray = field(default_factory=bytearray)
    texts: list[str] = field(default_factory=list)
    numbers: set[float] = field(default_factory=set)

    @property
    def said(self) -> str:
        """All texts, without what keeps Markdown from being read as such and in one kind of blanks."""
        together = "\n".join(self.texts).replace("\\", "").replace("\u2060", "")
        return together.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-")

    def body(self, content: bytes) -> None:
        """An HTTP answer."""
        self.raw += content
        self.texts.append(content.decode(errors="replace"))

    def message(self, message: Any) -> None:
        """A message of the socket: every text in it, and every table."""
        for descriptor, value in message.ListFields():
            for part in _parts(descriptor, value):
                if isinstance(part, str):
                    self.texts.append(part)
                elif isinstance(part, bytes):
                    self._table(part)
                elif isinstance(part, int | float):
                    self.numbers.add(float(part))
                elif hasattr(part, "ListFields"):
                    self.message(part)

    def _table(self, content: bytes) -> None:
        try:
            table = pa.ipc.open_stream(content).read_all()
        except (pa.ArrowInvalid, OSError):
            self.texts.append(content.decode(errors="replace"))
            return
        self.texts.append(str(table.schema))
        for column in table.columns:
            for cell in column.to_pylist():
                for value in cell if isinstance(cell, list) else [cell]:
                    if isinstance(value, int | float) and not isinstance(value, bool):
                        self.numbers.add(float(value))
                    else:
                        self.texts.append(str(value))


def _parts(descriptor: Any, value: Any) -> Iterator[Any]:
    if descriptor.message_type is not None and descriptor.message_type.GetOptions().map_entry:
        for key in value:
            yield from (key, value[key])
    elif isinstance(value, str | bytes | int | float) or hasattr(value, "ListFields"):
        yield value
    else:
        yield from value


class Listener(Visitor):
    """A visitor whose tab tells `heard` all that it receives."""

    def __init__(self, url: str, heard: Heard, query: str = "", page: str = "", **more: Any) -> None:
        super().__init__(url, query, page, **more)
        self.heard = heard

    def _next(self, deadline: float) -> ForwardMsg:
        before = len(self.received)
        message = super()._next(deadline)
        self.heard.raw += self.received[before:]
        self.heard.message(message)
        return message

    def choose(self, key: str, row: int = 0) -> None:
        """Click into a row of the table with this key, if it is there."""
        for element in self._of("dataframe"):
            if element.id.endswith(f"-{key}"):
                chosen = f'{{"selection": {{"rows": [], "columns": [], "cells": [[{row}, "any"]]}}}}'
                self._values[element.id] = WidgetState(id=element.id, string_value=chosen)
                self.run()

    def pick(self, label: str) -> None:
        """Choose the first option of the selectbox with this label, if it is there and has any."""
        for element in self._of("selectbox"):
            if element.label == label and element.options:
                self._values[element.id] = WidgetState(id=element.id, string_value=element.options[0])
                self.run()

    def downloads(self, cookie: str) -> int:
        """Click every download of the page and keep what comes; how many came."""
        buttons = [button for button in self._of("download_button") if button.deferred_file_id]
        return sum(self._fetched(button.deferred_file_id, cookie) for button in buttons)

    def _fetched(self, file_id: str, cookie: str) -> bool:
        asked = BackMsg()
        request = asked.backend_operation_request
        request.request_id, request.session_id = f"download-{time.monotonic_ns()}", self.session_id
        request.deferred_file.file_id = file_id
        self._socket.send(asked.SerializeToString())
        deadline = time.monotonic() + PATIENCE
        while True:
            message = self._next(deadline)
            if message.WhichOneof("type") == "backend_operation_response":
                break
        url = message.backend_operation_response.deferred_file.url
        return bool(url) and fetch(f"{self._url}{url}", cookie, self.heard) == 200


def fetch(url: str, cookie: str, heard: Heard, method: str = "GET", body: bytes | None = None) -> int:
    """An HTTP request as the browser makes it; its status. The answer is kept, headers too."""
    headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
    asked = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            heard.body(str(answer.headers).encode() + answer.read())
            return int(answer.status)
    except urllib.error.HTTPError as error:
        heard.body(str(error.headers).encode() + error.read())
        return error.code


def signed_in(url: str, username: str) -> str:
    """Sign in by the form, on a page that fetches nothing; the cookie that a browser would hold."""
    with Visitor(url, page="definitions") as visitor:
        visitor.run().sign_in(username, PASSWORD)
        assert not visitor.is_signed_out, visitor.alerts
        return visitor.redeem()


def asked(**values: Any) -> str:
    """A query string; lists name a value several times."""
    return urlencode(values, doseq=True)
