"""What the store is, and what could be lost in it: told once, when the service starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from redis import exceptions as redis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from counter.errors import StoreError
from counter.settings import Store as StoreSettings
from counter.storage.connect import Client

UNCONFIRMED = redis.TimeoutError("the store did not confirm in time that the views are safe")
"""Stands for a reply that was not confirmed: whether the views are safe is not known."""
OLDEST_VERSION = (7, 0)
_WAITAOF_SINCE = (7, 2)
_LISTPACK_ENTRIES, _LISTPACK_VALUE = 128, 256


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a store told of itself."""

    version: str
    persistence: str
    """`always`, `everysec`, `no` (the append-only file's syncs), `snapshots`, `none`, or
    `unknown` where the store does not let us look."""
    warnings: tuple[str, ...]
    persistent: bool | None
    """Whether it has an append-only file and evicts nothing; None if unknown."""
    confirm: tuple[Any, ...] | None
    """The command, after the script on the same connection, whose reply says that the views are
    where the settings want them: `WAITAOF` or `WAIT`."""


async def inspect(client: Client, settings: StoreSettings) -> Inspection:
    """Look at the store's version and configuration.

    Raises:
        StoreError: it can't do what the settings ask for.
        RedisError: it can't be reached.
    """
    info = await _info(client)
    version = str(info.get("valkey_version") or info.get("redis_version", "0"))
    # Valkey 8 and later speak as Redis 7.2 does, and say so in redis_version.
    speaks = tuple(int(part) for part in str(info.get("redis_version", "0")).split(".")[:2])
    if speaks < OLDEST_VERSION:
        raise StoreError(f"the store is Redis {version}; the oldest that can serve is 7.0")
    if isinstance(client, Redis) and info.get("redis_mode") == "cluster":
        raise StoreError(
            "the store is a node of a cluster, and its URL names one server: redis+cluster:// "
            "would be right"
        )
    config = await _config(client)
    persistence = _persistence(config)
    return Inspection(
        version=version,
        persistence=persistence,
        warnings=tuple(_warnings(config, persistence)),
        persistent=_persistent(config, persistence),
        confirm=_confirm(settings, persistence, speaks),
    )


async def _info(client: Client) -> dict[str, Any]:
    info: dict[str, Any] = await client.info("server")
    # A cluster answers for each node.
    nested = [value for value in info.values() if isinstance(value, dict)]
    return nested[0] if nested and "redis_version" not in info else info


async def _config(client: Client) -> dict[str, str]:
    """Return the configuration; empty where an access list or a hosted store forbids the look."""
    if not isinstance(client, Redis):
        return {}
    try:
        config = await client.config_get("*")
    except RedisError:
        return {}
    return {str(name): str(value) for name, value in config.items()}


def _persistence(config: dict[str, str]) -> str:
    if not config:
        return "unknown"
    if config.get("appendonly") == "yes":
        return config.get("appendfsync", "everysec")
    return "snapshots" if config.get("save") else "none"


def _persistent(config: dict[str, str], persistence: str) -> bool | None:
    if persistence == "unknown":
        return None
    return persistence in ("always", "everysec", "no") and not _evicts(config)


def _evicts(config: dict[str, str]) -> bool:
    policy = config.get("maxmemory-policy", "noeviction")
    return policy != "noeviction" and config.get("maxmemory", "0") != "0"


def _warnings(config: dict[str, str], persistence: str) -> list[str]:
    found = []
    if persistence == "none":
        found.append("the store keeps nothing on disk: a restart of it loses all figures")
    if persistence == "snapshots":
        found.append(
            "the store only makes snapshots: a crash loses what was counted since the last one; "
            "appendonly yes would keep it"
        )
    if persistence == "no":
        found.append(
            "appendfsync is no: a power cut loses what the system had not written, some 30 s"
        )
    if _evicts(config):
        found.append(
            f"maxmemory-policy is {config['maxmemory-policy']}: a full store deletes counters "
            "without a word; noeviction would refuse views instead, which are then journaled"
        )
    entries = int(config.get("hash-max-listpack-entries", _LISTPACK_ENTRIES))
    value = int(config.get("hash-max-listpack-value", _LISTPACK_VALUE))
    if entries < _LISTPACK_ENTRIES or value < _LISTPACK_VALUE:
        found.append(
            f"hash-max-listpack-entries {entries} and -value {value} make articles take twice the "
            "memory; 256 and 1024 would be right"
        )
    return found


def _confirm(
    settings: StoreSettings, persistence: str, speaks: tuple[int, ...]
) -> tuple[Any, ...] | None:
    patience = max(settings.timeout // 2, 1)
    if settings.durability == "safe" and persistence != "always":
        if persistence in ("none", "snapshots"):
            raise StoreError('store.durability = "safe" needs appendonly yes; the store has it not')
        if speaks < _WAITAOF_SINCE:
            raise StoreError(
                'store.durability = "safe" needs appendfsync always, or Redis 7.2 with WAITAOF'
            )
        return ("WAITAOF", 1, settings.replicas, patience)
    return ("WAIT", settings.replicas, patience) if settings.replicas else None


def confirmed(command: tuple[Any, ...], reply: Any) -> bool:
    """Tell whether the store's reply to `command` says what was asked for."""
    if isinstance(reply, Exception):
        return False
    if command[0] == "WAITAOF":
        return bool(reply[0] >= command[1] and reply[1] >= command[2])
    return bool(reply >= command[1])
