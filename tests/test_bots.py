"""Bots are dropped, and nobody who reads."""

from __future__ import annotations

import re

import pytest
from agents import BROWSERS, HUMANS_ON_THE_LIST, LINUX, PROGRAMS
from crawlerdetect import CrawlerDetect
from crawlerdetect.providers import crawlers
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from counter.ingest.bots import MAX_LENGTH, MIN_LENGTH, is_bot


@pytest.mark.parametrize("agent", BROWSERS.values(), ids=BROWSERS.keys())
def test_a_reader_is_not_dropped(agent: str) -> None:
    assert not is_bot(agent)


@pytest.mark.parametrize("agent", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_program_is_dropped(agent: str) -> None:
    assert is_bot(agent)


ABSURDITIES = {
    "none": "",
    "a space": " ",
    "a dash": "-",
    "a bare product": "Mozilla/5.0",
    "no letters": "0123456789 (1.0; 2.0; 3.0)",
    "no browser": "'; DROP TABLE views; --",
    "too long": f"{LINUX} Chrome/142.0.0.0 Safari/537.36 {'x' * MAX_LENGTH}",
}


@pytest.mark.parametrize("agent", ABSURDITIES.values(), ids=ABSURDITIES.keys())
def test_an_absurd_agent_is_dropped(agent: str) -> None:
    assert is_bot(agent)


def test_99_of_100_listed_bots_are_dropped() -> None:
    agents = {agent for bot in CRAWLER_USER_AGENTS_DATA for agent in bot["instances"]}
    agents = {agent for agent in agents if not any(name in agent for name in HUMANS_ON_THE_LIST)}
    missed = sorted(agent for agent in agents if not is_bot(agent))
    assert len(agents) > 2000
    assert len(missed) <= len(agents) // 100, "\n".join(missed)


def test_what_crawlerdetect_finds_is_found_here() -> None:
    detector = CrawlerDetect()
    agents = {agent for bot in CRAWLER_USER_AGENTS_DATA for agent in bot["instances"]}
    found = {agent for agent in agents if detector.is_crawler(agent)}
    assert len(found) > 1500
    assert not {agent for agent in found if not is_bot(agent)}


def test_what_is_on_crawlerdetects_list_is_found_within_a_browsers_agent() -> None:
    detector = CrawlerDetect()
    names = {re.sub(r"\\(\W)", r"\1", name) for name in crawlers.data} - {"OPPO A33"}
    agents = {f"Mozilla/5.0 (X11) {name} {name} Gecko/20100101" for name in names}
    found = {agent for agent in agents if detector.is_crawler(agent)}
    assert len(found) > 1300
    assert not {agent for agent in found if not is_bot(agent)}


@given(st.text(max_size=MAX_LENGTH))
def test_any_text_has_an_answer(agent: str) -> None:
    assert is_bot(agent) in (True, False)


@given(st.text(max_size=MIN_LENGTH - 1))
def test_any_short_text_is_dropped(agent: str) -> None:
    assert is_bot(agent)
