"""All sites that are counted: those of the settings file, and those added while the service runs.

The latter, and pauses, are in the store. Whoever changes them raises their revision there; every
process of every instance looks at it once a second, and takes what is new.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import structlog

from counter.errors import Conflict, CounterError, SettingsError
from counter.settings import Site, parse_site
from counter.sites import Sites
from counter.storage import keys
from counter.storage.scripts import SITES
from counter.storage.store import Store

_EVERY_SECONDS = 1.0
_ATTEMPTS = 5
Changes = dict[str, list[str]]
Edit = Callable[["Entries"], Mapping[str, str]]
"""From what the store holds to the fields that change; an empty value takes a field away."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entries:
    """What the store holds of sites, at one revision."""

    revision: int = 0
    sites: Mapping[str, Site] = field(default_factory=dict)
    paused: frozenset[str] = frozenset()
    """The sites of the file that are paused."""


async def read_entries(store: Store) -> tuple[Entries, dict[str, str]]:
    """Return what the store holds of sites, and of those that can't be used, why not.

    A newer version may have written what this one does not know.

    Raises:
        StoreError, StoreUnavailable: it can't be read.
    """
    fields = await store.command("sites", "HGETALL", keys.SITES)
    revision, sites, paused, refused = 0, dict[str, Site](), set[str](), dict[str, str]()
    for name, value in sorted(fields.items()):
        kind, _, key = name.decode().partition(":")
        if kind == "revision":
            revision = int(value)
        elif kind == "paused":
            paused.add(key)
        else:
            try:
                sites[key] = parse_site(key, json.loads(value))
            except (SettingsError, ValueError) as error:
                refused[key] = str(error)
    return Entries(revision, sites, frozenset(paused)), refused


async def _nothing() -> None: ...


class Directory:
    """Keeps `sites` to be what the settings file and the store say together.

    Where both have a site, the file's settings hold.

    Args:
        file: the sites of the settings file.
        entries: what the store held when somebody last looked: it serves while the store is away.
        changed: called when there are other sites than before.
    """

    def __init__(
        self,
        store: Store,
        sites: Sites,
        file: Mapping[str, Site],
        *,
        entries: Entries | None = None,
        changed: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._store = store
        self.sites = sites
        self._file = file
        self.entries = entries or Entries()
        self._changed = changed
        self._turn = asyncio.Lock()
        sites.replace(_together(file, self.entries))

    def source(self, key: str) -> Literal["file", "store"]:
        """Return where the site's settings are.

        Raises:
            UnknownSite: there is no such site.
        """
        self.sites.find(key)
        return "file" if key in self._file else "store"

    # Following

    async def take_file(self, file: Mapping[str, Site]) -> Changes:
        """Take these sites from the settings file; returns which were added, removed, changed.

        Raises:
            StoreUnavailable: a new site could not be given its start; nothing changed.
        """
        async with self._turn:
            return await self._take(file, self.entries)

    async def follow(self) -> None:
        """Take what others have changed in the store.

        Raises:
            StoreError, StoreUnavailable: it can't be read.
        """
        revision = await self._store.command("sites", "HGET", keys.SITES, "revision")
        if int(revision or 0) != self.entries.revision:
            await self._look()

    async def try_to_follow(self) -> None:
        """Follow if the store lets us; the sites stay as they are while it is away."""
        try:
            await self.follow()
        except CounterError as error:
            log.debug("sites_not_followed", error=str(error))

    async def keep(self) -> None:
        """Follow for ever."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await self.try_to_follow()

    async def _look(self) -> None:
        async with self._turn:
            entries, refused = await read_entries(self._store)
            before = self.entries.sites
            kept = {key: before[key] for key in refused.keys() & before.keys()}
            changes = await self._take(
                self._file, replace(entries, sites={**entries.sites, **kept})
            )
        for key, error in refused.items():
            log.error("site_not_taken", site=key, error=error)
        if any(changes.values()):
            log.info("sites_changed", **changes)

    async def _take(self, file: Mapping[str, Site], entries: Entries) -> Changes:
        together = _together(file, entries)
        for key in together.keys() - self.sites.keys():
            site = together[key]
            await self._store.start(key, site.unit, site.start_total, only_new=True)
        self._file, self.entries = file, entries
        changes = self.sites.replace(together)
        if any(changes.values()):
            await self._changed()
        return changes

    # Changing

    async def put(self, key: str, site: Site) -> bool:
        """Add the site, or give it these settings; returns whether it is new.

        Raises:
            Conflict: it is in the settings file.
        """
        new = key not in self.sites

        def edit(entries: Entries) -> Mapping[str, str]:
            self._refuse_file(key)
            return {f"site:{key}": _text(site), f"paused:{key}": ""}

        await self._edit(edit)
        return new

    async def patch(self, key: str, change: Callable[[Site], Site]) -> None:
        """Change the site's settings.

        Raises:
            UnknownSite, Conflict: there is no such site; it is in the settings file.
        """

        def edit(entries: Entries) -> Mapping[str, str]:
            self._refuse_file(key)
            return {f"site:{key}": _text(change(self._stored(key)))}

        await self._edit(edit)

    async def remove(self, key: str) -> None:
        """Count no more for the site; its figures stay in the store.

        Raises:
            UnknownSite, Conflict: there is no such site; it is in the settings file.
        """

        def edit(entries: Entries) -> Mapping[str, str]:
            if key not in entries.sites:
                self._refuse_file(key)
            self.sites.find(key)
            return {f"site:{key}": ""}

        await self._edit(edit)

    async def pause(self, key: str, paused: bool) -> None:
        """Count nothing for the site until it is resumed.

        Raises:
            UnknownSite, Conflict: there is no such site; the settings file pauses it.
        """

        def edit(entries: Entries) -> Mapping[str, str]:
            if self.source(key) == "store":
                site = self._stored(key).model_copy(update={"paused": paused})
                return {f"site:{key}": _text(site)}
            if self._file[key].paused and not paused:
                raise Conflict(
                    f"The settings file pauses the site {key!r}: take paused out of it there, and "
                    "reload the service (SIGHUP)."
                )
            return {f"paused:{key}": "1" if paused else ""}

        await self._edit(edit)

    def _stored(self, key: str) -> Site:
        self.sites.find(key)
        return self.entries.sites[key]

    def _refuse_file(self, key: str) -> None:
        if key in self._file:
            raise Conflict(
                f"The site {key!r} stands in the settings file: change it there, and reload the "
                "service (SIGHUP)."
            )

    async def _edit(self, edit: Edit) -> None:
        for _ in range(_ATTEMPTS):
            await self.follow()
            arguments: list[int | str] = [self.entries.revision]
            for pair in edit(self.entries).items():
                arguments += pair
            if await self._store.script("sites", SITES, (keys.SITES,), arguments) > 0:
                await self.follow()
                return
        raise Conflict("Others are changing the sites just now; try again.")


def _together(file: Mapping[str, Site], entries: Entries) -> dict[str, Site]:
    # The file's come first: where sites contend for a page's origin, the first one has it.
    together = {**file, **{key: site for key, site in entries.sites.items() if key not in file}}
    for key in entries.paused & file.keys():
        together[key] = together[key].model_copy(update={"paused": True})
    return together


def _text(site: Site) -> str:
    return json.dumps(site.document(only_set=True), ensure_ascii=False)
