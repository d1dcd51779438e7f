"""Keeping house by command: what was done is told, and who did it is written down."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from conftest import Start
from redis.asyncio import Redis
from services import write_config
from stores import Desk, hit, open_store

from counter.cli import main
from counter.model.clock import wall_ms
from counter.model.days import day_date, day_name
from counter.storage.house import House

TODAY = day_name(datetime.now(UTC).date())


@pytest.fixture
def config(valkey: str, tmp_path: Path) -> Path:
    """Settings of a store whose site `a` has views of today: `/a` 3, `/b` 2, `/c` 1."""

    async def fill() -> None:
        redis = Redis.from_url(valkey)
        await redis.flushall()
        await redis.aclose()
        desk = Desk(open_store(valkey))
        views = ["/a", "/a", "/a", "/b", "/b", "/c"]
        await desk.apply(*[hit(p, n, wall_ms(), day=TODAY) for n, p in enumerate(views)])
        await desk.store.close()

    asyncio.run(fill())
    sites = '[sites.a]\nkeep_query = ["id"]\n[sites.b]\n'
    return write_config(tmp_path, valkey, sites=sites)


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")


def run(config: Path, command: str, *arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(main, [command, "--config", str(config), *arguments], **options)


def result(config: Path, command: str, *arguments: str) -> Any:
    ended = run(config, command, *arguments, "--json")
    assert ended.exit_code == 0, ended.stderr
    return json.loads(ended.stdout)


def articles(config: Path, *paths: str) -> dict[str, int]:
    found: dict[str, int] = result(config, "figures", "-s", "a", *paths)["articles"]
    return found


def test_rename_says_what_it_moved(config: Path) -> None:
    ended = run(config, "rename", "-s", "a", "/a", "https://www.example.vn/b/")
    assert (ended.exit_code, ended.stdout) == (0, "a: rename /a → /b: /a 3, /b 2 → /b 5\n")
    assert articles(config, "/a", "/b", "/c") == {"/a": 5, "/b": 5, "/c": 1}
    again = run(config, "rename", "-s", "a", "/a", "/b")
    assert (again.exit_code, again.stdout) == (0, "a: rename /a → /b: there is nothing to do\n")
    refused = run(config, "rename", "-s", "a", "/a", "/c")
    assert refused.exit_code == 1
    assert "/a stands for /b already" in refused.stderr


FILE = """old,new
/a,/news?id=1

