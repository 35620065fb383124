"""A request must carry what its paging asks with, and nothing that never gets a value; every contradiction is told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from perfdash.config.auth_models import Auth, BearerAuth
from perfdash.config.models import contradictions
from perfdash.config.request_models import RequestConfig
from tests.config.test_loading import of, request
from tests.sources.paging_kit import paging

_AUTH: TypeAdapter[Any] = TypeAdapter(Auth)
CURSOR = {"type": "cursor", "next": "n"}
NO_DAYS = "the request must say which days it wants: put {start} and {end} into request.params or request.path"
NO_SIZE = "request carries {page_size}, but paging.size does not say what it is"


def told(kind: dict[str, Any], *used: str, days: tuple[str, ...] = ("start", "end")) -> list[str]:
    params = {name: f"{{{name}}}" for name in (*days, *used)}
    return list(contradictions(RequestConfig(path="/r", params=params), paging(**kind), BearerAuth()))


@pytest.mark.parametrize("days", [(), ("start",), ("end",), ("after_end",), ("end", "after_end")])
def test_a_request_says_which_days_it_wants(days: tuple[str, ...]) -> None:
    assert told({"type": "none"}, days=days) == [NO_DAYS]


@pytest.mark.parametrize("days", [("start", "end"), ("start", "after_end")])
def test_a_last_day_is_inclusive_or_exclusive(days: tuple[str, ...]) -> None:
    assert told({"type": "none"}, days=days) == []


def test_days_may_stand_in_the_path() -> None:
    request = RequestConfig(path="/r/{start}/{end}")
    assert list(contradictions(request, paging("none"), BearerAuth())) == []


@pytest.mark.parametrize(
    ("kind", "carried"), [({"type": "page"}, "page"), ({"type": "offset"}, "offset"), (CURSOR, "cursor")]
)
def test_what_paging_asks_with_is_carried_and_what_it_does_not_is_not(kind: dict[str, Any], carried: str) -> None:
    assert told(kind, carried) == []
    assert told(kind) == [
        f'paging.type "{kind["type"]}" asks with {{{carried}}}, but nothing in request.params carries it'
    ]
    others = sorted({"page", "offset", "cursor"} - {carried})
    assert told(kind, "page", "offset", "cursor") == [
        f'request carries {{{name}}}, but paging.type "{kind["type"]}" never gives it a value' for name in others
    ]


@pytest.mark.parametrize("kind", [{"type": "none"}, {"type": "next_url", "next": "n"}, {"type": "link_header"}])
def test_other_ways_of_paging_ask_with_nothing(kind: dict[str, Any]) -> None:
    assert told(kind) == []
    assert told(kind, "page", "offset", "cursor") == [
        f'request carries {{{name}}}, but paging.type "{kind["type"]}" never gives it a value'
        for name in ("cursor", "offset", "page")
    ]


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ({"type": "none"}, [NO_SIZE]),
        ({"type": "link_header"}, [NO_SIZE]),
        ({"type": "link_header", "size": 5}, []),
        ({"type": "page"}, [NO_SIZE]),
        ({"type": "page", "size": 5}, []),
        ({"type": "page", "size_at": "n"}, []),
    ],
)
def test_a_page_size_that_is_asked_for_is_known(kind: dict[str, Any], lines: list[str]) -> None:
    used = ("page", "page_size") if kind["type"] == "page" else ("page_size",)
    assert told(kind, *used) == lines


@pytest.mark.parametrize(
    ("auth", "line"),
    [
        (
            {"type": "header", "name": "X-Api-Key"},
            "request.headers.X-Api-Key is the header in which auth sends the key",
        ),
        ({"type": "query", "name": "token"}, "request.params.token is the parameter in which auth sends the key"),
        ({"type": "header", "name": "X-Other"}, None),
        ({"type": "query", "name": "x-api-key"}, None),
        ({"type": "bearer"}, None),
    ],
)
def test_the_place_of_the_key_is_not_taken(auth: dict[str, Any], line: str | None) -> None:
    params = {"a": "{start}", "b": "{end}", "token": "x"}
    request = RequestConfig(path="/r", params=params, headers={"x-API-key": "x"})
    assert list(contradictions(request, paging("none"), _AUTH.validate_python(auth))) == ([line] if line else [])


def test_a_configuration_is_refused_for_its_first_contradiction_whichever_part_it_is_in() -> None:
    paged, keyed = request(p="{page}"), request(k="1")
    assert of(request=paged) == [': request carries {page}, but paging.type "none" never gives it a value']
    found = of(request=keyed, auth={"type": "query", "name": "k"})
    assert found == [": request.params.k is the parameter in which auth sends the key"]
