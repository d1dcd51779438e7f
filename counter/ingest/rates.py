"""How often one address may count: a token bucket for each, as one number (GCRA).

Of a bucket only the moment is kept at which it will be full again, the "theoretical arrival time"
of the generic cell rate algorithm (ITU-T I.371, annex A).
"""

from __future__ import annotations

from counter.model.clock import Clock
from counter.settings import Rate


class RateLimiter:
    """Lets through `rate.limit` at once, and as many again over each `rate.period_ms`.

    It belongs to one process; workers limit each for itself.

    Memory is bounded by `max_keys`, which are held in two generations. A period without a word
    fills any bucket, and a full one is the same as none, so a generation that has grown older than
    that is dropped and nothing is lost. If half of `max_keys` come within less than a period, the
    older half is dropped early: whoever was not seen since finds a full bucket. That lets through
    at most `rate.limit` more for every `max_keys / 2` other addresses that somebody commands;
    nobody is refused for the crowd.

    Args:
        rate: what a bucket holds, and the time in which an empty one fills.
        clock: tells milliseconds and never goes back.
        max_keys: how many buckets are kept at most; two or more.
    """

    def __init__(self, rate: Rate, clock: Clock, max_keys: int = 100_000) -> None:
        self._clock = clock
        # Time is told in ms × limit: so a token's share of the period is a whole number, exactly.
        self._limit = rate.limit
        self._token = rate.period_ms
        self._bucket = rate.period_ms * rate.limit
        self._half = max_keys // 2
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self._turn_at = 0

    def __len__(self) -> int:
        """Return how many buckets are in memory."""
        return len(self._young) + len(self._old)

    def allow(self, key: str) -> bool:
        """Take a token from the bucket of `key`; tell whether there was one."""
        now = self._clock() * self._limit
        young = self._young
        full_at = young.get(key)
        if full_at is None:
            if now >= self._turn_at or len(young) >= self._half:
                young = self._turn(now)
            full_at = self._old.pop(key, now)
        if full_at < now:
            full_at = now
        allowed = full_at - now <= self._bucket - self._token
        young[key] = full_at + self._token if allowed else full_at
        return allowed

    def exhausted(self, key: str) -> bool:
        """Tell whether the bucket of `key` holds no token; takes none."""
        now = self._clock() * self._limit
        full_at = self._young.get(key) or self._old.get(key) or now
        return full_at - now > self._bucket - self._token

    def _turn(self, now: int) -> dict[str, int]:
        self._old, self._young = self._young, {}
        self._turn_at = now + self._bucket
        return self._young
