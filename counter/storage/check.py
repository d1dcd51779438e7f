"""The invariant: `total = start + Σ days`, for every unit, at every moment."""

from __future__ import annotations

from dataclasses import dataclass

from counter.model.figures import Unit
from counter.storage.store import Ledger

_FIELDS = {Unit.VIEWS: "v", Unit.VISITS: "s", Unit.VISITORS: "u"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is not what the others say."""

    unit: Unit
    day: str | None
    """The day whose record differs; None for the total."""
    recorded: int
    expected: int

    def __str__(self) -> str:
        what = f"day {self.day}" if self.day else "total"
        return (
            f"{self.unit} of {what}: {self.recorded} is recorded, {self.expected} would be right "
            f"({self.recorded - self.expected:+d})"
        )


def differences(ledger: Ledger) -> list[Difference]:
    """Return where the site's figures disagree; empty if all is well.

    Each day keeps the sums up to its end, as an account keeps its closing balance: so a day that
    was changed by other hands is told by its name, and not only that some day was.
    """
    found = []
    for n, unit in enumerate(Unit):
        before = 0
        days = sorted({name[:8] for name in ledger.days} | set(ledger.closing))
        for day in days:
            count = ledger.days.get(f"{day}:{_FIELDS[unit]}", 0)
            closing = ledger.closing.get(day, (before, before, before))[n]
            if count != closing - before:
                found.append(Difference(unit, day, count, closing - before))
            before = closing
        start = ledger.total.get(f"start:{unit}", 0)
        total = ledger.total.get(unit, 0)
        expected = start + sum(ledger.days.get(f"{day}:{_FIELDS[unit]}", 0) for day in days)
        if total != expected:
            found.append(Difference(unit, None, total, expected))
    return found
