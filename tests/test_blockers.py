"""No generic rule of a privacy list matches an address that the embed uses: nothing is disguised,
and nothing is blocked by mistake.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import Start

from counter.web.embed.assets import assets
from counter.web.openapi import document

adblock = pytest.importorskip("adblock", reason="Brave's engine is not built for this machine")

RULES = Path(__file__).parent / "blockers" / "rules.txt"
PAGE = "https://www.example.vn/tin-tuc/lua-thu-dong"
BASES = {
    "a host of its own": "https://count.example",
    "another name for it": "https://views.example.net",
    "a host below the site's": "https://counter.example.vn",
    "a path of the site": "https://www.example.vn/counter",
    "another path of the site": "https://www.example.vn/dem",
}
PATHS = ("/", "/tin-tức/lũ", "/2026/11/22/flood?id=7", "/counter", "/pageview", "/stats.php")
VALUES = {
    "path": [*PATHS],
    "from": ["2026-11-01"],
    "to": ["2026-11-22"],
    "limit": ["10"],
    "figures": ["online,today,total,views"],
    "label": ["Lượt xem", "visitors"],
    "color": ["0b66c3"],
    "lang": ["vi", "pt-BR"],
    "q": ["1"],
}
KINDS = {
    "text/javascript": "script",
    "application/javascript": "script",
    "text/css": "stylesheet",
    "text/html": "subdocument",
    "image/svg+xml": "image",
    "image/png": "image",
    "image/gif": "image",
}


def engine() -> adblock.Engine:
    rules = adblock.FilterSet()
    rules.add_filter_list(RULES.read_text("utf-8"))
    return adblock.Engine(rules)


ENGINE = engine()


def blocked(url: str, kind: str, page: str = PAGE) -> str | None:
    """Return the rule that blocks a request, if one does."""
    result = ENGINE.check_network_urls(url, page, kind)
    return (result.filter or "a rule") if result.matched else None


def names(path: str) -> list[str]:
    """Return what may stand for the variable part of a route."""
    return [*assets(), "v1-lang.json"] if path.startswith("/embed/") else ["vithuy"]


def addresses(*, dropins: bool = False) -> Iterator[tuple[str, str]]:
    """Yield each public address with each value of each parameter, and as what it is asked for.

    Args:
        dropins: whether to yield those of other counters, or ours.
    """
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            if method == "parameters" or ("drop-ins" in operation.get("tags", ())) != dropins:
                continue
            media = set(operation["responses"].get("200", {}).get("content", ()))
            kinds = {KINDS.get(kind, "xmlhttprequest") for kind in media} or {"xmlhttprequest"}
            for name, kind in itertools.product(names(path), sorted(kinds)):
                address = re.sub(r"\{\w+\}", name, path)
                for query in queries(operation):
                    yield address + query, kind


def queries(operation: dict[str, object]) -> Iterator[str]:
    parameters = [p for p in operation.get("parameters", ()) if p.get("in") == "query"]  # type: ignore[attr-defined]
    yield ""
    each = []
    for parameter in parameters:
        values = parameter["schema"].get("enum") or VALUES.get(parameter["name"], ["1"])
        each.append([f"{parameter['name']}={quote(value)}" for value in values])
        yield from (f"?{one}" for one in each[-1])
    if each:
        yield "?" + "&".join(one[0] for one in each)
    yield "?" + "&".join(f"path={quote(path)}" for path in PATHS)


@pytest.mark.parametrize("base", BASES.values(), ids=BASES.keys())
def test_no_address_of_the_embed_is_blocked(base: str) -> None:
    asked = list(addresses())
    assert len(asked) > 100
    found = {base + address: blocked(base + address, kind) for address, kind in asked}
    assert {address: rule for address, rule in found.items() if rule} == {}


BLOCKED_DROP_INS = {
    "/busuanzi",
    "/busuanzi/2.3/busuanzi.pure.mini.js",
    "/count",
    "/count.js",
    "/ping",
}
"""What the lists take for a counter's by its name alone: those are other counters' own names."""


def test_the_drop_ins_that_lists_block_are_those_that_the_document_names() -> None:
    found = {
        address.partition("?")[0]
        for base in BASES.values()
        for address, kind in addresses(dropins=True)
        if blocked(base + address, kind)
    }
    assert found == BLOCKED_DROP_INS


async def test_every_public_route_is_among_the_addresses(start: Start) -> None:
    up = await start()
    every = (*addresses(), *addresses(dropins=True))
    tried = {address.partition("?")[0] for address, _ in every}
    for method, pattern in up.service.router.routes():
        if method in ("GET", "POST"):
            one = re.sub(r"\{\w+\}", names(pattern)[0], pattern)
            assert one in tried, pattern


CAUGHT = {
    "a beacon by another's script": ("https://count.example/v1/vithuy/views", "ping"),
    "a pixel": ("https://count.example/pixel.gif?path=/a", "image"),
    "a counter's script": ("https://count.example/counter.js", "script"),
    "a hit counter": ("https://count.example/hit-counter.js", "script"),
    "a page view's route": ("https://count.example/api/pageview?path=/a", "xmlhttprequest"),
    "a counter's question": ("https://count.example/counter?path=/a", "xmlhttprequest"),
    "busuanzi's own script": (
        "https://busuanzi.ibruce.info/busuanzi/2.3/busuanzi.pure.mini.js",
        "script",
    ),
}


@pytest.mark.parametrize(("url", "kind"), CAUGHT.values(), ids=CAUGHT.keys())
def test_the_rules_catch_what_they_are_for(url: str, kind: str) -> None:
    assert blocked(url, kind)


def test_the_script_sends_no_beacon() -> None:
    """Beacons to another host are blocked by every list; so it fetches, with `keepalive`."""
    for name, asset in assets().items():
        assert b"sendBeacon" not in asset.body, name
    assert b"keepalive" in assets()["v1.js"].body
