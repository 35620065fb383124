"""CPM lab: what sources report against what their rows give, why, and what if."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from fractions import Fraction

import pytest
from streamlit.testing.v1 import AppTest

from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.presentation.cpm_lab import as_sent
from perfdash.store import receipts
from perfdash.store.query import cpm_lab as cpm_lab_query
from perfdash.ui import downloads
from perfdash.ui.cpm_lab.tables import first_tab
from tests.pages.conftest import CAMPAIGNS, PAGES, VIEW, YESTERDAY, fact, fetched, said, shown, tile, tiles
from tests.store.builders import ADMIN, given_campaign, given_client
from tests.ui.conftest import given_user

LAB = f"{PAGES}/performance/checks.py"


@pytest.fixture
def saved(monkeypatch):
    """The downloads of a page: key -> what builds the file."""
    found = {}
    monkeypatch.setattr(downloads, "_button", lambda _label, build, _name, key: found.__setitem__(key, build))
    return found


@pytest.fixture
def mixed(acme):
    """Four rows of 5 EUR for 1,000 impressions: right, per reach, in thousandths, and one that nobody understands."""
    given_campaign(acme, "reach", name="Reach & Co")
    for campaign, cpm, reach in (
        ("a", "5.00", None),
        ("reach", "10.00", 500),
        ("b", "0.005", None),
        ("c", "7.77", None),
    ):
        fact(acme, campaign_id=campaign, reported_cpm=cpm, reach=reach)
    return acme


def table(app: AppTest, column: str):
    """The first table with this column."""
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def test_it_says_how_many_rows_agree_and_why_the_others_do_not(mixed):
    app = shown(LAB)
    found = tiles(app)
    assert (found["Rows with CPM"], found["Agree"], found["Disagree"], found["Explained"]) == ("4", "1", "3", "2")
    assert tile(app, "Rows with CPM").delta == "of 4 in view"
    assert "3 rows of 4 disagree" in said(app)
    assert "per reach (1)" in said(app)


def test_each_cause_has_its_rows_cost_example_and_what_to_do(mixed):
    app = shown(LAB)
    causes = table(app, "cause").set_index("cause")
    assert set(causes.index) == {"Agrees", "Per reach", "× 1000", "Unexplained"}
    assert list(causes["rows"]) == [1, 1, 1, 1]
    assert causes["cost"]["Per reach"] == 5.0
    assert causes["moves"]["Per reach"] == 1.25  # (10 - 5) x 1,000 of 4,000 impressions
    assert causes["example"]["Per reach"].startswith("10.00 reported, 5.00 recomputed: Reach & Co, TikTok")
    assert "The source divides by people reached" in said(app)


def test_the_largest_disagreements_come_first_with_the_number_as_it_was_written(mixed):
    app = shown(LAB)
    rows = table(app, "campaign")
    assert list(rows["sent"]) == ["0.005", "10.00", "7.77"]
    assert list(rows["reported"]) == [0.005, 10.0, 7.77]
    assert list(rows["cause"]) == ["× 1000", "Per reach", "Unexplained"]
    assert rows["campaign"][1] == "Reach & Co"
    assert rows["difference"][1] == 5.0


def test_the_total_shows_the_ratio_of_sums_beside_the_mean_that_must_not_be_used(mixed):
    wholes = table(shown(LAB), "mean")
    assert wholes["recomputed"][0] == 5.0
    assert wholes["mean"][0] == pytest.approx(5.69375)


def test_the_total_says_which_rows_it_leaves_out_and_what_the_overview_shows(mixed):
    fact(mixed, campaign_id="silent", cost=45_000_000, impressions=1_000)
    app = shown(LAB)
    wholes = table(app, "mean")
    assert (wholes["recomputed"][0], wholes["all"][0]) == (5.0, 13.0)
    assert "Not in this total: 1 row of 5 in EUR, which cost 45.00 EUR and send no CPM that can be recomputed." in said(
        app
    )


def test_it_opens_on_the_tab_with_the_most_rows_that_disagree(acme):
    fact(acme, reported_cpm="5.00", revenue=15_000_000, reported_roi="3.00")
    assert [tab.label for tab in shown(LAB).tabs] == ["CPM", "ROI", "What if"]
    assert first_tab(cpm_lab_query.comparisons(acme, Question(ADMIN, Filters(VIEW)))) == "ROI"


def test_roi_is_told_in_per_cent_as_everywhere(acme):
    fact(acme, revenue=15_000_000, reported_roi="3.00")
    app = shown(LAB)
    assert table(app, "example")["example"][0].startswith("300% reported, 200% recomputed")
    assert (table(app, "mean")["recomputed"][0], table(app, "mean")["reported"][0]) == (200.0, 300.0)


def test_what_agrees_reads_alike_with_the_decimals_of_the_source():
    assert as_sent("cpm", Decimal("1549.96"), Fraction("1549.961")) == "1,549.96"
    assert as_sent("roi", Decimal("-0.36"), Fraction("-0.3617")) == "−36%"
    assert as_sent("roi", Decimal("0.9681"), Fraction("0.96809")) == "96.81%"


def test_where_all_agree_it_says_so(acme):
    fact(acme, reported_cpm="5.00")
    app = shown(LAB)
    assert "Every CPM that can be checked is the one that its own row gives." in said(app)
    assert "Explained" not in tiles(app)
    assert "None. The CSV holds every row that was compared." in said(app)


def test_a_roas_called_roi_is_named(acme):
    fact(acme, revenue=15_000_000, reported_roi="3.00")
    app = shown(LAB)
    assert "1 row of 1 disagree: ROAS called ROI (1)." in said(app)
    assert "No row in view reports a CPM of its own" in said(app)


def test_the_download_holds_every_row_exactly_and_leaves_a_receipt(mixed, saved):
    shown(LAB)
    rows = list(csv.DictReader(io.StringIO(saved["lab_cpm_csv"]())))
    assert len(rows) == 4
    reach = next(row for row in rows if row["campaign id"] == "reach")
    unit = "(currency units per 1000 impressions)"
    assert reach[f"reported cpm {unit}"] == "10.00"
    assert reach[f"recomputed cpm {unit}"] == "5.000000"
    assert (reach["cause"], reach["day (account's time zone)"]) == ("Per reach", str(YESTERDAY))
    assert receipts.list_receipts(mixed, ADMIN)[0].view == "lab-cpm"


def test_without_money_the_page_is_not_offered_and_says_why(mixed):
    given_user(mixed, "desk", "client", "acme", money=False)
    app = shown(LAB, "desk")
    assert "amounts of money are not part of your access" in said(app)
    assert not app.dataframe
    assert not app.number_input


def test_another_clients_rows_do_not_show(mixed):
    given_client(mixed, "bolt")
    given_user(mixed, "bob", "client", "bolt")
    app = shown(LAB, "bob")
    assert not app.dataframe
    assert "Reach" not in said(app)


def test_nothing_in_view_says_where_the_data_is(acme):
    assert "No data is stored yet" in said(shown(LAB))


def test_a_name_with_markup_stays_text(acme):
    fact(acme, campaign_id="[x](http://evil)", reported_cpm="7.77")
    app = shown(LAB)
    assert "evil" not in said(app)
    assert "evil" in str(table(app, "example")["example"][0])


# --- what if


def priced(app: AppTest, label: str, value: float) -> AppTest:
    next(field for field in app.number_input if field.label.startswith(label)).set_value(value)
    return app.run()


def test_a_fee_in_percent_moves_cpm_and_cpc_up_and_roas_down(acme):
    fact(acme, revenue=15_000_000)
    app = priced(shown(LAB), "Fee in %", 25.0)
    found = tiles(app)
    assert (found["Cost (EUR)"], found["CPM (EUR)"], found["ROAS"], found["ROI"]) == (
        "6.25",
        "6.25",
        "2.40×",
        "140.00%",
    )
    assert tile(app, "CPM (EUR)").delta == "as it is 5.00"


def test_a_fixed_fee_is_split_in_proportion_to_cost(acme):
    fact(acme, campaign_id="large", cost=9_000_000)
    fact(acme, campaign_id="small", cost=1_000_000)
    then = table(priced(shown(LAB), "Fixed fee", 1.0), "cost_priced")
    assert list(then["name"]) == ["large", "small"]
    assert list(then["cost_priced"]) == [9.9, 1.1]
    assert list(then["cpm_priced"]) == [9.9, 1.1]


def test_another_total_takes_the_place_of_the_cost(acme):
    fact(acme)
    assert tiles(priced(shown(LAB), "Another cost", 50.0))["CPM (EUR)"] == "50.00"


def test_a_fee_without_any_cost_is_answered_with_a_sentence(acme):
    fact(acme, cost=0)
    assert "nothing to split a fee" in said(priced(shown(LAB), "Fixed fee", 1.0))


def test_each_currency_is_asked_by_itself(acme):
    given_client(acme, "bolt", currency="USD", settlement_days=3, history_days=400)
    fetched(acme, "bolt")
    fact(acme)
    fact(acme, client_id="bolt", currency="USD", cost=8_000_000)
    app = shown(LAB)
    assert tiles(app)["Cost (EUR)"] == "5.00"
    app.segmented_control(key="what_if_currency").set_value("USD")
    assert tiles(app.run())["Cost (USD)"] == "8.00"


def test_nothing_of_it_is_stored_and_other_pages_do_not_change(acme):
    fact(acme)
    app = priced(shown(LAB), "Another cost", 50.0)
    app.switch_page(CAMPAIGNS)
    assert list(app.run().dataframe[0].value["cost"]) == [5.0]
