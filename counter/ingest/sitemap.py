"""A sitemap (sitemaps.org, protocol 0.9), read piece by piece as it comes, packed or not."""

from __future__ import annotations

import zlib
from array import array
from contextlib import suppress
from xml.etree.ElementTree import ParseError, XMLParser

from counter.errors import BadPath, CounterError
from counter.model.paths import MAX_INPUT, normalise

_GZIP = b"\x1f\x8b"
_PIECE = 256 * 1024


class UnreadableSitemap(CounterError):
    """What came is no sitemap, or more than is read here: names what is wrong with it."""


class SitemapReader:
    """Takes the bytes of one sitemap, or of an index of sitemaps.

    Args:
        keep_query: the query parameters that tell the site's articles apart.
        most_bytes: how much it may be when it is unpacked.
        most_paths: how many articles it may name.
    """

    def __init__(self, keep_query: frozenset[str], *, most_bytes: int, most_paths: int) -> None:
        self.hashes = array("q")
        """`hash(path)` of each article."""
        self.sitemaps: list[str] = []
        """Addresses of the sitemaps that an index names."""
        self._keep_query = keep_query
        self.left = most_bytes
        """How many more bytes there may be."""
        self._most_paths = most_paths
        # The target refuses what declares a type of its own, and with it every entity.
        self._parser = XMLParser(target=self)  # noqa: S314
        self._unpack: zlib._Decompress | None = None
        self._head = b""
        self._open: list[str] = []
        self._space = ""
        self._text: list[str] | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            UnreadableSitemap: it is none.
        """
        try:
            if not self._open and self._unpack is None:
                self._head += data
                if len(self._head) < len(_GZIP):
                    return
                data, self._head = self._head, b""
                if data.startswith(_GZIP):
                    self._unpack = zlib.decompressobj(31)
            if self._unpack is None:
                self._parse(data)
                return
            while data and not self._unpack.eof:
                self._parse(self._unpack.decompress(data, _PIECE))
                data = self._unpack.unconsumed_tail
        except (ParseError, zlib.error, LookupError) as error:
            raise UnreadableSitemap(f"it is no sitemap: {error}") from None

    def finish(self) -> None:
        """Take the end.

        Raises:
            UnreadableSitemap: it is none, or ends before its end.
        """
        try:
            self._parser.close()
        except ParseError as error:
            raise UnreadableSitemap(f"it is no sitemap: {error}") from None

    def _parse(self, data: bytes) -> None:
        self.left -= len(data)
        if self.left < 0:
            raise UnreadableSitemap("it is larger than is read here")
        self._parser.feed(data)

    # What the parser tells

    def doctype(self, *_: object) -> None:
        raise UnreadableSitemap("it declares a document type, which no sitemap needs")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition("}")
        if not self._open:
            if name not in ("urlset", "sitemapindex"):
                raise UnreadableSitemap(f"it is no sitemap: it begins with <{name[:40]}>")
            self._space = space
        self._open.append(name)
        # Images and videos have a <loc> as well, in a name space of theirs.
        if name == "loc" and space == self._space and self._open[-2] in ("url", "sitemap"):
            self._text = []

    def data(self, text: str) -> None:
        if self._text is not None and len(self._text) < MAX_INPUT:
            self._text.append(text)

    def end(self, _: str) -> None:
        self._open.pop()
        if self._text is None:
            return
        address, self._text = "".join(self._text).strip(), None
        if self._open[-1] == "sitemap":
            self.sitemaps.append(address)
        elif len(self.hashes) >= self._most_paths:
            raise UnreadableSitemap(f"it names more than {self._most_paths:,} articles")
        else:
            self._name(address)

    def _name(self, address: str) -> None:
        with suppress(BadPath):  # no reader's page has that path either
            self.hashes.append(hash(normalise(address, self._keep_query)))
