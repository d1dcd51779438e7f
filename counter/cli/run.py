"""Run a coroutine for a command: on uvloop, until it ends or a signal asks it to."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Return what `main` returns."""
    return uvloop.run(main)


async def until_told(*, interrupt: bool = True) -> str:
    """Wait for SIGTERM or, with `interrupt`, SIGINT; returns its name."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[str] = loop.create_future()

    def tell(name: str) -> None:
        if not told.done():
            told.set_result(name)

    for number in (signal.SIGTERM, signal.SIGINT) if interrupt else (signal.SIGTERM,):
        loop.add_signal_handler(number, tell, number.name)
    return await told
