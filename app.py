"""The host: `streamlit run app.py` finds this st.App, which serves perfdash/ui/main.py with its gate and children."""

from __future__ import annotations

import streamlit as st

from perfdash.ui.server import gate, lifespan, routes

app = st.App(
    lifespan.SCRIPT,
    lifespan=lifespan.lifespan,
    routes=routes.routes(),
    middleware=gate.middleware(),
    on_script_error=lifespan.log_script_error,
)
