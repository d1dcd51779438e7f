"""One run: readers, a service, a store, and what goes wrong; then the figures must be right."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from counter.metrics import Metrics
from counter.model.clock import wall_ms
from counter.model.days import Calendar
from counter.settings import load
from counter.sites import Sites
from counter.storage.store import Query, Store

from .ledger import Article, Ledger, Outcome
from .proxy import Proxy
from .readers import Readers
from .schedule import KILLS, plan
from .server import StoreServer
from .service import Service
from .trouble import Trouble

SITES = ("first", "second", "third")
PATHS = ("/", "/tin/bão-số-9", "/tin/lúa", "/a", "/b")
_ZONES = ("UTC", "Asia/Ho_Chi_Minh", "America/St_Johns", "Pacific/Chatham", "Europe/Berlin")
_STORES = (("always", "fast"), ("always", "safe"), ("everysec", "fast"))
_START_SECONDS = 2.0
_SETTLE_SECONDS = 90.0
_MISTAKES = ("internal_error", "flight_failed")


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is made of."""

    seed: int
    seconds: float
    appendfsync: str
    durability: str
    workers: int
    kills: bool
    """Whether the service may be killed, which leaves views unanswered."""

    @classmethod
    def of(cls, seed: int, seconds: float) -> Setting:
        """Return what `seed` stands for."""
        appendfsync, durability = _STORES[seed % 3]
        workers = 2 if seed % 4 == 3 or seed % 8 == 2 else 1
        return cls(seed, seconds, appendfsync, durability, workers, kills=seed % 2 == 0)

    @property
    def excluded(self) -> list[str]:
        """The faults that do not go with it."""
        excluded = [] if self.kills else list(KILLS)
        if self.workers == 1:
            excluded.append("kill one process")
        else:
            # Workers also share their metrics through files.
            excluded.append("refuse writes")
        if (self.appendfsync, self.durability) == ("everysec", "fast"):
            # While a sync lasts the server answers before it writes: docs/durability.md.
            excluded.append("kill the store")
        return excluded


@dataclass
class Result:
    """What came of a run."""

    setting: Setting
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    counted: int = 0
    problems: list[str] = field(default_factory=list)
    """What is not as it must be."""


async def run(setting: Setting, directory: Path) -> Result:
    """Do the run of `setting`, with its files in `directory`."""
    result, ledger = Result(setting), Ledger()
    chance = random.Random(setting.seed)
    zones = dict(zip(SITES, chance.sample(_ZONES, len(SITES)), strict=True))
    calendars = {site: Calendar(ZoneInfo(zone)) for site, zone in zones.items()}
    # The first site's day ends in the midst of the run.
    now, middle = wall_ms(), _START_SECONDS + setting.seconds * chance.uniform(0.3, 0.7)
    ahead_ms = calendars[SITES[0]].end(now) - now - int(middle * 1000)
    async with (
        StoreServer(directory / "store", appendfsync=setting.appendfsync) as server,
        Proxy(server.port) as proxy,
        Service(_write_config(directory, setting, proxy.url, zones), ahead_ms) as service,
    ):
        await _until(lambda: bool(service.url))
        readers = Readers(
            service,
            ledger,
            [Article(site, path) for site in SITES for path in PATHS],
            lambda site: calendars[site].day(wall_ms() + ahead_ms),
            setting.seed,
        )
        faults = plan(setting.seed, setting.seconds, setting.excluded)
        result.faults.update(fault.what for fault in faults)
        trouble = Trouble(service, server, proxy)
        await asyncio.gather(readers.read(setting.seconds), trouble.befall(faults))
        result.problems += await _settle(directory / "journal", service)
        result.problems += await _check(directory / "counter.toml")
        result.outcomes = ledger.sums()
        await _compare(result, ledger, directory / "counter.toml", wall_ms() + ahead_ms)
    return result


def _write_config(directory: Path, setting: Setting, url: str, zones: dict[str, str]) -> Path:
    sites = [
        f'[sites.{site}]\ntimezone = "{zone}"\nrepeat_window = "0s"\nrate_limit = "off"\n'
        for site, zone in zones.items()
    ]
    path = directory / "counter.toml"
    path.write_text(
        '[server]\nlisten = "127.0.0.1:0"\nops_listen = "127.0.0.1:0"\n'
        f"workers = {setting.workers}\n"
        f'[store]\nurl = "{url}"\ntimeout = "500ms"\ndurability = "{setting.durability}"\n'
        f'journal = "{directory}/journal"\n' + "".join(sites)
    )
    return path


async def _until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 # of another process, which sets no event here
            await asyncio.sleep(0.05)


async def _settle(journals: Path, service: Service) -> list[str]:
    """Let the service apply what it kept, and stop it; returns what was odd about that."""
    problems = []
    try:
        await _until(lambda: bool(service.url) and not waiting(journals), _SETTLE_SECONDS)
    except TimeoutError:
        problems.append(f"not applied in {_SETTLE_SECONDS:g} s: {waiting(journals)}")
    if code := await service.stop():
        problems.append(f"the service ended with {code}")
    if left := names(journals):
        problems.append(f"left in the journals' directory: {left}")
    # A start without the store is refused in a line; all else that is no line of the log is odd.
    said = [words for words in service.words if not words.startswith("visitor-counter: the store")]
    problems += [f"the service said: {words}" for words in said]
    problems += [json.dumps(line) for line in service.log if line["event"] in _MISTAKES]
    return problems


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def waiting(journals: Path) -> list[str]:
    """Return the journals in which views wait."""
    return [name for name in names(journals) if name.endswith(".journal")]


async def _check(config: Path) -> list[str]:
    """Let `visitor-counter check` prove that total = start + Σ days."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "counter", "check", "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    return [f"check: {told.decode()}"] if process.returncode else []


async def _compare(result: Result, ledger: Ledger, config: Path, now: int) -> None:
    """Hold each figure of the store against the readers' ledger."""
    settings = load(config, {})
    store = Store.open(settings.store.url, settings.store, Sites(settings.sites), Metrics())
    killed = result.setting.kills

    def hold(what: str, figure: int, *where: str | None) -> None:
        least, most = ledger.bounds(*where, killed=killed)  # type: ignore[arg-type]
        if not least <= figure <= most:
            result.problems.append(f"{what}: {figure} counted, {least} to {most} would be right")

    try:
        for site in SITES:
            figures = await store.figures(Query(site, now, PATHS))
            result.counted += figures.total
            hold(site, figures.total, site)
            for path, views in figures.articles.items():
                hold(f"{site}{path}", views, site, path)
            for day in ledger.days(site):
                [row] = await store.history(site, day, day)
                hold(f"{site} on {day}", row.views, site, None, day)
                read = dict(await store.top(site, [day], 2 * len(PATHS)))
                for path in PATHS:
                    hold(f"{site}{path} on {day}", read.get(path, 0), site, path, day)
    finally:
        await store.close()
