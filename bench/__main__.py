"""`python -m bench`: all that is quick, side by side; `--help` tells the parts."""

from __future__ import annotations

import asyncio
import json
import platform
from pathlib import Path
from typing import Any

import click

from bench import speed


@click.group(invoke_without_command=True)
@click.option("--json", "target", type=click.Path(path_type=Path), help="Where to write the JSON.")
@click.pass_context
def main(context: click.Context, target: Path | None) -> None:
    """Measure the counter on this machine; without a command, its speed."""
    context.obj = target or Path("bench-results.json")
    if context.invoked_subcommand is None:
        context.invoke(speed_command)


@main.command("speed")
@click.option("--cases", default="abcdef", show_default=True, help="Which of the cases.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--seconds", default=3.0, show_default=True, help="Length of one run.")
@click.option("--connections", default=128, show_default=True)
@click.pass_obj
def speed_command(target: Path, cases: str, rounds: int, seconds: float, connections: int) -> None:
    """What a counted view costs, beside the framework alone and other ways to count."""
    measured = asyncio.run(speed.measure(cases, rounds, seconds, connections))
    speed.show(measured)
    _write(target, "speed", {"connections": connections, "rounds": rounds, **measured})


def _write(target: Path, name: str, measured: dict[str, Any]) -> None:
    document = json.loads(target.read_text()) if target.exists() else {}
    document["machine"] = {"python": platform.python_version(), "system": platform.platform()}
    document[name] = measured
    target.write_text(json.dumps(document, indent=2) + "\n")
    print(f"Written to {target}")


if __name__ == "__main__":
    main()
