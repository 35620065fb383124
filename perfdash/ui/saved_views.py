"""Below the filters: the link to what is in view, also as it is known now, and the views that a user has kept."""

from __future__ import annotations

from datetime import UTC
from functools import cache
from typing import Any

import streamlit as st

from perfdash import ROOT
from perfdash.domain.access import Principal
from perfdash.domain.errors import PerfdashError
from perfdash.domain.question import Question
from perfdash.domain.saved_views import saved_view
from perfdash.store import saved_views
from perfdash.ui.components.messages import public_text
from perfdash.ui.runtime import context
from perfdash.ui.runtime.navigation import PageRecord

ASSETS = ROOT / "perfdash" / "ui" / "assets"
KEY = "saved_views"


def offer(principal: Principal, page: PageRecord, question: Question) -> None:
    """Copy, open, save and remove. What a browser sends is a name; the address is the one that this run was asked."""
    store, now = context.store(), context.now()
    said = st.session_state.get(KEY) or {}
    try:
        if name := said.get("save"):
            asked = {key: st.query_params.get_all(key) for key in st.query_params}
            saved_views.save(store, principal, saved_view(str(name), page.path, asked, now))
        if name := said.get("remove"):
            saved_views.forget(store, principal, str(name))
    except PerfdashError as error:
        st.toast(public_text(error), icon=":material/error:")
    pinned = page.has_past and question.as_of is None
    _component()(
        data={
            "now": now.astimezone(UTC).isoformat().replace("+00:00", "Z") if pinned else "",
            "views": [
                {"name": view.name, "page": view.page, "query": view.query}
                for view in saved_views.views(store, principal)
            ],
        },
        key=KEY,
        on_save_change=lambda: None,
        on_remove_change=lambda: None,
    )


@cache
def _component() -> Any:
    script, style = (ASSETS / f"saved_views.{kind}" for kind in ("js", "css"))
    return st.components.v2.component(
        "perfdash_saved_views",
        html='<div class="views"></div>',
        js=script.read_text(encoding="utf-8"),
        css=style.read_text(encoding="utf-8"),
    )
