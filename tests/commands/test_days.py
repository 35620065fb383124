"""The days of `query` and `restatements`: by the names of the pages, or by dates, and never both."""

from __future__ import annotations

import pytest

from tests.commands.test_restatements import said, url

__all__ = ["url"]


@pytest.mark.parametrize("command", [("query", "daily"), ("restatements", "--since", "2026-03-20")])
def test_a_range_is_named_or_dated_and_a_wrong_name_is_answered_with_all_there_are(
    url: str,
    command: tuple[str, ...],
) -> None:
    code, _, err = said(*command, "--range", "last WEEK")
    assert (code, err) == (0, "")
    code, _, err = said(*command, "--range", "Last decade")
    assert code == 2
    assert "There is no range 'Last decade'; known: Today, Yesterday, Last 7 days" in err
    assert "Custom" not in err
    code, _, err = said(*command, "--range", "Last week", "--from", "2026-03-01")
    assert code == 2
    assert "--range names all the days; leave --from and --to out." in err
