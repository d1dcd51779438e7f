"""TAB completes, in the shells themselves and by the lines that docs/cli.md gives."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from services import write_config
from terminals import TAB, terminal

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
LINES = {
    shell: line.replace("\\|", "|")
    for shell, line in re.findall(r"^\| (bash|zsh|fish)\b.* \| `(.+)` \|$", PAGE, re.MULTILINE)
}
SHELLS = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["--no-rcs", "-i"],
    "fish": ["--no-config", "--interactive"],
}
BEFORE = {
    "bash": "bind 'set enable-bracketed-paste off'",
    "zsh": "autoload -Uz compinit && compinit -u -D",
    "fish": "true",
}
TO_THE_BEGINNING, TO_THE_END = "\x01", "\x05"
TYPED = {
    "a command": ("visitor-counter exp", "visitor-counter export "),
    "a format": ("visitor-counter import goat", "visitor-counter import goatcounter "),
    "a site": ("visitor-counter figures -s vi", "visitor-counter figures -s vithuy "),
    "a file": ("visitor-counter import csv fig", "visitor-counter import csv figures.csv "),
}


@pytest.fixture
def complete(tmp_path: Path) -> Callable[[str, list[str]], None]:
    """Have a shell that was given the page's line complete some of `TYPED`."""
    (tmp_path / "figures.csv").touch()
    config = write_config(tmp_path, "redis://nowhere.invalid", sites="[sites.vithuy]\n[sites.b]")
    environ = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "COUNTER_CONFIG": str(config),
        "HOME": str(tmp_path),
    }

    def complete(shell: str, what: list[str]) -> None:
        program = shutil.which(shell)
        if not program:
            pytest.skip(f"{shell} is not here")
        with terminal([program, *SHELLS[shell]], tmp_path, environ) as seen:
            # What is typed is shown too, in pieces and with colours: so it is printed.
            seen.type(f"{BEFORE[shell]}\n{LINES[shell]}\necho rea''dy\n")
            seen.until("ready")
            for begun, whole in map(TYPED.__getitem__, what):
                seen.type(f"{begun}{TAB}{TO_THE_BEGINNING}echo {TO_THE_END} END\n")
                seen.until(f"{whole}END\r\n")

    return complete


def test_bash_completes(complete: Callable[[str, list[str]], None]) -> None:
    complete("bash", ["a format", "a site", "a file"])


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_complete(shell: str, complete: Callable[[str, list[str]], None]) -> None:
    complete(shell, ["a command"])
