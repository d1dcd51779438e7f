"""The network between the service and its store, which can be cut, slow, or lose what is said."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType


class Proxy:
    """Forwards connections from a port of its own to `port`, as badly as it is told to."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.port = 0
        self.delay = 0.0
        """Seconds that each piece takes, both ways."""
        self.swallow_requests = False
        """Whether what the service says is lost."""
        self.swallow_replies = False
        """Whether what the store answers is lost: then the batch is in, and nobody knows."""
        self.swallowed = 0
        """Pieces that were lost."""
        self._refusing = False
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection; new ones are made as before."""
        for writer in list(self._open):
            writer.transport.abort()

    def refuse(self) -> None:
        """Break every connection, and let none be made until `heal`."""
        self._refusing = True
        self.cut()

    def heal(self) -> None:
        """Forward as a good network would.

        What was swallowed is lost to its connection, and a later reply would be taken for its own:
        so where something was, connections are broken.
        """
        if self.swallow_requests or self.swallow_replies:
            self.cut()
        self.delay = 0.0
        self._refusing = self.swallow_requests = self.swallow_replies = False

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._server
        self._server.close()
        self.refuse()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        try:
            if not self._refusing:
                await self._connect(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            self._open.add(back)
            try:
                await asyncio.wait(
                    (
                        asyncio.create_task(self._forward(reader, back, "swallow_requests")),
                        asyncio.create_task(self._forward(there, writer, "swallow_replies")),
                    )
                )
            finally:
                self._open.discard(back)
                back.transport.abort()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, swallow: str
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                if getattr(self, swallow):
                    self.swallowed += 1
                    continue
                writer.write(data)
                await writer.drain()
        # One direction has ended: so has the connection.
        writer.transport.abort()
