"""Lets go wrong what the schedule says."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from .proxy import Proxy
from .schedule import FAULTS, Fault
from .server import StoreServer
from .service import Service

_SLOW_SECONDS = 0.2
_FLUSH_SECONDS = 0.1


class Trouble:
    """What can befall a service, its store, the network between, and the disk."""

    def __init__(self, service: Service, server: StoreServer, proxy: Proxy) -> None:
        self._service = service
        self._server = server
        self._proxy = proxy

    async def befall(self, faults: list[Fault]) -> None:
        """Let each fault begin at its time; returns when all have passed."""
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def on_one_target(names: tuple[str, ...]) -> None:
            for fault in faults:
                if fault.what in names:
                    await asyncio.sleep(began + fault.at - loop.time())
                    await getattr(self, fault.what.replace(" ", "_"))(fault)

        await asyncio.gather(*map(on_one_target, FAULTS.values()))

    async def kill_the_service(self, fault: Fault) -> None:
        self._service.kill()
        await asyncio.sleep(fault.seconds)
        self._service.start()

    async def kill_one_process(self, fault: Fault) -> None:
        self._service.kill_one(fault.chance)

    async def stop_the_service(self, fault: Fault) -> None:
        await self._service.stop()
        await asyncio.sleep(fault.seconds / 3)
        self._service.start()

    async def kill_the_store(self, fault: Fault) -> None:
        self._server.kill()
        await asyncio.sleep(fault.seconds)
        await self._server.start()

    async def freeze_the_store(self, fault: Fault) -> None:
        os.kill(self._server.pid, signal.SIGSTOP)
        await asyncio.sleep(fault.seconds)
        os.kill(self._server.pid, signal.SIGCONT)

    async def forget_the_script(self, fault: Fault) -> None:
        async with self._server.client() as redis:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(fault.seconds):
                    while True:
                        await redis.script_flush()
                        await asyncio.sleep(_FLUSH_SECONDS)

    async def cut_the_network(self, _: Fault) -> None:
        self._proxy.cut()

    async def refuse_connections(self, fault: Fault) -> None:
        self._proxy.refuse()
        await self._heal_after(fault)

    async def slow_the_network(self, fault: Fault) -> None:
        self._proxy.delay = _SLOW_SECONDS
        await self._heal_after(fault)

    async def lose_replies(self, fault: Fault) -> None:
        self._proxy.swallow_replies = True
        await self._heal_after(fault)

    async def lose_requests(self, fault: Fault) -> None:
        self._proxy.swallow_requests = True
        await self._heal_after(fault)

    async def _heal_after(self, fault: Fault) -> None:
        await asyncio.sleep(fault.seconds)
        self._proxy.heal()

    async def refuse_writes(self, fault: Fault) -> None:
        self._service.forbid_writes(True)
        await asyncio.sleep(fault.seconds)
        self._service.forbid_writes(False)
