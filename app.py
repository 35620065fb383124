"""The host: `streamlit run app.py` finds this st.App, which serves perfdash/ui/main.py with its gate and children."""

from __future__ import annotations

import streamlit as st

from perfdash.ui import gate, gate_routes, host

app = st.App(
    host.SCRIPT,
    lifespan=host.lifespan,
    routes=gate_routes.routes(),
    middleware=gate.middleware(),
    on_script_error=host.on_script_error,
)
