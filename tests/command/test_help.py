"""What is told of the commands holds: the help, its examples, and docs/cli.md."""

from __future__ import annotations

import asyncio
import gzip
import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from redis.asyncio import Redis
from services import write_config
from stores import Desk, hit, open_store

from counter.cli import main
from counter.cli.cli_page import cli_page, examples

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "importing" / "data"
SERVERS = ("serve", "demo")


def commands(group: click.Group = main) -> Iterator[click.Command]:
    """Yield every command, with those below `docs`."""
    for command in group.commands.values():
        yield command
        if isinstance(command, click.Group):
            yield from commands(command)


EXAMPLES = [example for command in [main, *commands()] for example in examples(command)]
ANSWERED = [
    example
    for example in EXAMPLES
    if not set(shlex.split(example)) & {*SERVERS, "docs", "busuanzi"}  # no other's Redis is here
]


@pytest.mark.parametrize("command", [main, *commands()], ids=lambda command: command.name)
def test_every_command_has_an_example(command: click.Command) -> None:
    assert examples(command)


@pytest.mark.parametrize("command", [*commands()], ids=lambda command: command.name)
def test_every_option_is_explained(command: click.Command) -> None:
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, option.name


def test_what_a_command_does_is_told_whole_in_the_list_of_all() -> None:
    listed = CliRunner().invoke(main, ["--help"]).stdout.partition("Commands:")[2]
    assert listed.count("\n") > len(SERVERS)
    assert "..." not in listed


def test_the_page_is_what_the_commands_make() -> None:
    assert (ROOT / "docs" / "cli.md").read_text() == cli_page(main), (
        "make it anew: visitor-counter docs cli > docs/cli.md"
    )


@pytest.mark.parametrize("name", sorted(main.commands.keys() - {*SERVERS, "docs"}))
def test_every_command_that_answers_answers_programs_too(name: str) -> None:
    assert "--json" in [word for option in main.commands[name].params for word in option.opts]


# Examples


@pytest.fixture
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files that examples name, in the directory where they are run."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(DATA / "goatcounter-export.csv.gz", "export.csv.gz")
    shutil.copy(DATA / "wordpress.sql", "dump.sql")
    Path("access.log.1.gz").write_bytes(gzip.compress((DATA / "nginx-combined.log").read_bytes()))
    Path("moved.csv").write_text("old,new\n/draft,/tin\n")
    Path("sitemap.xml").touch()


@pytest.fixture
def _counter(valkey: str, _files: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sites that examples name, with figures, in the settings that COUNTER_CONFIG names."""

    async def fill() -> None:
        async with Redis.from_url(valkey) as redis:
            await redis.flushall()
        desk = Desk(open_store(valkey))
        for site in ("vithuy", "old-blog"):
            await desk.apply(*[hit(path, site=site) for path in ("/draft", "/news/1")])
        await desk.store.close()

    asyncio.run(fill())
    config = write_config(tmp_path, valkey, sites="[sites.vithuy]\n[sites.old-blog]")
    monkeypatch.setenv("COUNTER_CONFIG", str(config))


def words_of(example: str) -> list[str]:
    return shlex.split(example.partition(" > ")[0])[1:]


def run(example: str, *more: str) -> Result:
    return CliRunner().invoke(main, [*words_of(example), *more], input="y\n")


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.usefixtures("_files")
def test_every_example_is_taken(example: str) -> None:
    command: click.Command | None = main
    words, context = words_of(example), click.Context(main)
    while isinstance(command, click.Group):
        _, command, words = command.resolve_command(context, words)
    assert command
    with command.make_context("", words, parent=context):
        pass


@pytest.mark.parametrize("example", ANSWERED)
@pytest.mark.usefixtures("_counter")
def test_every_example_does_what_it_is_for(example: str) -> None:
    ended = run(example)
    assert ended.exit_code == 0, ended.output
    assert run("visitor-counter check").exit_code == 0


@pytest.mark.parametrize("example", [line for line in ANSWERED if " > " not in line])
@pytest.mark.usefixtures("_counter")
def test_every_example_answers_programs_too(example: str) -> None:
    ended = run(example, "--json")
    assert ended.exit_code == 0, ended.output
    assert [json.loads(line) for line in ended.stdout.splitlines()]
