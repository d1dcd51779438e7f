"""The figures in Redis: what may be asked of them, and the one way to change them."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import MovedError, NoScriptError

from counter.errors import CounterError, StoreError, StoreUnavailable
from counter.metrics import Metrics
from counter.model.days import day_start, month_start, shift, span, week_start
from counter.model.figures import Batch, Counted, DayRow, Figures, Hit, Status, Unit
from counter.settings import Site
from counter.settings import Store as StoreSettings
from counter.sites import Sites
from counter.storage import keys
from counter.storage.connect import Client, connect, disconnect
from counter.storage.failures import REDIS_ERRORS, explain, kind
from counter.storage.inspection import (
    UNCONFIRMED,
    Inspection,
    confirmation,
    confirmed,
    inspect,
)
from counter.storage.scripts import ADD, APPLY, COPY, LEDGER, READ, START, Script

_UNIT_FIELD = {Unit.VIEWS: "v", Unit.VISITS: "s", Unit.VISITORS: "u"}
_UNIT_INDEX = {Unit.VIEWS: 0, Unit.VISITS: 1, Unit.VISITORS: 2}
_STATUSES = tuple(Status)
_STEPS = {
    Unit.VIEWS: (1, 1, 0, 1, 1, 1, 1),
    Unit.VISITS: (0, 1, 0, 0, 1, 0, 1),
    Unit.VISITORS: (0, 0, 0, 0, 0, 0, 0),
}
"""What a hit of each status adds to today and total."""
_SEEN = Struct(">8sd")
"""A view's visitor, whose absence is eight zeros, and its time, as `apply.lua` takes them."""
_DAYS_AT_ONCE = 366
_CHUNK = 256
SCRATCH_SITE = "#ready"
"""The key under which readiness tries the script; no site can have it."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What the store answered to one batch."""

    first: bool
    """False if the batch had been applied before."""
    answers: list[Counted]
    """For each hit the figures just after it."""
    counted: int
    """How many of the hits count."""
    full: int
    """How many of those count for the site only, its articles being at their limit."""
    too_new: int
    """How many count for the site only, too many articles being new."""
    repeats: int
    """How many were repeats."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which figures are wanted."""

    site: str
    now: int
    """The instant (ms) as of which the figures are told."""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything of a site that the invariant speaks of, read at one moment."""

    total: dict[str, int]
    days: dict[str, int] = field(default_factory=dict)
    """`20261122:v` → views of the day, `:s` visits, `:u` visitors."""
    closing: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Day → the sums of views, visits and visitors up to its end."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All figures of a site as they were at one moment."""

    ledger: Ledger
    articles: AsyncIterator[tuple[str, int]]
    """Each article and its views, in no order; to be read once."""


@dataclass(frozen=True, slots=True)
class Imported:
    """How far an import has come."""

    part: int
    """The number of the last part that was added."""
    finished: bool
    source: str
    """What tells its source from another."""


