"""Moving in and out: what is imported counts once, and what is exported is all there is."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chaos.server import StoreServer
from conftest import Start, eventually
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imports import read
from redis.asyncio import Redis
from services import visitor_counter, write_config
from stores import DAY, contents, hit, open_store

from counter.errors import BadImport, StoreError, StoreUnavailable
from counter.importing import adding
from counter.importing.adding import Target, add, begin
from counter.importing.exporting import write
from counter.importing.parts import MOST_ARTICLES, Part, Report, in_parts
from counter.importing.rows import ArticleViews, DayFigures, Rejected, Row, StartFigures
from counter.model.days import day_name
from counter.model.figures import Batch, DayRow
from counter.storage import store as store_module
from counter.storage.check import differences
from counter.storage.store import Store

TARGET = Target("a", "old", "this file")
ROWS: list[Row] = [
    StartFigures(1000, 0, 10),
    *(ArticleViews(f"/{n}", n) for n in range(1, 2 * MOST_ARTICLES + 2)),
    DayFigures("20200101", 5, 3, 2),
    DayFigures("20200102", 7, 4, 3),
]
"""Three parts."""


@pytest.fixture
async def store(redis: Redis, valkey: str) -> AsyncIterator[Store]:
    made = open_store(valkey)
    yield made
    assert differences(await made.ledger("a")) == []
    await made.close()


def parts(rows: list[Row]) -> list[Part]:
    return list(in_parts(rows, Report(), _never))


def _never(rejected: Rejected) -> None:
    raise AssertionError(rejected)


async def add_all(store: Store, rows: list[Row], target: Target = TARGET) -> int:
    return await add(store, target, parts(rows), lambda _: None, patience=0)


# Moving in


async def test_an_import_adds_articles_days_and_what_the_total_starts_from(
    store: Store, redis: Redis
) -> None:
    assert await add_all(store, ROWS) == 3
    ledger = await store.ledger("a")
    assert ledger.total["views"] == 1012
    assert ledger.total["start:views"] == 1000
    assert (ledger.total["visits"], ledger.total["visitors"]) == (7, 15)
    assert await store.history("a", "20200101", "20200102") == [
        DayRow("20200101", 5, 3, 2),
        DayRow("20200102", 7, 4, 3),
    ]
    assert (await store.top("a", [], 1)) == [("/2001", 2001)]


async def test_a_second_run_adds_nothing(store: Store, redis: Redis) -> None:
    await add_all(store, ROWS)
    before = await contents(redis)
    assert await add_all(store, ROWS) == 0
    assert await contents(redis) == before
    state = await begin(store, TARGET)
    assert state
    assert state.finished


@pytest.mark.parametrize("reached", [1, 2])
async def test_an_import_that_was_stopped_goes_on_where_it_was(
    store: Store, redis: Redis, reached: int
) -> None:
    await add(store, TARGET, parts(ROWS)[:reached], lambda _: None)
    state = await begin(store, TARGET)
    assert state
    assert (state.part, state.finished) == (reached, False)
    assert await add_all(store, ROWS) == 3 - reached
    assert (await store.ledger("a")).total["views"] == 1012


async def test_views_that_come_meanwhile_count_as_well(store: Store, redis: Redis) -> None:
    async def count(seq: int) -> None:
        viewed = hit("/1", who=seq)
        await store.apply([Batch("0123456789abcdef", seq, "a", DAY, (viewed,))], viewed.at)

    for part in parts(ROWS):
        await count(part.number)
        await add(store, TARGET, [part], lambda _: None)
    assert (await store.ledger("a")).total["views"] == 1015
    async with store.snapshot("a") as snapshot:
        assert dict([pair async for pair in snapshot.articles])["/1"] == 4


async def test_another_file_or_other_options_under_the_same_name_are_refused(
    store: Store, redis: Redis
) -> None:
    await add(store, TARGET, parts(ROWS)[:1], lambda _: None)
    other = Target("a", "old", "another file")
    with pytest.raises(BadImport, match="--id NAME gives this one a name of its own"):
        await begin(store, other)
    with pytest.raises(StoreError, match="CHANGED"):
        await add_all(store, ROWS, other)


async def test_a_figure_past_2_to_the_53_is_refused_and_nothing_of_its_part_added(
    store: Store, redis: Redis
) -> None:
    await add_all(store, [DayFigures("20200101", 2**53 - 1, 0, 0)])
    before = await contents(redis)
    with pytest.raises(StoreError, match="2\\^53; nothing was added"):
        await add_all(store, [DayFigures("20200101", 1, 0, 0)], Target("a", "more", "x"))
    assert await contents(redis) == before


async def test_a_store_that_goes_away_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "_PAUSE_SECONDS", (0.05,))
    async with StoreServer(tmp_path / "store", appendfsync="always") as server:
        store = open_store(server.url)
        added: list[int] = []

        def kill_after_the_first(part: Part) -> None:
            added.append(part.number)
            if part.number == 1:
                server.kill()

        adding_all = asyncio.create_task(add(store, TARGET, parts(ROWS), kill_after_the_first))

        async def first_added() -> bool:
            return bool(added)

        await eventually(first_added)
        await server.start()
        assert await adding_all == 3
        assert (await store.ledger("a")).total["views"] == 1012
        server.kill()
        with pytest.raises(StoreUnavailable, match="nothing was added"):
            await add_all(store, ROWS)
        with pytest.raises(StoreUnavailable, match="2 parts have been added; the same command"):
            await add(store, TARGET, parts(ROWS)[2:], lambda _: None, patience=0)
        await store.close()


# Moving out


@dataclass
class Figures:
    """All that a site has."""

    start: tuple[int, int, int]
    days: dict[str, tuple[int, int, int]]
    articles: dict[str, int]


counts = st.integers(0, 2**40)
triples = st.tuples(counts, counts, counts)
day_names = st.dates().filter(lambda day: day.year >= 1970).map(day_name)
paths = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="?#%\\"),
    min_size=1,
    max_size=30,
).map(lambda text: f"/{text}")
figures = st.builds(
    Figures,
    start=triples,
    days=st.dictionaries(day_names, triples, max_size=20),
    articles=st.dictionaries(paths, counts, max_size=60),
)


@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_what_is_exported_and_imported_again_is_equal_figure_for_figure(
    name: str, valkey: str, tmp_path: Path
) -> None:
    file = tmp_path / "export"

    async def there_and_back(held: Figures) -> None:
        async with Redis.from_url(valkey) as redis:
            await redis.flushall()
        store = open_store(valkey)
        rows: list[Row] = [
            StartFigures(*held.start),
            *(DayFigures(day, *triple) for day, triple in held.days.items()),
        ]
        # Paths as they are counted: each by its one name.
        articles = [row for n, path in enumerate(held.articles) for row in _article(path, n)]
        await add_all(store, [*rows, *articles])
        first = await everything(store, "a")
        with file.open("w", encoding="utf-8", newline="") as out:
            async with store.snapshot("a") as snapshot:
                await write(snapshot, out, name)
        await add_all(store, read(name, file.read_bytes()), Target("b", "back", "x"))
        assert await everything(store, "b") == first
        assert differences(await store.ledger("b")) == []
        await store.close()

    def _article(path: str, views: int) -> list[Row]:
        return read("jsonl", json.dumps({"path": path, "views": views}))

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(held=figures)
    def prove(held: Figures) -> None:
        asyncio.run(there_and_back(held))

    prove()


async def everything(store: Store, site: str) -> Any:
    async with store.snapshot(site) as snapshot:
        articles = {path: views async for path, views in snapshot.articles}
        total = {k: v for k, v in snapshot.ledger.total.items() if v and k != "buckets"}
        return total, {k: v for k, v in snapshot.ledger.days.items() if v}, articles


async def test_an_export_is_of_one_moment_though_views_keep_coming(
    start: Start, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_CHUNK", 1)  # many round trips, and views between them
    up = await start()
    await up.service.store.add("a", "old", 1, [], {f"/{n}": 1 for n in range(400)})
    stop = asyncio.Event()

    async def read_on() -> None:
        n = 0
        while not stop.is_set():
            await up.client.view(f"/{n % 500}")
            n += 1

    readers = [asyncio.create_task(read_on()) for _ in range(4)]
    try:
        for _ in range(5):
            async with up.service.store.snapshot("a") as snapshot:
                views = [count async for _, count in snapshot.articles]
                # What was imported is of the articles alone, and views are of both.
                assert sum(views) - 400 == snapshot.ledger.total.get("views", 0)
                assert differences(snapshot.ledger) == []
    finally:
        stop.set()
        await asyncio.gather(*readers)
    assert [key async for key in redis.scan_iter("*copy*")] == []


# By command


@pytest.fixture
def config(tmp_path: Path, valkey: str, redis: Redis) -> Path:
    return write_config(tmp_path, valkey, sites="[sites.a]\n[sites.b]\n")


Run = Callable[..., Any]


@pytest.fixture
def command(config: Path, tmp_path: Path) -> Run:
    """Run a command on the settings; returns what `--json` tells, or the words."""

    def command(*arguments: str, code: int = 0, **options: Any) -> Any:
        done = visitor_counter(*arguments, "--config", str(config), cwd=tmp_path, **options)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if "--json" in arguments else done.stdout + done.stderr

    return command


LINES = (
    '{"path": "/x", "views": 62}\n{"day": "2020-01-01", "views": 9}\n{"day": "start", "views": 1}\n'
)


def test_a_dry_run_tells_what_would_change_and_changes_nothing(
    command: Run, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text(LINES)
    told = command("import", "jsonl", "f", "-s", "a", "--dry-run", "--json")
    assert (told["before"]["views"], told["after"]["views"]) == (0, 10)
    assert command("figures", "-s", "a", "--json")["total"] == 0


def test_an_import_by_command_counts_once_and_says_so(command: Run, tmp_path: Path) -> None:
    (tmp_path / "f").write_text(LINES)
    assert "the total went from 0 to 10" in command("import", "jsonl", "f", "-s", "a")
    assert "was imported before" in command("import", "jsonl", "f", "-s", "a")
    found = command("figures", "-s", "a", "/x", "--json")
    assert (found["total"], found["articles"]["/x"]) == (10, 62)
    assert command("check", "-s", "a") == "a: all figures agree\n"


def test_standard_input_is_a_file_as_well(command: Run) -> None:
    command("import", "jsonl", "-", "-s", "a", input=LINES)
    assert command("figures", "-s", "a", "--json")["total"] == 10


def test_entries_that_can_t_be_used_are_told_and_kept_and_stop_nothing(
    command: Run, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text("nonsense\n" + LINES)
    told = command("import", "jsonl", "f", "-s", "a")
    assert "rejected: line 1: is not JSON: 'nonsense'" in told
    assert "1 entries" not in told
    assert "all in f.rejects.jsonl" in told
    [kept] = map(json.loads, (tmp_path / "f.rejects.jsonl").read_text().splitlines())
    assert (kept["line"], kept["text"]) == (1, "nonsense")
    assert command("figures", "-s", "a", "--json")["total"] == 10


def test_a_strict_import_with_a_bad_entry_adds_nothing(command: Run, tmp_path: Path) -> None:
    (tmp_path / "f").write_text(LINES + "nonsense\n")
    assert "line 4: is not JSON" in command("import", "jsonl", "f", "-s", "a", "--strict", code=1)
    assert command("figures", "-s", "a", "--json")["total"] == 0


def test_a_file_in_which_nothing_can_be_used_is_refused_and_not_remembered(
    command: Run, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text("nonsense\n" * 9)
    for _ in range(2):
        told = command("import", "jsonl", "f", "-s", "a", code=1)
        assert "f: none of its 9 entries can be used; is its format jsonl?" in told
        assert "rejected: line 1: is not JSON" in told


def test_an_export_tells_programs_what_it_wrote(command: Run, tmp_path: Path) -> None:
    (tmp_path / "f").write_text(LINES)
    command("import", "jsonl", "f", "-s", "a")
    assert command("export", "--out", "all", "--json") == [
        {"site": "a", "file": "all/a.jsonl", "articles": 1, "days": 1},
        {"site": "b", "file": "all/b.jsonl", "articles": 0, "days": 0},
    ]


def test_an_export_is_utf_8_in_every_locale(command: Run, tmp_path: Path) -> None:
    (tmp_path / "f").write_text('{"path": "/lũ-lụt", "views": 1}\n')
    command("import", "jsonl", "f", "-s", "a")
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    assert "/lũ-lụt" in command("export", "-s", "a", env=environ)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("csv", "none"), "none can't be read: No such file", id="no file"),
        pytest.param(("csv", "."), "can't be read: Is a directory", id="a directory"),
        pytest.param(("goatcounter", "f"), "is no GoatCounter export", id="another format"),
        pytest.param(("csv", "f", "--prefix", "x"), "--prefix means nothing for csv", id="option"),
        pytest.param(
            ("busuanzi", "http://x", "--host", "x.vn"), "no address of a Redis", id="no Redis URL"
        ),
        pytest.param(("vercount", "redis://127.0.0.1:1"), "--host names them", id="no hosts"),
        pytest.param(
            ("vercount", "redis://127.0.0.1:1", "--host", "x.vn"),
            "redis://127.0.0.1:1: the store can't be reached",
            id="no Redis",
        ),
    ],
)
def test_what_can_t_be_imported_is_one_clear_line(
    command: Run, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    (tmp_path / "f").write_text(LINES)
    words = command("import", *arguments, "-s", "a", code=1)
    assert told in words
    assert words.count("\n") == 1


def test_all_sites_are_exported_to_a_file_each(command: Run, tmp_path: Path) -> None:
    (tmp_path / "f").write_text(LINES)
    command("import", "jsonl", "f", "-s", "a")
    command("export", "--out", "all", "--format", "csv")
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["a.csv", "b.csv"]
    command("import", "csv", "all/a.csv", "-s", "b")
    ours, theirs = (command("figures", "-s", site, "/x", "--json") for site in "ab")
    assert {**theirs, "site": "a"} == ours
