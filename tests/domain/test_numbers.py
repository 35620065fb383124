"""Texts as numbers: what a style writes is read back, what none writes is refused, signs mean what they say."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from perfdash.domain.numbers import (
    CONTINENTAL,
    ENGLISH,
    NAMED,
    POSSIBLE,
    DoubtfulNumber,
    NumberReading,
    RefusedValue,
    is_unsaid,
    parts_of,
    read_number,
)

MONEY = NumberReading((ENGLISH,), money=True, currency="USD")
BLANKS = (" ", "\u00a0", "\u202f", "\u2009", "\u2007")


def money(text: str, currency: str = "USD") -> Decimal:
    return read_number(text, "cost", NumberReading((ENGLISH,), money=True, currency=currency))


def grouped(digits: str, group: str, indian: bool) -> str:
    head, tail = digits[:-3], digits[-3:]
    size, parts = (2 if indian else 3), []
    while head:
        parts.insert(0, head[-size:])
        head = head[:-size]
    return group.join((*parts, tail))


@pytest.mark.parametrize("seed", range(30))
def test_whatever_a_named_style_writes_is_read_back(seed: int) -> None:
    rng = random.Random(seed)
    for name, style in NAMED.items():
        group = {"1 234,56": rng.choice(BLANKS), "1 234.56": rng.choice(BLANKS), "1'234.56": rng.choice("'\u2019")}.get(
            name, name[1]
        )
        for _ in range(30):
            whole, places = str(rng.randrange(10 ** rng.randrange(1, 13))), rng.randrange(0, 5)
            part = "".join(rng.choices("0123456789", k=places))
            text = grouped(whole, group, name == "1,23,456.78") if rng.random() < 0.7 else whole
            text += style.decimal + part if part or rng.random() < 0.1 else ""
            minus = rng.choice(["", "", "-", "\u2212", "()", "last"])
            text = {"()": f"({text})", "last": f"{text}-"}.get(minus, minus + text)
            expected = Decimal(f"{whole}.{part or 0}") * (-1 if minus else 1)
            assert read_number(f" {text}\u00a0", "cost", NumberReading((style,))) == expected, text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (".5", "0.5"),
        ("5.", "5"),
        ("144.", "144"),
        ("+7", "7"),
        ("1E+06", "1000000"),
        ("5E-05", "0.00005"),
        ("1.5e3", "1500"),
        ("1.2K", "1200"),
        ("3.4 M", "3400000"),
        ("2B", "2000000000"),
        ("-1.5k", "-1500"),
        ("1,23,456.78", "123456.78"),
        ("12,34,567", "1234567"),
        ("1'234'567.5", "1234567.5"),
        ("\u22125", "-5"),
        ("(12.50)", "-12.50"),
        ("12.50-", "-12.50"),
        ("\u200e-12", "-12"),
        ('="12.5"', "12.5"),
        ("0", "0"),
        ("-0", "0"),
    ],
)
def test_numbers_as_people_write_them(text: str, number: str) -> None:
    assert read_number(text, "cost", MONEY) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "1,,234",
        "1,2345",
        "0,123",
        ",",
        ".",
        "1.2.3",
        "--5",
        "(-5)",
        "(5",
        "5)",
        "1-2",
        "12x",
        "1 23",
        "0x1F",
        "1_0",
        "$",
    ],
)
def test_what_is_no_number_of_a_style_is_refused(text: str) -> None:
    with pytest.raises(RefusedValue, match="cost is not a number of a known format"):
        read_number(text, "cost", MONEY)


@pytest.mark.parametrize(
    ("currency", "texts"),
    [
        ("USD", ["$12.50", "$ 12.50", "US$12.50", "12.50 $", "12.50 USD", "USD 12.50", "usd12.50", "USD\u00a012.50"]),
        ("EUR", ["€12.50", "12.50 €", "12.50€", "EUR 12.50", "12.50\u202fEUR"]),
        ("GBP", ["£12.50", "GBP12.50"]),
        ("CAD", ["$12.50", "CA$12.50", "C$12.50"]),
        ("BRL", ["R$ 12.50", "R$12.50"]),
        ("INR", ["₹12.50", "Rs.12.50", "Rs 12.50"]),
        ("PLN", ["12.50 zł"]),
        ("SEK", ["12.50 kr", "12.50 kr.", "kr 12.50"]),
        ("CHF", ["Fr. 12.50", "CHF 12.50", "SFr. 12.50"]),
        ("JPY", ["¥12.50", "\uffe512.50"]),
        ("CNY", ["¥12.50", "CN¥12.50", "RMB 12.50"]),
        ("ZAR", ["R12.50", "R 12.50"]),
        ("MYR", ["RM12.50"]),
        ("IDR", ["Rp 12.50", "Rp12.50"]),
    ],
)
def test_a_sign_or_code_of_the_accounts_currency_is_read(currency: str, texts: list[str]) -> None:
    assert {money(text, currency) for text in texts} == {Decimal("12.50")}
    assert money(f"-{texts[0]}", currency) == money(f"({texts[0]})", currency) == Decimal("-12.50")


def test_a_minus_may_stand_on_either_side_of_a_sign() -> None:
    assert {money(text) for text in ("$-5", "-$5", "- $5", "($5)", "5- $", "$5-")} == {Decimal(-5)}


@pytest.mark.parametrize(
    ("currency", "text"), [("USD", "€5"), ("EUR", "$5"), ("EUR", "5 USD"), ("USD", "R$5"), ("SEK", "5zł")]
)
def test_another_currency_is_refused_by_name(currency: str, text: str) -> None:
    with pytest.raises(RefusedValue, match=f"cost is in another currency than the account's {currency}"):
        money(text, currency)


def test_a_sign_of_money_is_none_of_a_count_and_percent_none_of_money() -> None:
    with pytest.raises(RefusedValue, match="known format"):
        read_number("$5", "clicks", NumberReading())
    with pytest.raises(RefusedValue, match="known format"):
        money("5%")
    with pytest.raises(RefusedValue, match="known format"):
        money("$5 USD€")


def test_percent_is_dropped_or_a_hundredth_as_the_field_says() -> None:
    assert read_number("12.5%", "roi", NumberReading(percent=-2)) == Decimal("0.125")
    assert read_number("12.5 %", "roi", NumberReading(percent=0)) == Decimal("12.5")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "--",
        "–",
        "—",
        "N/A",
        "n/a",
        "null",
        "None",
        "NaN",
        "<10",
        "< 10",
        ">95%",
        "not available",
        "(not set)",
    ],
)
def test_texts_that_report_nothing(text: str) -> None:
    assert is_unsaid(text)


@pytest.mark.parametrize("text", ["0", "-1", "<b>", "ten", "1-", "<", "10"])
def test_texts_that_report_something(text: str) -> None:
    assert not is_unsaid(text)


@pytest.mark.parametrize(
    ("text", "ways"), [("1,234", "1.234 or 1234"), ("12.345", "12.345 or 12345"), ("$1,000", "1 or 1000")]
)
def test_two_readings_are_a_doubt_with_the_setting_to_write(text: str, ways: str) -> None:
    with pytest.raises(DoubtfulNumber) as doubt:
        read_number(text, "cost", NumberReading(POSSIBLE, money=True, currency="USD"))
    assert str(doubt.value).endswith(f'may be {ways}: write records.numbers = "1,234.56" or "1.234,56"')


def test_a_declared_style_reads_nothing_of_the_other() -> None:
    with pytest.raises(RefusedValue, match="known format"):
        read_number("1,234.50", "cost", NumberReading((CONTINENTAL,)))
    with pytest.raises(RefusedValue, match="known format"):
        read_number("1.234,50", "cost", NumberReading((ENGLISH,)))


@pytest.mark.parametrize("seed", range(20))
def test_nothing_that_comes_is_more_than_a_number_or_a_refusal(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(2_000):
        text = "".join(rng.choices("0123456789.,'-+()%$€ kKeE\u00a0\"=xR", k=rng.randrange(0, 12)))
        for reading in (MONEY, NumberReading(POSSIBLE), NumberReading(POSSIBLE, whole=True)):
            try:
                number = read_number(text, "cost", reading)
            except RefusedValue:
                continue
            parts = parts_of(text)
            assert parts is not None
            read = sum(map(str.isdigit, parts.digits))
            assert number.is_finite() and len(number.as_tuple().digits) <= read
