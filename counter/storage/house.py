"""Keeping house: what an operator may do to figures that were counted, by command or by HTTP.

Each operation keeps `total = start + Σ days` at every moment, goes on beside the counting, and is
written to the site's audit log by the very script call that makes the change. Each may be given
twice: what has been done already changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from counter.errors import BadParameter, Conflict
from counter.model.clock import Clock, wall_ms
from counter.model.days import shift, span
from counter.model.figures import Unit
from counter.settings import Site
from counter.sites import Sites
from counter.storage import audit, keys
from counter.storage.changes import Change, Progress
from counter.storage.compacting import compact
from counter.storage.forgetting import forget_site
from counter.storage.merging import merge, merging_into
from counter.storage.scripts import FORGET_ARTICLE, FORGET_DAY, RENAME, START
from counter.storage.store import Query, Store

_AT_ONCE = 100
"""Renames that travel together."""


__all__ = ["Change", "House", "Progress"]


class House:
    """The operations on the figures of one store.

    Paths are normalised (`counter.model.paths`), days are `YYYYMMDD`. `who` is who asks for it, as
    the audit log shall name them: `cli:ann`, `admin:newsroom`.

    Every method raises `StoreUnavailable` if the store can't be reached; then the operation may
    have been done or not, and it is safe to ask for it again. It raises `StoreError` if the store
    holds something that can't be there, and has changed nothing.
    """

    def __init__(self, store: Store, sites: Sites, clock: Clock = wall_ms) -> None:
        self._store = store
        self._sites = sites
        self._clock = clock

    async def audit(self, site: str, limit: int = 100) -> list[audit.Entry]:
        """Return the last `limit` changes to the site, the newest first."""
        return await audit.entries(self._store, site, limit)

    async def set_start(self, site: str, unit: Unit, start: int, *, who: str) -> Change:
        """Set the figure (0 to 2^53 - 1) from which the site's total of `unit` starts.

        Raises:
            BadParameter: `start` is out of bounds.
        """
        if not 0 <= start < 2**53:
            raise BadParameter(
                f"The start is {start:,}; a figure from 0 to {2**53 - 1:,} is right."
            )
        names = keys.start_keys(site)
        arguments = [unit.value, start, 0, who, keys.AUDIT_KEEP]
        [now, before] = await self._store.call("set", START, names, arguments)
        subject = f"start of {unit}"
        return Change(site, "set", subject, now != before, {"start": before}, {"start": now})

    async def rename(self, site: str, old: str, new: str, *, who: str) -> Change:
        """Move the article `old` to the name `new`: their views are one article's from now on.

        It is merged in the most-read sets too, of all days that have one. `old` stands for `new`
        whenever it is counted or read later on; names may stand for names, and moving an article
        back to a name that it had makes that one its own again.

        Raises:
            BadParameter: both names are the same.
            Conflict: `old` stands for another article already.
        """
        [change] = await self.rename_many(site, [(old, new)], who=who)
        if isinstance(change, Conflict):
            raise change
        return change

    async def rename_many(
        self, site: str, renames: Sequence[tuple[str, str]], *, who: str
    ) -> list[Change | Conflict]:
        """Rename one after the other; the outcome of each stands in its place.

        Raises:
            BadParameter: a rename has twice the same name; then none was made.
        """
        for old, new in renames:
            if old == new:
                raise BadParameter(f"{old} is to be renamed to itself; give another name.")
        names = keys.rename_keys(site, self._recent_days(site))
        outcomes: list[Change | Conflict] = []
        for begin in range(0, len(renames), _AT_ONCE):
            part = renames[begin : begin + _AT_ONCE]
            calls = [(names, self._rename_arguments(old, new, who)) for old, new in part]
            replies = await self._store.call_each("rename", RENAME, calls)
            outcomes += [
                _renamed(site, old, new, reply)
                for (old, new), reply in zip(part, replies, strict=True)
            ]
        return outcomes

    async def stands_for(self, site: str, path: str) -> str | None:
        """Return the name that `path` was renamed to; None if it is an article's own."""
        found = await self._store.ask("read", lambda client: client.hget(keys.aliases(site), path))
        return found.partition(b" ")[2].decode() if found else None

    async def forget_article(self, site: str, path: str, *, who: str) -> Change:
        """Forget the article `path`, or where it is another name of one, that name alone.

        The site's own figures keep the article's views: they were views of the site.
        """
        names = keys.forget_article_keys(site, self._recent_days(site))
        arguments = [who, keys.AUDIT_KEEP, path, keys.article_hash(path.encode())]
        outcome, views, stood_for = await self._store.call(
            "forget", FORGET_ARTICLE, names, arguments
        )
        if outcome == 2:
            return Change(site, "forget", f"the name {path} of {stood_for.decode()}")
        if not outcome:
            return Change(site, "forget", path, changed=False)
        return Change(site, "forget", path, True, {"views": views}, {"views": 0})

    async def forget_day(self, site: str, day: str, *, who: str) -> Change:
        """Forget a day: its figures leave the site's totals too.

        Articles keep their views, for which of them were of this day is not recorded.
        """
        names = keys.forget_day_keys(site, day)
        found = await self._store.call("forget", FORGET_DAY, names, [who, keys.AUDIT_KEEP, day])
        there, views, visits, visitors, total = found
        before = {"views": views, "visits": visits, "visitors": visitors, "total views": total}
        after = {"views": 0, "visits": 0, "visitors": 0, "total views": total - views}
        return Change(site, "forget", f"day {day}", bool(there), before, after)

    async def forget_site(
        self, site: str, *, who: str, progress: Progress = lambda _done, _all: None
    ) -> Change:
        """Forget all that is known of a site but its audit log, which tells who forgot it.

        It takes many short steps; the site's figures go all at once with the last. One that was
        stopped goes on when it is asked for again.

        Raises:
            Conflict: a part of it is on its way into another site.
        """
        if into := await merging_into(self._store, site):
            raise Conflict(
                f"{site} is being merged into {into}: finish that, or a part of it would be lost."
            )
        days = self._recent_days(site)
        before = await forget_site(self._store, site, days, who, progress)
        after = dict.fromkeys(before, 0)
        return Change(site, "forget", "the whole site", True, before, after)

    async def merge(
        self, site: str, into: str, *, who: str, progress: Progress = lambda _done, _all: None
    ) -> Change:
        """Move all figures of `site` to `into`, where they are added to what is there.

        That is articles, days, start figures, hours, visitors of late days, the most read, and
        other names of articles where `into` knows none. Days meet by their names, whatever the
        zones of the two sites; who read both sites is two visitors.

        It takes many short steps, and both sites' sums agree after each. One that was stopped goes
        on when it is asked for again; no figure comes twice. What is counted for `site` meanwhile
        may stay there: merge it again.

        Args:
            progress: is told how many articles have moved, and how many there were.

        Raises:
            BadParameter: both are the same site.
            Conflict: `site` is on its way into another one, or the sum would pass 2^53.
        """
        if site == into:
            raise BadParameter(f"{site} is to be merged into itself; give another site.")
        await self._adopt_names(site, into, who)
        return await merge(self._store, site, into, self._recent_days(site), who, progress)

    async def compact(
        self, site: str, *, who: str, progress: Progress = lambda _done, _all: None
    ) -> Change:
        """Have the site's figures take as little memory as they can; they stay what they are.

        Articles go where they belong, into as few buckets as hold them, packed; keys of days that
        should have run out, days without a view and articles without one go. It takes many short
        steps, and may be stopped at any.

        Args:
            progress: is told how many buckets have been looked at, and how many there are.
        """
        return await compact(self._store, site, self._today(site), who, progress)

    async def _adopt_names(self, site: str, into: str, who: str) -> None:
        """Have `into` know the other names of articles that `site` has, but for what means
        something else there."""
        found = await self._store.ask("merge", lambda client: client.hgetall(keys.aliases(site)))
        stands_for = {
            old.decode(): value.partition(b" ")[2].decode() for old, value in found.items()
        }
        names = list(stands_for)
        for begin in range(0, len(names), _AT_ONCE):
            pairs = [(old, _end(stands_for, old)) for old in names[begin : begin + _AT_ONCE]]
            told = tuple(old for old, _ in pairs)
            views = (await self._store.figures(Query(into, self._clock(), told))).articles
            taken = {path for pair in pairs for path in pair if await self.stands_for(into, path)}
            free = [pair for pair in pairs if not views[pair[0]] and not taken & set(pair)]
            await self.rename_many(into, free, who=who)

    def _rename_arguments(self, old: str, new: str, who: str) -> list[Any]:
        arguments: list[Any] = [who, keys.AUDIT_KEEP, keys.TOP_KEEP]
        for path in (old, new):
            arguments += (path, keys.article_hash(path.encode()))
        return arguments

    def _recent_days(self, site: str) -> list[str]:
        """Return the days that may have keys of their own: those of late, and by another clock or
        zone those to come."""
        today = self._today(site)
        return span(shift(today, -keys.TOP_TTL // keys.DAY - 1), shift(today, 2))

    def _today(self, site: str) -> str:
        return self._sites.calendar(self._sites.get(site) or Site()).day(self._clock())


def _end(stands_for: Mapping[str, str], name: str) -> str:
    """Return the article at the end of the names that begin with `name`."""
    for _ in stands_for:
        name = stands_for.get(name, name)
    return name


def _renamed(site: str, old: str, new: str, reply: list[Any]) -> Change | Conflict:
    outcome, target, before, there, after = reply
    name = target.decode()
    if outcome < 0:
        return Conflict(
            f"{old} stands for {name} already: rename {name}, or forget {old} first, which takes "
            "its meaning from it."
        )
    subject = f"{old} → {name}"
    if not outcome:
        return Change(site, "rename", subject, False, {name: there}, {name: after})
    return Change(site, "rename", subject, True, {old: before, name: there}, {name: after})
