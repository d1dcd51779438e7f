"""The operations listener: metrics and health, for those who run the service."""

from __future__ import annotations

import json
from collections.abc import Callable

from aiohttp import web

from counter import __version__
from counter.errors import CounterError
from counter.storage.store import Store
from counter.web.metrics import Exposition
from counter.web.routing import Router


class Ops:
    """Handlers of the operations listener."""

    def __init__(
        self,
        store: Store,
        exposition: Exposition,
        processes_ready: Callable[[], bool] = lambda: True,
        problems: Callable[[], list[str]] = list,
    ) -> None:
        self._store = store
        self._exposition = exposition
        self._processes_ready = processes_ready
        self._problems = problems
        self.stopping = False

    def add_to(self, router: Router) -> None:
        router.add("GET", "/metrics", self.metrics)
        router.add("GET", "/healthz", self.healthz)
        router.add("GET", "/readyz", self.readyz)

    async def metrics(self, request: web.BaseRequest, _: str) -> web.Response:
        body, content_type = await self._exposition.document(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def healthz(self, request: web.BaseRequest, _: str) -> web.Response:
        """The process lives: restarting it would not help, whatever else is wrong."""
        return _status(200, {"status": "ok", "version": __version__})

    async def readyz(self, request: web.BaseRequest, _: str) -> web.Response:
        """Views sent here are counted at once: the very script runs in the store."""
        if self.stopping:
            return _status(503, {"status": "stopping"})
        if not self._processes_ready():
            return _status(503, {"status": "starting", "detail": "a worker is not up yet"})
        try:
            await self._store.ready()
        except CounterError as error:
            return _status(503, {"status": "store", "detail": str(error)})
        problems = self._problems()
        return _status(
            200, {"status": "ready", **({"detail": "; ".join(problems)} if problems else {})}
        )


def _status(status: int, document: dict[str, str]) -> web.Response:
    return web.Response(
        body=json.dumps(document).encode(),
        status=status,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
    )
