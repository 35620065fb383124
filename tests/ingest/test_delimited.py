"""Text with separated columns: whatever dialect and encoding, the table is the same, or one sentence says why not."""

from __future__ import annotations

import codecs
import csv
import io
import random

import pytest

from perfdash.ingest.delimited import read_delimited
from perfdash.ingest.file_table import FileTable
from perfdash.ingest.header_line import HeaderWish
from perfdash.ingest.not_tabular import NotTabular

NAMES = ("day", "campaign", "impressions", "clicks", "cost")
AMOUNTS = frozenset(NAMES[2:])
WISH = HeaderWish(frozenset(NAMES))
ROWS = [("2026-11-01", "c1", "100", "1", "5.00"), ("2026-11-02", "c2", "200", "2", "7.50")]


def read(text: str | bytes, line: int | None = None, wish: frozenset[str] = WISH.names) -> FileTable:
    return read_delimited(text if isinstance(text, bytes) else text.encode(), HeaderWish(wish, line), AMOUNTS)


def refused(text: str | bytes) -> str:
    with pytest.raises(NotTabular) as caught:
        read(text)
    return str(caught.value)


def lines(*rows: tuple[str, ...], separator: str = ",", end: str = "\n") -> str:
    return "".join(separator.join(row) + end for row in (NAMES, *rows))


def values(table: FileTable) -> list[tuple[str | None, ...]]:
    return [tuple(row.values()) for row in table.rows]


# --- dialects


@pytest.mark.parametrize("seed", range(60))
def test_any_dialect_and_encoding_is_the_same_table(seed: int) -> None:
    """Names with separators, quotation marks and line breaks in them, whatever is quoted and however lines end."""
    rng = random.Random(seed)
    names = ["c1", "Spring; early", "a,b", 'say "hi"', "two\nlines", "Frühling", "tab\there", "bar|bar", " blank "]
    rows = [
        (f"2026-11-{n:02}", rng.choice(names), str(rng.randrange(10**6)), str(rng.randrange(99)), f"{rng.random():.2f}")
        for n in range(1, rng.randrange(2, 20))
    ]
    separator, end = rng.choice(",;\t|"), rng.choice(("\n", "\r\n"))
    quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC))
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end, quoting=quoting).writerows([NAMES, *rows])
    preamble = rng.choice(("", "", f"Report{end}", f'"A title, with commas"{end}{end}', f"sep={separator}{end}"))
    footer = rng.choice(("", f"Total: {len(rows)} campaigns{end}", f'{end}"©2026 Somebody. All rights reserved."{end}'))
    text = preamble + out.getvalue() + footer
    encoded = rng.choice(
        (
            text.encode(),
            codecs.BOM_UTF8 + text.encode(),
            text.encode("utf-16"),
            text.encode("utf-16-le"),
            text.encode("utf-16-be"),
            text.encode("cp1252"),
            codecs.BOM_UTF32_LE + text.encode("utf-32-le"),
        )
    )
    table = read(encoded)
    assert table.names.names == NAMES
    assert values(table) == rows


def test_what_was_recognised_is_said() -> None:
    body = ("Report\n\n" + lines(*ROWS, separator="\t") + "Total: 2\n\n").encode("utf-16")
    assert read(body).said == ("UTF-16", "tabs", "header in line 3", "1 line after the table left out")


def test_types_are_never_guessed() -> None:
    odd = ("007", "NA", "1e5", "", "null")
    assert values(read(lines(odd))) == [("007", "NA", "1e5", None, "null")]


# --- headers


def test_the_header_is_the_line_that_names_the_columns_or_the_one_that_is_said() -> None:
    text = 'Campaign report\n"November 1, 2026 - November 2, 2026"\n' + lines(*ROWS)
    assert values(read(text)) == ROWS
    twice = "cost,by,month,of,day\n" + lines(*ROWS)
    assert values(read(twice)) == ROWS
    assert read(twice, line=1).names.names == ("cost", "by", "month", "of", "day")


def test_a_title_with_a_lone_quotation_mark_swallows_nothing() -> None:
    assert values(read('The "best campaign\n' + lines(*ROWS))) == ROWS


