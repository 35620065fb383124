"""What we reported: what was exported, what of it is different now and why, and the same rows once more."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation import formatting, receipts
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui import downloads
from perfdash.ui import receipts as receipt_pages
from perfdash.ui.auth import session
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import browser, navigation

principal = session.require(navigation.RECEIPTS)
sidebar.current(principal)

st.title("What we reported")
with errors_shown():
    linked = st.query_params.get("receipt", "")
    parts = receipt_pages.newest_receipts(principal, component_tables.MOST_ROWS)
    if not parts and not linked:
        st.info(
            "Nothing was exported yet. Every CSV that leaves a page is written down here: who sent what, when, and of "
            "which state. From then on this page says how far the numbers have moved since, which days and why, and "
            "makes the same file once more.",
            icon=":material/receipt_long:",
            title="No export yet",
        )
        navigation.link(navigation.CAMPAIGNS, "Export the campaigns: the button CSV there")
        st.stop()
    lines = receipt_pages.export_lines(parts, principal)
    receipt_pages.exports_table(lines, principal, key="receipts")
    chosen = linked
    if not chosen:
        st.caption("Open an export to see which of its days are different now, and why.")
        st.stop()

    found = receipt_pages.receipt_of(principal, chosen)
    first, view = found.parts[0], receipt_pages.view_of(found)
    downloads.heading(f"{escape_markdown(first.view).capitalize()}, exported {browser.clock(first.at)}")
    st.caption(f"Receipt {first.receipt}: what `restatements --since receipt:{first.receipt}` takes.")
    if not found.whole:
        st.caption(
            ":material/visibility_off: This export also held clients that you may not see. What follows is your part "
            "of it; the file cannot be rebuilt whole."
        )
    if view is None:
        st.caption("A list, not a state of the numbers: it is not compared with now and not rebuilt.")
        st.stop()
    compared = receipt_pages.compared(principal, found)
    limited = compared.question.filters.max_cpm is not None
    receipt_pages.figures(compared.figures, browser.clock(first.at), key="receipt_totals")
    because = receipts.explanation(compared.days, limited=limited)
    if because:
        st.markdown(f"Different from what was sent because {because}.")
    else:
        st.success("All of it is what was sent.", icon=":material/check_circle:")
    if limited:
        st.caption("The totals obey the export's CPM limit; restatements are told without it.")

    if compared.by_price:
        st.caption(
            "It was narrowed by price, which is not part of your access: the totals here are those without that."
        )

    if compared.days:
        downloads.heading(formatting.plural(len(compared.days), "day that changed since", "days that changed since"))
        receipt_pages.days(compared.days, compared.measure, limited=limited, key="receipt_days")
        days = compared.question.filters.days
        navigation.link(
            navigation.RESTATEMENTS,
            "Every change since this export",
            query={"since": f"receipt:{chosen}", "range": "Custom", "dates": [str(days.start), str(days.end)]},
        )

    downloads.heading("Rebuild")
    rebuilt = receipt_pages.rebuilt(principal, found, view)
    if rebuilt.same:
        st.markdown(":material/verified: The same rows once more: the checksum is that of the file that was sent.")
    else:
        st.warning(f"Not the same rows as in the file that was sent: {rebuilt.why}.", icon=":material/difference:")
    if first.sha256:
        st.code(first.sha256, language=None)
    downloads.built(
        principal,
        receipt_pages.rebuild_file(found, view),
        name=f"perfdash-{view}-rebuilt",
        label="Rebuilt CSV",
        key="rebuilt",
    )
