"""`python -m tests.fuzz`: inputs by the hundred thousand for what reads what others wrote.

python -m tests.fuzz --examples 1000000      so many for each target, a tenth where it is slow
python -m tests.fuzz --target journals       one of them
"""

from __future__ import annotations

import time

import click

from .run import fuzz
from .targets import TARGETS


@click.command(help=__doc__)
@click.option("--target", type=click.Choice(list(TARGETS)), help="This one only.")
@click.option("--examples", default=100_000, show_default=True, help="Inputs for each.")
@click.option("--seed", default=1, show_default=True, help="Another, other inputs.")
def main(target: str | None, examples: int, seed: int) -> None:
    for name in [target] if target else TARGETS:
        began = time.monotonic()
        told = fuzz(name, examples, seed=seed)
        click.echo(
            f"{name}: {told.total():,} inputs, {told[True]:,} of use, no crash, "
            f"{time.monotonic() - began:.0f} s"
        )


if __name__ == "__main__":
    main()
