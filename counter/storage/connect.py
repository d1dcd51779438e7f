"""From the store's URL to a client of redis-py."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.connection import HiredisRespSerializer
from redis.maint_notifications import MaintNotificationsConfig

from counter.errors import SettingsError

Client = Redis | RedisCluster


def connect(url: str, timeout: float) -> Client:
    """Return a client for `url`; it connects when it is first used.

    redis-py repeats a command that was not answered, ten times by default. Here nothing is
    repeated but what carries a sequence number, and that the batcher does.

    Args:
        url: any of the store's URLs but `embedded:`.
        timeout: seconds that a connection, and an answer, may take.

    Raises:
        SettingsError: the URL lacks a part, or has one that can't be used.
    """
    scheme = url.partition(":")[0]
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        # While it listens for the notices of a hosted store's maintenance, redis-py does not look
        # whether a connection was closed while it was idle, and sends the next batch into it.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    try:
        if scheme.endswith("+cluster"):
            return RedisCluster.from_url(url.replace("+cluster", "", 1), **options)
        if scheme.endswith("+sentinel"):
            client = _sentinel(url, options)
        else:
            client = Redis.from_url(url, health_check_interval=0, **options)
        pool = client.connection_pool
        pool.connection_class = _packing_in_c(pool.connection_class)
        return client
    except ValueError as error:
        raise SettingsError(f"store.url: {error}") from None


def _packing_in_c(connection: type[AbstractConnection]) -> type[AbstractConnection]:
    """Return this kind of connection with the packing of redis-py's blocking ones, by hiredis.

    Its asyncio ones join each argument to the command in Python, which takes three to five times
    as long; a batch of views, and a scrape of a thousand sites, are made of arguments.
    """
    packing = {"pack_command": staticmethod(HiredisRespSerializer().pack)}
    return type(f"Packing{connection.__name__}", (connection,), packing)


async def disconnect(client: Client) -> None:
    """Close the client's connections, and those to the sentinels, which it leaves open itself."""
    await client.aclose()
    pool = getattr(client, "connection_pool", None)
    if isinstance(pool, SentinelConnectionPool):
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


async def cancel(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks that may be talking to a store; returns when they have ended.

    While redis-py makes a connection, a cancellation may be lost: it is repeated.
    """
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=0.1)


def _sentinel(url: str, options: dict[str, Any]) -> Redis:
    """`redis+sentinel://[:password@]host:port[,host:port…]/master[/db][?sentinel_password=…]`."""
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    master, _, db = parts.path.strip("/").partition("/")
    if not hosts or not master:
        raise SettingsError(
            "store.url: a Sentinel's URL is redis+sentinel://host:26379,host:26379/MASTER"
        )
    query = parse_qs(parts.query)
    ssl = parts.scheme.startswith("rediss")
    sentinel = Sentinel(  # type: ignore[no-untyped-call] # untyped in redis-py 8
        [_host_port(host) for host in hosts.split(",")],
        sentinel_kwargs={
            **options,
            "ssl": ssl,
            "password": query.get("sentinel_password", [None])[0],
        },
        **options,
        ssl=ssl,
        db=int(db or 0),
        username=unquote(user) or None,
        password=unquote(password) or None,
    )
    client: Redis = sentinel.master_for(master)
    return client


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        host, port = text, "26379"
    return host.strip("[]"), int(port)
