"""Which site a page is of, by its origin."""

from __future__ import annotations

from collections.abc import Iterator

from counter.errors import UnknownSite
from counter.ingest.origins import is_allowed
from counter.settings import DropIn, Site
from counter.sites import Sites


class Hosts:
    """The sites that have drop-ins, by the origins in their settings.

    An exact origin goes before `*.`; of two sites with the same one the first in the settings has
    it. The index is made anew when the sites change.
    """

    def __init__(self, sites: Sites) -> None:
        self._sites = sites
        self._generation = -1
        self._exact: dict[tuple[DropIn, str], str] = {}
        self._below: dict[DropIn, list[str]] = {}

    def find(self, way: DropIn, origin: str) -> tuple[str, Site]:
        """Return the key and the site with the page origin `origin` that has the drop-in `way`.

        Raises:
            UnknownSite: there is none.
        """
        if self._generation != self._sites.generation:
            self._index()
        key = self._exact.get((way, origin)) or self._find_below(way, origin)
        if key is None:
            of = f"of {origin[:200]!r}" if origin else "whose address the request does not tell"
            raise UnknownSite(
                f"No site here answers a page {of} as {way.value}: the settings of the site must "
                "name the page's origin in origins, and this in dropins."
            )
        return key, self._sites[key]

    def _find_below(self, way: DropIn, origin: str) -> str | None:
        candidates = self._below.get(way, ())
        return next((k for k in candidates if is_allowed(self._sites[k].origins, origin)), None)

    def _index(self) -> None:
        self._exact, self._below = {}, {}
        for key, site in self._sites.items():
            for way in site.dropins:
                for origin in site.origins:
                    self._exact.setdefault((way, origin), key)
                if any("://*." in origin for origin in site.origins):
                    self._below.setdefault(way, []).append(key)
        self._generation = self._sites.generation


def contended(sites: Sites, key: str, site: Site) -> Iterator[str]:
    """Yield the keys of others from which the site `key`, set like this, might take pages."""
    for other, its in sites.items():
        same = other != key and set(site.dropins) & set(its.dropins)
        # No page is found by "null".
        own = (origin for origin in site.origins if origin != "null") if same else ()
        if any(_contend(origin, its.origins) for origin in own):
            yield other


def _contend(origin: str, others: tuple[str, ...]) -> bool:
    """Tell whether a page of `origin` may be one of a site of `others`.

    `*.` leaves exact ones their own; an exact one takes its pages from another's `*.`.
    """
    if is_allowed(others, _one(origin)):
        return True
    below = (other for other in others if "*" in other)
    return "*" in origin and any(is_allowed((origin,), _one(other)) for other in below)


def _one(origin: str) -> str:
    """Return an origin that `origin` has: where it has all below a host, one that is made up."""
    return origin.replace("*", "any")
