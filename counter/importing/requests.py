"""Requests in the log of a web server, and which of them were views of a page.

They pass the same filters as live views, as far as a log tells what these need.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from counter.importing.distinct import name_of
from counter.importing.options import Options
from counter.importing.paths import normaliser
from counter.importing.rows import Row
from counter.importing.tally import Recent, Tally

STATUSES = (200, 304)
# fmt: off
NO_PAGES = frozenset((
    "7z", "aac", "apk", "asc", "atom", "avi", "avif", "bmp", "br", "bz2", "css", "csv", "cur",
    "deb", "dmg", "doc", "docx", "eot", "epub", "exe", "flac", "flv", "gif", "gpx", "gz", "heic",
    "ico", "ics", "iso", "jar", "jpeg", "jpg", "js", "json", "kml", "kmz", "less", "m3u8", "m4a",
    "m4s", "m4v", "map", "md5", "mid", "mjs", "mkv", "mov", "mp3", "mp4", "mpeg", "mpg", "mpd",
    "msi", "odp", "ods", "odt", "oga", "ogg", "ogv", "opus", "otf", "pdf", "pgp", "pkg", "png",
    "ppt", "pptx", "rar", "rdf", "rpm", "rss", "rtf", "scss", "sh", "sha256", "sig", "sql",
    "svg", "svgz", "swf", "tar", "tgz", "tif", "tiff", "torrent", "ts", "ttf", "txt", "vcf",
    "vtt", "wasm", "wav", "weba", "webm", "webmanifest", "webp", "wmv", "woff", "woff2", "xls",
    "xlsx", "xml", "xsl", "xz", "yaml", "yml", "zip", "zst",
))
# fmt: on
"""Endings of what is no page, where the log does not say its type."""
NO_PAGE_PATH = re.compile(
    r"/(?:robots\.txt|wp-cron\.php|wp-login\.php|xmlrpc\.php"
    r"|(?:\.well-known|administrator|wp-admin|wp-json)(?:/.*)?)"
)
"""Paths that no reader sees, such as WordPress' and Joomla's back rooms."""
_ENDING = re.compile(r"\.([A-Za-z0-9]{2,11})(?:[?#]|$)")


class Request(NamedTuple):
    """A request as a log tells of it."""

    at: int
    """When, in ms since the epoch."""
    method: str
    target: str
    status: int
    address: str
    agent: str
    host: str = ""
    content_type: str = ""
    """Of the answer; empty where the log does not say."""
    purpose: str = ""
    """What `Sec-Purpose`, `Purpose` or `X-Moz` said."""


class Views:
    """Counts the requests that were views.

    Args:
        options: the filters, the site's calendar and its windows.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._tally = Tally()
        self._online = Recent(options.online_window)
        self._counted = Recent(options.repeat_window)
        self._article = _articles(normaliser(options.keep_query))
        self.leave_out: Callable[[str], tuple[()]] = self._tally.leave_out
        self.rest: Callable[[], Iterator[Row]] = self._tally.rest

    def count(self, request: Request) -> Iterator[Row] | tuple[()]:
        """Count `request` if it was a view; returns rows that are to be handed on.

        Raises:
            BadRow: its path names no article.
        """
        options, at = self._options, request.at
        if request.method != "GET":
            return self._tally.leave_out("method")
        if request.status not in STATUSES:
            return self._tally.leave_out("status")
        path = self._article(request.target, request.content_type)
        if not path:
            return self._tally.leave_out("no page")
        if reason := self._drop(request):
            return self._tally.leave_out(reason)
        visitor = name_of(request.address, request.agent)
        was_online = self._online.seen(visitor, at) is not None
        self._online.note(visitor, at)
        if options.repeat_window and self._counted.seen((visitor, path), at) is not None:
            return self._tally.leave_out("repeat")
        self._counted.note((visitor, path), at)
        day = options.calendar.day(at)
        full = self._tally.count(day, path, visitor, begins_visit=not was_online)
        return self._tally.spill() if full else ()

    def _drop(self, request: Request) -> str | None:
        options, purpose = self._options, request.purpose
        if not options.is_own(request.host):
            return "host"
        if purpose and any(word in purpose for word in ("prefetch", "prerender", "preview")):
            return "prefetch"
        if options.is_bot(request.agent):
            return "bot"
        if options.is_ignored(request.address):
            return "address"
        if options.is_over_rate(request.address, request.at):
            return "rate"
        return None


def _articles(normalise: Callable[[str], str]) -> Callable[[str, str], str | None]:
    """Return what tells the article of a target and a content type; None if it is no page."""

    @lru_cache(maxsize=65_536)
    def article(target: str, content_type: str) -> str | None:
        if content_type:
            if not content_type.lower().startswith(("text/html", "application/xhtml")):
                return None
        elif (ending := _ENDING.search(target.partition("?")[0])) and (
            ending[1].lower() in NO_PAGES
        ):
            return None
        path = normalise(target)
        return None if NO_PAGE_PATH.fullmatch(path) else path

    return article
