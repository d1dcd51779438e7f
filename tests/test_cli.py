"""The command line: what can't be done is one clear line; what can is what the service says."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from click.testing import CliRunner, Result
from redis.asyncio import Redis
from services import served, visitor_counter, write_config
from stores import Desk, hit, open_store

from counter.cli import main
from counter.model.clock import wall_ms
from counter.model.days import day_name, shift
from counter.model.figures import Unit
from counter.storage import keys

T = TypeVar("T")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody listens already."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def refusal(config: Path) -> str:
    """Start the service, which must refuse to run; returns the line that says why."""
    ended = visitor_counter("serve", "--config", str(config))
    assert ended.returncode == 1
    assert ended.stdout == ""
    # What it logged until then is JSON.
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1
    assert lines[0].startswith("visitor-counter: ")
    return lines[0].removeprefix("visitor-counter: ")


@pytest.mark.parametrize("listener", ["listen", "ops_listen"])
def test_a_port_in_use_is_one_clear_line(
    valkey: str, tmp_path: Path, taken: int, listener: str
) -> None:
    config = write_config(tmp_path, valkey)
    text = config.read_text().replace(
        f'\n{listener} = "127.0.0.1:0"', f'\n{listener} = "127.0.0.1:{taken}"'
    )
    config.write_text(text)
    assert refusal(config) == (
        f"can't listen on 127.0.0.1:{taken}: Address already in use; free it, or set another "
        "address in [server]"
    )


def test_an_unreachable_redis_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        line = refusal(write_config(tmp_path, f"redis://:secret@127.0.0.1:{port}/0"))
    assert line.startswith("the store can't be reached: ")
    assert str(port) in line
    assert "secret" not in line


def test_a_redis_that_refuses_the_password_is_one_clear_line(valkey: str, tmp_path: Path) -> None:
    url = valkey.replace("unix://", "unix://nobody:wrong@")
    assert refusal(write_config(tmp_path, url)).startswith(
        "the store refuses the user or the password: "
    )


def test_what_is_wrong_with_the_settings_is_a_line_each(tmp_path: Path) -> None:
    config = write_config(tmp_path, "http://redis", sites='[sites.a]\nunit = "clicks"')
    ended = visitor_counter("serve", "--config", str(config))
    assert (ended.returncode, ended.stdout) == (1, "")
    lines = ended.stderr.splitlines()
    assert [line.split(":")[2].strip() for line in lines] == [
        "store.url",
        "sites.a.unit = 'clicks'",
    ]


def test_a_directory_that_another_service_holds_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    url = f"embedded:{tmp_path}/data"
    with served(write_config(tmp_path, url)) as service:
        line = refusal(write_config(tmp_path / "other", url))
        assert f"another service (process {service.process.pid}) holds this directory" in line
        assert service.view("/a")["total"] == 1


# Commands


@pytest.fixture
def config(redis_url: str, tmp_path: Path) -> Path:
    """Settings of a store in which site `a` has counted on three days."""
    return write_config(tmp_path, redis_url, sites="[sites.a]\n[sites.b]\n")


TODAY = day_name(datetime.fromtimestamp(wall_ms() / 1000, UTC).date())


@pytest.fixture
def redis_url(valkey: str) -> str:
    async def fill() -> None:
        client = Redis.from_url(valkey)
        await client.flushall()
        await client.aclose()
        desk = Desk(open_store(valkey), now=wall_ms())
        await desk.store.start("a", Unit.VIEWS, 1000, only_new=True)
        for days_ago in (40, 1, 0):
            at = desk.now - days_ago * 86_400_000
            day = shift(TODAY, -days_ago)
            views = [hit(path, at=at, day=day) for path in ("/tin-tức", "/tin-tức", "/b")]
            await desk.count(*views[: days_ago + 1])
        await desk.store.close()

    asyncio.run(fill())
    return valkey


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def result(*arguments: str) -> Any:
    """Run a command; returns what it printed as JSON."""
    ended = run(*arguments, "--json")
    assert ended.exit_code == 0, ended.stderr
    return json.loads(ended.stdout)


def test_figures_are_those_of_the_service(config: Path) -> None:
    told = result("figures", "--config", str(config), "-s", "a", "/tin-t%E1%BB%A9c/", "/b", "/none")
    assert (told["site"], told["today"], told["yesterday"], told["total"]) == ("a", 1, 2, 1006)
    assert told["articles"] == {"/tin-t%E1%BB%A9c/": 5, "/b": 1, "/none": 0}
    with served(config) as service:
        figures = service.figures("/b")
    assert {name: told[name] for name in ("day", "today", "week", "month", "total")} == {
        name: figures[name] for name in ("day", "today", "week", "month", "total")
    }


def test_history_has_a_row_per_day(config: Path) -> None:
    arguments = ("history", "--config", str(config), "-s", "a")
    rows = result(*arguments)
    assert len(rows) == 30
    assert [row["views"] for row in rows[-2:]] == [2, 1]
    then = str(datetime.now(UTC).date() - timedelta(days=40))
    assert result(*arguments, "--from", then, "--to", then) == [
        {"day": then, "views": 3, "visits": 1, "visitors": 1}
    ]


def test_top_has_the_most_read_first(config: Path) -> None:
    arguments = ("top", "--config", str(config), "-s", "a")
    assert result(*arguments) == [{"path": "/tin-tức", "views": 1}]
    assert result(*arguments, "--period", "total") == [
        {"path": "/tin-tức", "views": 5},
        {"path": "/b", "views": 1},
    ]
    assert result(*arguments, "--period", "total", "--limit", "1") == [
        {"path": "/tin-tức", "views": 5}
    ]


def test_set_moves_the_total_s_start(config: Path) -> None:
    ended = run("set", "--config", str(config), "-s", "a", "--start", "5")
    assert (ended.exit_code, ended.stdout) == (
        0,
        "a: set start of views: start 1,000 → start 5\n",
    )
    assert result("figures", "--config", str(config), "-s", "a")["total"] == 11
    assert run("check", "--config", str(config)).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        pytest.param(("figures", "-s", "a", "/b"), ["total", "1,006", "/b"], id="figures"),
        pytest.param(("history", "-s", "a"), ["views", "visits", "visitors"], id="history"),
        pytest.param(("top", "-s", "a", "--period", "total"), ["/tin-tức", "5"], id="top"),
    ],
)
def test_people_are_shown_a_table(
    config: Path, arguments: tuple[str, ...], shown: list[str]
) -> None:
    ended = run(*arguments, "--config", str(config))
    assert ended.exit_code == 0
    for word in shown:
        assert word in ended.stdout


def test_a_path_is_shown_as_it_is(config: Path) -> None:
    path = "/[bold]a[/bold]:smile:"
    assert path in run("figures", "--config", str(config), "-s", "a", path).stdout


WRONG = {
    "an unknown site": (("figures", "-s", "none"), 1, "no site 'none' here; there are a, b"),
    "days the wrong way round": (
        ("history", "-s", "a", "--from", "2026-11-02", "--to", "2026-11-01"),
        2,
        "--from 2026-11-02 is after --to 2026-11-01",
    ),
    "JSON where the figures go": (("export", "-s", "a", "--json"), 2, "--json needs --out"),
    "a path that is none": (("figures", "-s", "a", "b"), 1, "does not begin with /"),
    "no site": (("figures",), 2, "--site"),
    "a day that is none": (("history", "-s", "a", "--from", "monday"), 2, "is no day"),
    "a period that is none": (("top", "-s", "a", "--period", "year"), 2, "today"),
    "nothing to set": (("set", "-s", "a"), 2, "give --start"),
    "a start below nothing": (("set", "-s", "a", "--start", "-1"), 2, "0<=x"),
}


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_can_t_be_done_is_said(
    config: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = run(*arguments, "--config", str(config))
    assert (ended.exit_code, ended.stdout) == (code, "")
    assert said in ended.stderr


@pytest.mark.parametrize("command", [("check",), ("audit",), ("figures", "-s", "a")], ids=" ".join)
def test_without_settings_a_command_says_so_and_makes_no_store(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COUNTER_CONFIG", raising=False)
    ended = run(*command)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "no site is configured; --config FILE, or COUNTER_CONFIG, names" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_settings_file_may_be_named_by_the_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_CONFIG", str(config))
    assert run("check").stdout == "a: all figures agree\nb: all figures agree\n"


def test_commands_work_beside_a_running_service_and_without_one(tmp_path: Path) -> None:
    config = write_config(tmp_path, f"embedded:{tmp_path}/data")
    with served(config) as service:
        service.view("/a")
        assert result("figures", "--config", str(config), "-s", "a", "/a")["total"] == 1
        assert service.view("/a")["total"] == 2
        assert service.stop() == 0
    assert result("figures", "--config", str(config), "-s", "a", "/a")["articles"] == {"/a": 2}
    assert run("check", "--config", str(config)).stdout == "a: all figures agree\n"


# check


def test_check_says_that_all_is_well(config: Path) -> None:
    ended = run("check", "--config", str(config))
    assert (ended.exit_code, ended.stdout) == (0, "a: all figures agree\nb: all figures agree\n")
    assert result("check", "--config", str(config), "--site", "a") == {"a": []}


def tamper(url: str, change: Callable[[Redis], Awaitable[Any]]) -> None:
    async def connected() -> None:
        client = Redis.from_url(url)
        await change(client)
        await client.aclose()

    asyncio.run(connected())


YESTERDAY = shift(TODAY, -1)
TAMPERED: dict[str, tuple[Callable[[Redis], Awaitable[Any]], list[str]]] = {
    "a day's views": (
        lambda redis: redis.hincrby(keys.days("a"), f"{YESTERDAY}:v", 3),
        [
            f"views of day {YESTERDAY}: 5 is recorded, 2 would be right (+3)",
            "views of total: 1006 is recorded, 1009 would be right (-3)",
        ],
    ),
    "a day's visits": (
        lambda redis: redis.hincrby(keys.days("a"), f"{TODAY}:s", 1),
        [
            f"visits of day {TODAY}: 2 is recorded, 1 would be right (+1)",
            "visits of total: 3 is recorded, 4 would be right (-1)",
        ],
    ),
    "a day that is gone": (
        lambda redis: redis.hdel(keys.days("a"), f"{YESTERDAY}:v"),
        [
            f"views of day {YESTERDAY}: 0 is recorded, 2 would be right (-2)",
            "views of total: 1006 is recorded, 1004 would be right (+2)",
        ],
    ),
    "a day that never was": (
        lambda redis: redis.hset(keys.days("a"), "20200101:v", 7),
        [
            "views of day 20200101: 7 is recorded, 0 would be right (+7)",
            "views of total: 1006 is recorded, 1013 would be right (-7)",
        ],
    ),
    "the total": (
        lambda redis: redis.hincrby(keys.total("a"), "views", -1),
        ["views of total: 1005 is recorded, 1006 would be right (-1)"],
    ),
    "the start": (
        lambda redis: redis.hset(keys.total("a"), "start:views", 0),
        ["views of total: 1006 is recorded, 6 would be right (+1000)"],
    ),
}


@pytest.mark.parametrize(("change", "said"), TAMPERED.values(), ids=TAMPERED.keys())
def test_check_names_what_other_hands_have_changed(
    config: Path,
    redis_url: str,
    change: Callable[[Redis], Awaitable[Any]],
    said: list[str],
) -> None:
    tamper(redis_url, change)
    ended = run("check", "--config", str(config))
    assert ended.exit_code == 3
    assert ended.stdout.splitlines() == [f"a: {line}" for line in said] + ["b: all figures agree"]
    as_json = json.loads(run("check", "--config", str(config), "--json").stdout)
    assert [len(as_json[site]) for site in ("a", "b")] == [len(said), 0]
    assert run("check", "--config", str(config), "-s", "b").exit_code == 0


def test_check_names_a_figure_that_is_no_number(config: Path, redis_url: str) -> None:
    tamper(redis_url, lambda redis: redis.hset(keys.days("a"), f"{TODAY}:v", "many"))
    ended = run("check", "--config", str(config))
    assert ended.exit_code == 1
    assert f"{TODAY}:v" in ended.stderr


def test_check_names_a_key_of_another_type(config: Path, redis_url: str) -> None:
    async def spoil(redis: Redis) -> None:
        await redis.delete(keys.days("a"))
        await redis.set(keys.days("a"), "spoilt")

    tamper(redis_url, spoil)
    ended = run("check", "--config", str(config))
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "WRONGTYPE" in ended.stderr


# Help


@pytest.mark.parametrize("command", sorted(main.commands.keys()))
def test_every_command_explains_itself(command: str) -> None:
    ended = run(command, "--help")
    assert ended.exit_code == 0
    assert main.commands[command].help


# Sites that were added while the service ran


@pytest.fixture
def added(config: Path, redis_url: str) -> Path:
    """The settings of `config`; beside them the store has a site `added`, and one of the future."""

    async def fill() -> None:
        client = Redis.from_url(redis_url)
        sites = {"site:added": '{"unit": "visits"}', "site:new": '{"colour": "red"}'}
        await client.hset(keys.SITES, mapping={**sites, "revision": "2"})
        await client.aclose()

    asyncio.run(fill())
    return config


def test_a_command_knows_the_sites_of_the_store(added: Path) -> None:
    told = result("set", "--config", str(added), "-s", "added", "--start", "7")
    assert (told["subject"], told["after"]) == ("start of visits", {"start": 7})
    assert result("figures", "--config", str(added), "-s", "added")["total"] == 7


def test_a_command_for_all_sites_takes_them_too_and_names_those_that_it_can_t(added: Path) -> None:
    ended = run("check", "--config", str(added), "--json")
    assert ended.exit_code == 0
    assert sorted(json.loads(ended.stdout)) == ["a", "added", "b"]
    assert ended.stderr.startswith(
        "visitor-counter: the site new is left out: sites.new.colour: there is no such setting"
    )


def test_a_site_that_nobody_knows_is_named(added: Path) -> None:
    ended = run("figures", "--config", str(added), "-s", "none")
    assert ended.exit_code == 1
    assert "There is no site 'none' here" in ended.stderr
