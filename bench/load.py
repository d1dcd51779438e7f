"""Load by wrk, and what it cost the service and Redis."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from bench.machine import Peer, output, store_cpu_us
from bench.peers import SITE
from tests.agents import BROWSERS

ARTICLES, VISITORS = 100_000, 200_000
PATH = "/tin-tuc/2026/11/bai-viet-%06d"
"""An article's path, by its number."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of wrk against one server."""

    requests: int
    seconds: float
    socket_errors: int
    status_errors: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    service_us: float
    """CPU time of the service, in µs a request."""
    store_us: float
    """CPU time of Redis, in µs a request."""

    @property
    def good_rate(self) -> float:
        """Answers a second but those with an error's status."""
        return (self.requests - self.status_errors) / self.seconds

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


async def run_wrk(
    peer: Peer,
    redis: Redis,
    directory: Path,
    *,
    what: str = "views",
    seconds: int,
    connections: int,
    articles: int = ARTICLES,
    visitors: int = VISITORS,
    site: str = SITE,
    path: str = PATH,
    pause_ms: float = 0,
) -> Run:
    """Load `peer` for `seconds` from so many connections, each with one request at a time.

    Args:
        what: `views`, `figures:N` for N articles, or an address to GET.
        pause_ms: how long a connection waits, on average, between an answer and its next request.
    """
    if not shutil.which("wrk"):
        raise SystemExit("The load comes from wrk; on Debian and Ubuntu: apt-get install wrk")
    agents = directory / "agents.txt"
    agents.write_text("\n".join(BROWSERS.values()) + "\n")
    command = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    command += ["--timeout=30s", f"--script={Path(__file__).with_name('load.lua')}"]
    command += [f"http://127.0.0.1:{peer.port}", "--", what, str(agents)]
    command += [str(random.randrange(2**31)), str(articles), str(visitors), site, path]
    command.append(str(pause_ms))
    service, store = peer.cpu_us(), await store_cpu_us(redis)
    text = await output(command)
    service, store = peer.cpu_us() - service, await store_cpu_us(redis) - store
    told = json.loads(text.strip().rpartition("\n")[2])
    requests = max(told["requests"], 1)
    return Run(**told, service_us=service / requests, store_us=store / requests)
