"""Whatever lives as long as the process is listed here with its bound, so that no visitor's text can fill the server.

A key is kept only once its owner is known to be in scope; a structure that is bounded in number is also bounded in the
size of its entries.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.source_tree import Module, modules

MODULES = modules()
CONFIGURED = "keyed by what stands in the configuration"
PARSED = "1,000 expressions of the configuration or of a form, whose fields are short"
DRAWN = "64 or 128 specifications of charts; of a visitor only the days"
SHARED = "an answer of `cache.kept`"
LISTED = {
    "perfdash/config/presets/__init__.py: preset": "one for each file beside it",
    "perfdash/demo/api.py: rows": "a few answers; the demo's source is a process of its own, asked by the app alone",
    "perfdash/demo/campaigns.py: _campaign": "1,024 campaigns of the demo's source",
    "perfdash/demo/campaigns.py: day_of": "2,048 days of them",
    "perfdash/demo/faults.py: _bomb": "two bodies of the demo's source",
    "perfdash/domain/cpm_lab.py: ALONE": "filled once, as it is read",
    "perfdash/domain/numbers.py: _pattern": "100 ways to write a number",
    "perfdash/ingest/field_paths.py: look_up": PARSED,
    "perfdash/ingest/field_paths.py: plain_keys": PARSED,
    "perfdash/ingest/nested_rows.py: _compiled": PARSED,
    "perfdash/ingest/nested_rows.py: _parsed": PARSED,
    "perfdash/presentation/bullets.py: bullets": DRAWN,
    "perfdash/presentation/charts.py: bars_by_day": DRAWN,
    "perfdash/presentation/charts.py: coverage": DRAWN,
    "perfdash/presentation/day_charts.py: by_day": DRAWN,
    "perfdash/presentation/small_multiples.py: bars": DRAWN,
    "perfdash/sources/access_token.py: _OF_THIS_PROCESS": CONFIGURED,
    "perfdash/sources/rate_limit.py: _OF_THIS_PROCESS": CONFIGURED,
    "perfdash/ui/attention.py: _misnamed": SHARED,
    "perfdash/ui/audit_views.py: _written": "20,000 looks: a session, a page of ours, a client's slug in scope",
    "perfdash/ui/auth/oidc.py: _log_once": "100 sentences about the configuration",
    "perfdash/ui/auth/page_owners.py: _bound": "open sockets and 2,000 that are gone; names that the server gave",
    "perfdash/ui/auth/page_owners.py: _gone": "2,000 of the same names",
    "perfdash/ui/auth/page_owners.py: _sockets": "open sockets",
    "perfdash/ui/components/column_width.py: _pixels_of": "10,000 texts of 200 characters at most",
    "perfdash/ui/corrections/select.py: decisions_in_view": SHARED,
    "perfdash/ui/cpm_lab/tables.py: comparisons": SHARED,
    "perfdash/ui/filters/compare.py: _incomplete": SHARED,
    "perfdash/ui/filters/compare.py: aged": SHARED,
    "perfdash/ui/filters/compare.py: unknown": SHARED,
    "perfdash/ui/restatements/reads.py: moved": SHARED,
    "perfdash/ui/restatements/reads.py: newest": SHARED,
    "perfdash/ui/restatements/reads.py: settlement_curves": SHARED,
    "perfdash/ui/runtime/cache.py: campaigns": SHARED,
    "perfdash/ui/runtime/cache.py: deliveries": SHARED,
    "perfdash/ui/runtime/cache.py: fetched": "16 answers for a minute, each within the limits of a source's answer",
    "perfdash/ui/runtime/cache.py: filter_options": SHARED,
    "perfdash/ui/runtime/cache.py: gaps": SHARED,
    "perfdash/ui/runtime/cache.py: groups": SHARED,
    "perfdash/ui/runtime/cache.py: last_complete": SHARED,
    "perfdash/ui/runtime/cache.py: left_out": SHARED,
    "perfdash/ui/runtime/cache.py: missing": SHARED,
    "perfdash/ui/runtime/cache.py: origins": SHARED,
    "perfdash/ui/runtime/cache.py: kept": "4,000 answers of 256 MiB together, keys counted",
    "perfdash/ui/runtime/cache.py: first_day": SHARED,
    "perfdash/ui/runtime/cache.py: currencies": SHARED,
    "perfdash/ui/runtime/cache.py: _clients": SHARED,
    "perfdash/ui/runtime/cache.py: rows_since": SHARED,
    "perfdash/ui/runtime/cache.py: begins": SHARED,
    "perfdash/ui/runtime/cache.py: _revisions": SHARED,
    "perfdash/ui/runtime/cache.py: accounts": SHARED,
    "perfdash/ui/runtime/cache.py: never_fetched": SHARED,
    "perfdash/ui/runtime/cache.py: runs_stamp": SHARED,
    "perfdash/presentation/formatting.py: digits": "20,000 numbers as text",
    "perfdash/ui/runtime/streamlit_internals.py: _without_styles": "a few classes",
    "perfdash/ui/runtime/cache.py: standing": SHARED,
    "perfdash/ui/runtime/context.py: _opened": "one, of the process's own environment",
    "perfdash/ui/runtime/drawn_pages.py: pages": "open sockets, at most 10,000; a page that is gone is forgotten",
    "perfdash/ui/runtime/pictures.py: source": "one for each picture of ours",
    "perfdash/ui/runtime/uploads.py: _arriving": "twelve files, counted together with those that are kept",
    "perfdash/ui/runtime/uploads.py: _folders": "one",
    "perfdash/ui/runtime/uploads.py: _kept": "twelve files, on disk; here their tokens and names of 120 characters",
    "perfdash/ui/server/assets.py: _smaller": "one for each file of Streamlit's page",
    "perfdash/ui/server/guard.py: _widgets": "10,000 kinds of widgets by ids that the server made",
    "perfdash/ui/server/link_route.py: _openings": "5,000 pairs of a link and a network, 240 moments each",
    "perfdash/ui/server/page_sessions.py: _owners": "5,000 files: addresses that the server made, and sessions",
    "perfdash/ui/server/places.py: places": "open sockets, and 1,000 visitors that were served",
    "perfdash/ui/server/sockets.py: _guards": "open sockets",
    "perfdash/ui/server/sockets.py: _openings": "as many visitors as MOST_VISITORS: accounts, links, networks",
    "perfdash/ui/server/upload_route.py: _noted": "1,000 refusals: a session and a status",
}
"""What lives as long as the process and may grow -> why it cannot fill the memory: how many, and how large."""
CONTAINERS = {"dict", "list", "set", "deque", "OrderedDict", "defaultdict", "Counter", "WeakSet", "WeakKeyDictionary"}
CHANGES = {"append", "appendleft", "add", "setdefault", "update", "extend", "insert", "pop", "popitem", "clear"}
KEEPERS = {"cache", "lru_cache", "cache_data", "cache_resource", "shared"}


def last_name(node: ast.AST) -> str:
    """The `c` of `a.b.c`, of `a.b.c(...)` and of `a.b.c[...]`."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    if isinstance(node, ast.Subscript):
        return last_name(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Names that a body gives a value, a module's or a class's own."""
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
            yield node.target.id, node.value
        elif isinstance(node, ast.If | ast.Try | ast.ClassDef):
            yield from assigned(node.body)


def changed(tree: ast.AST) -> set[str]:
    """Names of which something in the module changes what they hold."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
            found.add(last_name(node.func.value))
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(last_name(node.value))
        elif isinstance(node, ast.Global):
            found.update(node.names)
    return found


def is_container(value: ast.expr) -> bool:
    return isinstance(value, ast.Dict | ast.List | ast.Set) or (
        isinstance(value, ast.Call) and last_name(value) in CONTAINERS
    )


def mutable_classes() -> set[str]:
    """Classes of ours whose objects hold something that grows."""
    return {
        node.name
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        and any(
            isinstance(inner, ast.Assign | ast.AnnAssign)
            and inner.value is not None
            and is_container(inner.value)
            and isinstance(inner.targets[0] if isinstance(inner, ast.Assign) else inner.target, ast.Attribute)
            for inner in ast.walk(node)
        )
    }


def takes_nothing(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    args = function.args
    return not (args.posonlyargs or args.args or args.vararg or args.kwonlyargs or args.kwarg)


def keeps(module: Module, growing: set[str]) -> Iterator[str]:
    """What of one module lives as long as the process and may grow."""
    changes = changed(module.tree)
    for name, value in assigned(module.tree.body):
        made = isinstance(value, ast.Call) and last_name(value) in growing | KEEPERS
        if made or (is_container(value) and name in changes):
            yield name
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not takes_nothing(node):
            yield from (node.name for decorator in node.decorator_list if last_name(decorator) in KEEPERS)


def found() -> set[str]:
    growing = mutable_classes()
    return {f"{module.name}: {name}" for module in MODULES for name in keeps(module, growing)}


def test_everything_that_lives_as_long_as_the_process_is_listed_with_its_bound() -> None:
    print(f"{len(LISTED)} structures live as long as the process")
    assert sorted(found()) == sorted(LISTED)
