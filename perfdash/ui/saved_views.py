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
from perfdash.ui.auth import session
from perfdash.ui.components.messages import public_text
from perfdash.ui.runtime import context
from perfdash.ui.runtime.navigation import PageRecord

ASSETS = ROOT / "perfdash" / "ui" / "assets"
KEY = "saved_views"


def offer(principal: Principal, page: PageRecord, question: Question) -> None:
    """To be called on each run that draws filters."""
    now = context.now().astimezone(UTC).isoformat().replace("+00:00", "Z")
    _component()(
        data={
            "now": now if page.has_past and question.as_of is None else "",
            "views": [
                {"name": view.name, "page": view.page, "query": view.query}
                for view in saved_views.views(context.store(), principal)
            ],
        },
        key=KEY,
        on_save_change=lambda: _changed(page.path),
        on_remove_change=lambda: _changed(page.path),
    )


def _changed(page: str) -> None:
    """What a browser sends is a name; the address is the one that this run was asked."""
    said: Any = st.session_state[KEY]
    principal = session.current(touch=False)
    if principal is None:
        return
    try:
        if said.save:
            asked = {key: st.query_params.get_all(key) for key in st.query_params}
            saved_views.save(context.store(), principal, saved_view(str(said.save), page, asked, context.now()))
        if said.remove:
            saved_views.forget(context.store(), principal, str(said.remove))
    except PerfdashError as error:
        st.toast(public_text(error), icon=":material/error:")


@cache
def _component() -> Any:
    script, style = (ASSETS / f"saved_views.{kind}" for kind in ("js", "css"))
    return st.components.v2.component(
        "perfdash_saved_views",
        html='<div class="views"></div>',
        js=script.read_text(encoding="utf-8"),
        css=style.read_text(encoding="utf-8"),
    )
