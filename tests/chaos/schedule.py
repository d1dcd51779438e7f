"""What goes wrong, and when: all of it follows from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

FAULTS = {
    "service": ("kill the service", "stop the service", "kill one process"),
    "store": ("kill the store", "freeze the store", "forget the script"),
    "network": (
        "cut the network",
        "refuse connections",
        "slow the network",
        "lose replies",
        "lose requests",
    ),
    "disk": ("refuse writes",),
}
"""By what they befall; what befalls one thing comes one after another, else they overlap."""
KILLS = ("kill the service", "kill one process")
"""After these, views may be in flight that nobody answers."""
_LONGEST_SECONDS = 3.0
_CALM_SECONDS = 3.0
"""Between two faults of one kind, on average."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    what: str
    at: float
    """Seconds from the start."""
    seconds: float
    """How long it lasts, where it lasts."""
    chance: int
    """Chooses among several, where there are several."""


def plan(seed: int, seconds: float, excluded: Sequence[str] = ()) -> list[Fault]:
    """Return what goes wrong within `seconds`, but for what is `excluded`."""
    faults = []
    for target, names in FAULTS.items():
        chance = random.Random(f"{seed} {target}")
        possible = [name for name in names if name not in excluded]
        at = chance.expovariate(1 / _CALM_SECONDS)
        while possible and at < seconds:
            lasting = chance.uniform(0.05, _LONGEST_SECONDS)
            faults.append(Fault(chance.choice(possible), at, lasting, chance.randrange(1 << 16)))
            at += lasting + chance.expovariate(1 / _CALM_SECONDS)
    return sorted(faults, key=lambda fault: fault.at)
