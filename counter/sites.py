"""The sites that are counted, as the running service knows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar, overload

from counter.errors import UnknownSite
from counter.model.days import Calendar
from counter.settings import SITE_KEY, Site

T = TypeVar("T")


class Sites(Mapping[str, Site]):
    """The sites by their keys, each with the calendar of its zone."""

    def __init__(self, sites: Mapping[str, Site]) -> None:
        self._sites = dict(sites)
        self._calendars: dict[str, Calendar] = {}
        self.generation = 0
        """Rises whenever the sites change: what is made from them is to be made anew."""

    def __getitem__(self, key: str) -> Site:
        return self._sites[key]

    @overload
    def get(self, key: str) -> Site | None: ...
    @overload
    def get(self, key: str, default: T) -> Site | T: ...
    def get(self, key: str, default: object = None) -> object:
        # Mapping's own goes through two more calls, at every view.
        return self._sites.get(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sites)

    def __len__(self) -> int:
        return len(self._sites)

    def replace(self, sites: Mapping[str, Site]) -> dict[str, list[str]]:
        """Take `sites` instead of those there were; returns what that changed, by their keys."""
        before, self._sites = self._sites, dict(sites)
        self.generation += 1
        return {
            "added": sorted(sites.keys() - before.keys()),
            "removed": sorted(before.keys() - sites.keys()),
            "changed": sorted(k for k in sites.keys() & before.keys() if sites[k] != before[k]),
        }

    def find(self, key: str) -> Site:
        """Return the site with this key.

        Raises:
            UnknownSite: no site has it.
        """
        site = self._sites.get(key)
        if site is None:
            if not SITE_KEY.fullmatch(key):
                raise UnknownSite(
                    "A site's key is 1 to 63 of a-z, 0-9 and -, and does not begin with -."
                )
            raise UnknownSite(f"There is no site {key!r} here; its key stands in the settings.")
        return site

    def calendar(self, site: Site) -> Calendar:
        """Return the calendar of the site's zone, shared by all sites of the zone."""
        zone = site.timezone
        calendar = self._calendars.get(zone.key)
        if calendar is None:
            calendar = self._calendars[zone.key] = Calendar(zone)
        return calendar
