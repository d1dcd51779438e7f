"""What the counters that keep their figures in Redis are read with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar

from counter.importing.rows import BadRow, count_of

T = TypeVar("T")

BATCH = 1000
"""Keys or members that one request asks for."""


class Redis(Protocol):
    """As much of `redis.Redis` (not the asynchronous one) as is needed; keys may be bytes."""

    def get(self, name: str, /) -> Any: ...

    def mget(self, keys: Sequence[str | bytes], /) -> Any: ...

    def type(self, name: str, /) -> Any: ...

    def pfcount(self, *names: str) -> Any: ...

    def scard(self, name: str, /) -> Any: ...

    def zcard(self, name: str, /) -> Any: ...

    def zmscore(self, key: str, members: Any, /) -> Any: ...

    def scan_iter(self, match: Any, count: Any = None) -> Iterator[Any]: ...

    def sscan_iter(self, name: str, match: Any = None, count: Any = None) -> Iterator[Any]: ...


def text_of(value: Any) -> str:
    """Return `value` as Redis' client gives it, bytes or text; empty for None."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return "" if value is None else str(value)


def figure_of(value: Any) -> int:
    """Return the figure that a string or a score holds; 0 where there is none.

    Raises:
        BadRow: it is no whole number from 0 to 2^53 - 1.
    """
    if isinstance(value, float):
        if value != int(value):
            raise BadRow(f"{value} is no whole number")
        value = int(value)
    return count_of(text_of(value) or "0")


def batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch
