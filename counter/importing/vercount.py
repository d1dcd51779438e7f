"""Vercount, self-hosted, from its Redis.

Source: Vercount 2026, `apps/api/internal/counter/service.go`: `pv:site:HOST` and
`uv:site:count:HOST` are strings, `pv:page:HOST:PATH` a string for each page, whose paths are in
the set `pv:page:index:HOST` (in older versions there is none: then all keys are looked through).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counter.errors import UnreadableExport
from counter.importing.distinct import name_of
from counter.importing.options import Options
from counter.importing.paths import normaliser
from counter.importing.redis import BATCH, Redis, batches, figure_of, text_of
from counter.importing.rows import ArticleViews, BadRow, Row, StartFigures, rejected


def read(client: Redis, _known: Iterable[str], options: Options) -> Iterator[Row]:
    """Yield the figures of the site whose hosts `options` names.

    Args:
        client: a connection to Vercount's database.
        _known: not needed: Vercount keeps the paths themselves.
        options: `hosts` and `keep_query` are heeded.

    Raises:
        UnreadableExport: there are no figures of these hosts.
    """
    hosts = [host for host in sorted(options.hosts) if client.get(f"pv:site:{host}") is not None]
    if not hosts:
        named = ", ".join(sorted(options.hosts)) or "none are given"
        raise UnreadableExport(f"Redis has no key pv:site:… of the site's hosts ({named})")
    article = normaliser(options.keep_query)
    for host in hosts:
        views, visitors = client.mget([f"pv:site:{host}", f"uv:site:count:{host}"])
        try:
            yield StartFigures(figure_of(views), 0, figure_of(visitors))
        except BadRow as error:
            yield rejected(0, str(error), f"{host}: {text_of(views)}, {text_of(visitors)}")
        for batch in batches(_paths(client, host)):
            # As bytes: a path may be no UTF-8.
            keys = [f"pv:page:{host}:{path}".encode("utf-8", "surrogateescape") for path in batch]
            counts = client.mget(keys)
            for path, count in zip(batch, counts, strict=True):
                try:
                    if count is not None:
                        yield ArticleViews(article(path), figure_of(count))
                except BadRow as error:
                    yield rejected(0, str(error), f"{host}{path}: {text_of(count)}")


def _paths(client: Redis, host: str) -> Iterator[str]:
    """Yield each path of `host` once, though a scan of Redis may tell one twice."""
    index, keys = f"pv:page:index:{host}", f"pv:page:{host}:"
    if client.scard(index):
        found = client.sscan_iter(index, count=BATCH)
    else:
        found = client.scan_iter(match=f"{keys}*", count=BATCH)
    told: set[int] = set()
    for raw in found:
        path = text_of(raw).removeprefix(keys)
        if name_of(path) not in told:
            told.add(name_of(path))
            yield path
