"""How an answer writes its numbers, days and ids: its columns decide together; what they leave open is refused."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from perfdash.domain.accounts import Account, Days
from perfdash.domain.facts import Batch
from perfdash.ingest import rows
from tests.ingest.mapping_kit import mapping_from

ACCOUNT = Account("acme", "ads", "17", "EUR", "Europe/Berlin")
DAYS = Days(date(2026, 1, 1), date(2026, 12, 31))
FIELDS = {
    "campaign": "campaign",
    "platform": {"constant": "TikTok"},
    "day": "day",
    "impressions": "impressions",
    "clicks": "clicks",
    "cost": "cost",
    "revenue": "revenue",
    "roi": "roi",
}
WRITTEN = {
    "1,234.56": (",", "."),
    "1.234,56": (".", ","),
    "1 234,56": ("\u00a0", ","),
    "1 234.56": ("\u202f", "."),
    "1'234.56": ("\u2019", "."),
}


def read(
    given: list[dict[str, Any]], from_file: bool = True, answer: list[dict[str, Any]] | None = None, **records: Any
) -> Batch:
    mapping = replace(mapping_from(FIELDS, {"path": "data"} | records), from_file=from_file)
    lines = [{"campaign": f"c{n}", "day": "2026-11-01", "clicks": "1"} | row for n, row in enumerate(given)]
    return rows.read_rows(lines, mapping, ACCOUNT, DAYS, answer or ())


def costs(batch: Batch) -> list[Decimal]:
    assert batch.quarantined == ()
    return [Decimal(values.cost).scaleb(-6) for values in batch.facts.values()]


def reasons(batch: Batch) -> list[str]:
    return [refused.reason for refused in batch.quarantined]


def cost(*texts: Any, impressions: Any = "10", **more: Any) -> list[dict[str, Any]]:
    return [{"cost": text, "impressions": impressions} | more for text in texts]


def written(number: Decimal, group: str, point: str, places: int) -> str:
    return f"{number:,.{places}f}".translate({ord(","): group, ord("."): point})


@pytest.mark.parametrize("from_file", [True, False])
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("style", WRITTEN)
def test_a_table_of_any_style_is_read_or_refused_and_never_read_as_something_else(
    style: str, seed: int, from_file: bool
) -> None:
    rng = random.Random(f"{style} {seed}")
    group, point = WRITTEN[style]
    places = rng.choice([0, 1, 2, 2, 3])
    amounts = [Decimal(rng.randrange(10 ** rng.randrange(1, 10))).scaleb(-places) for _ in range(rng.randrange(1, 30))]
    shown = [rng.randrange(10 ** rng.randrange(1, 8)) for _ in amounts]
    table = [
        {"cost": written(amount, group, point, places), "impressions": written(Decimal(n), group, point, 0)}
        for amount, n in zip(amounts, shown, strict=True)
    ]
    declared = read(table, from_file, numbers=style)
    assert costs(declared) == amounts
    assert [values.impressions for values in declared.facts.values()] == shown
    found = read(table, from_file)
    if from_file or style not in ("1.234,56",):
        by_campaign = {key.campaign: Decimal(values.cost).scaleb(-6) for key, values in found.facts.items()}
        assert all(by_campaign[f"c{n}"] == amount for n, amount in enumerate(amounts) if f"c{n}" in by_campaign)
        if places in (1, 2):
            assert costs(found) == amounts


@pytest.mark.parametrize("text", ["1,234", "1.234", "12,345"])
def test_what_nothing_proves_is_refused_in_a_file_with_the_first_example_of_its_column(text: str) -> None:
    left, _, right = text.replace(",", ".").partition(".")
    hint = f'cost: {text} may be {left}.{right} or {left}{right}: write records.numbers = "1,234.56" or "1.234,56"'
    assert reasons(read(cost(text, "9", "7" + text[1:]))) == [hint, hint]


def test_behind_an_api_a_point_is_one_and_a_comma_alone_is_in_doubt() -> None:
    assert costs(read(cost("1.234", "12"), from_file=False)) == [Decimal("1.234"), 12]
    assert costs(read(cost("1.234", "1,234"), from_file=False)) == [Decimal("1.234"), 1234]
    assert len(reasons(read(cost("1,234", "12"), from_file=False))) == 1


@pytest.mark.parametrize(
    ("more", "amount"),
    [
        ({"impressions": "1,000"}, 1234),
        ({"impressions": "1.001"}, Decimal("1.234")),
        ({"revenue": "12.50"}, 1234),
        ({"revenue": "12,50"}, Decimal("1.234")),
        ({"revenue": "1,234,567"}, 1234),
        ({"revenue": "1.234.567"}, Decimal("1.234")),
        ({"revenue": "0,125"}, Decimal("1.234")),
        ({"revenue": ".5"}, 1234),
        ({"revenue": "12345,678"}, Decimal("1.234")),
        ({"revenue": "1 234,5"}, Decimal("1.234")),
        ({"revenue": "(12,50 €)"}, Decimal("1.234")),
        ({"roi": "12,5%"}, Decimal("1.234")),
        ({"roi": "1.5E+06"}, 1234),
    ],
)
def test_any_other_number_of_the_file_may_prove_the_comma(more: dict[str, str], amount: Decimal) -> None:
    table = [*cost("1,234"), *cost("1", **more)]
    assert costs(read(table)) == [amount, 1]


def test_texts_that_report_nothing_prove_nothing() -> None:
    table = [*cost("1,234", revenue="<10.5"), *cost("N/A"), *cost("--")]
    assert reasons(read(table))[1:] == ["cost is missing"] * 2
    assert "may be" in reasons(read(table))[0]


def test_two_proofs_that_contradict_each_other_refuse_what_they_could_mean() -> None:
    batch = read(cost("1,234.50", "1.234,50", "12", "1,234"))
    assert [values.cost for values in batch.facts.values()] == [12_000_000]
    (reason,) = set(reasons(batch))
    assert reason.startswith(
        "cost: numbers are written in two ways here (1,234.50 and 1.234,50): write records.numbers"
    )


def test_a_group_of_blanks_beside_one_of_commas_leaves_what_is_clear() -> None:
    assert costs(read(cost("1 234.50", "1,234.50", "12.5"))) == [Decimal("1234.5"), Decimal("1234.5"), Decimal("12.5")]


def test_a_declared_style_is_obeyed_whatever_the_file_shows() -> None:
    batch = read(cost("1,234", "12,50", "3.5"), numbers="1.234,56")
    assert [values.cost for values in batch.facts.values()] == [1_234_000, 12_500_000]
    assert reasons(batch) == ["cost is not a number of a known format"]


def test_the_accounts_currency_is_known_where_amounts_are_read() -> None:
    batch = read(cost("€12.50", "12.50 EUR", "$12.50", "12.50 USD"))
    assert [values.cost for values in batch.facts.values()] == [12_500_000] * 2
    assert reasons(batch) == ["cost is in another currency than the account's EUR"] * 2


def test_percent_of_a_ratio_is_a_hundredth_and_of_money_nothing() -> None:
    batch = read([*cost("1", roi="50%"), *cost("50%")])
    assert [values.reported_roi for values in batch.facts.values()] == [Decimal("0.50")]
    assert reasons(batch) == ["cost is not a number of a known format"]


@pytest.mark.parametrize("amount", ["9223372036854.775807", "-9223372036854.775807", "-12.50", "(12.50)"])
def test_money_has_no_bound_but_that_of_64_bits(amount: str) -> None:
    expected = Decimal(amount.replace("(", "-").replace(")", ""))
    assert costs(read(cost(amount))) == costs(read(cost(expected))) == [expected]


@pytest.mark.parametrize("amount", ["9223372036854.775808", "-9223372036854.775808", "1e30"])
def test_beyond_64_bits_money_is_too_large(amount: str) -> None:
    assert reasons(read(cost(amount))) == reasons(read(cost(Decimal(amount)))) == ["cost is too large"]


def test_rows_of_a_sample_are_read_as_in_their_whole_answer() -> None:
    whole = [*cost("1,234", day="3/2/2026"), *cost("12.50", day="3/13/2026")]
    (refused,) = read(whole[:1]).quarantined
    assert refused.key is None
    ((key, values),) = read(whole[:1], answer=whole).facts.items()
    assert (key.day, values.cost) == (date(2026, 3, 2), 1_234_000_000)


@pytest.mark.parametrize("form", ["%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%-d-%-m-%Y"])
def test_days_of_a_file_are_read_in_the_order_that_their_column_shows(form: str) -> None:
    days = [date(2026, 11, 1) + timedelta(days=n) for n in range(28)]
    batch = read([{"day": day.strftime(form), **row} for day, row in zip(days, cost(*["1"] * 28), strict=True)])
    assert [key.day for key in batch.facts] == days


def test_serials_are_days_in_files_only() -> None:
    table = [{"day": text, **row} for text, row in zip(("46327", "46328.5"), cost("1", "2"), strict=True)]
    assert [key.day for key in read(table).facts] == [date(2026, 11, 1), date(2026, 11, 2)]
    assert len(read(table, from_file=False).quarantined) == 2


# Ids


def campaigns(*ids: Any, from_file: bool = True) -> tuple[list[str], list[str]]:
    batch = read([{"campaign": one, **row} for one, row in zip(ids, cost(*["1"] * len(ids)), strict=True)], from_file)
    return [key.campaign for key in batch.facts], reasons(batch)


@pytest.mark.parametrize(
    "sent", ["1.2E+17", "1.20207E+17", "1.20207e+17", "1,20207E+17", "120207000000000001.0", Decimal("1.2E+17")]
)
def test_an_id_of_which_a_spreadsheet_has_lost_digits_is_refused(sent: Any) -> None:
    kept, refused = campaigns(sent, "c2")
    assert kept == ["c2"]
    assert refused[0].startswith("campaign was damaged by a spreadsheet")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('="120207000000000001"', "120207000000000001"),
        ("123.0", "123"),
        ("123456789012345.0", "123456789012345"),
        (Decimal("123.0"), "123"),
        ("E+17", "E+17"),
        ("12E5", "12E5"),
        ("v1.05", "v1.05"),
        ("1.5", "1.5"),
        ("007", "007"),
    ],
)
def test_what_a_spreadsheet_wrapped_up_is_unwrapped_and_other_ids_stay(sent: Any, kept: str) -> None:
    assert campaigns(sent, "c2") == ([kept, "c2"], [])


def test_ids_that_all_end_in_zeros_behind_the_fifteenth_digit_are_refused_in_files() -> None:
    cut = ("120207000000001000", "120207000000002000")
    assert campaigns(*cut, "77")[0] == ["77"]
    assert campaigns(*cut, "120207000000003001")[0] == [*cut, "120207000000003001"]
    assert campaigns(*cut, from_file=False)[0] == list(cut)
    assert campaigns("1202070000000010", "77")[0] == ["1202070000000010", "77"]
