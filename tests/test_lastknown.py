"""What is told while the store is away: bounded, and of those who were told last."""

from __future__ import annotations

import pytest
from stores import DAY, hit

from counter.ingest import lastknown
from counter.ingest.lastknown import LastKnown
from counter.model.figures import Batch, Counted, Status

MOST = 100


def learn(known: LastKnown, *numbers: int) -> None:
    hits = tuple(hit(f"/{n}") for n in numbers)
    answers = [Counted(Status.COUNTED, n, 1, n, 0, n) for n in numbers]
    known.learn(Batch("producer", 1, "a", DAY, hits), answers)


def views(known: LastKnown, *numbers: int) -> list[int | None]:
    hits = tuple(hit(f"/{n}") for n in numbers)
    return [answer.views for answer in known.answers(Batch("producer", 2, "a", DAY, hits))]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> LastKnown:
    monkeypatch.setattr(lastknown, "_MOST_ARTICLES", MOST)
    return LastKnown()


def test_the_views_that_were_told_last_are_remembered(known: LastKnown) -> None:
    for n in range(10 * MOST):
        learn(known, n)
    last = range(10 * MOST - MOST // 2, 10 * MOST)
    assert views(known, *last) == [*last]
    assert views(known, *range(MOST)) == [None] * MOST


def test_an_article_that_is_read_again_and_again_stays_known(known: LastKnown) -> None:
    for n in range(1, 10 * MOST):
        learn(known, 0, n)
    assert views(known, 0) == [0]


def test_what_is_remembered_is_bounded(known: LastKnown) -> None:
    for n in range(10 * MOST):
        learn(known, n)
        remembered = sum(answer is not None for answer in views(known, *range(n + 1)))
        assert remembered <= MOST
        assert remembered >= min(n + 1, MOST // 2)
