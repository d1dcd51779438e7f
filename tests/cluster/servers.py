"""What the tests of several servers share: free ports, and load with a ledger of its answers."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections import Counter
from dataclasses import dataclass, field

from conftest import Client

from counter.storage.check import differences
from counter.web.service import Running

SITES = [f"site-{n}" for n in range(100)]
PER_SECOND = 400
SETTLE_SECONDS = 60


def free_ports(count: int) -> list[int]:
    """Return ports that are free together with those of the cluster's bus, 10,000 above."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20_000, 50_000)
        with contextlib.ExitStack() as held:
            try:
                for number in (port, port + 10_000):
                    held.enter_context(socket.create_server(("127.0.0.1", number)))
            except OSError:
                continue
            found.append(port)
    return found


@dataclass
class Load:
    """Views from many connections, and a ledger of every answer."""

    client: Client
    answered: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)

    async def run(self, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        await asyncio.gather(*(self._send(until, n) for n in range(20)))

    async def _send(self, until: float, seed: int) -> None:
        chance = random.Random(seed)
        while asyncio.get_running_loop().time() < until:
            site = chance.choice(SITES)
            self.sent[site] += 1
            response = await self.client.request(
                "POST", f"/v1/{site}/views", params={"path": f"/{chance.randrange(20)}"}
            )
            if response.status == 200:
                self.answered[site] += 1
            else:
                self.refused[response.status] += 1
            await asyncio.sleep(20 / PER_SECOND)


async def counted(up: Running) -> Counter[str]:
    """Return the views of every site in the store, once no journal holds any."""
    async with asyncio.timeout(SETTLE_SECONDS):
        while True:
            with contextlib.suppress(Exception):
                ledgers = {site: await up.service.store.ledger(site) for site in SITES}
                if not list(up.service.settings.store.journal.glob("*.journal")) or not waiting(up):
                    break
            await asyncio.sleep(0.2)
    ledgers = {site: await up.service.store.ledger(site) for site in SITES}
    for ledger in ledgers.values():
        assert differences(ledger) == []
    return Counter({site: ledger.total.get("views", 0) for site, ledger in ledgers.items()})


def waiting(up: Running) -> float:
    metrics = up.service.metrics
    return sum(
        sample.value
        for gauge in (metrics.queued, metrics.journal_views)
        for family in gauge.collect()
        for sample in family.samples
    )
