"""The time, as the service tells it: one function, so that tests can hand in another."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns milliseconds: since the epoch for a wall clock, since any moment for a monotonic one."""


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000
