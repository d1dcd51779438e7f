"""Which of Redis' errors pass, and which stay however often one asks."""

from __future__ import annotations

from redis import exceptions as redis
from redis.sentinel import MasterNotFoundError

from counter.errors import CounterError, StoreError, StoreUnavailable

REDIS_ERRORS = (redis.RedisError, redis.RedisClusterException, OSError)
"""All that redis-py raises: its error about a cluster as such is none of its errors."""
_PASSING = {
    "ASK": "is moving this site's slot",
    "BUSY": "is busy with another script",
    "CLUSTERDOWN": "is a cluster that is down",
    "CROSSSLOT": "is moving this site's slot",
    "GAP": "has not taken the batch before",
    "LOADING": "is loading its data",
    "MASTERDOWN": "is a replica without its primary",
    "MISCONF": "can't save to disk and refuses writes",
    "MOVED": "has moved this site's slot",
    "NOREPLICAS": "has too few replicas and refuses writes",
    "OOM": "is out of memory and refuses writes",
    "READONLY": "is a read-only replica",
    "TRYAGAIN": "is moving this site's slot",
    "UNBLOCKED": "lost its primary role",
}
"""Error codes of a store that may take the same batch later on."""


def explain(error: Exception) -> CounterError:
    """Return our error for one of redis-py's, with a line that says what the store's trouble is."""
    if isinstance(error.__cause__, redis.AuthenticationError):
        error = error.__cause__  # redis-py has it among those of the network
    text = str(error).partition(" script: ")[0]  # then comes where in the script
    if isinstance(
        error, redis.AuthenticationError | redis.AuthorizationError | redis.NoPermissionError
    ):
        return StoreUnavailable(f"the store refuses the user or the password: {text}")
    if isinstance(error, redis.TimeoutError):
        return StoreUnavailable("the store did not answer in time", unsure=_was_sent(text))
    if isinstance(error, MasterNotFoundError):
        # Behind it redis-py tells all of its own insides.
        return StoreUnavailable(
            f"no sentinel that answers knows the master: {text.partition(' : <')[0]}; the store's "
            "URL names the sentinels and the master"
        )
    if trouble := _PASSING.get(kind(error)):
        return StoreUnavailable(f"the store {trouble}: {text}")
    if isinstance(error, redis.ConnectionError | OSError):
        return StoreUnavailable(f"the store can't be reached: {text}", unsure=_was_sent(text))
    if isinstance(error, redis.ResponseError):
        return StoreError(f"the store refused: {text}")
    if isinstance(error, redis.RedisClusterException) and "not enabled" in text:
        return StoreError("the store is no cluster: redis:// would be right for one server")
    if isinstance(error, REDIS_ERRORS):
        return StoreUnavailable(f"the store can't be used: {text}")
    if isinstance(error, AttributeError):
        # redis-py's cluster client, when another of its calls closes the connection in between.
        return StoreUnavailable(f"the store's client lost its connection: {error}", unsure=True)
    raise error


def _was_sent(text: str) -> bool:
    """Tell by redis-py's words whether a connection broke that had been made."""
    return "connecting to" not in text


def kind(error: Exception) -> str:
    """Return a short name of the error for the metrics: Redis' code, or the error's class."""
    code = getattr(error, "status_code", None) or str(error).partition(" ")[0]
    known = code in _PASSING or code in (
        "WRONGTYPE",
        "BADVALUE",
        "CHANGED",
        "TOOBIG",
        "NOSCRIPT",
        "WRONGPASS",
        "NOAUTH",
    )
    return code if known else type(error).__name__