/b,/news?id=2
/b
no-path,/x
/c,/c
/c,"/tin,tức"
"""


def test_a_file_of_renames_goes_on_past_bad_lines_and_may_be_given_twice(
    config: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved.csv"
    moved.write_text(FILE, "utf-8-sig")
    for _ in range(2):
        ended = run(config, "rename", "-s", "a", "--from", str(moved))
        assert ended.exit_code == 1
        assert [line.partition(": ")[2] for line in ended.stderr.splitlines()] == [
            "line 5: 1 columns, where the old path and the new would be right",
            "line 6: The path does not begin with /; give the article's path, such as /news/flood.",
            "line 7: /c is to be renamed to itself; give another name.",
        ]
        assert articles(config, "/a", "/b", "/c") == {"/a": 3, "/b": 2, "/c": 1}
    assert articles(config, "/news?id=2", "/tin,tức") == {"/news?id=2": 2, "/tin,tức": 1}


def test_renames_are_read_from_standard_input_too(config: Path) -> None:
    ended = run(config, "rename", "-s", "a", "--from", "-", "--json", input="/a,/x\n/b,/x\n")
    assert ended.exit_code == 0
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(row["subject"], row["after"]) for row in rows] == [
        ("/a → /x", {"/x": 3}),
        ("/b → /x", {"/x": 5}),
    ]


def test_the_audit_log_tells_who_changed_what(config: Path) -> None:
    assert run(config, "audit").stderr == "nobody has changed figures by hand\n"
    run(config, "set", "-s", "a", "--start", "70")
    run(config, "set", "-s", "a", "--start", "70")
    run(config, "rename", "-s", "a", "/a", "/b")
    run(config, "set", "-s", "b", "--start", "5", "--unit", "visits")
    rows = result(config, "audit")
    assert [(row["site"], row["who"], row["what"], row["subject"]) for row in rows] == [
        ("b", "cli:ann", "set", "start of visits"),
        ("a", "cli:ann", "rename", "/a → /b"),
        ("a", "cli:ann", "set", "start of views"),
    ]
    assert (rows[1]["before"], rows[1]["after"]) == ({"/a": 3, "/b": 2}, {"/b": 5})
    assert rows[2]["before"] == {"start": 0, "views": 6}
    assert rows[2]["after"] == {"start": 70, "views": 76}
    assert datetime.now(UTC).year == datetime.fromisoformat(rows[0]["at"]).year
    [line] = run(config, "audit", "--site", "a", "--limit", "1").stdout.splitlines()
    assert line.endswith("UTC  cli:ann  a: rename /a → /b: /a 3, /b 2 → /b 5")


ALL, NONE = "views 6, visits 6, visitors 6", "views 0, visits 0, visitors 0"
FORGET = {
    "an article": (
        ("/a",),
        "Forget /a of a, with 3 views? [y/N]: ",
        "a: forget /a: views 3 → views 0\n",
    ),
    "a day": (
        ("--day", str(day_date(TODAY))),
        f"Forget the day {day_date(TODAY)} of a, with 6 views? [y/N]: ",
        f"a: forget day {TODAY}: {ALL}, total views 6 → {NONE}, total views 0\n",
    ),
    "a site": (
        ("--everything",),
        "Forget the whole site a, with 6 views? [y/N]: ",
        f"a: forget the whole site: {ALL} → {NONE}\n",
    ),
}


@pytest.mark.parametrize(("what", "asked", "done"), FORGET.values(), ids=FORGET.keys())
def test_forget_says_what_would_be_lost_and_asks_first(
    config: Path, what: tuple[str, ...], asked: str, done: str
) -> None:
    refused = run(config, "forget", "-s", "a", *what, input="n\n")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith(asked)
    assert run(config, "forget", "-s", "a", *what).exit_code == 1  # nobody there to answer
    assert articles(config, "/a", "/b", "/c") == {"/a": 3, "/b": 2, "/c": 1}
    agreed = run(config, "forget", "-s", "a", *what, input="y\n")
    assert (agreed.exit_code, agreed.stdout) == (0, done)
    assert run(config, "check").exit_code == 0


def test_forget_says_that_a_name_is_none_of_its_own(config: Path) -> None:
    run(config, "rename", "-s", "a", "/a", "/b")
    ended = run(config, "forget", "-s", "a", "/a", input="y\n")
    assert ended.stderr.startswith("Forget that /a of a stands for /b, which keeps its views?")
    assert ended.stdout == "a: forget the name /a of /b: done\n"
    assert articles(config, "/a", "/b") == {"/a": 0, "/b": 5}


def test_forget_does_not_ask_with_yes(config: Path) -> None:
    ended = run(config, "forget", "-s", "a", "/a", "/b/", "/a", "--yes", "--json")
    assert ended.exit_code == 0
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(row["subject"], row["changed"]) for row in rows] == [("/a", True), ("/b", True)]
    assert result(config, "figures", "-s", "a")["total"] == 6


def test_a_site_that_has_left_the_settings_can_be_forgotten(config: Path) -> None:
    config.write_text(config.read_text().replace("[sites.a]", "[sites.c]"))
    assert run(config, "forget", "-s", "a", "--everything", "--yes").exit_code == 0
    again = run(config, "forget", "-s", "a", "--everything", "--yes")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "Nothing is known of a site 'a'" in again.stderr
    assert result(config, "audit", "--site", "a")[0]["before"]["views"] == 6


def test_merge_says_what_would_move_and_asks_first(config: Path) -> None:
    run(config, "set", "-s", "b", "--start", "100")
    asked = "Move all figures of a to b, 6 views of 3 articles? [y/N]: "
    refused = run(config, "merge", "-s", "a", "b", input="n\n")
    assert (refused.exit_code, refused.stderr.startswith(asked)) == (1, True)
    assert articles(config, "/a") == {"/a": 3}
    merged = run(config, "merge", "-s", "a", "b", input="y\n")
    assert merged.exit_code == 0
    gone, come = (merged.stdout.partition(" → ")[n] for n in (0, 2))
    assert "a articles 3, b views 100" in gone
    assert "a articles 0, b views 106" in come
    assert result(config, "figures", "-s", "b", "/a")["articles"] == {"/a": 3}
    assert result(config, "figures", "-s", "b")["total"] == 106
    assert run(config, "check").exit_code == 0
    again = run(config, "merge", "-s", "a", "b", "--yes")
    assert again.stdout == "a: merge into b: there is nothing to do\n"


def test_a_site_that_has_left_the_settings_can_be_merged(config: Path) -> None:
    config.write_text(config.read_text().replace("[sites.a]", "[sites.c]"))
    change = result(config, "merge", "-s", "a", "b", "--yes")
    assert (change["before"]["b views"], change["after"]["b views"]) == (0, 6)
    assert (change["before"]["a articles"], change["after"]["a articles"]) == (3, 0)


def test_compact_tells_the_bytes_before_and_after(config: Path) -> None:
    change = result(config, "compact", "-s", "a")
    assert change["before"] == change["after"]
    assert change["after"]["bytes"] > 500
    assert run(config, "compact", "-s", "a").stdout.startswith("a: compact articles and days: ")


WRONG = {
    "to merge into an unknown site": (("merge", "-s", "a", "none"), 1, "There is no site 'none'"),
    "to merge an unknown site": (("merge", "-s", "x", "b"), 1, "Nothing is known of a site 'x'"),
    "to merge a site into itself": (("merge", "-s", "a", "a", "--yes"), 1, "into itself"),
    "nothing to forget": (("forget", "-s", "a"), 2, "give PATHS, or --day, or --everything"),
    "too much to forget": (("forget", "-s", "a", "/a", "--everything"), 2, "give PATHS, or --day"),
    "a day that is none": (("forget", "-s", "a", "--day", "monday"), 2, "is no day"),
    "a site that is none": (("forget", "-s", "A b", "--everything"), 1, "A site's key is"),
    "a path of no site": (("forget", "-s", "none", "/a"), 1, "There is no site 'none' here"),
    "one path": (("rename", "-s", "a", "/a"), 2, "give OLD and NEW, or --from FILE"),
    "no path": (("rename", "-s", "a"), 2, "give OLD and NEW, or --from FILE"),
    "a path that is none": (("rename", "-s", "a", "a", "/b"), 1, "does not begin with /"),
    "itself": (("rename", "-s", "a", "/a/", "/a"), 1, "to itself"),
    "an unknown site": (("rename", "-s", "none", "/a", "/b"), 1, "There is no site 'none' here"),
    "no such file": (("rename", "-s", "a", "--from", "/none"), 2, "No such file"),
}


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_can_t_be_done_is_said(
    config: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = run(config, *arguments)
    assert (ended.exit_code, ended.stdout) == (code, "")
    assert said in ended.stderr


async def test_a_running_service_answers_for_old_names_at_once(start: Start) -> None:
    up = await start()
    await up.client.view("/old")
    house = House(up.service.store, up.service.sites)
    await house.rename("a", "/old", "/new", who="cli:ann")
    assert (await up.client.view("/new"))["views"] == 2
    assert (await up.client.view("/old"))["views"] == 3
    assert (await up.client.figures("/old", "/new"))["articles"] == {"/old": 3, "/new": 3}
