"""The connections of a listener: how many there may be, and which go when there are too many."""

from __future__ import annotations

import resource
from heapq import nsmallest
from typing import Protocol

import structlog

from counter.ingest.addresses import rate_key
from counter.metrics import Metrics
from counter.model.addresses import Networks, read_peer
from counter.model.clock import Clock, monotonic_ms

_OTHER_FILES = 256
"""Descriptors for all that is no client: the store's connections, the journal, the log."""
_ROOM = 100
"""Of so many connections one is closed at a time, when room is made: looking for them costs."""
_LOOK_AGAIN_MS = 20
_LOG_AGAIN_MS = 60_000

log = structlog.get_logger()


class Connection(Protocol):
    """A connection, as far as its number is bounded."""

    def waiting_since(self) -> float | None:
        """Return since when it waits for a request, by any clock; None while one is answered."""

    def cut(self) -> None:
        """Close it at once."""


class Connections:
    """The open connections of one listener, bounded in all and for each address.

    - At the bound in all, those that have waited longest for a request are closed: whoever comes
      is not kept out by others who only hold on. Where all are at work, a new one is refused.
    - At the bound of its address (IPv6: its /64) a new one is refused. The address is that of the
      direct peer, since no header has been read yet; the peers in `trusted` are proxies that speak
      for many, and have no such bound.
    """

    def __init__(
        self,
        listener: str,
        metrics: Metrics,
        *,
        most: int,
        most_per_address: int,
        trusted: Networks,
        clock: Clock = monotonic_ms,
    ) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._trusted = trusted
        self._clock = clock
        self._open: dict[Connection, str] = {}
        self._by_address: dict[str, int] = {}
        self._look_again_at = self._log_again_at = 0
        self._listener = listener
        self._refused = metrics.connections_refused
        self._closed = metrics.connections_closed[listener,]
        metrics.watch(metrics.connections.labels(listener), self.__len__)

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: Connection, peer: str) -> bool:
        """Take `connection` from `peer` in, which `leave` is to be called for; or refuse it."""
        found = read_peer(peer)
        address = "" if found in self._trusted else rate_key(found)
        if address and self._by_address.get(address, 0) >= self._most_per_address:
            return self._refuse("address")
        if len(self._open) >= self._most and not self._make_room():
            return self._refuse("all")
        self._open[connection] = address
        if address:
            self._by_address[address] = self._by_address.get(address, 0) + 1
        return True

    def leave(self, connection: Connection) -> None:
        address = self._open.pop(connection, "")
        if address:
            left = self._by_address.pop(address) - 1
            if left:
                self._by_address[address] = left

    def _make_room(self) -> bool:
        now = self._clock()
        if now < self._look_again_at:
            return False
        waiting = ((c.waiting_since(), n, c) for n, c in enumerate(self._open))
        idle = [(since, n, c) for since, n, c in waiting if since is not None]
        if not idle:
            self._look_again_at = now + _LOOK_AGAIN_MS
            return False
        for _, _, connection in nsmallest(1 + self._most // _ROOM, idle):
            self.leave(connection)
            connection.cut()
            self._closed.inc()
        return True

    def _refuse(self, bound: str) -> bool:
        self._refused[self._listener, bound].inc()
        now = self._clock()
        if now >= self._log_again_at:
            self._log_again_at = now + _LOG_AGAIN_MS
            log.warning(
                "connections_refused",
                listener=self._listener,
                bound=bound,
                hint="a proxy that speaks for many belongs into trusted_proxies"
                if bound == "address"
                else "all connections are at work: raise connections, or the workers",
            )
        return False


def allow_files(connections: int) -> int:
    """See that the process may open `connections`; returns how many of them it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    possible = max(soft - _OTHER_FILES, 16)
    log.warning("few_files", connections=possible, wanted=connections, limit=hard)
    return possible