class Store:
    """The figures of all sites in one Redis, Sentinel group or Cluster.

    Every method raises `StoreUnavailable` if Redis can't be reached or can't serve now, and
    `StoreError` if it refused for good.
    """

    def __init__(self, client: Client, settings: StoreSettings, sites: Sites, metrics: Metrics):
        self._client = client
        self._settings = settings
        self._sites = sites
        self._metrics = metrics
        self._confirm = confirmation(settings)
        self.persistent: bool | None = None
        """Whether the store keeps what it has; None if it does not let us look."""
        self._takes_views = True

    @classmethod
    def open(cls, url: str, settings: StoreSettings, sites: Sites, metrics: Metrics) -> Store:
        """Return the store at `url`; it is reached when it is first used.

        Raises:
            SettingsError: the URL can't be used.
        """
        return cls(connect(url, settings.timeout / 1000), settings, sites, metrics)

    async def inspect(self) -> Inspection:
        """Look at what the store is and what it keeps.

        Raises:
            StoreError: the store can't do what the settings ask for.
        """
        found: Inspection = await self._ask("inspect", inspect(self._client, self._settings))
        self.persistent = found.persistent
        return found

    async def clock_offset(self) -> float | None:
        """Return the seconds by which the store's clock is ahead; None for a cluster's many."""
        if isinstance(self._client, RedisCluster):
            return None
        before = time.time()
        seconds, micros = await self._ask("time", self._client.time())
        return float(seconds + micros / 1e6 - (before + time.time()) / 2)

    async def close(self) -> None:
        await disconnect(self._client)

    async def apply(self, batches: Sequence[Batch], now: int) -> list[Applied | CounterError]:
        """Apply `batches` in their order, each once, in one round trip.

        A batch is applied only after those before it of its producer and site: if one of these
        was not, it isn't either.

        Args:
            batches: views, each batch of one site and day, all of one producer; a batch that was
                applied before is answered with the figures as they are.
            now: the instant (ms) of the call.

        Returns:
            The outcome of each batch, in the same order: a batch that the store refused does not
            keep the others out. A `StoreUnavailable` says that the batch may have been applied or
            not: send it again, unchanged.
        """
        sites = [self._site(batch.site) for batch in batches]
        latest: dict[str, int] = {}
        with self._timed("apply"):
            replies = await self._call_scripts(
                APPLY,
                [
                    (
                        keys.apply_keys(batch.site, batch.day, batch.producer),
                        self._arguments(batch, site, now, latest),
                    )
                    for batch, site in zip(batches, sites, strict=True)
                ],
                self._confirm,
            )
        outcomes: list[Applied | CounterError] = []
        for batch, site, reply in zip(batches, sites, replies, strict=True):
            if isinstance(reply, Exception):
                outcomes.append(self._failed("apply", reply))
                self._takes_views &= not isinstance(outcomes[-1], StoreUnavailable)
            else:
                self._takes_views = True
                self._good("apply", reply)
                self._metrics.batches.observe(len(batch.hits))
                outcomes.append(_applied(reply, site.unit, batch))
        return outcomes

    def _site(self, key: str) -> Site:
        # A journal may hold views of a site that has left the settings since: they still count.
        return self._sites.get(key) or Site()

    def _arguments(self, batch: Batch, site: Site, now: int, latest: dict[str, int]) -> list[Any]:
        """Return what `apply.lua` is told; `latest` is the last number so far of each site."""
        hits = batch.hits
        arguments: list[Any] = [
            batch.seq,
            batch.day,
            shift(batch.day, -1),
            max(hit.at for hit in hits),
            site.online_window,
            site.repeat_window,
            site.max_articles,
            keys.BUCKET_LOAD,
            keys.TOP_KEEP,
            keys.PRODUCER_TTL,
            keys.VISITORS_TTL,
            keys.TOP_TTL,
            _days_after(batch.day, self._sites.calendar(site).day(now)),
        ]
        renamed = {hit.visitor: hit.previous for hit in hits if hit.previous}
        arguments.append(b"".join([name for pair in renamed.items() for name in pair]))
        arguments.append(latest.get(batch.site, 0))
        latest[batch.site] = batch.seq
        views: list[bytes] = []
        for hit in hits:
            views += (_article(hit.path), _SEEN.pack(hit.visitor, hit.at))
        arguments.append(b"".join(views))
        arguments.append(day_start(site.timezone, batch.day))
        if site.new_articles:
            limit, period = site.new_articles.limit, site.new_articles.period_ms * 1000
            arguments.append(f"{period / limit:.3f} {period} {now * 1000}")
        return arguments

    async def read(self, queries: Sequence[Query]) -> list[Figures | CounterError]:
        """Return the figures of each query, all in one round trip.

        A site that can't be read does not keep the others from it: its error stands in its place.
        """
        calls = []
        for query in queries:
            site = self._site(query.site)
            days = _days_shown(self._sites.calendar(site).day(query.now), _UNIT_FIELD[site.unit])
            arguments = [query.now, site.online_window, *days, *_with_hash(query.paths)]
            calls.append((keys.read_keys(query.site), arguments))
        with self._timed("read"):
            replies = await self._call_scripts(READ, calls)
        return [
            self._failed("read", reply)
            if isinstance(reply, Exception)
            else self._figures(query, self._good("read", reply))
            for query, reply in zip(queries, replies, strict=True)
        ]

    async def figures(self, query: Query) -> Figures:
        """Return the figures of one query."""
        [found] = await self.read([query])
        if isinstance(found, CounterError):
            raise found
        return found

    def _figures(self, query: Query, reply: list[Any]) -> Figures:
        site = self._site(query.site)
        day = self._sites.calendar(site).day(query.now)
        return Figures(
            day=day,
            online=reply[0],
            today=reply[5],
            yesterday=reply[6],
            week=reply[7],
            month=reply[8],
            total=reply[1 + _UNIT_INDEX[site.unit]],
            articles=dict(zip(query.paths, reply[9], strict=True)),
            total_views=reply[1],
            total_visitors=reply[3],
        )

    async def history(self, site: str, first: str, last: str) -> list[DayRow]:
        """Return a row for each day from `first` to `last`, both included."""
        names, rows = span(first, last), []
        # Ten years at once would hold up everybody else, here and in Redis.
        for begin in range(0, len(names), _DAYS_AT_ONCE):
            part = names[begin : begin + _DAYS_AT_ONCE]
            fields = [f"{name}:{unit}" for name in part for unit in "vsu"]
            found = await self._ask("history", self._client.hmget(keys.days(site), fields))
            counts = [int(count or 0) for count in found]
            rows += [DayRow(name, *counts[3 * n : 3 * n + 3]) for n, name in enumerate(part)]
        return rows

    async def hours(self, site: str, days: Sequence[str]) -> list[dict[int, int]]:
        """Return for each of `days` the views of its hours, by their numbers since it began.

        An hour without views is left out, and so is a day that is over for a week.
        """
        asked = (self._ask("hours", self._client.hgetall(keys.hours(site, day))) for day in days)
        found = await asyncio.gather(*asked)
        return [{int(hour): int(views) for hour, views in day.items()} for day in found]

    async def top(self, site: str, days: Sequence[str], limit: int) -> list[tuple[str, int]]:
        """Return the most read articles with their views: of `days` together, or ever if empty."""
        found: list[tuple[bytes, float]]
        if not days:
            found = await self._ask(
                "top", self._client.zrevrange(keys.top(site), 0, limit - 1, withscores=True)
            )
        else:
            union = self._client.zunion([keys.top(site, day) for day in days], withscores=True)
            found = await self._ask("top", union)
        articles = [(path.decode(), int(views)) for path, views in found]
        return sorted(articles, key=lambda article: (-article[1], article[0]))[:limit]

    async def salt(self, zone: str, day: str) -> bytes:
        """Return the salt (16 bytes) of `day` in `zone`: made by whoever asks first."""
        fresh = secrets.token_bytes(16)
        old = await self._ask(
            "salt",
            self._client.set(keys.salt(zone, day), fresh, nx=True, get=True, ex=keys.SALT_TTL),
        )
        return old or fresh

    async def start(self, site: str, unit: Unit, start: int, *, only_new: bool) -> int:
        """Set the figure from which the site's total starts.

        Args:
            only_new: change nothing if the site was given a start before.

        Returns:
            The start that now holds.
        """
        arguments = [unit.value, start, int(only_new), "", keys.AUDIT_KEEP]
        return int((await self.call("start", START, keys.start_keys(site), arguments))[0])

    async def add(
        self,
        site: str,
        name: str,
        part: int,
        days: Sequence[DayRow],
        articles: Mapping[str, int],
        *,
        start: tuple[int, int, int] = (0, 0, 0),
        source: str = "",
        last: bool = False,
    ) -> bool:
        """Add figures that were counted elsewhere: part number `part`, from 1, of import `name`.

        Args:
            start: views, visits and visitors that belong to no day.
            source: what tells this source from another; all parts must come of one.
            last: whether no part follows.

        Returns:
            False if this part had been added before; then nothing changes.
        """
        arguments: list[Any] = [part, int(last), source, keys.IMPORT_TTL]
        arguments += [keys.BUCKET_LOAD, keys.TOP_KEEP, *start, len(days)]
        for row in days:
            arguments += (row.day, row.views, row.visits, row.visitors)
        for path, views in articles.items():
            arguments += (*_with_hash((path,)), views)
        [reply] = await self._call_scripts(ADD, [(keys.add_keys(site, name), arguments)])
        return bool(self._good("add", reply))

    async def imported(self, site: str, name: str) -> Imported | None:
        """Return how far the import `name` has come; None if it has not begun."""
        state = await self._ask("add", self._client.get(keys.add_keys(site, name)[0]))
        if state is None:
            return None
        part, last, source = state.decode().split(":", 2)
        return Imported(int(part), last == "1", source)

    @asynccontextmanager
    async def snapshot(self, site: str) -> AsyncIterator[Snapshot]:
        """Hold all figures of `site` as they are at one moment, to be read bit by bit.

        Redis copies them at once, which takes it some 5 µs for each 32 articles and, for as long
        as the context lasts, as much memory as they have.
        """
        name = secrets.token_hex(8)
        calls = [(keys.copy_keys(site, name), [keys.COPY_TTL])]
        [reply] = await self._call_scripts(COPY, calls)
        buckets = int(self._good("snapshot", reply))
        base = keys.copy(site, name)
        numbered = [f"{base}a:{bucket}" for bucket in range(buckets)]
        try:
            ledger = await self.ledger(site, (f"{base}total", f"{base}days"))
            yield Snapshot(ledger, self._articles(numbered))
        finally:
            for some in _chunks([f"{base}total", f"{base}days", *numbered]):
                await self._ask("snapshot", self._client.unlink(*some))

    async def _articles(self, buckets: Sequence[str]) -> AsyncIterator[tuple[str, int]]:
        for some in _chunks(buckets):
            for reply in await self._send([("HGETALL", bucket) for bucket in some], None):
                for path, views in self._good("snapshot", reply).items():
                    yield path.decode(), int(views)

    async def ledger(self, site: str, names: Sequence[str] = ()) -> Ledger:
        """Return all days and totals of `site` at one moment.

        Args:
            names: the keys of total and days, if they are others than the site's own.
        """
        # A script, and not MULTI: redis-py's asyncio client has no sound one for a cluster.
        names = names or (keys.total(site), keys.days(site))
        [reply] = await self._call_scripts(LEDGER, [(names, ())])
        total, days = self._good("ledger", reply)
        name = value = b""
        ledger = Ledger({})
        try:
            for name, value in _pairs(total):
                ledger.total[name.decode()] = int(value)
            for name, value in _pairs(days):
                if name.endswith(b":t"):
                    views, visits, visitors = map(int, value.split())
                    ledger.closing[name[:8].decode()] = (views, visits, visitors)
                else:
                    ledger.days[name.decode()] = int(value)
        except ValueError:
            raise StoreError(
                f"the store holds {value.decode('utf-8', 'replace')!r} where a number of site "
                f"{site} should be: {name.decode('utf-8', 'replace')}"
            ) from None
        return ledger

    async def ready(self) -> None:
        """Run the very script that counts, on keys of no site.

        A PING would not tell: a store may answer it and still refuse the script.
        """
        now = time.time_ns() // 1_000_000
        today = self._sites.calendar(Site()).day(now)
        hit = Hit(SCRATCH_SITE, "/", today, now, b"visitor!")
        batch = Batch(secrets.token_hex(8), 1, SCRATCH_SITE, hit.day, (hit,))
        [outcome] = await self.apply([batch], now)
        if isinstance(outcome, CounterError):
            raise outcome
        used = [*keys.apply_keys(batch.site, batch.day, batch.producer)[:-1]]
        await self._ask("ready", self._client.unlink(*used, keys.bucket(SCRATCH_SITE, 0)))

    # The ways to Redis; the public ones are for the other modules of storage

    async def command(self, operation: str, *parts: Any) -> Any:
        """Send one command; `operation` is its name in the metrics."""
        return await self._ask(operation, self._client.execute_command(*parts))

    async def script(
        self, operation: str, script: Script, names: Sequence[str], arguments: Sequence[Any]
    ) -> Any:
        """Call `script` once; `operation` is its name in the metrics."""
        with self._timed(operation):
            [reply] = await self._call_scripts(script, [(names, arguments)])
        return self._good(operation, reply)

    async def call(
        self, operation: str, script: Script, names: Sequence[str], arguments: Sequence[Any]
    ) -> Any:
        """Call `script` once; returns its reply. For what is done seldom, and by no other method.

        Args:
            operation: what the metrics call it.
            names: the script's keys, all of one site.
        """
        [reply] = await self.call_each(operation, script, [(names, arguments)])
        return reply

    async def call_each(
        self,
        operation: str,
        script: Script,
        calls: Sequence[tuple[Sequence[str], Sequence[Any]]],
    ) -> list[Any]:
        """Call `script` once for each of `calls`, in their order and in one round trip."""
        with self._timed(operation):
            replies = await self._call_scripts(script, calls, self._confirm)
        return [self._good(operation, reply) for reply in replies]

    async def scan(self, pattern: str, site: str | None = None) -> AsyncIterator[str]:
        """Yield the keys that match the glob `pattern`, in short steps.

        A key that is there from the beginning to the end is told at least once, maybe twice.

        Args:
            site: whose keys they are, if they are one site's: then one node knows them all.
        """
        options: dict[str, Any] = {}
        try:
            if site is not None and isinstance(self._client, RedisCluster):
                await self._client.initialize()
                options["target_nodes"] = self._client.get_node_from_key(keys.prefix(site))
            async for name in self._client.scan_iter(match=pattern, count=1000, **options):
                yield name.decode()
        except REDIS_ERRORS as error:
            raise self._failed("scan", error) from error

    async def unlink(self, names: Sequence[str]) -> None:
        """Delete keys of one site, whatever they hold."""
        if names:
            await self._ask("unlink", self._client.unlink(*names))

    async def ask(self, operation: str, command: Callable[[Client], Awaitable[Any]]) -> Any:
        """Return the answer to one command of the client's."""
        return await self._ask(operation, command(self._client))

    async def _call_scripts(
        self,
        script: Script,
        calls: Sequence[tuple[Sequence[str], Sequence[Any]]],
        confirm: tuple[Any, ...] | None = None,
    ) -> list[Any]:
        """Call `script` once for each of `calls`; a reply is a list or an exception.

        Args:
            confirm: what the store is asked afterwards, on the same connection; if it does not
                confirm, the replies do not count.
        """
        commands = [
            ("EVALSHA", script.sha, len(names), *names, *arguments) for names, arguments in calls
        ]
        replies = await self._send(commands, confirm)
        # A restart, a fail-over or SCRIPT FLUSH makes Redis forget scripts: send the text again.
        forgotten = [n for n, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if forgotten:
            again = [("EVAL", script.text, *commands[n][2:]) for n in forgotten]
            for n, reply in zip(forgotten, await self._send(again, confirm), strict=True):
                replies[n] = reply
        return replies

    async def _send(
        self, commands: Sequence[tuple[Any, ...]], confirm: tuple[Any, ...] | None
    ) -> list[Any]:
        if isinstance(self._client, RedisCluster):
            return await _on_their_nodes(self._client, commands, confirm)
        if len(commands) == 1 and not confirm:
            try:
                return [await self._client.execute_command(*commands[0])]  # type: ignore[no-untyped-call] # untyped in redis-py
            except REDIS_ERRORS as error:
                return [error]
        pipe = self._client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        if confirm:
            pipe.execute_command(*confirm)
        try:
            replies = list(await pipe.execute(raise_on_error=False))
        except REDIS_ERRORS as error:
            return [error] * len(commands)
        if confirm and not confirmed(confirm, replies.pop()):
            return [r if isinstance(r, Exception) else UNCONFIRMED for r in replies]
        return replies

    async def _ask(self, operation: str, answer: Awaitable[Any]) -> Any:
        with self._timed(operation):
            try:
                return self._good(operation, await answer)
            except REDIS_ERRORS as error:
                raise self._failed(operation, error) from error

    def _good(self, operation: str, reply: Any) -> Any:
        if isinstance(reply, Exception):
            raise self._failed(operation, reply) from reply
        # One that is read-only or out of memory answers questions all the same.
        self._metrics.store_up.set(self._takes_views)
        return reply

    def _failed(self, operation: str, error: Exception) -> CounterError:
        explained = explain(error)
        self._metrics.store_errors[operation, kind(error)].inc()
        if isinstance(explained, StoreUnavailable):
            self._metrics.store_up.set(0)
        return explained

    @contextmanager
    def _timed(self, operation: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self._metrics.round_trips[operation,].observe(time.perf_counter() - started)


def _applied(reply: list[Any], unit: Unit, batch: Batch) -> Applied:
    digits = reply[11] or b"0" * len(batch.hits)
    column = _UNIT_INDEX[unit]
    online, yesterday = reply[1], reply[5 + column]
    # The store tells the figures after the batch; each hit's own are found by going back to the
    # batch's beginning and counting up. (Visitors are an estimate over the whole batch.)
    steps = _STEPS[unit]
    gained = sum([steps[digit - 48] for digit in digits])
    today, total = reply[2 + column] - gained, reply[8 + column] - gained
    answers = []
    for digit, views in zip(digits, reply[12], strict=True):
        step = steps[digit - 48]
        today += step
        total += step
        answers.append(Counted(_STATUSES[digit - 48], views, online, today, yesterday, total))
    repeats = digits.count(b"2")
    return Applied(
        first=reply[0] == 1,
        answers=answers,
        counted=len(digits) - repeats,
        full=digits.count(b"3") + digits.count(b"4"),
        too_new=digits.count(b"5") + digits.count(b"6"),
        repeats=repeats - sum([not hit.path for hit in batch.hits]),
    )


async def _on_their_nodes(
    client: RedisCluster, commands: Sequence[tuple[Any, ...]], confirm: tuple[Any, ...] | None
) -> list[Any]:
    """Send commands to the nodes of their keys: in order for each site, sites side by side.

    Returns:
        The replies, in the order of the commands; one that failed is an exception.
    """
    replies: list[Any] = [None] * len(commands)
    of_site: dict[str, list[int]] = {}
    for n, command in enumerate(commands):
        key = command[3] if command[0].startswith("EVAL") else command[1]
        of_site.setdefault(key.partition("}")[0], []).append(n)

    async def in_order(numbers: list[int]) -> None:
        for n in numbers:
            try:
                replies[n] = await _on_its_node(client, commands[n], confirm)
            except Exception as error:
                replies[n] = error

    await asyncio.gather(*map(in_order, of_site.values()))
    return replies


async def _on_its_node(
    client: RedisCluster, command: tuple[Any, ...], confirm: tuple[Any, ...] | None
) -> Any:
    """Send a script call to the node that has its keys; `confirm` is asked on the same connection.

    Raises:
        RedisError: the call failed, or was not confirmed.
    """
    if not confirm:
        return await client.execute_command(*command)
    await client.initialize()
    node = client.get_node_from_key(command[3])
    pipe = client.pipeline()
    pipe.execute_command(*command, target_nodes=node)
    pipe.execute_command(*confirm, target_nodes=node)
    # Sent on to another node, the call would leave its confirmation behind.
    reply, answer = await pipe.execute(raise_on_error=False, allow_redirections=False)
    if isinstance(reply, MovedError):
        await client.nodes_manager.move_slot(reply)
    if isinstance(reply, Exception):
        raise reply
    if not confirmed(confirm, answer):
        raise UNCONFIRMED
    return reply


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield `names` by as many as one round trip is to carry."""
    for first in range(0, len(names), _CHUNK):
        yield names[first : first + _CHUNK]


def _pairs(flat: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the fields and values of a hash as a script replies them, by turns."""
    return zip(flat[::2], flat[1::2], strict=True)


@lru_cache(maxsize=16_384)
def _article(path: str) -> bytes:
    """Return a view's article as `apply.lua` takes it."""
    name = path.encode()
    return b"%b%b%b" % (len(name).to_bytes(2), name, keys.article_hash(name).to_bytes(4))


def _with_hash(paths: Iterable[str]) -> Iterator[bytes | int]:
    """Yield each path and the hash that finds its bucket (`articles.lua`)."""
    for path in paths:
        name = path.encode()
        yield name
        yield keys.article_hash(name)


@lru_cache(maxsize=64)
def _days_after(day: str, today: str) -> str:
    """Return the days after `day` that may have begun, separated by commas.

    They may go beyond today: where another worker's clock is ahead it is tomorrow already, and a
    site that was moved to a zone further west has counted in days that are still to come there.
    """
    return ",".join(span(shift(day, 1), max(today, shift(day, 2))))


@lru_cache(maxsize=64)
def _days_shown(day: str, unit: str) -> tuple[bytes, int, int]:
    """Return the fields of the days of which the figures of `day` are made, as `read.lua` takes
    them, and how many of them are of its week and of its month."""
    days = span(min(shift(day, -1), week_start(day), month_start(day)), day)
    week, month = span(week_start(day), day), span(month_start(day), day)
    return " ".join(f"{name}:{unit}" for name in days).encode(), len(week), len(month)
