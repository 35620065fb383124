"""A fragment waits for the end of the run that is under way, and stays on the page that the browser is on."""

from __future__ import annotations

from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from perfdash.ui.server import messages, turns
from perfdash.ui.server.turns import Turns


class Page:
    """One page's turns, with a clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.turns = Turns(lambda: self.seconds)

    def ask(self, fragment: str = "", *, timer: bool = False, **fields: str) -> BackMsg | None:
        asked = BackMsg()
        script = asked.rerun_script
        script.fragment_id, script.is_auto_rerun = fragment, timer
        script.page_script_hash, script.query_string = fields.get("page", "p1"), fields.get("query", "")
        if clicked := fields.get("clicked"):
            script.widget_states.widgets.add(id=clicked, trigger_value=True)
        if filled := fields.get("filled"):
            script.widget_states.widgets.add(id="field", string_value=filled)
        self.turns.take(asked)
        return self.turns.next()

    def tell(self, message: ForwardMsg) -> None:
        self.turns.told(messages.parse_forward(message.SerializeToString()))

    def begin(self, page: str = "p1", fragment: str = "") -> None:
        message = ForwardMsg()
        message.new_session.page_script_hash = page
        message.metadata.run.fragment_ids.extend([fragment] if fragment else [])
        self.tell(message)

    def end(self, how: Any = ForwardMsg.FINISHED_SUCCESSFULLY) -> None:
        self.tell(ForwardMsg(script_finished=how))

    def next(self) -> tuple[str, str, str] | None:
        """Fragment, page and query of what is due."""
        due = self.turns.next()
        script = due.rerun_script if due else None
        return (script.fragment_id, script.page_script_hash, script.query_string) if script else None


def test_a_fragment_waits_until_the_page_is_told_to_its_end() -> None:
    page = Page()
    assert page.ask() is not None
    assert page.ask("f1") is None, "the run has not even begun"
    page.begin()
    assert page.ask("f2") is None
    assert page.next() is None
    page.end()
    first = page.next()
    assert first is not None
    assert first[0] == "f1"
    assert page.next() is None, "one at a time"
    page.begin(fragment="f1")
    page.end(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
    second = page.next()
    assert second is not None
    assert second[0] == "f2"


def test_a_run_that_begins_anew_by_itself_is_not_over() -> None:
    page = Page()
    page.ask()
    page.begin()
    page.ask("f1")
    page.end(ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    assert page.next() is None
    page.begin()
    page.end()
    assert page.next() is not None


def test_a_timer_that_rings_during_a_run_has_no_need_to_wait() -> None:
    page = Page()
    page.ask()
    page.begin()
    assert page.ask("f1", timer=True) is None
    page.end()
    assert page.next() is None
    assert page.ask("f1", timer=True) is not None


def test_of_many_whole_runs_one_waits_with_the_newest_values_and_every_click() -> None:
    page = Page()
    page.ask()
    page.begin()
    page.ask("f1", clicked="save")
    for number in range(50):
        assert page.ask(query=f"client=c{number}", clicked="refresh" if number == 3 else "", filled=str(number)) is None
    page.end()
    passed = page.turns.next()
    assert passed is not None
    script = passed.rerun_script
    assert script.query_string == "client=c49"
    values = {state.id: state for state in script.widget_states.widgets}
    assert set(values) == {"field", "refresh", "save"}
    assert values["field"].string_value == "49"
    page.begin()
    page.end()
    assert page.next() is None, "the whole run has covered all others, the fragment too"


def test_what_is_filled_in_a_fragment_after_a_whole_run_was_asked_for_goes_with_it() -> None:
    page = Page()
    page.ask()
    page.begin()
    page.ask(filled="old")
    page.ask("f1", filled="new", clicked="save")
    page.end()
    passed = page.turns.next()
    assert passed is not None
    assert [state.string_value for state in passed.rerun_script.widget_states.widgets if state.id == "field"] == ["new"]
    assert any(state.id == "save" for state in passed.rerun_script.widget_states.widgets)
    page.begin()
    page.end()
    assert page.next() is None


def test_a_page_that_takes_long_is_left_at_once_but_not_many_times_a_second() -> None:
    page = Page()
    page.ask()
    page.begin()
    assert page.ask(page="p2") is None
    assert page.turns.patience == turns.INTERRUPT_SECONDS
    page.seconds += turns.INTERRUPT_SECONDS
    assert page.next() == ("", "p2", "")
    assert page.ask(page="p3") is None, "that one has just begun"


def test_clicks_that_wait_are_bounded() -> None:
    page = Page()
    page.ask()
    page.begin()
    for number in range(messages.MOST_CLICKS * 3):
        page.ask(clicked=f"button-{number}")
    page.end()
    passed = page.turns.next()
    assert passed is not None
    assert len(passed.rerun_script.widget_states.widgets) <= messages.MOST_CLICKS + 1


def test_what_was_sent_from_the_last_page_does_not_take_the_browser_back_there() -> None:
    page = Page()
    page.ask(page="")
    page.begin("main")
    navigation = ForwardMsg()
    navigation.navigation.page_script_hash = "overview"
    page.tell(navigation)
    page.end()
    page.ask(page="campaigns", query="client=acme")
    page.begin("campaigns")
    page.ask("f1", page="overview", query="since=2026-01-01")
    page.end()
    assert page.next() == ("f1", "campaigns", "client=acme")


def test_a_fragment_that_is_there_no_more_does_not_keep_the_others_waiting_for_ever() -> None:
    page = Page()
    page.ask()
    page.begin()
    page.end()
    assert page.ask("gone") is not None
    assert page.ask("f2") is None
    assert page.turns.patience == turns.PATIENCE_SECONDS
    page.seconds += turns.PATIENCE_SECONDS
    assert page.turns.patience is None
    assert page.next() is not None


def test_what_waits_is_bounded() -> None:
    page = Page()
    page.ask()
    page.begin()
    for number in range(turns.MOST_WAITING + 50):
        page.ask(f"f{number}")
    waited = 0
    page.end()
    while page.next():
        page.begin(fragment="f")
        page.end(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
        waited += 1
    assert waited == turns.MOST_WAITING


def test_a_page_that_is_out_of_date_runs_again_where_it_is_when_it_is_its_turn() -> None:
    page = Page()
    page.ask(page="overview", query="client=acme")
    page.begin("overview")
    page.turns.again()
    assert page.next() is None, "a run is under way"
    page.end()
    assert page.next() == ("", "overview", "client=acme")
    page.begin("overview")
    page.end()
    assert page.next() is None, "once"
    page.turns.again()
    page.ask(page="campaigns")
    page.begin("campaigns")
    page.end()
    assert page.next() is None, "somebody's own run has shown what was new"
