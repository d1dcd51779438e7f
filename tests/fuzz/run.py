"""Run a target with so many inputs, and count what became of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from .targets import TARGETS


def fuzz(name: str, examples: int, *, seed: int | None = None) -> Counter[bool]:
    """Try `examples` inputs (fewer where a target is slow); returns how many were of use.

    Args:
        seed: None for the same inputs each time.
    """
    target, told = TARGETS[name], Counter[bool]()

    @settings(
        max_examples=max(examples // target.slow, 1),
        deadline=None,
        database=None,
        derandomize=seed is None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(target.inputs)
    def check(value: Any) -> None:
        told[target.check(value)] += 1

    if seed is not None:
        check._hypothesis_internal_use_seed = seed  # type: ignore[attr-defined]
    check()
    return told
