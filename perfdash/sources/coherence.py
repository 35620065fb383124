"""Do a source's request, paging and sign-in fit together? What one of them asks with, another must carry (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from perfdash.sources.vocabulary import (
    PLACEHOLDER,
    Auth,
    CursorPaging,
    HeaderAuth,
    NoPaging,
    OffsetPaging,
    PagePaging,
    Paging,
    QueryAuth,
    RequestConfig,
)

_CARRIED = {PagePaging: "page", OffsetPaging: "offset", CursorPaging: "cursor"}


def mismatches(request: RequestConfig, paging: Paging, auth: Auth) -> Iterator[str]:
    """A sentence for each contradiction."""
    used = {name for text in (request.path, *request.params.values()) for name in PLACEHOLDER.findall(text)}
    if "start" not in used or not used & {"end", "after_end"}:
        yield "the request must say which days it wants: put {start} and {end} into request.params or request.path"
    needed = _CARRIED.get(type(paging))
    if needed and needed not in used:
        yield f'paging.type "{paging.type}" asks with {{{needed}}}, but nothing in request.params carries it'
    for name in sorted({"page", "offset", "cursor"} & used - {needed}):
        yield f'request carries {{{name}}}, but paging.type "{paging.type}" never gives it a value'
    if "page_size" in used and not _has_size(paging):
        yield "request carries {page_size}, but paging.size does not say what it is"
    if isinstance(auth, HeaderAuth) and auth.name.lower() in map(str.lower, request.headers):
        yield f"request.headers.{auth.name} is the header in which auth sends the key"
    if isinstance(auth, QueryAuth) and auth.name in request.params:
        yield f"request.params.{auth.name} is the parameter in which auth sends the key"


def _has_size(paging: Paging) -> bool:
    if isinstance(paging, NoPaging):
        return False
    return paging.size is not None or (isinstance(paging, PagePaging) and paging.size_at is not None)
