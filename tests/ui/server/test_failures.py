"""What the log takes of pages that fail, and whose fault it was."""

from __future__ import annotations

import logging

import pytest
from streamlit.elements.widgets.text_widgets import TextInputSerde

from perfdash.ui.server import failures
from perfdash.ui.server.allowance import Allowance
from perfdash.ui.server.failures import Bounded


def test_what_happens_too_often_is_left_out_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    seconds = 0.0
    log = Bounded(Allowance(3, 1.0, lambda: seconds))
    assert [log.write(logging.ERROR, "it fails") for _ in range(10)] == [True] * 3 + [False] * 7
    seconds = 1.0
    assert log.write(logging.ERROR, "it fails")
    assert [record.getMessage() for record in caplog.records][-2:] == [
        "it fails",
        "7 more of the kind were left out of this log.",
    ]


def test_a_value_that_streamlit_cannot_read_is_the_browsers_fault_and_all_else_is_ours() -> None:
    with pytest.raises(TypeError) as malformed:
        TextInputSerde(None, 5).deserialize(7)  # type: ignore[arg-type]
    assert failures.is_malformed_value(malformed.value)
    assert not failures.is_malformed_value(ValueError("ours"))
