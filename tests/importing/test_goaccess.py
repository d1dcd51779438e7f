"""What GoAccess tells of a log, and what an import of the same log adds: where they differ, why."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from agents import BROWSERS
from imports import articles, days, left_out, read

from counter.ingest.bots import is_bot

AGENTS = list(BROWSERS.values())
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PAGES = ["/", "/tin/lu-lut", "/tin/dua-thuyen", "/gioi-thieu"]


def line(at: datetime, who: int, request: str, status: int = 200, agent: str = "") -> str:
    agent = agent or AGENTS[who % len(AGENTS)]
    when = f"{at:%d/%b/%Y:%H:%M:%S} +0000"
    return f'203.0.113.{who} - - [{when}] "{request} HTTP/1.1" {status} 512 "-" "{agent}"'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three days of a site: readers, a crawler, pictures, errors, a form."""
    chance = random.Random(1)
    at, lines = datetime(2026, 11, 20, tzinfo=UTC), []
    while at < datetime(2026, 11, 23, tzinfo=UTC):
        at += timedelta(seconds=chance.randrange(20, 200))
        who, page = chance.randrange(1, 60), chance.choice(PAGES)
        lines.append(line(at, who, f"GET {page}"))
        if chance.random() < 0.2:
            lines.append(line(at, who, "GET /logo.png"))
        if chance.random() < 0.1:
            lines.append(line(at, who, f"GET {page}", 304))
        if chance.random() < 0.1:
            lines.append(line(at, who, "GET /khong-co", 404))
        if chance.random() < 0.1:
            lines.append(line(at, who, f"POST {page}"))
        if chance.random() < 0.1:
            lines.append(line(at, 200, f"GET {page}", agent=CRAWLER))
    path = tmp_path / "access.log"
    path.write_text("\n".join(lines) + "\n")
    return path


def goaccess(log: Path, *options: str) -> Any:
    if not shutil.which("goaccess"):
        pytest.fail("goaccess is missing: apt-get install goaccess")
    out = log.with_suffix(".json")
    command = ["goaccess", log, "--no-global-config", "--log-format=COMBINED", "-o", out]
    subprocess.run([*command, "--no-progress", *options], check=True, capture_output=True)
    return json.loads(out.read_text())


def hits(report: Any) -> Counter[str]:
    """GoAccess' hits of each address that was fetched by GET."""
    counted: Counter[str] = Counter()
    for entry in report["requests"]["data"]:
        if entry["method"] == "GET":
            counted[entry["data"]] += entry["hits"]["count"]
    return counted


def test_the_views_of_pages_are_goaccess_hits_once_both_leave_out_the_same(log: Path) -> None:
    report = goaccess(log, "--ignore-crawlers")
    rows = read("log-combined", log.read_bytes(), is_bot=is_bot, repeat_window=0)
    assert articles(rows) == hits(report)
    assert set(articles(rows)) == set(PAGES)


def test_the_visitors_of_days_are_goaccess_visitors(log: Path) -> None:
    """Both take an address with its agent for a person; everybody here looked at a page."""
    report = goaccess(log, "--ignore-crawlers")
    rows = read("log-combined", log.read_bytes(), is_bot=is_bot)
    visitors = {day["data"]: day["visitors"]["count"] for day in report["visitors"]["data"]}
    assert {day: figures[2] for day, figures in days(rows).items()} == visitors


def test_what_goaccess_counts_besides_is_left_out_for_a_reason(log: Path) -> None:
    report = goaccess(log)
    rows = read("log-combined", log.read_bytes(), is_bot=is_bot)
    reasons = left_out(rows)
    text = log.read_text()
    assert reasons["bot"] == text.count("Googlebot")
    assert reasons["method"] == text.count('"POST')
    assert reasons["status"] == text.count('" 404 ')
    assert reasons["no page"] == text.count("logo.png")
    # The page that is asked for again at once, here with 304, repeats a view.
    assert reasons["repeat"] > 0
    counted = sum(articles(rows).values())
    assert counted + sum(reasons.values()) == report["general"]["total_requests"]
