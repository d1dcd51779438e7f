"""`python -m tests.chaos`: seeded runs in which the service, its store and what is between fail.

python -m tests.chaos --seeds 50 --seconds 20     fifty runs
python -m tests.chaos --seed 17                   the one that failed
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from .ledger import ANSWERED, Outcome
from .run import Result, Setting, run

_PROBLEMS_SHOWN = 12


@click.command(help=__doc__)
@click.option("--seed", type=int, help="Run this seed only.")
@click.option("--seeds", default=50, show_default=True, help="How many seeds are run.")
@click.option("--first", default=1, show_default=True, help="The first of them.")
@click.option("--seconds", default=20.0, show_default=True, help="How long each of them reads.")
@click.option("--record", type=click.Path(path_type=Path), help="Append a JSON line for each.")
def main(seed: int | None, seeds: int, first: int, seconds: float, record: Path | None) -> None:
    results = []
    for number in [seed] if seed is not None else range(first, first + seeds):
        directory = Path(tempfile.mkdtemp(prefix=f"chaos-{number}-"))
        results.append(asyncio.run(run(Setting.of(number, seconds), directory)))
        click.echo(describe(results[-1]))
        for problem in results[-1].problems[:_PROBLEMS_SHOWN]:
            click.echo(f"    {problem}")
        if results[-1].problems:
            click.echo(f"    files: {directory}; again: make chaos SEED={number}")
        if record:
            with record.open("a") as file:
                file.write(json.dumps(as_record(results[-1])) + "\n")
    failed = [result.setting.seed for result in results if result.problems]
    click.echo(f"{len(results) - len(failed)} of {len(results)} runs right; wrong: {failed}")
    raise SystemExit(bool(failed))


def as_record(result: Result) -> dict[str, Any]:
    """Return a result as what JSON can hold."""
    # Not by asdict alone, which makes a Counter of a Counter's items.
    return {
        **asdict(result.setting),
        "faults": dict(result.faults),
        "outcomes": {outcome.name.lower(): count for outcome, count in result.outcomes.items()},
        "counted": result.counted,
        "problems": result.problems,
    }


def describe(result: Result) -> str:
    """Return a line for people."""
    setting, outcomes = result.setting, result.outcomes
    answered = sum(outcomes[outcome] for outcome in ANSWERED)
    sent = sum(outcomes.values()) - outcomes[Outcome.UNREACHED]
    return (
        f"seed {setting.seed:3}  {setting.appendfsync:>8}, {setting.durability}, "
        f"workers {setting.workers}, {sum(result.faults.values()):2} faults: sent {sent}, "
        f"answered {answered} ({outcomes[Outcome.STALE]} stale), counted {result.counted}, "
        f"refused {outcomes[Outcome.REFUSED]}, unsure {outcomes[Outcome.UNSURE]}, "
        f"lost {outcomes[Outcome.LOST]}  {'WRONG' if result.problems else 'right'}"
    )


if __name__ == "__main__":
    main()
