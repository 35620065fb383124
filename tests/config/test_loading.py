"""What perfdash.toml may say, and in which words it is told what is wrong: the path of the line, then one sentence."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from perfdash.config.loading import validate
from perfdash.config.models import SourceConfig
from perfdash.domain.accounts import Account, Client
from perfdash.domain.errors import ConfigError

CLIENT = {"name": "Acme", "currency": "EUR", "time_zone": "Europe/Berlin"}
DAYS = {"from": "{start}", "to": "{end}"}
FIELDS = {name: name for name in ("campaign", "day", "platform", "impressions", "clicks", "cost")}
SOURCE: dict[str, Any] = {
    "type": "custom",
    "base_url": "https://api.example.com",
    "key": {"env": "API_KEY"},
    "request": {"path": "/report", "params": DAYS},
    "records": {"path": "items"},
    "fields": FIELDS,
    "accounts": [{"client": "acme", "account": "a"}],
}


def told(**document: Any) -> list[str]:
    """Every problem of a file."""
    try:
        validate({"clients": {"acme": CLIENT}, **document})
    except ConfigError as error:
        return str(error).split("\n")
    return []


def of(**source: Any) -> list[str]:
    """Every problem of a source, without its name."""
    return [line.removeprefix("sources.agency") for line in told(sources={"agency": SOURCE | source})]


def request(path: str = "/report", **params: str) -> dict[str, Any]:
    return {"path": path, "params": DAYS | params}


def account(**more: Any) -> dict[str, Any]:
    return {"client": "acme", "account": "a", **more}


def field(name: str, **said: Any) -> dict[str, Any]:
    return FIELDS | {name: said}


def test_a_source_in_which_nothing_is_wrong_is_taken() -> None:
    assert of() == []


PLACEHOLDERS = (
    "start, end, after_end, account, platforms, page, page_size, offset, cursor, job, and those of days with _epoch, "
    "_epoch_ms, _time, _year, _month, _day"
)
BAD_PATH = ".request.path: a path begins with / and holds no blank, ? or #; parameters go into params"
BAD_PART = ".request.path: a path has no empty, . or .. parts"
NOT_YOURS = "this header is not for you to set; the key is sent by auth"
OURS = ("Content-Length", "Transfer-Encoding", "Connection", "Cookie", "Accept", "Accept-Encoding", "User-Agent")
ODD = "this holds characters that are not allowed here"


@pytest.mark.parametrize(
    "path",
    ["r", "", "/r r", "/r?x", "/r#x", "/r\\x", "/r\n", "/r\x7f", "/\xe9"],
)
def test_a_path_is_a_plain_path(path: str) -> None:
    assert of(request=request(path)) == [BAD_PATH]


@pytest.mark.parametrize("path", ["//r", "/a//b", "/a/../b", "/./b", "/a/.."])
def test_a_path_leads_nowhere_else(path: str) -> None:
    assert of(request=request(path)) == [BAD_PART]


@pytest.mark.parametrize("path", ["/", "/a.b/..c/X", "/a:b;c=1/%20", "/{account}/x"])
def test_other_paths_are_fine(path: str) -> None:
    assert of(request=request(path)) == []


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (request("/{nothing}"), f".request.path: there is no placeholder {{nothing}}; known: {PLACEHOLDERS}"),
        (request(x="{start} {pages}"), f".request.params.x: there is no placeholder {{pages}}; known: {PLACEHOLDERS}"),
        (request() | {"headers": {"Authorization": "x"}}, f".request.headers.Authorization: {NOT_YOURS}"),
        (request() | {"headers": {"HOST": "x"}}, f".request.headers.HOST: {NOT_YOURS}"),
        *((request() | {"headers": {name: "x"}}, f".request.headers.{name}: {NOT_YOURS}") for name in OURS),
        (request() | {"headers": {"X Y": "x"}}, f".request.headers.X Y: {ODD}"),
        (request() | {"headers": {"X-Y": "a\nb"}}, f".request.headers.X-Y: {ODD}"),
        (request() | {"windowdays": 5}, '.request.windowdays: there is no such setting; did you mean "window_days"?'),
        (request() | {"window_days": 0}, ".request.window_days: this must be greater than or equal to 1"),
        (
            request() | {"dates": "%Y-%m"},
            ".request.dates: a date format holds %Y, %m and %d, each once, such as %Y-%m-%d",
        ),
        (
            request() | {"dates": "%d.%m.%Y %d"},
            ".request.dates: a date format holds %Y, %m and %d, each once, such as %Y-%m-%d",
        ),
    ],
)
def test_a_request_is_told_what_is_wrong_with_it(said: dict[str, Any], line: str) -> None:
    assert of(request=said) == [line]


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%y", "%m/%d/%Y", "%Y%m%d"])
def test_a_day_may_be_written_in_many_ways(form: str) -> None:
    assert of(request=request() | {"dates": form}) == []


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ({"type": "header", "name": "Cookie"}, [".auth.name: a key does not travel in this header"]),
        ({"type": "header", "name": "HOST"}, [".auth.name: a key does not travel in this header"]),
        ({"type": "header", "name": "a b"}, [f".auth.name: {ODD}"]),
        ({"type": "header", "name": "Authorization"}, []),
        ({"type": "oauth"}, [".auth.type: there is no such type; known: bearer, header, query, basic, oauth2"]),
        ({"name": "x"}, [".auth.type: this line is missing"]),
        ({"type": "basic"}, [".auth.user: this line is missing"]),
        ({"type": "basic", "user": "a:b"}, [f".auth.user: {ODD}"]),
        (
            {"type": "query", "nam": "k"},
            [".auth.name: this line is missing", '.auth.nam: there is no such setting; did you mean "name"?'],
        ),
        ("bearer", [".auth: this must be a table"]),
    ],
)
def test_a_way_to_sign_in_is_told_what_is_wrong_with_it(said: Any, lines: list[str]) -> None:
    assert of(auth=said) == lines


KINDS = "none, page, offset, cursor, next_url, link_header"


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"type": "pages"}, f".paging.type: there is no such type; known: {KINDS}"),
        ({"size": 5}, ".paging.type: this line is missing"),
        ({"type": "page", "first": 2}, ".paging.first: this must be less than or equal to 1"),
        ({"type": "page", "first": "1"}, ".paging.first: this must be a whole number"),
        ({"type": "page", "size": 0}, ".paging.size: this must be greater than or equal to 1"),
        ({"type": "page", "sise": 3}, '.paging.sise: there is no such setting; did you mean "size"?'),
        ({"type": "cursor"}, ".paging.next: this line is missing"),
        ({"type": "cursor", "next": "n", "mor": "x"}, '.paging.mor: there is no such setting; did you mean "more"?'),
        ({"type": "none", "x": 1}, ".paging.x: there is no such setting; known: type, total_rows"),
        ([], ".paging: this must be a table"),
    ],
)
def test_a_way_of_paging_is_told_what_is_wrong_with_it(said: Any, line: str) -> None:
    assert of(paging=said) == [line]


BAD_STATUS = 'a status is a number from 200 to 599, or "4xx" or "5xx" for a hundred of them'
MEANINGS = "ok, retry, rate_limited, split, auth, fail, incomplete"


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({}, "a rule needs a condition: status, header or at"),
        ({"any_of": [1]}, "a rule needs a condition: status, header or at"),
        ({"status": 200, "any_of": [1]}, "any_of, between and contains look at the value that `at` finds; name it"),
        ({"header": "X", "between": [1, 2]}, "any_of, between and contains look at the value that `at` finds; name it"),
        ({"status": 200, "contains": "x"}, "any_of, between and contains look at the value that `at` finds; name it"),
        ({"at": "a", "any_of": [1], "contains": "x"}, "say one of any_of, between and contains"),
        ({"at": "a", "between": [1, 2], "contains": "x"}, "say one of any_of, between and contains"),
    ],
)
def test_a_rule_has_conditions_that_fit_together(said: dict[str, Any], line: str) -> None:
    assert of(outcomes=[{"then": "fail", **said}]) == [f".outcomes[0]: {line}"]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"then": "stop", "at": "a"}, f"then: there is no such then; known: {MEANINGS}"),
        ({"then": "fail", "status": 199}, f"status[0]: {BAD_STATUS}"),
        ({"then": "fail", "status": 600}, f"status[0]: {BAD_STATUS}"),
        ({"then": "fail", "status": True}, f"status[0]: {BAD_STATUS}"),
        ({"then": "fail", "status": "1xx"}, f"status[0]: {BAD_STATUS}"),
        ({"then": "fail", "status": "200"}, f"status[0]: {BAD_STATUS}"),
        ({"then": "fail", "status": [200, "6xx"]}, f"status[1]: {BAD_STATUS}"),
        ({"then": "fail", "at": "a["}, "at: this is not a JMESPath expression (at character 3)"),
        ({"then": "fail", "at": "]"}, "at: this is not a JMESPath expression"),
        ({"then": "fail", "at": "a", "any_off": [1]}, 'any_off: there is no such setting; did you mean "any_of"?'),
        (
            {"then": "fail", "at": "a", "any_of": [1, [2]]},
            "any_of[1]: a value to compare with is true, false, a whole number or a text",
        ),
        ({"then": "fail", "at": "a", "any_of": 1}, "any_of: this must be a list"),
        ({"then": "fail", "header": "a b"}, f"header: {ODD}"),
    ],
)
def test_a_rule_is_told_what_is_wrong_with_it(said: dict[str, Any], line: str) -> None:
    assert of(outcomes=[{"then": "ok", "status": 201}, said]) == [f".outcomes[1].{line}"]


@pytest.mark.parametrize("status", [200, 599, "2xx", "3xx", "4xx", "5xx", [200, "5xx"]])
def test_a_status_is_a_number_or_a_hundred_of_them(status: Any) -> None:
    assert of(outcomes=[{"then": "fail", "status": status}]) == []


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (
            field("day", path="d", format="%Y"),
            ".day.format[0]: a date format holds a year, a month and a day, each once, such as %Y-%m-%d or %d %b %Y",
        ),
        (
            field("day", path="d", format=["%Y-%m-%d", "%Y-%j-%m-%d"]),
            ".day.format[1]: a date format has no %j; it may hold %Y %y %m %b %B %d %H %I %M %S %f %p %z %a %A",
        ),
        (
            field("day", path="d", zone="Mars"),
            '.day.zone: there is no time zone "Mars"; use an IANA name such as "Europe/Berlin"',
        ),
        (field("cost"), ".cost: say path or constant"),
        (field("cost", path=[]), ".cost.path: this must not be empty"),
        (field("cost", path=["x", ""]), ".cost.path: this must not be empty"),
        (field("cost", path=["x", "a b"]), ".cost.path: this is not a JMESPath expression (at character 3)"),
        (field("cost", path="x", by="y"), ".cost: by and pick go together: the one of the list whose `by` is `pick`"),
        (
            field("cost", path="x", scale="euro"),
            ".cost.scale: there is no such scale; known: units, cents, micros, percent",
        ),
        (field("cost", path="a b"), ".cost.path: this is not a JMESPath expression (at character 3)"),
        (field("creator", path="x", scael="units"), '.creator.scael: there is no such setting; did you mean "scale"?'),
        (field("platform", path="x", map={"a": ""}), ".platform.map.a: this must not be empty"),
        (field("platform", path="x", map={"a": 5}), ".platform.map.a: this must be text in quotes"),
        (FIELDS | {"cost": 5}, ".cost: this must be a table"),
        (FIELDS | {"cots": "x"}, '.cots: there is no such setting; did you mean "cost"?'),
    ],
)
def test_a_field_is_told_what_is_wrong_with_it(fields: dict[str, Any], line: str) -> None:
    assert of(fields=fields) == [f".fields{line}"]


KEY_IN_FILE = 'a key never stands in this file: put it in the environment and name it here, key = { env = "NAME" }'


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ({"records": {"path": ""}}, [".records.path: this must not be empty"]),
        ({"records": {"path": "items", "missing": "-"}}, [".records.missing: this must be a list"]),
        (
            {"rate": {"request": 5}},
            [
                ".rate.requests: this line is missing",
                '.rate.request: there is no such setting; did you mean "requests"?',
            ],
        ),
        ({"rate": {"burst": 5, "requests": 1}}, [".rate.burst: there is no such setting; known: requests, seconds"]),
        (
            {"usage": {"headers": ["X"], "pauseat": 5}},
            ['.usage.pauseat: there is no such setting; did you mean "pause_at"?'],
        ),
        ({"usage": {"headers": ["X"], "pause_at": 101}}, [".usage.pause_at: this must be less than or equal to 100"]),
        ({"usage": {"headers": ["a b"]}}, [f".usage.headers[0]: {ODD}"]),
        ({"limits": {"attempts": 0}}, [".limits.attempts: this must be greater than or equal to 1"]),
        ({"limits": {"attemps": 5}}, ['.limits.attemps: there is no such setting; did you mean "attempts"?']),
        ({"overlap": 1}, [".overlap: this must be true or false"]),
        ({"key": "sk-live"}, [f".key: {KEY_IN_FILE}"]),
        ({"key": {"env": "a b"}}, [f".key.env: {ODD}"]),
        (
            {"key": {"evn": "X"}},
            [".key.env: this line is missing", '.key.evn: there is no such setting; did you mean "env"?'],
        ),
        ({"currency": "EURO"}, ['.currency: a currency is three capital letters, such as "EUR"']),
        ({"currency": "\xc4\xd6\xdc"}, ['.currency: a currency is three capital letters, such as "EUR"']),
        (
            {"time_zone": f"Mars\x1b/{'x' * 80}"},
            [f'.time_zone: there is no time zone "Mars/{"x" * 55}"; use an IANA name such as "Europe/Berlin"'],
        ),
        ({"accounts": "x"}, [".accounts: this must be a list"]),
        ({"accounts": ["x"]}, [".accounts[0]: this must be a table"]),
        ({"accounts": [account(key="sk-live")]}, [f".accounts[0].key: {KEY_IN_FILE}"]),
        (
            {"accounts": [account(key={"evn": "X"})]},
            [
                ".accounts[0].key.env: this line is missing",
                '.accounts[0].key.evn: there is no such setting; did you mean "env"?',
            ],
        ),
        (
            {"accounts": [account(), account(account="b", platfroms=1)]},
            ['.accounts[1].platfroms: there is no such setting; did you mean "platforms"?'],
        ),
        (
            {"accounts": [account(platforms=["x", "a,b"])]},
            [".accounts[0].platforms: a platform is a name without a comma"],
        ),
        (
            {"accounts": [account(platforms=["x", " "])]},
            [".accounts[0].platforms: a platform is a name without a comma"],
        ),
        (
            {"accounts": [account(platforms=[])]},
            [".accounts[0].platforms: name at least one platform, or leave the line out to ask for all"],
        ),
        ({"request": request() | {"headers": {"X Y": "\n"}}}, [f".request.headers.X Y: {ODD}"]),
        ({"accounts": [account(platforms=["x", "X "])]}, [".accounts[0].platforms: a platform is named twice"]),
    ],
)
def test_a_line_of_a_source_is_told_what_is_wrong_with_it(said: dict[str, Any], lines: list[str]) -> None:
    assert of(**said) == lines


NO_HOST = 'a web address begins with https:// or http:// and names a host, such as "https://api.example.com"'
NO_REST = "the address ends with its path; what follows ? or # does not belong here"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://api.example.com", NO_HOST),
        ("https://", NO_HOST),
        ("https:///x", NO_HOST),
        ("https://api.example.com:0", NO_HOST),
        ("https://api.\xe9.com", NO_HOST),
        ("https://api.example.com:x", "this is not a web address"),
        ("https://[::1", "this is not a web address"),
        (
            "https://user:pw@api.example.com",
            "user name and password do not belong in the address; name the key with key = { env = ... }",
        ),
        ("https://api.example.com/?a=1", NO_REST),
        ("https://api.example.com/#a", NO_REST),
        ("https://api.example.com/a b", "the address holds a blank, a control character or a backslash"),
        ("https://api.example.com/a\\b", "the address holds a blank, a control character or a backslash"),
        ("https://api.example.com/\x7f", "the address holds a blank, a control character or a backslash"),
    ],
)
def test_an_address_is_told_what_is_wrong_with_it(url: str, problem: str) -> None:
    assert of(base_url=url) == [f".base_url: {problem}"]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://api.example.com//", "https://api.example.com"),
        ("http://127.0.0.1:1/aX/", "http://127.0.0.1:1/aX"),
        ("https://[::1]:8443/v2", "https://[::1]:8443/v2"),
    ],
)
def test_an_address_is_kept_without_the_slashes_at_its_end(url: str, kept: str) -> None:
    found = validate({"clients": {"acme": CLIENT}, "sources": {"agency": SOURCE | {"base_url": url}}})
    assert found.sources["agency"].base_url == kept


# The whole file

NAME = "is made of a-z, 0-9 and -, begins with a letter or digit, and has at most 63 characters"


def test_what_was_read_does_not_change_and_no_error_of_the_library_quotes_a_value() -> None:
    source = SourceConfig.model_validate(SOURCE)
    with pytest.raises(ValidationError, match="frozen"):
        source.base_url = "https://elsewhere.example"  # type: ignore[misc]
    with pytest.raises(ValidationError) as caught:
        SourceConfig.model_validate(SOURCE | {"history_days": "sk-live-1234", "key": "sk-live-1234"})
    assert "sk-live" not in str(caught.value) + repr(caught.value)


def test_every_problem_is_told_once_those_of_names_first() -> None:
    assert told(clients={"Acme": {"name": "A"}}, sources={"\xc4": {}, "x" * 64: 5}) == [
        f"clients.Acme: the name of a client {NAME}",
        f"sources.\xc4: the name of a source {NAME}",
        f"sources.{'x' * 64}: the name of a source {NAME}",
        "clients.Acme.currency: this line is missing",
        "clients.Acme.time_zone: this line is missing",
        "sources.\xc4.base_url: this line is missing",
        "sources.\xc4.key: this line is missing",
        f"sources.{'x' * 64}: this must be a table",
    ]


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"clients": []}, "clients: this must be a table"),
        ({"sources": "x"}, "sources: this must be a table"),
        ({"client": {}}, 'client: there is no such setting; did you mean "clients"?'),
        ({"x": 1}, "x: there is no such setting; known: clients, sources, security"),
        (
            {"clients": {"acme": CLIENT | {"nmae": "x"}}},
            'clients.acme.nmae: there is no such setting; did you mean "name"?',
        ),
        ({"security": {"idle_minutes": 1}}, "security.idle_minutes: this must be greater than or equal to 5"),
    ],
)
def test_a_file_is_told_what_is_wrong_with_it(document: dict[str, Any], line: str) -> None:
    assert told(**document) == [line]


@pytest.mark.parametrize(("clients", "known"), [({}, "none"), ({"a": CLIENT, "b": CLIENT}, "a, b")])
def test_an_account_of_nobody_is_told_who_there_is(clients: dict[str, Any], known: str) -> None:
    assert told(clients=clients, sources={"agency": SOURCE}) == [
        f'sources.agency.accounts[0].client: there is no client "acme"; known: {known}'
    ]


TWO = {"acme": CLIENT, "zen": CLIENT}


def accounts(*said: tuple[str, ...], **more: Any) -> dict[str, Any]:
    """A source with these accounts: client, id, platforms."""
    listed = [{"client": client, "account": name} | ({"platforms": on} if on else {}) for client, name, *on in said]
    return SOURCE | {"accounts": listed, **more}


def test_one_account_belongs_to_one_client_at_each_source() -> None:
    one = accounts(("zen", "0"), ("acme", "1"), ("zen", "1"), ("acme", "1"))
    assert told(clients=TWO, sources={"one": one}) == [
        'sources.one.accounts[2].account: the account "1" is already bound to client "acme"',
        'sources.one.accounts[3].account: the account "1" is already bound to client "acme"',
    ]
    assert told(clients=TWO, sources={"one": accounts(("acme", "1")), "two": accounts(("zen", "1"))}) == []


def twice(where: str, what: str, client: str, other: str) -> str:
    return (
        f'sources.{where}: {what} of client "{client}" already comes from the source "{other}" and would count twice; '
        "name the platforms of each, or say overlap = true"
    )


@pytest.mark.parametrize(
    ("one", "two", "what"),
    [
        ((), (), "every platform"),
        (("TikTok", "Meta"), (), "TikTok, Meta"),
        ((), ("TikTok", "Meta"), "TikTok, Meta"),
        (("TikTok", "Meta", "X"), ("meta", "Y", "x"), "Meta, X"),
        (("TikTok",), ("Meta",), None),
    ],
)
def test_what_two_sources_both_report_of_a_client_is_told(
    one: tuple[str, ...], two: tuple[str, ...], what: str | None
) -> None:
    found = told(clients=TWO, sources={"one": accounts(("acme", "1", *one)), "two": accounts(("acme", "2", *two))})
    assert found == ([] if what is None else [twice("two.accounts[0]", what, "acme", "one")])


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True)])
def test_an_overlap_that_one_of_the_two_allows_is_allowed(first: bool, second: bool) -> None:
    one, two = accounts(("acme", "1"), overlap=first), accounts(("acme", "2"), overlap=second)
    assert told(clients=TWO, sources={"one": one, "two": two}) == []


def test_every_account_that_overlaps_is_told_once_and_every_pair_is_looked_at() -> None:
    sources = {
        "one": accounts(("zen", "1"), ("acme", "2")),
        "two": accounts(("acme", "3"), ("zen", "4")),
        "three": accounts(("zen", "5", "X"), ("zen", "6", "Y")),
    }
    assert told(clients=TWO, sources=sources) == [
        twice("two.accounts[0]", "every platform", "acme", "one"),
        twice("two.accounts[1]", "every platform", "zen", "one"),
        twice("three.accounts[0]", "X", "zen", "one"),
        twice("three.accounts[1]", "Y", "zen", "one"),
    ]


def test_clients_and_accounts_are_as_the_file_has_them() -> None:
    said = accounts(("acme", "1", "tik tok", "Own Net"))
    found = validate({"clients": {"acme": CLIENT}, "sources": {"one": said}, "security": {"passwords": False}})
    assert found.clients == (Client("acme", "Acme", "EUR", "Europe/Berlin"),)
    assert found.accounts == (Account("acme", "one", "1", "EUR", "Europe/Berlin", platforms=("TikTok", "Own Net")),)
    assert list(found.sources) == ["one"]
    assert found.security.passwords is False


def test_an_account_without_its_own_takes_the_currency_and_zone_of_its_source_then_of_its_client() -> None:
    own = {"currency": "USD", "time_zone": "UTC"}
    said = accounts(("acme", "1"), settlement_days=3, history_days=30)
    inherited = {"currency": "JPY", "time_zone": "Asia/Tokyo"}
    for source, more, found in (
        (said, {}, ("EUR", "Europe/Berlin")),
        (said | inherited, {}, ("JPY", "Asia/Tokyo")),
        (said | inherited, own, ("USD", "UTC")),
    ):
        listed = [source["accounts"][0] | more]
        (account,) = validate({"clients": TWO, "sources": {"one": source | {"accounts": listed}}}).accounts
        assert (account.currency, account.time_zone) == found
        assert (account.client, account.source, account.external_id) == ("acme", "one", "1")
        assert (account.settlement_days, account.history_days, account.platforms) == (3, 30, ())
