"""Which articles a site's own sitemap names, as far as the pipeline asks."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable


class Listing:
    """A set of paths in 8 bytes each, as hashes under this process' own key (`PYTHONHASHSEED`)."""

    def __init__(self, hashes: Iterable[int]) -> None:
        self._hashes = array("q", sorted(set(hashes)))

    def __len__(self) -> int:
        return len(self._hashes)

    def __contains__(self, path: str) -> bool:
        wanted = hash(path)
        at = bisect_left(self._hashes, wanted)
        return at < len(self._hashes) and self._hashes[at] == wanted


class Listings:
    """The listings at hand, by site; `counter.web.sitemaps` keeps them.

    A site whose sitemap was not read yet, or can't be read now, has no say: its views count.
    """

    def __init__(self) -> None:
        self._listings: dict[str, Listing] = {}
        self.wanted: set[str] = set()
        """Sites that were asked for a path which they lack: it may be an article of today."""

    def put(self, site: str, listing: Listing) -> None:
        self._listings[site] = listing

    def drop(self, site: str) -> None:
        self._listings.pop(site, None)
        self.wanted.discard(site)

    def __contains__(self, site: str) -> bool:
        return site in self._listings

    def confirms(self, site: str, path: str) -> bool:
        listing = self._listings.get(site)
        if listing is None or path == "/" or path in listing:
            return True
        self.wanted.add(site)
        return False
