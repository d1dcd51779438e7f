"""Addresses that are known to exist: a list, one a line, or a sitemap (sitemaps.org, 0.9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import ParseError, XMLParser

from counter.errors import UnreadableExport
from counter.importing.inputs import CHUNK, Source, open_sources


class _Locations:
    """Keeps the texts of `<loc>` until they are taken; everything else is dropped at once."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._text: list[str] | None = None

    def start(self, tag: str, _: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if name == "sitemapindex":
            raise UnreadableExport("is an index of sitemaps; give the sitemaps that it names")
        self._text = [] if name == "loc" else None

    def data(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, _: str) -> None:
        if self._text is not None:
            self.found.append("".join(self._text).strip())
        self._text = None


def addresses(stream: BinaryIO) -> Iterator[str]:
    """Yield the addresses in `stream`: whole, or paths alone; it may be packed.

    Raises:
        UnreadableExport: it is neither a list nor a sitemap.
    """
    for source in open_sources(stream):
        if source.peek().lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            yield from _sitemap(source)
        else:
            yield from filter(None, source.lines())


def _sitemap(source: Source) -> Iterator[str]:
    locations = _Locations()
    # What expands without end is refused by expat itself (2.4.1 and newer).
    parser = XMLParser(target=locations)  # noqa: S314
    try:
        while data := source.read(CHUNK):
            parser.feed(data)
            yield from locations.found
            locations.found.clear()
        parser.close()
    except ParseError as error:
        raise UnreadableExport(f"is neither a list of addresses nor a sitemap: {error}") from None
    if source.damage:
        raise UnreadableExport(source.damage.reason)
