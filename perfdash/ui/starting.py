"""Before anybody is let in: a server whose settings undo what protects the data does not start, and says why."""

from __future__ import annotations

import os
import sys

import streamlit as st

from perfdash import unsafe
from perfdash.errors import PerfdashError
from perfdash.ui import oidc, wiring

REFUSED = 2
"""The exit code of every command whose configuration is wrong."""


def refuse_unsafe() -> None:
    """End the process with one line for each unsafe setting. Where the configuration cannot be read, pages say so."""
    problems = _problems()
    if not problems:
        return
    for problem in problems:
        sys.stderr.write(f"perfdash does not start: {problem}\n")
    sys.stderr.flush()
    os._exit(REFUSED)  # nothing has begun yet; an exception here would become a traceback and another exit code


def _problems() -> tuple[str, ...]:
    try:
        found = wiring.load_settings()
    except PerfdashError:
        return ()
    options = {name: st.get_option(name) for name in unsafe.watched()}
    address = str(st.get_option("server.address") or "")
    return unsafe.unsafe(
        unsafe.ServerSetup(found.demo, address, found.security, options, oidc=bool(oidc.settings().providers))
    )
