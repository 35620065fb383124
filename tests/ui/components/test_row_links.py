"""Where a click on a name in a table leads."""

from __future__ import annotations

import pytest

from perfdash.ui.components import row_links
from perfdash.ui.runtime import navigation

SPRING = "./campaign?name=Spring&range=Last+7+days&campaign=spring&account=1&owner=acme"


def test_a_thing_is_named_whole_also_from_the_page_of_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"creator": "c-1", "account": "1", "owner": "acme", "range": "Last 7 days"}
    monkeypatch.setattr(row_links.st, "query_params", here)
    page, query = row_links.target(SPRING) or pytest.fail("it leads somewhere")
    assert page is navigation.CAMPAIGN
    assert query == {"campaign": "spring", "account": "1", "owner": "acme"}, "the filters are set already"


def test_what_is_not_in_view_yet_comes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_links.st, "query_params", {"range": "Last 30 days"})
    found = row_links.target(SPRING)
    assert found is not None
    assert found[1]["range"] == "Last 7 days"


@pytest.mark.parametrize(
    "sent", [None, 7, ["./campaign"], "https://example.com", "//example.com", "./no-such-page", "./" + "x" * 5_000]
)
def test_what_no_table_holds_leads_nowhere(sent: object) -> None:
    assert row_links.target(sent) is None
