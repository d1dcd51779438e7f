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
_PERSISTENCE = ("none", "snapshots", "no", "everysec", "always")
"""What a store may keep, the least first."""
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
    configs = await _configs(client)
    persistence = min(map(_persistence, configs), key=_PERSISTENCE.index, default="unknown")
    if settings.durability == "safe" and persistence != "always":
        raise StoreError(_not_safe(persistence))
    warnings = [warning for config in configs for warning in _warnings(config)]
    return Inspection(
        version=version,
        persistence=persistence,
        warnings=tuple(dict.fromkeys(warnings)),
        persistent=all(map(_persistent, configs)) if configs else None,
    )


def _not_safe(persistence: str) -> str:
    # WAITAOF is no way to it with everysec: Redis 7.4 and Valkey to 9.1 confirm before the sync
    # (https://github.com/redis/redis/pull/13793).
    needs = 'store.durability = "safe" needs a store with appendonly yes and appendfsync always; '
    if persistence == "unknown":
        return needs + "this one does not let us look: allow its user CONFIG GET"
    is_now = {"none": "this one keeps nothing", "snapshots": "this one only makes snapshots"}
    return needs + is_now.get(persistence, f"this one has appendfsync {persistence}")


async def _info(client: Client) -> dict[str, Any]:
    info: dict[str, Any] = await client.info("server")
    # A cluster answers for each node.
    nested = [value for value in info.values() if isinstance(value, dict)]
    return nested[0] if nested and "redis_version" not in info else info


async def _configs(client: Client) -> list[dict[str, str]]:
    """Return the configuration of each primary; none where an access list or a hosted store
    forbids the look."""
    try:
        if isinstance(client, Redis):
            configs = [await client.config_get("*")]
        else:
            primaries = client.get_primaries()
            configs = [await client.config_get("*", target_nodes=node) for node in primaries]
    except RedisError:
        return []
    return [{str(name): str(value) for name, value in config.items()} for config in configs]


def _persistence(config: dict[str, str]) -> str:
    if config.get("appendonly") == "yes":
        return config.get("appendfsync", "everysec")
    return "snapshots" if config.get("save") else "none"


def _persistent(config: dict[str, str]) -> bool:
    return config.get("appendonly") == "yes" and not _evicts(config)


def _evicts(config: dict[str, str]) -> bool:
    policy = config.get("maxmemory-policy", "noeviction")
    return policy != "noeviction" and config.get("maxmemory", "0") != "0"


def _warnings(config: dict[str, str]) -> list[str]:
    found, persistence = [], _persistence(config)
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


def confirmation(settings: StoreSettings) -> tuple[Any, ...] | None:
    """Return the command that is to follow the script on its connection, and whose reply says that
    the views are where the settings want them."""
    if not settings.replicas:
        return None
    return ("WAIT", settings.replicas, max(settings.timeout // 2, 1))


def confirmed(command: tuple[Any, ...], reply: Any) -> bool:
    """Tell whether the store's reply to `command` says what was asked for."""
    return not isinstance(reply, Exception) and bool(reply >= command[1])
