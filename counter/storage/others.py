"""A Redis that is not ours: another counter's, to read its figures from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis

from counter.errors import SettingsError
from counter.storage.failures import REDIS_ERRORS, explain

_TIMEOUT_SECONDS = 30


@contextmanager
def other_redis(url: str) -> Iterator[Redis]:
    """Connect to the Redis at `url` for as long as the context lasts.

    Raises:
        SettingsError: it is no Redis' URL.
        StoreUnavailable, StoreError: it can't be reached, or refuses.
    """
    try:
        client = Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS)
    except ValueError as error:
        raise SettingsError(
            f"{url!r} is no address of a Redis, such as redis://localhost:6379/0: {error}"
        ) from None
    try:
        yield client
    except REDIS_ERRORS as error:
        explained = explain(error)
        raise type(explained)(f"{url}: {explained}") from error
    finally:
        client.close()
