"""At a terminal: colours, bars and questions, and Ctrl-C, which is obeyed at once."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import pytest
from redis.asyncio import Redis
from services import visitor_counter, write_config
from stores import Desk, hit, open_store
from terminals import CTRL_C, terminal

COLOUR = re.compile(r"\x1b\[(?:[\d;]+;)?(?:3|4|9|10)\d[\d;]*m")
COMMAND = (sys.executable, "-m", "counter")


@pytest.fixture
async def config(redis: Redis, valkey: str, tmp_path: Path) -> Path:
    """Settings of a store whose site `a` has three views of `/a`; beside them a file of figures."""
    desk = Desk(open_store(valkey))
    await desk.apply(*[hit("/a", who) for who in range(3)])
    await desk.store.close()
    (tmp_path / "figures.csv").write_text("path,views\n/x,62\n")
    return write_config(tmp_path, valkey)


IMPORT = ("import", "csv", "figures.csv", "-s", "a")


def test_a_bar_with_colours_and_an_estimate_is_shown_at_a_terminal(config: Path) -> None:
    with terminal([*COMMAND, *IMPORT, "--config", str(config)], config.parent) as seen:
        assert seen.end() == 0
    assert re.search(r"importing .*\d+%.*(-:--:--|\d:\d\d:\d\d)", seen.shown)
    assert COLOUR.search(seen.shown)
    assert "the total went from 3 to 3" in seen.shown


def test_no_color_is_heeded(config: Path) -> None:
    environ = {"NO_COLOR": "1"}
    with terminal([*COMMAND, *IMPORT, "--config", str(config)], config.parent, environ) as seen:
        assert seen.end() == 0
    assert re.search(r"importing .*\d+%", seen.shown)
    assert not COLOUR.search(seen.shown)
    serve = [*COMMAND, "serve", "--config", str(config)]
    with terminal(serve, config.parent, environ) as seen:
        seen.until("serving")
        seen.type(CTRL_C)
        assert seen.end() == 0
    assert not COLOUR.search(seen.shown)


def test_neither_bar_nor_colours_go_to_a_file(config: Path) -> None:
    for arguments in (IMPORT, ("figures", "-s", "a", "/x")):
        done = visitor_counter(*arguments, "--config", str(config), cwd=config.parent)
        assert (done.returncode, done.stderr) == (0, "")
        assert "\x1b" not in done.stdout


def test_what_goes_to_a_file_is_not_cut_to_a_screen(config: Path) -> None:
    path = "/" + "x" * 500
    done = visitor_counter("figures", "-s", "a", path, "--config", str(config))
    assert path in done.stdout


FORGET = ("forget", "-s", "a", "/a")


def test_ctrl_c_at_a_question_is_no_answer(config: Path) -> None:
    with terminal([*COMMAND, *FORGET, "--config", str(config)], config.parent) as seen:
        seen.until("[y/N]: ")
        time.sleep(
            0.3
        )  # until Python waits: one that comes the moment before is seen with the next
        seen.type(CTRL_C)
        assert seen.end() == 130
    [line] = seen.shown.splitlines()[1:]
    assert line.startswith("visitor-counter: stopped; what was told as forgotten is so")
    figures = visitor_counter("figures", "-s", "a", "/a", "--json", "--config", str(config))
    assert json.loads(figures.stdout)["articles"] == {"/a": 3}


def test_no_is_an_answer_and_yes_another(config: Path) -> None:
    for answer, code, told in (
        ("n", 1, "visitor-counter: left as it was, as you answered no"),
        ("y", 0, "a: forget /a: views 3 → views 0"),
    ):
        with terminal([*COMMAND, *FORGET, "--config", str(config)], config.parent) as seen:
            seen.until("Forget /a of a, with 3 views? [y/N]: ")
            seen.type(f"{answer}\n")
            assert seen.end() == code
        assert seen.shown.splitlines()[1:] == [told]


def test_nobody_to_answer_is_told_what_to_do(config: Path) -> None:
    done = visitor_counter(*FORGET, "--config", str(config), input="")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody is there to answer; --yes does it without asking" in done.stderr
