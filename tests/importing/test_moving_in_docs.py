"""The guide to moving in names every format, and its commands are such as are taken."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from counter.cli.imports import import_command
from counter.importing.formats import FORMATS, STORE_FORMATS

TEXT = (Path(__file__).parents[2] / "docs" / "moving-in.md").read_text()
COMMANDS = re.findall(
    r"^    visitor-counter import (?!FORMAT)(.+?)(?:  +#.*)?$", TEXT, re.MULTILINE
)


def test_every_format_has_a_command_in_the_guide() -> None:
    named = {command.split()[0] for command in COMMANDS}
    assert {*FORMATS, *STORE_FORMATS} - named == {"jsonl", "csv"}
    assert "`jsonl`" in TEXT
    assert "`csv`" in TEXT


@pytest.mark.parametrize("command", COMMANDS)
def test_the_guide_s_commands_are_taken(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sitemap.xml").touch()
    context = import_command.make_context("import", shlex.split(command))
    assert isinstance(context, click.Context)
    assert context.params["site"] == "S"


@pytest.mark.parametrize("name", [*FORMATS, *STORE_FORMATS])
def test_the_versions_that_are_read_stand_in_the_guide(name: str) -> None:
    kind = FORMATS.get(name) or STORE_FORMATS[name]
    for version in re.findall(r"\d+(?:\.\d+)? to \d+(?:\.\d+)?", kind.program):
        assert version in TEXT
