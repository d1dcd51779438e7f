"""The rate limiter against a plain token bucket, with a clock that the test winds."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from counter.ingest.rates import RateLimiter
from counter.settings import Rate

TEN_A_SECOND = Rate(limit=10, period_ms=1000)


class FakeClock:
    def __init__(self) -> None:
        self.ms = 123_456

    def __call__(self) -> int:
        return self.ms


class Bucket:
    """A token bucket as the textbook has it."""

    def __init__(self, rate: Rate, now: int) -> None:
        self.rate, self.tokens, self.at = rate, Fraction(rate.limit), now

    def allow(self, now: int) -> bool:
        gained = Fraction((now - self.at) * self.rate.limit, self.rate.period_ms)
        self.tokens, self.at = min(self.tokens + gained, Fraction(self.rate.limit)), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def test_a_full_bucket_lets_its_limit_through_at_once_and_no_more() -> None:
    limiter = RateLimiter(TEN_A_SECOND, FakeClock())
    assert [limiter.allow("a") for _ in range(12)] == [True] * 10 + [False] * 2


def test_a_token_comes_back_after_its_share_of_the_period() -> None:
    clock = FakeClock()
    limiter = RateLimiter(TEN_A_SECOND, clock)
    for _ in range(10):
        limiter.allow("a")
    clock.ms += 99
    assert not limiter.allow("a")
    clock.ms += 1
    assert [limiter.allow("a"), limiter.allow("a")] == [True, False]


def test_being_refused_costs_nothing() -> None:
    clock = FakeClock()
    limiter = RateLimiter(TEN_A_SECOND, clock)
    for _ in range(1000):
        limiter.allow("a")
    clock.ms += 1000
    assert [limiter.allow("a") for _ in range(11)] == [True] * 10 + [False]


def test_one_address_does_not_use_up_anothers_bucket() -> None:
    limiter = RateLimiter(TEN_A_SECOND, FakeClock())
    for _ in range(20):
        limiter.allow("a")
    assert limiter.allow("b")


def test_whoever_is_silent_is_forgotten_after_two_periods() -> None:
    clock = FakeClock()
    limiter = RateLimiter(TEN_A_SECOND, clock)
    for n in range(500):
        limiter.allow(f"visitor {n}")
    for newcomer in ("a", "b"):
        clock.ms += 1000
        limiter.allow(newcomer)
    assert len(limiter) == 2


def test_a_million_made_up_addresses_take_no_more_than_max_keys() -> None:
    limiter = RateLimiter(TEN_A_SECOND, FakeClock(), max_keys=1000)
    highest = 0
    for n in range(100_000):
        assert limiter.allow(f"made up {n}")
        highest = max(highest, len(limiter))
    assert 500 <= highest <= 1000


def test_whoever_keeps_asking_stays_limited_in_a_crowd() -> None:
    limiter = RateLimiter(TEN_A_SECOND, FakeClock(), max_keys=1000)
    allowed = 0
    for n in range(100_000):
        limiter.allow(f"made up {n}")
        if n % 100 == 0:
            allowed += limiter.allow("insistent")
    assert allowed == 10


steps = st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abcd")), min_size=1, max_size=200)
rates = st.builds(Rate, limit=st.integers(1, 12), period_ms=st.sampled_from([7, 100, 1000]))


@settings(max_examples=500)
@given(rates, steps)
def test_it_decides_as_a_plain_token_bucket_does(rate: Rate, steps: list[tuple[int, str]]) -> None:
    clock = FakeClock()
    limiter = RateLimiter(rate, clock)
    buckets = {key: Bucket(rate, clock.ms) for key in "abcd"}
    for wait, key in steps:
        clock.ms += wait
        assert limiter.allow(key) == buckets[key].allow(clock.ms)


@settings(max_examples=300)
@given(rates, steps, st.integers(2, 4))
def test_without_room_it_refuses_only_whoever_had_the_limit_within_a_period(
    rate: Rate, steps: list[tuple[int, str]], max_keys: int
) -> None:
    clock = FakeClock()
    limiter = RateLimiter(rate, clock, max_keys)
    passed: dict[str, list[int]] = {key: [] for key in "abcd"}
    for wait, key in steps:
        clock.ms += wait
        if limiter.allow(key):
            passed[key].append(clock.ms)
        else:
            assert sum(at >= clock.ms - rate.period_ms for at in passed[key]) >= rate.limit
        assert len(limiter) <= max_keys
