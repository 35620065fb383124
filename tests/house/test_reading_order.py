"""What a screen reader goes by: headings without a skipped level, and words for each table and chart."""

from __future__ import annotations

import ast

from tests.house.source_tree import Module, modules

SCREEN = [module for module in modules() if module.part in ("ui", "pages")]
DRAWN = ("dataframe", "vega_lite_chart", "altair_chart")


def calls(module: Module) -> list[tuple[str, ast.Call]]:
    """Each call of something of Streamlit's, by its name."""
    found = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    return [(node.func.attr, node) for node in found if isinstance(node.func, ast.Attribute)]


def test_below_a_pages_title_stand_headings_of_the_next_level() -> None:
    skipping = [module.name for module in SCREEN for name, _ in calls(module) if name == "subheader"]
    assert skipping == [], "st.header is the third level: below st.title it skips one; st.header is the second"


def test_every_table_and_chart_has_words_for_who_does_not_see_it() -> None:
    silent = [
        f"{module.name}:{node.lineno}"
        for module in SCREEN
        for name, node in calls(module)
        if name in DRAWN
        and not any(keyword.arg == "alt" for keyword in node.keywords)
        and not any(keyword.arg is None for keyword in node.keywords)  # **common: it stands there
    ]
    assert silent == []
