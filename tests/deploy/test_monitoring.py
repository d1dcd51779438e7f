"""A real Prometheus scrapes the real service: its figures, its alerts, the dashboards' queries."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from conftest import OTHER_BROWSER, Running, Start
from programs import ROOT, system_tool

PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
JOB = "visitor-counter"


async def until(condition: Callable[[], Awaitable[Any]], what: str, seconds: float = 30) -> Any:
    """Ask until the answer is true; return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := await condition():
            return answer
        await asyncio.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass
class RedisServer:
    """Debian's Redis, which can be stopped and started."""

    directory: Path
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.directory}/redis.sock"

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(system_tool("redis-server", "redis-server"), "--port", "0"),
            *("--unixsocket", f"{self.directory}/redis.sock", "--dir", str(self.directory)),
            *("--appendonly", "yes", "--save", ""),
            stdout=asyncio.subprocess.DEVNULL,
        )

        async def ready() -> bool:
            try:
                reader, writer = await asyncio.open_unix_connection(f"{self.directory}/redis.sock")
            except OSError:
                return False
            writer.write(b"PING\r\n")
            answer = await reader.readline()
            writer.close()
            return answer == b"+PONG\r\n"

        await until(ready, "Redis answers")

    async def stop(self) -> None:
        if self.process and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


@dataclass
class Monitored:
    """The service with its Redis, and the Prometheus that watches it."""

    up: Running
    redis: RedisServer
    prometheus: str

    async def query(self, expression: str) -> list[dict[str, Any]]:
        url = f"{self.prometheus}/api/v1/query"
        async with self.up.client.session.post(url, data={"query": expression}) as response:
            answer = await response.json()
        assert answer["status"] == "success", answer
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    async def value(self, expression: str) -> float | None:
        found = await self.query(expression)
        return float(found[0]["value"][1]) if len(found) == 1 else None

    async def firing(self) -> set[str]:
        found = await self.query('ALERTS{alertstate="firing"}')
        return {series["metric"]["alertname"] for series in found}


def _history(target: str) -> str:
    """What Prometheus would know of this time yesterday and a week ago, in OpenMetrics."""
    now = int(time.time())
    lines = ["# TYPE visitor_counter_site_today gauge"]
    moments = [now - days * 86_400 + minute * 60 for days in (7, 1) for minute in range(-5, 6)]
    labels = f'job="{JOB}",instance="{target}",site="a"'
    lines += [f"visitor_counter_site_today{{{labels}}} 40 {moment}" for moment in moments]
    return "\n".join([*lines, "# EOF\n"])


def _configure(directory: Path, target: str) -> Path:
    """The shipped configuration, hurried: half a second where it has a quarter of a minute."""
    for path in (PROMETHEUS / "rules").glob("*.yml"):
        (directory / path.name).write_text(re.sub(r"\bfor: \w+", "for: 500ms", path.read_text()))
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    config["rule_files"] = [f"{directory}/*.yml"]
    (job,) = [job for job in config["scrape_configs"] if job["job_name"] == JOB]
    config["scrape_configs"] = [job]
    assert job["static_configs"] == [{"targets": ["counter:8081"]}]
    job["static_configs"] = [{"targets": [target]}]
    path = directory / "prometheus.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture
