"""`import`: moving in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from counter.cli.common import config_option, json_option, load_sites, opened, site_option
from counter.cli.common import known as known_site
from counter.cli.exits import each_interruptible, heed_stop
from counter.cli.run import run
from counter.cli.sources import Asked, Source, open_source
from counter.errors import BadImport, UnreadableExport
from counter.importing.adding import Target, add, begin
from counter.importing.formats import FORMATS, STORE_FORMATS
from counter.importing.parts import (
    BadEntry,
    Figures,
    NothingUsable,
    Part,
    Report,
    describe,
    in_parts,
    strictly,
)
from counter.importing.rows import Rejected
from counter.model.figures import Unit
from counter.storage.store import Store

_ID_DIGITS = 16
_INDEX = {Unit.VIEWS: 0, Unit.VISITS: 1, Unit.VISITORS: 2}
_SHOWN = 5
"""Rejected entries that are shown; the reject file has all."""


@dataclass
class Outcome:
    """What an import did, or would do."""

    report: Report
    before: Figures
    gained: Figures = (0, 0, 0)
    parts: int = 0
    """Parts that were added now."""
    parts_before: int = 0
    """Parts that had been added when it was stopped."""
    was_finished: bool = False

    @property
    def after(self) -> Figures:
        return _sum(self.before, self.gained)


def _complete_file(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    return [CompletionItem(begun, type="file")]


@click.command("import")
@click.argument("name", metavar="FORMAT", type=click.Choice([*FORMATS, *STORE_FORMATS]))
@click.argument("source", metavar="FILE", shell_complete=_complete_file)
@site_option("The site's key.", required=True)
@config_option
@click.option("--dry-run", is_flag=True, help="Read all of it, say what would change, add nothing.")
@click.option("--strict", is_flag=True, help="Add nothing if any entry can't be used.")
@click.option("--id", "import_id", help="What the import is called; else its content names it.")
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where entries that can't be used are written to; FILE.rejects.jsonl if left out.",
)
@click.option("--host", "hosts", multiple=True, help="A host of the site; else those of origins.")
@click.option(
    "--known",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="busuanzi: the site's addresses, as a list or a sitemap.",
)
@click.option("--permalink", help="Databases: how addresses are made, such as /%year%/%postname%/.")
@click.option("--prefix", help="Databases: what the tables' names begin with, such as wp_.")
@click.option("--meta-key", help="wp-postviews: the key of the views, if it is not views.")
@json_option
def import_command(
    name: str,
    source: str,
    site: str,
    config: Path | None,
    dry_run: bool,
    strict: bool,
    import_id: str | None,
    rejects: Path | None,
    hosts: tuple[str, ...],
    known: Path | None,
    permalink: str | None,
    prefix: str | None,
    meta_key: str | None,
    as_json: bool,
) -> None:
    """Add what another counter, a CMS or a web server's log has.

    FILE may be packed (gzip, Zstandard, bzip2, xz, ZIP), and - is standard input; for busuanzi and
    vercount it is the address of their Redis. What was added is not added again: a second run of
    the same file changes nothing, and one that was stopped goes on where it was.

    \b
    Examples:
      visitor-counter import goatcounter export.csv.gz -s vithuy --dry-run
      visitor-counter import wp-statistics dump.sql -s vithuy
      visitor-counter import log-combined access.log.1.gz -s vithuy
      visitor-counter import busuanzi redis://localhost:6379/0 -s vithuy --known sitemap.xml
    """
    settings = load_sites(config, site)
    known_site(settings, site)
    asked = Asked(hosts, permalink, prefix, meta_key)
    asked.refuse_unheeded(name)
    own = settings.sites[site]
    with (
        open_source(name, source, known, lambda: asked.options(own)) as opened_source,
        _reject_file(rejects or _beside(source)) as reject,
    ):
        target = _target(site, name, import_id, opened_source.digest, asked, own)

        async def work() -> Outcome:
            async with opened(settings) as store:
                with _progress("importing", opened_source, as_json):
                    return await _import(store, target, opened_source, reject, dry_run)

        try:
            if strict:
                with _progress("checking", opened_source, as_json):
                    _read_strictly(opened_source)
            outcome = run(
                work(),
                stopped="what was added stays, and the same command goes on after it",
            )
        except (BadEntry, UnreadableExport) as error:
            raise type(error)(f"{source}: {error}") from None
        except NothingUsable as error:
            reject.tell()
            raise BadImport(f"{source}: {error}; is its format {name}?") from None
        _tell(outcome, target, dry_run, as_json, _INDEX[own.unit])
        reject.tell()


def _target(
    site: str, name: str, import_id: str | None, digest: str, asked: Asked, own: Any
) -> Target:
    if import_id and (len(import_id) > 64 or not import_id.isprintable() or ":" in import_id):
        raise BadImport("--id: at most 64 characters, none of them a colon")
    # Read with other options the same file has other figures.
    settings = (asked, own.model_dump_json(exclude={"start_total", "unit"}))
    told = hashlib.sha256(f"{name} {digest} {settings}".encode()).hexdigest()[:_ID_DIGITS]
    default = f"{name}-{digest[:_ID_DIGITS]}" if name in FORMATS else name
    return Target(site, import_id or default, told)


def _read_strictly(source: Source) -> None:
    for _ in in_parts(source.rows(), Report(), strictly):
        pass


async def _import(
    store: Store,
    target: Target,
    source: Source,
    reject: Callable[[Rejected], None],
    dry_run: bool,
) -> Outcome:
    """Add what has not been added, or find out what that would be."""
    before = await begin(store, target)
    total = (await store.ledger(target.site)).total
    outcome = Outcome(Report(), tuple(total.get(unit.value, 0) for unit in Unit))  # type: ignore[arg-type]
    outcome.was_finished = bool(before and before.finished)
    if outcome.was_finished:
        return outcome
    done = outcome.parts_before = before.part if before else 0

    def added(part: Part) -> None:
        if part.number > done:
            outcome.gained = _sum(outcome.gained, part.start)
            for figures in part.days.values():
                outcome.gained = _sum(outcome.gained, figures)
        heed_stop()

    parts = each_interruptible(in_parts(source.rows(), outcome.report, reject))
    if dry_run:
        for part in parts:
            added(part)
    else:
        outcome.parts = await add(store, target, parts, added)
    return outcome


class _Rejects:
    """Writes entries that can't be used to a file, which is made for the first of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Any = None
        self._first: list[Rejected] = []
        self._count = 0

    def __call__(self, rejected: Rejected) -> None:
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8", errors="backslashreplace")
        entry = {
            "line": rejected.line,
            "reason": rejected.reason,
            "text": rejected.text,
            "file": rejected.file,
        }
        self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._count += 1
        if self._count <= _SHOWN:
            self._first.append(rejected)

    def tell(self) -> None:
        """Show the first of them on standard error, and where all are."""
        for rejected in self._first:
            click.echo(f"rejected: {describe(rejected)}", err=True)
        if self._count:
            click.echo(
                f"rejected: {_number(self._count, 'entry', 'entries')}, all in {self._path}",
                err=True,
            )

    def close(self) -> None:
        if self._file:
            self._file.close()