def test_an_unknown_header_is_the_first_line_of_words() -> None:
    text = "Report of October\n\nDatum,Kampagne,Wert\n1.10.2026,a,1\n"
    assert read(text, wish=frozenset()).names.names == ("Datum", "Kampagne", "Wert")


def test_columns_without_a_name_or_with_another_ones_name_get_one_of_their_own() -> None:
    table = read("day,campaign,impressions,clicks,cost,,cost,cost (2)\n1,2,3,4,5,6,5,8\n")
    assert table.names.names == (*NAMES, "column 6", "cost (3)", "cost (2)")
    assert "columns without a name: column 6" in table.said


def test_of_two_columns_of_one_name_that_differ_none_keeps_it() -> None:
    assert read("day,campaign,cost,cost\n1,2,3,4\n").names.names == ("day", "campaign", "cost (1)", "cost (2)")


def test_a_separator_at_the_end_of_each_line_is_no_column() -> None:
    assert read(lines(*ROWS, end=",\n")).names.names == NAMES


# --- lines that do not fit


def test_a_longer_line_is_refused_unless_what_is_too_much_is_empty() -> None:
    assert values(read(lines(ROWS[0], (*ROWS[1], "", "")))) == ROWS
    assert "does not fit it: it has 6 values for 5 columns" in refused(lines(ROWS[0], (*ROWS[1], "6")))
    assert "does not fit it" in refused(lines(("2026-11-01", "c1", "1", "1", "1", "234.50"), ROWS[1]))


def test_a_shorter_line_inside_the_table_is_a_row_without_these_values() -> None:
    assert values(read(lines(("2026-11-01", "c1"), *ROWS)))[0] == ("2026-11-01", "c1", None, None, None)


@pytest.mark.parametrize("end", ["c2,x", "2026-11-03,c2"])
def test_a_last_line_that_was_cut_is_refused(end: str) -> None:
    assert "its last line ends before its columns do" in refused(lines(*ROWS) + end)


@pytest.mark.parametrize(
    "footer", ["Total\n", "Total: 2 campaigns,,,,\n", "Rows,2\n", "\n\n\n", ",,,,\n", "a note\nanother note\n"]
)
def test_lines_after_the_table_are_left_out_when_they_hold_no_amount(footer: str) -> None:
    assert values(read(lines(*ROWS) + footer)) == ROWS


def test_a_line_with_an_amount_is_never_left_out() -> None:
    assert len(read(lines(*ROWS, ("Total", "", "300", "3", "12.50"))).rows) == 3
    assert len(read(lines(*ROWS, ("", "", "", "", "12.50"))).rows) == 3


# --- what is no table


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b"one column\n1\n", "no line of it looks like the header"),
        (b"KEY=value\nOTHER=1", "no line of it looks like the header"),
        (lines().encode(), "it holds no rows"),
        (b"\0\1\2\3,\0", "it is not text"),
        (lines(*ROWS).encode() + b"\0", "it is not text"),
        (("Frühling,ä\n" * 9).encode() + b"\xff", "UTF-8 text with damaged characters"),
        (b"a,b\n\x81\x8d,1", "no text in UTF-8, UTF-16 or Windows-1252"),
        (lines(*ROWS).encode("utf-16") + b"x", "begins as UTF-16 text"),
        (b'day,campaign,cost\n"1"x,2,3\n', "is not CSV"),
        (b'day,campaign,cost\n1,"two,3\n', "is not CSV"),
        (b'day,campaign,cost\n1,"c1,2\n3,"c2",4\n', "is not CSV"),
        (b"day,campaign,cost\n1," + b"c" * 200_000 + b",3\n", "a value is too long"),
        (b"day,campaign,cost" + b",x" * 5000 + b"\n1,2,3\n", "it has 5,003 columns"),
        (b"day,campaign,cost\n1,2,3" + b"," * 5000 + b"\n", "a line of it has 5,003 values"),
    ],
)
def test_what_is_no_table_is_one_sentence_without_its_content(body: bytes, says: str) -> None:
    assert says in refused(body)
