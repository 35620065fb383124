"""The import in hand on one page: its file, how it is to be read, what that would bring, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.imports import ImportOrder, ImportPreview, ImportResult, OwnMapping
from perfdash.sync import import_preview
from perfdash.ui.auth import session
from perfdash.ui.imports import reading
from perfdash.ui.imports.drop_zone import Arrived
from perfdash.ui.runtime import context, uploads
from perfdash.ui.runtime.uploads import Upload

_DRAFT = "_import_draft"
GONE = "This file is not kept any more: files stay for an hour, and go when you sign out. Drop it again."


@dataclass(slots=True)
class ImportDraft:
    """Changed in place: work that takes long writes its result here before anything else on the page happens."""

    account: Account
    upload: Upload
    name: str
    exported_at: datetime | None = None
    mapping: str = ""
    own: OwnMapping | None = None
    found: ImportPreview | None = None
    result: ImportResult | None = None

    @property
    def key(self) -> str:
        """Names its widgets: those of another file are other ones."""
        return self.upload.sha256[:12] + self.upload.token[:6]


def current(account: Account) -> ImportDraft | None:
    """The draft of this page, for `account`: a file that was dropped for another one is looked at anew."""
    draft = _draft()
    if draft is None:
        return None
    if (draft.account.client, draft.account.number) != (account.client, account.number):
        if draft.result is not None:
            forget()
            return None
        draft.account, draft.mapping, draft.own, draft.found = account, "", None, None
    return draft


def begin(account: Account, arrived: Arrived) -> ImportDraft | None:
    """A file has just come; None for a token that is not of this session, or was taken up before."""
    draft = _draft()
    if draft is not None and draft.upload.token == arrived.token:
        return None
    found = session.session()
    upload = uploads.find(arrived.token, found.session_id, context.now()) if found is not None else None
    if upload is None:
        return None
    if draft is not None:
        discard(draft)
    made = ImportDraft(account, upload, arrived.name, _written(arrived.modified))
    st.session_state[_DRAFT] = made
    return made


def _written(modified: datetime | None) -> datetime | None:
    """When the file was written, as the browser says; nothing that is still to come."""
    return None if modified is None or modified > context.now() else modified.replace(microsecond=0)


def look(draft: ImportDraft) -> ImportPreview:
    """What the file would bring; read once for each way of reading it."""
    if draft.found is None:
        draft.found = reading.looked_at(order_of(draft))
    return draft.found


def read_again(draft: ImportDraft, mapping: str, own: OwnMapping | None, exported_at: datetime | None) -> None:
    """From now on the file is read in this way."""
    draft.mapping, draft.own, draft.exported_at, draft.found = mapping, own, exported_at, None


def store(draft: ImportDraft, principal: Principal) -> ImportResult:
    """The rows as a run in the name of who presses the button, once; the file has done its duty then."""
    principal.require_may_import()
    principal.require(draft.account.client)
    if draft.result is None:
        draft.result = reading.stored(replace(order_of(draft), user_id=principal.user_id))
        if draft.result.stored:
            uploads.discard(draft.upload.token, draft.upload.session_id)
    return draft.result


def try_again(draft: ImportDraft) -> None:
    """Back to the preview after a run that was not stored."""
    draft.result, draft.found = None, None


def discard(draft: ImportDraft) -> None:
    """Forget the file, and what was found in it."""
    uploads.discard(draft.upload.token, draft.upload.session_id)
    forget()


def forget() -> None:
    """The page is as if no file had been dropped."""
    st.session_state.pop(_DRAFT, None)


def order_of(draft: ImportDraft) -> ImportOrder:
    """AccessDenied when the file is not kept for this session any more."""
    found = session.session()
    if found is None or uploads.find(draft.upload.token, found.session_id, context.now()) is None:
        raise AccessDenied(GONE)
    config = context.settings().sources.get(draft.account.source)
    if config is None:
        raise UsageError("The source of this account is not configured any more; ask whoever runs this server.")
    return ImportOrder(
        path=str(draft.upload.path),
        name=draft.name,
        account=draft.account,
        source=import_preview.as_json(config),
        mapping=draft.mapping,
        own=draft.own,
        exported_at=draft.exported_at or draft.upload.at,
        sha256=draft.upload.sha256,
    )


def _draft() -> ImportDraft | None:
    found = st.session_state.get(_DRAFT)
    return found if isinstance(found, ImportDraft) else None