@contextmanager
def _reject_file(path: Path) -> Iterator[_Rejects]:
    rejects = _Rejects(path)
    try:
        yield rejects
    except OSError as error:
        raise BadImport(
            f"rejected entries can't be written to {path}: {error.strerror}; --rejects names "
            "another file"
        ) from None
    finally:
        rejects.close()


def _beside(source: str) -> Path:
    if source == "-" or "://" in source:
        return Path("import.rejects.jsonl")
    return Path(f"{source}.rejects.jsonl")


class _Bar(Progress):
    """Shows how much of a source has been read, whoever reads it, and how long the rest takes."""

    def __init__(self, what: str, source: Source, console: Console) -> None:
        self._source = source
        super().__init__(
            TextColumn(what),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self.add_task("", total=source.size)

    def get_renderables(self) -> Iterable[RenderableType]:
        if self.tasks:
            self.update(self._task, completed=self._source.position())
        return super().get_renderables()


def _progress(what: str, source: Source, as_json: bool) -> AbstractContextManager[object]:
    """Return what shows the progress to a person: nothing where none is there."""
    console = Console(stderr=True)
    if as_json or not console.is_terminal or not source.size:
        return nullcontext()
    return _Bar(what, source, console)


def _tell(outcome: Outcome, target: Target, dry_run: bool, as_json: bool, index: int) -> None:
    report = outcome.report
    if as_json:
        names = [unit.value for unit in Unit]
        told = {
            "site": target.site,
            "id": target.name,
            "dry_run": dry_run,
            "parts_added": outcome.parts,
            "parts_before": outcome.parts_before,
            "was_finished": outcome.was_finished,
            "before": dict(zip(names, outcome.before, strict=True)),
            "after": dict(zip(names, outcome.after, strict=True)),
            **report.as_dict(),
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    if outcome.was_finished:
        click.echo(
            f"{target.site}: this was imported before, as {target.name}; nothing is added. "
            "--id NAME would add it once more."
        )
        return
    click.echo(
        f"{target.site}: {_number(report.articles, 'article', 'articles')} with "
        f"{_number(report.article_views, 'view', 'views')}; " + _days(report)
    )
    if report.left_out:
        left = ", ".join(f"{why} {entries:,}" for why, entries in report.left_out.most_common())
        click.echo(f"left out as no views: {left}")
    verb = "would go" if dry_run else "went"
    before, after = outcome.before[index], outcome.after[index]
    click.echo(f"the total {verb} from {before:,} to {after:,}")
    if outcome.parts_before:
        parts = _number(outcome.parts_before, "part was", "parts were")
        click.echo(f"{parts} added before it was stopped")
    if not dry_run:
        click.echo(f"added as {target.name}: a second run adds nothing")


def _number(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _days(report: Report) -> str:
    parts = []
    if report.first_day:
        span = f"{report.as_dict()['from']} to {report.as_dict()['to']}"
        parts.append(f"{report.days[0]:,} views of the days {span}")
    if any(report.start):
        parts.append(f"{report.start[0]:,} views of no day")
    return ", ".join(parts) or "no figures of days"


def _sum(one: Figures, other: Figures) -> Figures:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2])
