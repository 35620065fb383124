"""Signing in with a password: count the try, do the same work for everybody, then open a session or say no."""

from __future__ import annotations

import os
import threading
from enum import Enum

import streamlit as st
from streamlit_authenticator.controllers.authentication_controller import AuthenticationController

from perfdash.domain.access import Principal
from perfdash.domain.errors import AccessDenied
from perfdash.presentation import formatting
from perfdash.store.auth import login as auth_login
from perfdash.store.auth import passwords, throttling
from perfdash.store.auth.login import Login
from perfdash.store.auth.session_rows import Session
from perfdash.store.auth.throttling import Wait
from perfdash.ui.auth import cookie, session
from perfdash.ui.runtime import browser, context

_HASHES_AT_ONCE = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) - 1))
"""A flood of guesses, from however many addresses, waits in line and leaves a processor to the pages of the others."""
NOT_FROM_HERE = (
    "Too many wrong passwords for this name, one after the other. Sign in with a browser in which you did before, or "
    "ask for a new link to choose a password."
)
_OF_LIBRARY = ("name", "authentication_status", "username", "email", "roles", "logout", "password_hint")


class PasswordCheck(Enum):
    """What came of a password."""

    RIGHT = "right"
    WRONG = "wrong"


def sign_in(username: str, password: str) -> PasswordCheck | Wait:
    """Check a password and open a session. Whatever was wrong, the answer and the work for it are the same."""
    store, settings, now = context.store(), context.settings(), context.now()
    if not settings.security.passwords and not settings.demo:
        return PasswordCheck.WRONG
    address, known = browser.address(), browser.known_as(cookie.KNOWN)
    claimed = throttling.claim(store, username, address, now, known)
    if isinstance(claimed, Wait):
        return claimed
    login = auth_login.login_of(store, username, demo=settings.demo)
    opened = None
    if _matches(login, password) and login.user_id is not None:
        opened = _opened(login, login.user_id)
    if opened is None:
        throttling.failed(store, username, now)
        return PasswordCheck.WRONG
    throttling.succeeded(store, username, address, browser=known, now=now)
    session.enter(opened)
    return PasswordCheck.RIGHT


def confirm(principal: Principal, password: str) -> PasswordCheck | Wait:
    """Does who is signed in know the account's password? Counted like a sign-in: a page left open is no free guess."""
    store, address, now = context.store(), browser.address(), context.now()
    known = browser.known_as(cookie.KNOWN)
    claimed = throttling.claim(store, principal.name, address, now, known)
    if isinstance(claimed, Wait):
        return claimed
    login = auth_login.login_of_user(store, principal.user_id or 0, demo=context.settings().demo)
    if not _matches(login, password) or login.user_id is None:
        throttling.failed(store, principal.name, now)
        return PasswordCheck.WRONG
    throttling.succeeded(store, principal.name, address, browser=known, now=now)
    return PasswordCheck.RIGHT


def wait_words(wait: Wait) -> str:
    """When to try again, or where; the same for names that nobody has."""
    if wait.until is None:
        return NOT_FROM_HERE
    minutes = max(1, -(-int((wait.until - context.now()).total_seconds()) // 60))
    return f"Too many tries from here. Try again in {formatting.plural(minutes, 'minute')}."


def _opened(login: Login, user_id: int) -> Session | None:
    try:
        return session.begin(user_id, login.password_hash)
    except AccessDenied:  # deactivated or given another password in this very moment
        return None


def _matches(login: Login, password: str) -> bool:
    """streamlit-authenticator's check over one made-up name; what it leaves in the page's state is removed again.

    One hash is computed whatever was typed: how long it takes tells nothing.
    """
    known = {"usernames": {"user": {"password": login.password_hash, "email": "", "name": "user"}}}
    try:
        controller = AuthenticationController(known, auto_hash=False)
        with _HASHES_AT_ONCE:
            return bool(controller.login("user", passwords.prehash(password)))
    finally:
        for key in _OF_LIBRARY:
            st.session_state.pop(key, None)
