"""Self-hosted busuanzi (soxft), from its Redis.

Its keys hold MD5 digests of host and path, of which the site's host and its known addresses give
the names; members that no known address gives are told in number. Of every layout it has had:

| version | pages | digest of a page |
|---|---|---|
| 2.8 and newer | sorted set `page_pv:H` | of the path, or of `host&path` (`PathStyle: false`) |
| 2.5 to 2.7 | the same | of `host&path` |
| before | a string each, `page_pv:P` | of host and path |

H and P are digits 8 to 24 of the digest (`MD516`), or all 32. Visitors of the site (`site_uv:H`)
are a HyperLogLog, a set before 2.8.
Source: busuanzi `core/count.go`, 2022 to 2025, and its README.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import md5
from typing import Any
from urllib.parse import unquote, urlsplit

from counter.errors import UnreadableExport
from counter.importing.options import Options
from counter.importing.paths import normaliser
from counter.importing.redis import Redis, batches, figure_of, text_of
from counter.importing.rows import ArticleViews, BadRow, LeftOut, Row, StartFigures, rejected

DEFAULT_PREFIX = "bsz"


def read(client: Redis, known: Iterable[str], options: Options) -> Iterator[Row]:
    """Yield the figures of the site whose hosts `options` names.

    Args:
        client: a connection to busuanzi's database.
        known: addresses of the site, whole or as paths, as `known.addresses` reads them.
        options: `hosts`, `prefix` and `keep_query` are heeded.

    Raises:
        UnreadableExport: there are no figures of these hosts.
    """
    prefix = options.prefix or DEFAULT_PREFIX
    sites = [
        _Site(client, prefix, host, digits)
        for host in sorted(options.hosts)
        for digits in _digits(host)
    ]
    sites = [site for site in sites if site.exists()]
    if not sites:
        hosts = ", ".join(sorted(options.hosts)) or "none are given"
        raise UnreadableExport(
            f"Redis has no key {prefix}:site_pv:… of the site's hosts ({hosts}); busuanzi knows a "
            "host as the browser has it, with its port if there is one"
        )
    for site in sites:
        yield from site.total()
    article = normaliser(options.keep_query)
    for batch in batches(known):
        paths = sorted({variant for address in batch for variant in _variants(address)})
        for site in sites:
            for path, value in site.pages(paths):
                try:
                    yield ArticleViews(article(path), figure_of(value))
                except BadRow as error:
                    yield rejected(0, str(error), f"{site.host}{path}: {text_of(value)}")
    for site in sites:
        yield from site.unnamed()


class _Site:
    """The keys of one host, with digests of one length."""

    def __init__(self, client: Redis, prefix: str, host: str, digest: str) -> None:
        self.host = host
        self._client = client
        self._prefix = prefix
        self._digest = digest
        self._short = len(digest) == 16
        self._pages = f"{prefix}:page_pv:{digest}"
        self._told: set[bytes] = set()

    def exists(self) -> bool:
        return self._client.get(f"{self._prefix}:site_pv:{self._digest}") is not None

    def total(self) -> Iterator[Row]:
        visitors = f"{self._prefix}:site_uv:{self._digest}"
        views = self._client.get(f"{self._prefix}:site_pv:{self._digest}")
        try:
            is_set = text_of(self._client.type(visitors)) == "set"
            count = self._client.scard(visitors) if is_set else self._client.pfcount(visitors)
            yield StartFigures(figure_of(views), 0, figure_of(count))
        except BadRow as error:
            yield rejected(0, str(error), f"{self.host}: {text_of(views)}")

    def pages(self, paths: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """Yield the views of those of `paths` that busuanzi knows, each page once."""
        names: dict[str, str] = {}
        in_set = text_of(self._client.type(self._pages)) == "zset"
        for path in paths:
            for page in (path, f"{self.host}&{path}") if in_set else (self.host + path,):
                names[_digits(page)[0 if self._short else 1]] = path
        if not names:
            return
        if in_set:
            values = self._client.zmscore(self._pages, list(names))
        else:
            values = self._client.mget([f"{self._prefix}:page_pv:{name}" for name in names])
        for (name, path), value in zip(names.items(), values, strict=True):
            key = bytes.fromhex(name)[:8]
            if value is not None and key not in self._told:
                self._told.add(key)
                yield path, value

    def unnamed(self) -> Iterator[Row]:
        """Tell how many pages there are that no known address gives."""
        if text_of(self._client.type(self._pages)) == "zset":
            rest = int(self._client.zcard(self._pages)) - len(self._told)
            if rest > 0:
                yield LeftOut("address not known", rest)


def _digits(text: str) -> tuple[str, str]:
    digest = md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
    return digest[8:24], digest


def _variants(address: str) -> set[str]:
    """Return the paths under which a page at `address` may have been counted."""
    try:
        path = address if address.startswith("/") else urlsplit(address).path
    except ValueError:
        return set()
    path = unquote(path.partition("?")[0].partition("#")[0], errors="surrogateescape") or "/"
    return {path, path.rstrip("/") or "/", path.rstrip("/") + "/"}
