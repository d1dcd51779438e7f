"""`export`: moving out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from counter.cli.common import config_option, known, load_sites, opened
from counter.cli.run import run
from counter.errors import BadExport
from counter.importing.exporting import WRITERS, write


@click.command("export")
@config_option
@click.option("--site", "-s", help="The site's key; all sites if left out.")
@click.option(
    "--format",
    "name",
    type=click.Choice([*WRITERS]),
    default="jsonl",
    show_default=True,
    help="JSON Lines or CSV; `import` reads both.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="One site: a file, else standard output. All sites: a directory, for a file each.",
)
def export_command(config: Path | None, site: str | None, name: str, out: Path | None) -> None:
    """Write all of a site's figures: its articles, its days, and what belongs to no day.

    The figures of a site are those of one moment, though the service goes on counting.

    \b
    Examples:
      visitor-counter export -s vithuy > vithuy.jsonl
      visitor-counter export --format csv --out figures/
    """
    settings = load_sites(config, *([site] if site else []))
    if site:
        known(settings, site)
    elif out is None:
        raise click.UsageError("all sites go to a directory: give --out, or --site for one")
    wanted = [site] if site else [*settings.sites]

    async def work() -> None:
        async with opened(settings) as store:
            for key in wanted:
                with _written(out if site else out / f"{key}.{name}" if out else None) as file:
                    async with store.snapshot(key) as snapshot:
                        articles, days = await write(snapshot, file, name)
                click.echo(f"{key}: {articles:,} articles, {days:,} days", err=True)

    run(work())


@contextmanager
def _written(path: Path | None) -> Iterator[TextIO]:
    """Open a file that is there only when all of it is; None: standard output."""
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    half = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with half.open("w", encoding="utf-8", newline="") as file:
            yield file
        half.replace(path)
    except OSError as error:
        raise BadExport(f"{path} can't be written: {error.strerror}") from None
    finally:
        half.unlink(missing_ok=True)