async def redis_server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    server = RedisServer(tmp_path)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def monitored(
    redis_server: RedisServer, start: Start, tmp_path: Path
) -> AsyncIterator[Monitored]:
    program, promtool = (system_tool(name, "prometheus") for name in ("prometheus", "promtool"))
    up = await start(store={"url": redis_server.url, "timeout": "500ms"})
    target = urlsplit(up.ops.base).netloc
    config, data = _configure(tmp_path, target), tmp_path / "tsdb"
    (tmp_path / "history.txt").write_text(_history(target))
    made = await asyncio.create_subprocess_exec(
        *(promtool, "tsdb", "create-blocks-from", "openmetrics"),
        *(str(tmp_path / "history.txt"), str(data)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await made.wait() == 0
    process = await asyncio.create_subprocess_exec(
        *(program, f"--config.file={config}", f"--storage.tsdb.path={data}"),
        *("--storage.tsdb.retention.time=30d", "--web.listen-address=127.0.0.1:0"),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr
        async with asyncio.timeout(30):
            line = ""
            while not (match := re.search(r"Listening on\W+address=([\d.:]+)", line)):
                line = (await process.stderr.readline()).decode()
                assert line, "Prometheus ended"
        drain = asyncio.create_task(process.stderr.read())
        url = f"http://{match[1]}"

        async def ready() -> bool:
            async with up.client.session.get(f"{url}/-/ready") as answer:
                return answer.status == 200

        await until(ready, "Prometheus is ready")
        yield Monitored(up, redis_server, url)
    finally:
        process.terminate()
        await process.wait()
        await drain


async def test_prometheus_says_what_the_service_says(monitored: Monitored) -> None:
    for number in range(7):
        await monitored.up.client.view(f"/{number % 3}")
    await monitored.up.browser(OTHER_BROWSER).view("/0")
    figures = await monitored.up.client.figures("/0")

    async def agrees() -> bool:
        names = ("online", "today", "yesterday", "week", "month", "overall")
        told = {name: await monitored.value(f"visitor_counter_site_{name}") for name in names}
        return told == {name: figures["total" if name == "overall" else name] for name in names}

    assert figures["total"] == 8
    await until(agrees, "the figures agree")
    assert await monitored.value("visitor_counter_views_total") == 8


async def test_an_alert_fires_when_redis_stops_and_ends_when_it_is_back(
    monitored: Monitored,
) -> None:
    await monitored.up.client.view("/x")

    async def scraped() -> bool:
        return await monitored.value("visitor_counter_store_up") == 1

    async def alarmed() -> bool:
        return "VisitorCounterStoreAway" in await monitored.firing()

    async def calm() -> bool:
        return not await alarmed()

    await until(scraped, "Prometheus sees the store")
    assert await monitored.firing() == set()
    await monitored.redis.stop()
    await until(alarmed, "the alert fires")
    await monitored.redis.start()
    await until(calm, "the alert ends")


async def test_every_query_of_the_dashboards_has_an_answer(monitored: Monitored) -> None:
    client = monitored.up.client
    await client.view("/x")
    await client.view("/x", headers={"User-Agent": "Googlebot/2.1"})
    await client.request("POST", "/v1/a/views")  # names no path: refused
    await monitored.redis.stop()
    await client.view("/x")  # goes to the journal, once the store has failed to take it
    await monitored.redis.start()
    await client.view("/x")

    for path in DASHBOARDS:
        for expression in expressions(json.loads(path.read_text())):

            async def answered(expression: str = expression) -> bool:
                return bool(await monitored.query(expression))

            await until(answered, f"{path.name}: {expression}")


async def test_every_metric_that_is_asked_for_is_told(monitored: Monitored) -> None:
    """A counter that has not counted yet has no series, but its name is in the document."""
    text = await (await monitored.up.ops.request("GET", "/metrics")).text()
    told = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    told |= {f"{name}_{end}" for name in told for end in ("bucket", "sum", "count")}
    rules = [path.read_text() for path in (PROMETHEUS / "rules").glob("*.yml")]
    boards = [" ".join(expressions(json.loads(path.read_text()))) for path in DASHBOARDS]
    asked = set(re.findall(r"(?<![\w:])visitor_counter_\w+(?![\w:])", " ".join(rules + boards)))
    assert asked <= told


def expressions(dashboard: dict[str, Any]) -> list[str]:
    """The dashboard's queries, with its variables filled in."""
    found = []
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            text = target["expr"].replace("$__rate_interval", "1m")
            found.append(text.replace("$job", JOB).replace("$site", "a"))
    assert found
    assert not [text for text in found if "$" in text]
    return found


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_asks_the_provisioned_source_and_its_panels_do_not_overlap(path: Path) -> None:
    sources = yaml.safe_load(
        (GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text()
    )
    known = {source["uid"] for source in sources["datasources"]}
    dashboard = json.loads(path.read_text())
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard["panels"]:
        for asked in [panel, *panel.get("targets", [])]:
            assert asked.get("datasource", {"uid": "prometheus"})["uid"] in known
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            assert x < 24
            for y in range(at["y"], at["y"] + at["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
