"""Generated rows of three APIs against a second, slow reading of the rules: no crash, no miscount, no wrong row stored.

The oracle goes row by row over fractions and shares with the app only the list of platforms and the cleaning of texts.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfdash.domain import accounts, numbers
from perfdash.domain import values as domain_values
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import Batch, FactKey, Sheet
from perfdash.domain.measures import FactValues
from perfdash.ingest import convert as ingest_convert
from perfdash.ingest import json_reader, merge_pages, rows
from perfdash.ingest.mapping import Field
from tests.conftest import examples
from tests.ingest.mapping_kit import mapping_of_preset

ACCOUNT = Account("acme", "ads", "17", "EUR", "Europe/Berlin")
DAYS = Days(date(2026, 3, 1), date(2026, 3, 7))


class Bad(Exception):
    """The oracle refuses the row."""


# The oracle


def number(value: Any, missing: tuple[str, ...]) -> tuple[Fraction, Decimal] | None:
    """The value as a fraction and as it is written; None when it is not reported."""
    if value is None or (isinstance(value, str) and (value in missing or numbers.is_unsaid(value))):
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Bad
    if isinstance(value, str):
        if len(value) > 60 or not re.fullmatch(
            r" *-?([0-9]+|[1-9][0-9]?,[0-9]{3})(\.[0-9]+)?(e[0-9]+)?", value, re.ASCII
        ):
            raise Bad
        value = Decimal(value.replace(",", ""))
    written = Decimal(value)
    if abs(written.adjusted()) > 500:
        raise Bad  # beyond every limit, whichever it is; a fraction of it would fill the memory
    return Fraction(written), written


def count(value: Any, missing: tuple[str, ...]) -> int | None:
    found = number(value, missing)
    if found is None:
        return None
    if not 0 <= found[0] < 2**63 or found[0].denominator != 1:
        raise Bad
    return int(found[0])


def micros(value: Any, missing: tuple[str, ...], flags: list[str], flag: str, least: int = 0) -> int | None:
    found = number(value, missing)
    if found is None:
        return None
    if not least <= found[0] * 10**6 < 2**63:
        raise Bad
    if (found[0] * 10**6).denominator != 1:
        flags.append(flag)
    return round(found[0] * 10**6)


def ratio(value: Any, missing: tuple[str, ...]) -> Decimal | None:
    found = number(value, missing)
    if found is None:
        return None
    if abs(found[0]) >= 10**12 or found[1].adjusted() < -30 or len(format(found[1], "f")) > 38:
        raise Bad
    return found[1]


def disagrees(cpm: Decimal, cost: int, impressions: int) -> bool:
    if impressions == 0:
        return cpm != 0
    decimals = min(6, len(format(cpm, "f").partition(".")[2]))
    off = abs(int(Fraction(cpm) * 10**6) - Fraction(cost * 1000, impressions))
    return off > 10 ** (6 - decimals)


def text_id(value: Any, missing: tuple[str, ...]) -> str:
    if value is None or (isinstance(value, str) and value in missing):
        return ""
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < 10**15:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Bad
    if isinstance(value, int) and abs(value) >= 10**200:
        raise Bad
    text = str(value).strip()
    if len(text) > 200 or domain_values.clean_text(text) != text:
        raise Bad
    return text


@dataclass(frozen=True)
class Api:
    """How the oracle reads one API: the same facts as its preset, said as plain functions of a row."""

    preset: str
    good: Any
    places: dict[str, tuple[str, ...]]
    missing: tuple[str, ...] = ()
    zero: frozenset[str] = frozenset()
    picks: frozenset[str] = frozenset()
    suffix: str = ""
    platform: str = ""
    names: tuple[tuple[str, str], ...] = ()

    def at(self, row: Any, field: str) -> Any:
        value = row
        for step in self.places.get(field, ("nowhere",)):
            value = value.get(step) if isinstance(value, dict) else None
        if field in self.picks and value is not None:
            if not isinstance(value, list):
                raise Bad
            found = [
                item.get("value") for item in value if isinstance(item, dict) and item.get("action_type") == "purchase"
            ]
            if any(type(other) is not type(found[0]) or other != found[0] for other in found):
                raise Bad
            return found[0] if found else 0
        nothing = value is None or (isinstance(value, str) and numbers.is_nothing(value))
        return 0 if nothing and field in self.zero else value

    def key(self, row: Any) -> FactKey:
        if not isinstance(row, dict):
            raise Bad
        campaign, creator = (text_id(self.at(row, field), self.missing) for field in ("campaign", "creator"))
        label, network = self.at(row, "day"), self.platform or self.at(row, "platform")
        if not campaign or not isinstance(label, str) or not isinstance(network, str) or network in self.missing:
            raise Bad
        found = re.fullmatch("([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})( 00:00:00)?", label, re.ASCII)
        if found is None:
            raise Bad
        try:
            day = date(*map(int, found.groups()[:3]))
        except ValueError:
            raise Bad from None
        network = dict(self.names).get(network.strip().casefold(), network)
        name, _ = accounts.platform_spelling(domain_values.clean_text(network))
        if not name:
            raise Bad
        return FactKey(day, campaign, name, creator)

    def values(self, row: Any, key: FactKey) -> FactValues:
        flags = [] if key.platform in accounts.KNOWN else ["unknown_platform"]
        late: list[str] = []
        field = partial(self.at, row)
        impressions, clicks = count(field("impressions"), self.missing), count(field("clicks"), self.missing)
        cost = micros(field("cost"), self.missing, flags, "cost_rounded", -(2**63) + 1)
        if key.day not in DAYS or impressions is None or clicks is None or cost is None:
            raise Bad
        currency = field("currency")
        currency = "EUR" if currency is None else currency
        if not isinstance(currency, str) or currency.strip().upper() not in ("", "EUR"):
            raise Bad
        cpm, roi = (self._if_readable(row, name, ratio) for name in ("cpm", "roi"))
        if clicks > impressions:
            flags.append("clicks_over_impressions")
        if cpm is not None and disagrees(cpm, cost, impressions):
            flags.append("cpm_disagrees")
        optional = {name: self._if_readable(row, name, count) for name in ("reach", "views", "engagements")}
        conversions, revenue = (
            self._if_readable(row, name, partial(micros, flags=late, flag=f"{name}_rounded", least=least))
            for name, least in (("conversions", 0), ("revenue", -(2**63) + 1))
        )
        return FactValues(
            impressions,
            clicks,
            cost,
            **optional,
            conversions=conversions,
            revenue=revenue,
            reported_cpm=cpm,
            reported_roi=roi,
            currency="EUR",
            flags=(*flags, *late),
        )

    def _if_readable(self, row: Any, name: str, read: Any) -> Any:
        """An optional value that cannot be read is not reported."""
        try:
            return read(self.at(row, name), self.missing)
        except Bad:
            return None

    def facts(self, given: list[Any]) -> dict[FactKey, FactValues] | None:
        """What may be stored of these rows; None where two rows are one fact, which fails the run."""
        said: dict[FactKey, list[FactValues | None]] = defaultdict(list)
        for row in given:
            try:
                key = self.key(row)
            except Bad:
                continue
            try:
                said[key].append(self.values(row, key))
            except Bad:
                said[key].append(None)
        if any(len(all_) > 1 and any(all_) for all_ in said.values()):
            return None
        return {key: all_[0] for key, all_ in said.items() if all_[0] is not None}


PLAIN = {
    name: (name,)
    for name in (
        "platform",
        "impressions",
        "clicks",
        "cost",
        "cpm",
        "roi",
        "reach",
        "views",
        "engagements",
        "conversions",
        "revenue",
        "currency",
        "status",
        "budget",
    )
} | {
    "campaign": ("campaignId",),
    "creator": ("creatorId",),
    "day": ("date",),
    "campaign_name": ("campaignName",),
    "creator_name": ("creatorName",),
    "flight_start": ("startDate",),
    "flight_end": ("endDate",),
}
OURS = Api(
    "performance_v1",
    {
        "campaignId": "c1",
        "platform": "TikTok",
        "date": "2026-03-01",
        "impressions": 1000,
        "clicks": 10,
        "cost": 12.5,
        "cpm": 12.5,
        "roi": 1.5,
        "revenue": 20,
    },
    PLAIN,
)
TIKTOK = Api(
    "tiktok_business",
    {
        "dimensions": {"campaign_id": "c1", "stat_time_day": "2026-03-01 00:00:00"},
        "metrics": {
            "campaign_name": "n",
            "spend": "12.5",
            "impressions": "1000",
            "clicks": "10",
            "reach": "900",
            "conversion": "-",
            "video_play_actions": 5,
            "cpm": "12.50",
        },
    },
    {
        "campaign": ("dimensions", "campaign_id"),
        "day": ("dimensions", "stat_time_day"),
        "campaign_name": ("metrics", "campaign_name"),
        "impressions": ("metrics", "impressions"),
        "clicks": ("metrics", "clicks"),
        "cost": ("metrics", "spend"),
        "cpm": ("metrics", "cpm"),
        "reach": ("metrics", "reach"),
        "conversions": ("metrics", "conversion"),
        "views": ("metrics", "video_play_actions"),
    },
    missing=("-",),
    suffix=" 00:00:00",
    platform="TikTok",
)
META = Api(
    "meta_insights",
    {
        "campaign_id": "c1",
        "campaign_name": "n",
        "publisher_platform": "instagram",
        "date_start": "2026-03-01",
        "account_currency": "EUR",
        "impressions": "1000",
        "clicks": "10",
        "spend": "12.5",
        "reach": "900",
        "actions": [{"action_type": "purchase", "value": "2"}, {"action_type": "like", "value": "5"}],
        "action_values": [{"action_type": "purchase", "value": "9.5"}],
    },
    {
        "campaign": ("campaign_id",),
        "campaign_name": ("campaign_name",),
        "platform": ("publisher_platform",),
        "day": ("date_start",),
        "currency": ("account_currency",),
        "impressions": ("impressions",),
        "clicks": ("clicks",),
        "cost": ("spend",),
        "cpm": ("cpm",),
        "reach": ("reach",),
        "conversions": ("actions",),
        "revenue": ("action_values",),
    },
    zero=frozenset(("impressions", "clicks", "cost")),
    picks=frozenset(("conversions", "revenue")),
    names=(
        ("facebook", "Facebook"),
        ("instagram", "Instagram"),
        ("audience_network", "Audience Network"),
        ("messenger", "Messenger"),
        ("threads", "Threads"),
    ),
)
APIS = (OURS, TIKTOK, META)

# What is generated

NUMBERISH = st.sampled_from(
    [
        "0",
        "-",
        "-1",
        "1,234.5",
        "12,345.00",
        "12.5",
        "0.0000005",
        "1e3",
        "NaN",
        "٣",
        "",
        " 7",
        "007",
        "9" * 61,
        10**15,
        10**30,
        -(10**30),
        -1,
        0.0000015,
        12.50,
        12.500001,
        1e300,
        1e-300,
        "12.50",
        1000.0,
    ]
)
TEXTISH = st.sampled_from(
    [
        "c1",
        " c1 ",
        "c2",
        "",
        "x" * 201,
        "a\x00b",
        "\ud800",
        "tik tok",
        "Instagram",
        "INSTAGRAM",
        "threads",
        "MyNet",
        "2026-03-02",
        "2026-03-02 00:00:00",
        "2026-03-09",
        "2026-02-30",
        "2026-3-2",
        "EUR",
        "eur ",
        "USD",
        17,
        "17",
    ]
)
NESTED = st.sampled_from(
    [
        [],
        {},
        [[1]],
        {"a": {"b": []}},
        [None, 5, {"action_type": "purchase"}],
        [{"action_type": "purchase", "value": "3"}],
        [{"action_type": "purchase", "value": 1}, {"action_type": "purchase", "value": True}],
        [{"action_type": "purchase", "value": [1]}],
    ]
)
JUNK = (
    st.none()
    | st.booleans()
    | NUMBERISH
    | TEXTISH
    | NESTED
    | st.integers()
    | st.text(st.characters(exclude_categories=["Nd"]), max_size=4)
)
ROWS = st.integers(0, 2**32)


def changed(api: Api, seed: random.Random, junk: list[Any]) -> Any:
    """A good row in which up to three fields became something else, or are gone."""
    row = json.loads(json.dumps(api.good))
    put(row, api.places["campaign"], f"c{seed.randrange(90)}")
    put(row, api.places["day"], f"2026-03-0{seed.randrange(1, 4)}{api.suffix}")
    for value in junk:
        path = seed.choice(sorted(api.places.values()))
        if value == "gone":
            put(row, path, None, gone=True)
        else:
            put(row, path[: seed.randrange(1, len(path) + 1)] if seed.random() < 0.1 else path, value)
    return row


def put(row: Any, path: tuple[str, ...], value: Any, gone: bool = False) -> None:
    for step in path[:-1]:
        row = row.get(step)
        if not isinstance(row, dict):
            return
    if gone:
        row.pop(path[-1], None)
    else:
        row[path[-1]] = value


def payloads(api: Api) -> st.SearchStrategy[list[Any]]:
    almost = st.builds(
        partial(changed, api), st.builds(random.Random, ROWS), st.lists(JUNK | st.just("gone"), max_size=3)
    )
    return st.lists(st.one_of(almost, almost, almost, JUNK), max_size=12)


def read(api: Api, given: list[Any]) -> Batch:
    body = json_reader.loads(json.dumps(given).encode())
    return rows.read_rows(body, mapping_of_preset(api.preset), ACCOUNT, DAYS)


@pytest.mark.parametrize("api", APIS, ids=[api.preset for api in APIS])
def test_a_thousand_payloads_no_crash_every_row_counted_and_no_wrong_row_stored(api: Api) -> None:
    kept = Counter[bool]()

    @settings(max_examples=400)
    @given(payloads(api))
    def check(given_rows: list[Any]) -> None:
        expected = api.facts(json.loads(json.dumps(given_rows), parse_float=Decimal))
        if expected is None:
            with pytest.raises(BadAnswer, match="are both about campaign"):
                read(api, given_rows)
            return
        batch = read(api, given_rows)
        assert batch.fetched == len(given_rows) == len(batch.facts) + len(batch.quarantined)
        assert batch.facts == expected
        assert batch.totals is not None
        batch.totals.closed(Sheet.of(batch.facts).rows.values())
        for refused in batch.quarantined:
            assert len(refused.payload) <= 2000 and json.loads(refused.payload) is not None
            assert refused.key is None or refused.key not in batch.facts
        kept.update([bool(batch.facts)])

    check()
    assert kept[True] > 50, "most payloads should hold a row that is stored"


@pytest.mark.parametrize("api", APIS, ids=[api.preset for api in APIS])
def test_neither_the_order_of_rows_nor_the_cut_of_pages_changes_what_is_read(api: Api) -> None:
    @examples(150)
    @given(payloads(api), st.integers(1, 5), st.randoms(use_true_random=False))
    def check(given_rows: list[Any], size: int, rng: random.Random) -> None:
        shuffled = list(given_rows)
        rng.shuffle(shuffled)
        try:
            once = merge_pages.merge([read(api, given_rows)])
        except BadAnswer:
            with pytest.raises(BadAnswer):
                merge_pages.merge([read(api, shuffled[at : at + size]) for at in range(0, len(shuffled), size)])
            return
        pages = [read(api, shuffled[at : at + size]) for at in range(0, len(shuffled), size)]
        if not pages:
            return
        try:
            joined = merge_pages.merge(pages)
        except BadAnswer:
            keys = [key for page in pages for key in page.facts.keys() | {row.key for row in page.quarantined} - {None}]
            assert len(set(keys)) < len(keys)
            return
        assert joined.facts == once.facts
        assert (joined.fetched, joined.totals, joined.newest) == (once.fetched, once.totals, once.newest)
        assert Counter((row.reason, row.key, row.payload) for row in joined.quarantined) == Counter(
            (row.reason, row.key, row.payload) for row in once.quarantined
        )

    check()


# The short way of a column and the long way of its values

INTS = st.integers(-3, 10) | st.integers(-(10**18), 10**18)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**10), max_value=10**10) | (
    st.decimals(allow_nan=False, allow_infinity=False)
)
LIKE_NUMBERS = st.from_regex(r"\A-?[0-9]{1,4}([.,][0-9]{1,3})?\n?\Z") | st.from_regex(r"\A[0-9]{1,17}(\.[0-9]{1,7})?\Z")
# A number of a page after the first as it was written; columnar_rows.py leaves those with an exponent out.
WRITTEN = st.one_of(
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,3})\.[0-9]{1,7}\Z"),
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,15})\.[0-9]{1,25}\Z"),
    st.integers(-(10**13), 10**13).map("{}.0".format),
    st.integers(-(2**63) - 9, 2**63 + 9).map(lambda n: format(Decimal(n).scaleb(-6), ".6f")),
).map(str.encode)
FIELD = Field("cost", "cost", lambda _: None)


def told(problems: Mapping[int, str]) -> dict[int, str]:
    """Without the number in doubt: a column gives its first one as the example for all of its rows."""
    return {place: re.sub(r"cost: \S+ may be \S+ or \S+:", "cost in doubt:", said) for place, said in problems.items()}


@examples(600)
@given(
    st.one_of(
        *(
            st.lists(kind, min_size=1, max_size=6)
            for kind in (INTS, DECIMALS, INTS | DECIMALS, LIKE_NUMBERS, JUNK, WRITTEN, WRITTEN | INTS, WRITTEN | JUNK)
        )
    ),
    st.sampled_from([0, -2, -6]),
    st.sampled_from([(numbers.ENGLISH,), (numbers.CONTINENTAL,), numbers.POSSIBLE]),
)
def test_a_column_is_read_as_its_values_are(
    values: list[Any], power: int, styles: tuple[numbers.NumberStyle, ...]
) -> None:
    reading = numbers.NumberReading(styles)
    field = Field("cost", "cost", FIELD.find, power=power, numbers=reading)
    style = {"label": "cost", "power": power, "reading": reading}
    kinds = ingest_convert.kinds_of(values)
    for column, one in (
        (ingest_convert.counts(values, field, kinds), partial(domain_values.count, **style)),
        (ingest_convert.ratios(values, field, kinds), partial(domain_values.exact, **style)),
        (
            ingest_convert.ids(values, field, kinds, required=True),
            partial(domain_values.identifier, label="cost", required=True),
        ),
    ):
        expected = ingest_convert.convert_each(values, one, None)
        assert told(column.problems) == told(expected.problems)
        fine = [place for place in range(len(values)) if place not in column.problems]
        assert [str(column.values[n]) for n in fine] == [str(expected.values[n]) for n in fine]
    for signed in (False, True):
        column = ingest_convert.amounts(values, field, kinds, signed=signed)
        expected = ingest_convert.convert_each(
            values, partial(domain_values.micros, signed=signed, **style), (0, False)
        )
        assert told(column.problems) == told(expected.problems)
        assert [(value, place in column.rounded) for place, value in enumerate(column.values)] == expected.values


@examples(300)
@given(st.lists(WRITTEN, min_size=1, max_size=6))
def test_a_number_as_it_was_written_is_read_as_its_decimal(values: list[Any]) -> None:
    decimals = [Decimal(value.decode()) for value in values]
    for convert in (ingest_convert.counts, ingest_convert.amounts, ingest_convert.ratios, ingest_convert.ids):
        found = convert(values, FIELD, {bytes})
        expected = convert(decimals, FIELD, {Decimal})
        assert found.problems == expected.problems
        assert found.rounded == expected.rounded
        fine = [place for place in range(len(values)) if place not in found.problems]
        assert [repr(found.values[n]) for n in fine] == [repr(expected.values[n]) for n in fine]


@examples(300)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-20, max_value=20),
    st.integers(0, 20_000_000),
    st.integers(0, 5000),
)
def test_a_reported_cpm_disagrees_as_the_rule_says(cpm: Decimal, cost: int, impressions: int) -> None:
    assert domain_values.cpm_disagrees(cpm, cost, impressions) == disagrees(cpm, cost, impressions)
    if impressions:
        for places in range(8):
            close = round(Decimal(cost) / impressions / 1000, places)
            assert domain_values.cpm_disagrees(close, cost, impressions) == disagrees(close, cost, impressions)
            off = close + Decimal(1).scaleb(-places)
            assert domain_values.cpm_disagrees(off, cost, impressions) == disagrees(off, cost, impressions)
