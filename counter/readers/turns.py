"""Costly answers take turns, so that what counts never waits for more than one of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from counter.errors import Unavailable


class Turns:
    """One at a time; of the others at most `most` wait."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting = 0
        self._turn = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Wait for a turn.

        Raises:
            Unavailable: as many wait as may.
        """
        if self._waiting >= self._most:
            raise Unavailable("As many long answers are asked for as may be.", retry_after=1)
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1
