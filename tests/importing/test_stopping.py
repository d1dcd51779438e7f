"""Imports, exports and merges that are stopped in the middle, in processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from redis import Redis
from services import write_config

from counter.cli import main
from counter.storage import keys

ARTICLES = 20_000
PARTS = ARTICLES // 1000
SECONDS = 30.0
WANTED = {f"/tin/{n}": n % 997 + 1 for n in range(ARTICLES)}
DAYS = {"2020-01-01": 62, "2020-01-02": 7}


@pytest.fixture
def redis(valkey: str) -> Iterator[Redis]:
    with Redis.from_url(valkey, decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture
def config(redis: Redis, valkey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of an empty store; beside them a file of 20,000 articles and two days."""
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "figures.csv").open("w") as file:
        file.write("path,day,views\n")
        file.writelines(f"{path},,{views}\n" for path, views in WANTED.items())
        file.writelines(f",{day},{views}\n" for day, views in DAYS.items())
    return write_config(tmp_path, valkey, sites="[sites.a]\n[sites.b]")


IMPORT = ("import", "csv", "figures.csv", "-s", "a")


def done(config: Path, *arguments: str, code: int = 0) -> str:
    """Run a command to its end, in this process; returns what it printed."""
    ended = CliRunner().invoke(main, [*arguments, "--config", str(config)])
    assert ended.exit_code == code, ended.stderr
    return ended.stdout


def start(config: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "counter", *arguments, "--config", str(config)],
        cwd=config.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait(process: subprocess.Popen[str], until: Callable[[], object]) -> None:
    """Wait until something is true, as long as `process` runs."""
    end = time.monotonic() + SECONDS
    while not until():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.002)


def opened_by(process: subprocess.Popen[str]) -> list[str]:
    """Return the files that a process holds open."""
    held = []
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            held.append(str(link.readlink()))
    return held


def stop(
    config: Path, *arguments: str, at: Callable[[], object], by: signal.Signals = signal.SIGINT
) -> tuple[int, list[str]]:
    """Send a command the signal `by` as soon as `at` tells something true.

    Returns:
        How it ended, and what it said on standard error.
    """
    process = start(config, *arguments)
    wait(process, at)
    process.send_signal(by)
    _, errors = process.communicate(timeout=SECONDS)
    return process.returncode, errors.splitlines()


def everything(config: Path, site: str) -> tuple[dict[str, int], dict[str, int]]:
    """Return the views of all articles and of all days of a site whose figures agree."""
    assert done(config, "check", "-s", site) == f"{site}: all figures agree\n"
    entries = [json.loads(line) for line in done(config, "export", "-s", site).splitlines()]
    paths = [entry for entry in entries if "path" in entry]
    assert len({entry["path"] for entry in paths}) == len(paths)
    return (
        {entry["path"]: entry["views"] for entry in paths},
        {entry["day"]: entry["views"] for entry in entries if "day" in entry},
    )


def parts_added(redis: Redis) -> int:
    """Return how many parts of the import the store has."""
    [*names] = redis.scan_iter("*:import:*", count=100_000)
    return int(str(redis.get(names[0])).split(":")[0]) if names else 0


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_an_import_that_is_stopped_goes_on_and_adds_nothing_twice(
    config: Path, redis: Redis, by: signal.Signals
) -> None:
    code, errors = stop(config, *IMPORT, at=lambda: parts_added(redis) > 2, by=by)
    if by == signal.SIGINT:
        assert code == 130
        assert errors == [
            "visitor-counter: stopped; what was added stays, and the same command goes on after it"
        ]
    else:
        assert code == -signal.SIGKILL
    reached = parts_added(redis)
    assert 2 < reached < PARTS
    assert done(config, "check", "-s", "a") == "a: all figures agree\n"
    told = json.loads(done(config, *IMPORT, "--json"))
    # A part that was on its way at the kill may have come after we looked.
    assert reached <= told["parts_before"] <= reached + 1
    assert told["parts_before"] + told["parts_added"] == PARTS + 1
    assert everything(config, "a") == (WANTED, DAYS)
    assert "was imported before" in done(config, *IMPORT)
    assert everything(config, "a") == (WANTED, DAYS)


@pytest.mark.parametrize("option", ["--dry-run", "--strict"])
def test_nothing_at_all_is_written_by_a_dry_run_and_by_a_strict_one_that_fails(
    config: Path, redis: Redis, option: str
) -> None:
    with (config.parent / "figures.csv").open("a") as file:
        file.write("/last,,many\n")
    before = sorted(redis.scan_iter("*"))
    done(config, *IMPORT, option, code=1 if option == "--strict" else 0)
    assert sorted(redis.scan_iter("*")) == before
    assert not list(redis.scan_iter("vc:{a}:*"))
    rejects = config.parent / "figures.csv.rejects.jsonl"
    if option == "--dry-run":
        [entry] = map(json.loads, rejects.read_text().splitlines())
        assert entry["line"] == ARTICLES + len(DAYS) + 2
        assert "'many' is no whole number" in entry["reason"]


def test_ctrl_c_while_a_strict_import_reads_adds_nothing(config: Path, redis: Redis) -> None:
    file = config.parent / "long.csv"
    file.write_text("path,views\n" + "".join(f"/{n},1\n" for n in range(1_000_000)))
    process = start(config, "import", "csv", "long.csv", "-s", "a", "--strict")
    wait(process, lambda: str(file) in opened_by(process))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, errors) == (130, "visitor-counter: stopped\n")
    assert not list(redis.scan_iter("vc:{a}:*"))


def test_an_export_that_is_stopped_leaves_what_was_there(config: Path, redis: Redis) -> None:
    done(config, *IMPORT)
    out = config.parent / "out"
    out.mkdir()
    (out / "a.jsonl").write_text("the export of yesterday\n")
    # In the place of the half file is a pipe, which takes no more than somebody reads.
    half = out / "a.jsonl.part"
    os.mkfifo(half)
    process = start(config, "export", "-s", "a", "--out", "out/a.jsonl")
    with half.open("rb") as pipe:
        pipe.read(1000)
        process.send_signal(signal.SIGINT)
        while pipe.read(100_000):
            pass
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert errors == "visitor-counter: stopped; no file is half written\n"
    assert [path.name for path in out.iterdir()] == ["a.jsonl"]
    assert (out / "a.jsonl").read_text() == "the export of yesterday\n"
    assert not list(redis.scan_iter("*:copy:*"))


def test_a_merge_that_is_stopped_goes_on(config: Path, redis: Redis) -> None:
    done(config, *IMPORT)
    arguments, total = ("merge", "-s", "a", "b", "--yes"), keys.prefix("b") + "total"
    code, errors = stop(
        config, *arguments, at=lambda: redis.hget(keys.prefix("b") + "total", "articles")
    )
    assert code == 130
    assert errors == [
        "visitor-counter: stopped; what was moved stays so, and the same command moves the rest"
    ]
    assert 0 < int(redis.hget(total, "articles") or 0) < ARTICLES
    assert done(config, "check") == "a: all figures agree\nb: all figures agree\n"
    done(config, *arguments)
    assert everything(config, "b") == (WANTED, DAYS)
    assert everything(config, "a") == ({}, {})
