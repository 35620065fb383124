from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from streamlit.testing.v1 import AppTest

from perfdash.domain.accounts import Days
from perfdash.domain.periods import PRESET_LABELS, PRESETS
from perfdash.store.engine import Store
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.runtime import context
from tests.store.builders import given_client, given_facts
from tests.ui.conftest import entered, given_user, press

NOW = datetime(2026, 3, 10, 16, tzinfo=UTC)  # already the 11th in Tokyo


@pytest.fixture(autouse=True)
def agency(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """acme in EUR, hoshi in JPY, kept in USD and granted to nobody but the admin."""
    monkeypatch.setattr(context, "now", lambda: NOW)
    given_client(store, "acme")
    given_client(store, "hoshi", currency="JPY", zone="Asia/Tokyo")
    given_client(store, "kept", currency="USD", zone="America/New_York")
    given_facts(
        store,
        *({"day": date(2026, 3, day), "platform": p} for day in (1, 9) for p in ("TikTok", "Instagram")),
        {"client_id": "hoshi", "currency": "JPY", "day": date(2026, 3, 9)},
        {"client_id": "kept", "currency": "USD", "day": date(2026, 3, 9), "platform": "Secret"},
    )
    given_user(store, "admin", "admin")
    given_user(store, "ann", "analyst", "acme", "hoshi")
    given_user(store, "cleo", "client", "acme")
    given_user(store, "blind", "client", "acme", money=False)


def shown(name: str, **query: str | list[str]) -> AppTest:
    app = entered(name, query)
    assert not app.exception
    return app


def selection(app: AppTest) -> Selection:
    found = app.session_state["_selection"]
    assert isinstance(found, Selection)
    return found


def said(app: AppTest) -> str:
    """The line about what was not applied, as it reads; pages may say other things beside it."""
    lines = [warning.value for warning in app.warning if warning.icon == ":material/filter_alt_off:"]
    assert len(lines) < 2
    return "".join(lines).replace("\\", "").replace("\u2060", "")


def test_without_a_link_it_is_the_last_thirty_days_of_everything_in_scope() -> None:
    app = shown("ann")
    asked = selection(app)
    filters = asked.question.filters
    assert filters.days_of("acme") == Days(date(2026, 2, 8), date(2026, 3, 9))
    assert filters.days_of("hoshi") == Days(date(2026, 2, 9), date(2026, 3, 10))  # in Tokyo it is a day later already
    assert (asked.question.filters.clients, asked.question.filters.platforms, asked.question.filters.max_cpm) == (
        (),
        (),
        None,
    )
    assert asked.ignored == ()
    assert app.multiselect(key="client").options == ["acme", "hoshi"]
    assert list(app.query_params) == []


def test_a_whole_link_is_answered() -> None:
    asked = selection(
        shown("ann", client="acme", range="Last 7 days", platform="TikTok", max_cpm="12.345678", cpm_grain="campaign")
    ).question.filters
    assert asked.days == Days(date(2026, 3, 3), date(2026, 3, 9))
    assert (asked.clients, asked.platforms) == (("acme",), ("TikTok",))
    assert (asked.max_cpm, asked.cpm_grain) == (12_345_678, "campaign")


def test_a_client_has_the_same_days_alone_and_among_others() -> None:
    every = selection(shown("ann", range="Last 7 days")).question.filters
    for client, last in (("acme", date(2026, 3, 9)), ("hoshi", date(2026, 3, 10))):
        alone = selection(shown("ann", client=client, range="Last 7 days")).question.filters
        assert alone.days == every.days_of(client)
        assert (alone.days.end, alone.ranges) == (last, ())


@pytest.mark.parametrize("label", [PRESET_LABELS[preset] for preset in PRESETS if preset != "custom"])
def test_every_range_is_offered_and_is_its_name_in_the_link(label: str) -> None:
    app = shown("cleo", range=label)
    assert said(app) == ""
    assert PRESET_LABELS[selection(app).period.preset] == label


def test_all_days_begin_with_the_first_one_known() -> None:
    assert selection(shown("ann", range="All days")).question.filters.days == Days(date(2026, 3, 1), date(2026, 3, 11))


@pytest.mark.parametrize("name", ["kept", "no-such-client"])
def test_a_client_one_may_not_see_reads_like_an_unknown_one(name: str) -> None:
    app = shown("ann", client=["acme", name])
    assert selection(app).question.filters.clients == ("acme",)
    assert said(app) == f"Not applied: client “{name}”."


def test_a_platform_named_like_markdown_is_offered_where_nothing_reads_markdown(store: Store) -> None:
    name = "![x](https://evil.example/p.png)"
    given_facts(store, {"day": date(2026, 3, 9), "platform": name})
    app = shown("cleo", platform=name)
    assert app.multiselect(key="platform").options == [name, "Instagram", "TikTok"]
    assert selection(app).question.filters.platforms == (name,)
    assert not [group for group in app.button_group if name in group.options]


def test_platforms_of_clients_out_of_scope_are_not_offered() -> None:
    app = shown("ann", platform="Secret")
    assert selection(app).question.filters.platforms == ()
    assert said(app) == "Not applied: platform “Secret”."


def test_nonsense_falls_back_to_the_defaults_and_one_line_names_all_of_it() -> None:
    app = shown("cleo", client="x", range="Sometimes", platform="Fax", max_cpm="nan", cpm_grain="y", currency="z")
    assert selection(app).question.filters == selection(shown("cleo")).question.filters
    for phrase in ("client “x”", "range “Sometimes”", "platform “Fax”", "max_cpm “nan”", "cpm_grain “y”"):
        assert phrase in said(app)


def test_the_line_goes_with_the_first_change_of_a_filter() -> None:
    app = shown("ann", client="x")
    assert said(app.run())
    app.multiselect(key="client").set_value(["acme"]).run()
    assert said(app) == ""


def test_a_reversed_range_shows_the_default_in_answer_and_widgets_alike() -> None:
    app = shown("ann", range="Custom", dates=["2026-03-05", "2026-03-01"])
    assert selection(app).question.filters.days_of("acme") == Days(date(2026, 2, 8), date(2026, 3, 9))
    assert app.selectbox(key="range").value == "last_30"
    assert said(app) == "Not applied: dates “2026-03-05 to 2026-03-01”."


def test_a_range_in_the_link_is_taken_and_cut_at_the_last_today() -> None:
    assert selection(shown("ann", dates=["2026-03-01", "2026-03-05"])).question.filters.days == Days(
        date(2026, 3, 1), date(2026, 3, 5)
    )
    app = shown("cleo", range="Custom", dates=["2026-03-01", "2026-04-05"])
    assert selection(app).question.filters.days == Days(date(2026, 3, 1), date(2026, 3, 10))
    assert "dates after 2026-03-10" in said(app)


def test_choosing_custom_starts_with_the_days_in_view_and_waits_for_both_ends() -> None:
    app = shown("ann", client="acme", range="Last 7 days")
    app.selectbox(key="range").set_value("custom").run()
    week = Days(date(2026, 3, 3), date(2026, 3, 9))
    assert app.date_input(key="dates").value == (week.start, week.end)
    app.date_input(key="dates").set_value((date(2026, 3, 1),)).run()
    assert selection(app).question.filters.days == week
    assert "until they have a first and a last day" in said(app)
    app.date_input(key="dates").set_value((date(2026, 3, 1), date(2026, 3, 2))).run()
    assert selection(app).question.filters.days == Days(date(2026, 3, 1), date(2026, 3, 2))
    assert said(app) == ""


def test_a_limit_waits_until_one_currency_is_in_view() -> None:
    app = shown("ann", max_cpm="5")
    assert selection(app).question.filters.max_cpm is None
    assert app.number_input(key="max_cpm").disabled
    assert said(app) == "Not applied: CPM at most 5, until one currency is chosen."
    app.selectbox(key="currency").set_value("EUR").run()
    asked = selection(app)
    assert (asked.question.filters.currency, asked.question.filters.max_cpm, asked.ignored) == ("EUR", 5_000_000, ())
    app.selectbox(key="currency").set_value("All currencies")
    app.multiselect(key="client").set_value(["hoshi"]).run()
    assert selection(app).question.filters.max_cpm == 5_000_000
    assert app.number_input(key="max_cpm").label == "CPM at most (JPY)"


def test_without_money_there_is_no_limit_currency_or_grain() -> None:
    app = shown("blind", max_cpm="5", currency="EUR")
    assert not app.number_input
    assert selection(app).question.filters.max_cpm is None
    assert selection(app).question.filters.currency is None
    assert "max_cpm “5”" in said(app)
    assert "currency “EUR”" in said(app)


def test_reset_goes_back_to_the_defaults() -> None:
    app = shown("ann", client="acme", range="Last 7 days", platform="TikTok", max_cpm="5", cpm_grain="campaign")
    press(app, "Reset filters")
    assert selection(app).question.filters == selection(shown("ann")).question.filters


def test_a_link_cannot_smuggle_markup_onto_the_page() -> None:
    app = shown("ann", client="![x](https://example.com/p.png)")
    assert "\\!\\[x\\]\\(" in next(
        warning.value for warning in app.warning if warning.icon == ":material/filter_alt_off:"
    )
