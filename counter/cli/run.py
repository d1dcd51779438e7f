"""Run a coroutine for a command: on uvloop, until it ends or a signal asks it to."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T], *, stopped: str = "") -> T:
    """Return what `main` returns.

    Args:
        stopped: what to say, besides that it was stopped, if Ctrl-C (SIGINT) stops it.

    Raises:
        KeyboardInterrupt: it did; the argument is what to say.
    """
    # What has been imported stays: it need not be looked through for garbage, and what a request
    # leaves behind has no cycles, as a rule.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    try:
        return uvloop.run(main)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(*filter(None, [stopped])) from None


def on_hangup(call: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Run `call` at each SIGHUP, one run after the other."""
    loop, turn = asyncio.get_running_loop(), asyncio.Lock()
    running: set[asyncio.Task[None]] = set()

    async def in_turn() -> None:
        async with turn:
            await call()

    def hang_up() -> None:
        task = loop.create_task(in_turn())
        running.add(task)
        task.add_done_callback(running.discard)

    loop.add_signal_handler(signal.SIGHUP, hang_up)


def until_told(*, interrupt: bool = True) -> asyncio.Future[str]:
    """Heed SIGTERM and, with `interrupt`, SIGINT from now on; returns what will be its name."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[str] = loop.create_future()

    def tell(name: str) -> None:
        if not told.done():
            told.set_result(name)

    for number in (signal.SIGTERM, signal.SIGINT) if interrupt else (signal.SIGTERM,):
        loop.add_signal_handler(number, tell, number.name)
    return told
