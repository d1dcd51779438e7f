"""The formats that can be imported. `docs/moving-in.md` names each of them; a test holds it so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from counter.importing import (
    busuanzi,
    drupal,
    goatcounter,
    joomla,
    logs,
    matomo,
    own,
    plausible,
    umami,
    vercount,
    wordpress,
    wp_statistics,
)
from counter.importing.inputs import Source, open_sources
from counter.importing.options import Options
from counter.importing.redis import Redis
from counter.importing.rows import Rejected, Row

_DATABASE = ("keep_query", "permalink", "prefix")
_LOG = (
    *("calendar", "keep_query", "hosts", "is_bot", "is_ignored", "is_over_rate"),
    "online_window",
    "repeat_window",
)


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that can be imported."""

    program: str
    """What writes it, and the versions of it that are read."""
    description: str
    """What is read, in a line for people."""
    yields: tuple[str, ...]
    """What rows come of it: `articles`, `days`, `start`."""
    options: tuple[str, ...]
    """The fields of `Options` that it heeds."""
    reader: Callable[[Iterable[Source], Options], Iterator[Row]]
    of_readers: bool = False
    """Whether an entry is of one reader: then the text of a bad one is not handed on."""

    def read(self, stream: BinaryIO, options: Options) -> Iterator[Row]:
        """Yield the rows in `stream`, which may be packed (gzip, Zstandard, bzip2, xz, ZIP).

        The same bytes with the same options yield the same rows in the same order.

        Raises:
            UnreadableExport: it is no such file.
        """
        damages: list[Rejected] = []

        def watched() -> Iterator[Source]:
            for source in open_sources(stream):
                yield source
                if source.damage:
                    damages.append(source.damage)

        for row in self.reader(watched(), options):
            yield replace(row, text="") if self.of_readers and isinstance(row, Rejected) else row
        yield from damages


@dataclass(frozen=True, slots=True)
class StoreFormat:
    """A kind of Redis database that can be imported."""

    program: str
    description: str
    yields: tuple[str, ...]
    options: tuple[str, ...]
    read: Callable[[Redis, Iterable[str], Options], Iterator[Row]]
    """Takes a connection, the site's known addresses (`known.addresses`), and the options."""


FORMATS: dict[str, Format] = {
    "jsonl": Format(
        "visitor-counter",
        "our own JSON Lines",
        ("articles", "days", "start"),
        ("keep_query",),
        own.read_jsonl,
    ),
    "csv": Format(
        "visitor-counter",
        "our own CSV: columns path, day, views, visits, visitors",
        ("articles", "days", "start"),
        ("keep_query",),
        own.read_csv,
    ),
    "goatcounter": Format(
        "GoatCounter 1.3 to 2.7",
        "its CSV export (format 1 or 2), a line for each page view",
        ("articles", "days"),
        ("calendar", "keep_query"),
        goatcounter.read,
        of_readers=True,
    ),
    "umami": Format(
        "Umami 2.18 to 3.0, Umami Cloud",
        "website_event.csv, or pages.csv, or the ZIP archive with them",
        ("articles", "days", "start"),
        ("calendar", "keep_query", "hosts"),
        umami.read,
        of_readers=True,
    ),
    "matomo": Format(
        "Matomo 3 to 5",
        "the report of pages, flat, or of days, as CSV or TSV",
        ("articles", "days"),
        ("keep_query", "hosts"),
        matomo.read,
    ),
    "plausible": Format(
        "Plausible 2.1 to 3.0",
        "imported_visitors and imported_pages, or the ZIP archive with them",
        ("articles", "days"),
        ("keep_query", "hosts"),
        plausible.read,
    ),
    "post-views-counter": Format(
        "Post Views Counter 1.2 to 1.7 (WordPress)",
        "an SQL dump, or its tables as CSV",
        ("articles", "days", "start"),
        _DATABASE,
        wordpress.read_post_views_counter,
    ),
    "wp-postviews": Format(
        "WP-PostViews 1.6 to 2.0 (WordPress), and others that count in postmeta",
        "an SQL dump, or its tables as CSV",
        ("articles", "start"),
        (*_DATABASE, "meta_key"),
        wordpress.read_postviews,
    ),
    "wp-statistics": Format(
        "WP Statistics 12.6 to 14 (WordPress)",
        "an SQL dump, or its tables as CSV",
        ("articles", "days", "start"),
        ("keep_query", "prefix"),
        wp_statistics.read,
    ),
    "drupal": Format(
        "Drupal 7 to 10, Statistics 1.0",
        "node_counter of an SQL dump, or its tables as CSV",
        ("articles", "start"),
        _DATABASE,
        drupal.read,
    ),
    "joomla": Format(
        "Joomla 3 to 5",
        "the hits of articles of an SQL dump, or its tables as CSV",
        ("articles", "start"),
        _DATABASE,
        joomla.read,
    ),
    "log-combined": Format(
        "Apache, nginx and other web servers",
        "an access log in the combined format",
        ("articles", "days"),
        _LOG,
        logs.read_combined,
        of_readers=True,
    ),
    "log-json": Format(
        "Caddy 2, nginx and other web servers",
        "an access log in JSON, an object a line",
        ("articles", "days"),
        _LOG,
        logs.read_json,
        of_readers=True,
    ),
}

STORE_FORMATS: dict[str, StoreFormat] = {
    "busuanzi": StoreFormat(
        "busuanzi 2.5 to 2.9 (soxft), self-hosted",
        "its Redis; a list of addresses or a sitemap gives the names of pages",
        ("articles", "start"),
        ("hosts", "keep_query", "prefix"),
        busuanzi.read,
    ),
    "vercount": StoreFormat(
        "Vercount 2026, self-hosted",
        "its Redis",
        ("articles", "start"),
        ("hosts", "keep_query"),
        vercount.read,
    ),
}
