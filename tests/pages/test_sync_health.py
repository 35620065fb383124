"""Sync health: what stands, what failed and when it last worked, and a refresh with a clear result."""

from __future__ import annotations

from datetime import timedelta

from perfdash.domain.access import Principal
from perfdash.domain.errors import SourceUnreachable
from perfdash.store.query import sync_health
from tests.pages.conftest import BEFORE, HEALTH, YESTERDAY, said, shown
from tests.store.builders import NOON, Runs, given_client, given_quarantined
from tests.ui.conftest import given_user, press


def test_every_account_in_scope_and_its_runs_are_listed(acme):
    given_client(acme, "globex")
    given_user(acme, "ann", "client", "acme")
    app = shown(HEALTH, "ann")
    assert list(app.dataframe[0].value["account"]) == ["agency/acme-1"]
    assert list(app.dataframe[0].value["standing"]) == ["Working"]
    assert list(app.dataframe[1].value["state"]) == ["Stored"]


def test_a_client_does_not_read_who_of_the_agency_asked(acme):
    given_user(acme, "ann", "client", "acme")
    assert list(shown(HEALTH, "ann").dataframe[1].value["trigger"]) == ["cli"]
    assert list(shown(HEALTH).dataframe[1].value["trigger"]) == ["cli, operator"]


def test_a_failing_account_says_what_happened_and_when_it_last_worked(acme):
    runs = Runs(acme)
    runs.count = 1
    runs.add(YESTERDAY, NOON.date(), at=NOON - timedelta(minutes=1), state="failed", message="The key was refused.")
    app = shown(HEALTH)
    line = "The key was refused. Stored numbers stay as they are; it last worked today 11:55 UTC, 5 minutes ago."
    assert f"acme, agency/acme-1: {line}" in said(app)
    assert list(app.dataframe[0].value["standing"]) == ["Failing"]


def test_refresh_syncs_and_says_what_came_of_it(store, source):
    given_client(store, "acme", history_days=60)
    Runs(store).add(BEFORE.start, NOON.date(), at=NOON - timedelta(hours=1))
    given_user(store, "boss", "admin")
    app = press(shown(HEALTH), "Refresh now")
    assert not app.exception
    assert source.asked
    assert "1 run: nothing changed in 0 rows." in said(app)


def test_a_refresh_that_fails_keeps_the_old_numbers_and_says_so(store, source):
    given_client(store, "acme", history_days=60)
    Runs(store).add(BEFORE.start, NOON.date(), at=NOON - timedelta(hours=1))
    given_user(store, "boss", "admin")
    source.answer = SourceUnreachable("No connection to the source.")
    app = press(shown(HEALTH), "Refresh now")
    assert not app.exception
    assert (
        "No connection to the source. Stored numbers stay as they are; it last worked today 11:00 UTC, 1 hour ago."
        in said(app)
    )
    assert not app.success


def test_a_chosen_run_shows_what_it_refused(acme):
    given_quarantined(acme, 1)
    app = shown(HEALTH)
    app.session_state["runs_chosen"] = ("acme", 1)
    app.run()
    assert list(app.dataframe[2].value["reason"]) == ["clicks: -1 is negative"]


def test_refused_rows_are_shown_without_their_money_to_who_may_not_see_it(acme):
    given_quarantined(acme, 1)
    given_user(acme, "desk", "client", "acme", money=False)
    app = shown(HEALTH, "desk")
    app.session_state["runs_chosen"] = ("acme", 1)
    app.run()
    assert "payload" not in app.dataframe[2].value.columns


def test_nothing_configured_says_so(store, source):
    given_user(store, "boss", "admin")
    assert "No account is configured" in said(shown(HEALTH))


def test_an_account_never_synced_says_so(store, source):
    given_client(store, "acme")
    given_user(store, "boss", "admin")
    source.answer = SourceUnreachable("No connection to the source.")
    app = shown(HEALTH)
    assert app.dataframe[0].value["standing"].iloc[0] in ("Never synced", "Failing")


def logged(store, **more):
    """The client's second run, with a log that a source took part in writing."""
    runs = Runs(store)
    runs.count = 1
    log = "GET /v1/performance: 503, request <b>[x](https://evil.example)</b>\nGET /v1/performance: 200, 3 rows"
    runs.add(YESTERDAY, NOON.date(), at=NOON - timedelta(minutes=1), log=log, requests=2, retries=1, **more)
    return log


def chosen(name, run=2):
    app = shown(HEALTH, name)
    app.session_state["runs_chosen"] = ("acme", run)
    return app.run()


def test_the_log_of_a_chosen_run_is_one_step_away_and_mere_text(acme):
    log = logged(acme)
    app = chosen("boss")
    assert [expander.label for expander in app.expander] == ["Log: 2 requests, 1 retry"]
    assert [code.value for code in app.expander[0].code] == [log]


def test_a_failed_run_has_its_log_too(acme):
    log = logged(acme, state="failed", message="The source answered 503.")
    assert [code.value for code in chosen("boss").expander[0].code] == [log]


def test_a_client_reads_how_much_was_asked_but_not_the_log(acme):
    logged(acme)
    given_user(acme, "ann", "client", "acme")
    app = chosen("ann")
    assert not app.expander and not app.code
    assert "2 requests, 1 retry." in said(app)


def test_the_log_of_another_client_is_read_by_nobody_who_was_not_granted_it(acme):
    logged(acme)
    for role, granted in (("analyst", "globex"), ("client", "globex"), ("client", "acme")):
        assert sync_health.run_log(acme, Principal("ann", role, frozenset({granted})), "acme", 2) == ""
    assert sync_health.run_log(acme, Principal("bo", "analyst", frozenset({"acme"})), "acme", 2)
