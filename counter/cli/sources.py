"""What `import` reads: a file, standard input, or another counter's Redis."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast
from urllib.parse import urlsplit

from counter.errors import BadImport, UnreadableExport
from counter.importing.formats import FORMATS, STORE_FORMATS, Format, StoreFormat
from counter.importing.known import addresses
from counter.importing.options import Options
from counter.importing.rows import ArticleViews, Row
from counter.ingest.addresses import rate_key
from counter.ingest.bots import is_bot
from counter.ingest.rates import RateLimiter
from counter.model.addresses import read_peer
from counter.settings import Site
from counter.sites import Sites
from counter.storage.others import other_redis


@dataclass(frozen=True, slots=True)
class Source:
    """Something that can be read from its beginning as often as is wanted."""

    rows: Callable[[], Iterator[Row]]
    digest: str
    """Tells its content from any other."""
    size: int
    """Bytes; 0 where there is no telling."""
    position: Callable[[], int]
    """How many of them have been read."""


def format_named(name: str) -> Format | StoreFormat:
    return FORMATS.get(name) or STORE_FORMATS[name]


@contextmanager
def open_source(
    name: str, where: str, known: Path | None, options: Callable[[], Options]
) -> Iterator[Source]:
    """Open what is to be imported.

    Args:
        name: the format's.
        where: a file, `-` for standard input, or the URL of a Redis.
        known: a file of the site's addresses, for a format that needs one.
        options: makes the options for one reading.

    Raises:
        BadImport: it can't be opened.
    """
    try:
        if name in STORE_FORMATS:
            yield _from_redis(STORE_FORMATS[name], where, known, options())
        elif where == "-":
            with NamedTemporaryFile() as copy:
                shutil.copyfileobj(sys.stdin.buffer, copy)
                copy.flush()
                yield _from_file(FORMATS[name], Path(copy.name), options)
        else:
            yield _from_file(FORMATS[name], Path(where), options)
    except OSError as error:
        raise BadImport(f"{error.filename or where} can't be read: {error.strerror}") from None


def _from_file(kind: Format, path: Path, options: Callable[[], Options]) -> Source:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    handle: BinaryIO | None = None

    def rows() -> Iterator[Row]:
        nonlocal handle
        # Unbuffered, so that its position tells how much has been read.
        with path.open("rb", buffering=0) as raw:
            handle = cast(BinaryIO, raw)
            yield from kind.read(handle, options())

    def position() -> int:
        if handle is None:
            return 0
        return size if handle.closed else handle.tell()

    return Source(rows, digest, size, position)


def _from_redis(kind: StoreFormat, url: str, known: Path | None, options: Options) -> Source:
    """Read all of it at once, and put it in order: the database goes on changing."""
    if not options.hosts:
        raise BadImport("its figures go by the site's hosts: --host names them, or origins do")
    listed: Iterable[str] = ()
    if known:
        with known.open("rb") as stream:
            try:
                listed = list(addresses(stream))
            except UnreadableExport as error:
                raise BadImport(f"{known} {error}") from None
    with other_redis(url) as client:
        found = list(kind.read(client, listed, options))
    articles = [row for row in found if isinstance(row, ArticleViews)]
    others = [row for row in found if not isinstance(row, ArticleViews)]
    ordered = [*others, *sorted(articles, key=lambda row: row.path)]
    digest = hashlib.sha256(repr(ordered).encode("utf-8", "surrogateescape")).hexdigest()
    return Source(lambda: iter(ordered), digest, 0, lambda: 0)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of how to read; None and empty: nothing."""

    hosts: Sequence[str] = ()
    permalink: str | None = None
    prefix: str | None = None
    meta_key: str | None = None

    def refuse_unheeded(self, name: str) -> None:
        """Refuse an option that the format does not know.

        Raises:
            BadImport: names it, and those that it knows.
        """
        heeded = format_named(name).options
        for option in fields(self):
            if getattr(self, option.name) and option.name not in heeded:
                asked = "--host" if option.name == "hosts" else f"--{option.name}".replace("_", "-")
                raise BadImport(f"{asked} means nothing for {name}")

    def options(self, site: Site) -> Options:
        """Return the options for reading what is of `site`."""
        told = {"permalink": self.permalink, "prefix": self.prefix, "meta_key": self.meta_key}
        return Options(
            calendar=Sites({}).calendar(site),
            keep_query=site.kept_parameters,
            hosts=frozenset(host.lower() for host in self.hosts) or _hosts(site),
            is_bot=is_bot,
            is_ignored=lambda address: read_peer(address) in site.ignored,
            is_over_rate=_over_rate(site),
            online_window=site.online_window,
            repeat_window=site.repeat_window,
            **{name: value for name, value in told.items() if value},
        )


def _hosts(site: Site) -> frozenset[str]:
    """Return the hosts of a site's origins; none where they are not all known."""
    if any("*" in origin for origin in site.origins):
        return frozenset()
    return frozenset(urlsplit(origin).netloc.lower() for origin in site.origins)


def _over_rate(site: Site) -> Callable[[str, int], bool]:
    """Limit addresses by the times of a log instead of by the clock."""
    if site.rate_limit is None:
        return lambda _address, _at: False
    now = 0
    limiter = RateLimiter(site.rate_limit, lambda: now)

    def is_over(address: str, at: int) -> bool:
        nonlocal now
        now = max(now, at)
        return not limiter.allow(rate_key(read_peer(address)))

    return is_over
