"""What an operation on figures that were counted answers, and how it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[int, int], None]
"""Is told how many steps were taken, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an operation changed."""

    site: str
    what: str
    """The operation, as the audit log has it."""
    subject: str
    """What it was done to: for a rename `/old → /new`."""
    changed: bool = True
    """False if all was so before."""
    before: dict[str, int] = field(default_factory=dict)
    """The figures that it changed, as they were; by their names."""
    after: dict[str, int] = field(default_factory=dict)
