"""`export`: moving out."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import click

from counter.cli.common import (
    config_option,
    json_option,
    known,
    load_sites,
    opened,
    site_option,
)
from counter.cli.exits import heeding
from counter.cli.run import run
from counter.errors import BadExport
from counter.importing.exporting import WRITERS, write


@click.command("export")
@config_option
@site_option("The site's key; all sites if left out.")
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
@json_option
def export_command(
    config: Path | None, site: str | None, name: str, out: Path | None, as_json: bool
) -> None:
    """Write all of a site's figures.

    Those of its articles, of its days, and what belongs to no day. --json tells what was written.

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
    if as_json and out is None:
        raise click.UsageError("standard output is for the figures: --json needs --out")
    files: dict[str, Path | None] = (
        {site: out} if site else {key: out / f"{key}.{name}" for key in settings.sites if out}
    )

    async def work() -> list[dict[str, object]]:
        told = []
        async with opened(settings) as store:
            for key, path in files.items():
                with _written(path) as file:
                    async with store.snapshot(key) as snapshot:
                        read = replace(snapshot, articles=heeding(snapshot.articles))
                        articles, days = await write(read, file, name)
                told.append({"site": key, "file": str(path), "articles": articles, "days": days})
                if not as_json:
                    click.echo(f"{key}: {articles:,} articles, {days:,} days", err=True)
        return told

    stopped = "no file is half written" if out else "what was written is not all of it"
    told = run(work(), stopped=stopped)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))


@contextmanager
def _written(path: Path | None) -> Iterator[TextIO]:
    """Open a file that is there only when all of it is; None: standard output."""
    if path is None:
        # `import` reads UTF-8, whatever the terminal here speaks.
        stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
        yield stdout
        stdout.detach()
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
