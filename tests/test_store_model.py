"""The store does, in any order of things, what a few dicts do that have no one to share with."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from datetime import UTC, datetime

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis
from stores import DAY_MS, HOUR_MS, NOW, Desk, hit, open_store

from counter.model.days import day_name, shift
from counter.model.figures import DayRow, Hit, Status
from counter.storage.check import differences

MINUTE_MS = 60_000
ONLINE_MS = 5 * MINUTE_MS
REPEAT_MS = MINUTE_MS
MAX_ARTICLES = 150
SITE = {"repeat_window": "1m", "max_articles": MAX_ARTICLES}


def day_of(at: int) -> str:
    return day_name(datetime.fromtimestamp(at / 1000, UTC).date())


class Model:
    """What the figures of one site ought to be."""

    def __init__(self) -> None:
        self.articles: dict[str, int] = {}
        self.days: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.hours: dict[str, Counter[int]] = defaultdict(Counter)
        self.readers: dict[str, set[bytes]] = defaultdict(set)
        self.online: dict[bytes, int] = {}
        self.recent: dict[tuple[bytes, str], int] = {}

    @property
    def total(self) -> int:
        return sum(views for views, _ in self.days.values())

    def count(self, hit: Hit) -> tuple[Status, int, int, int]:
        """Count one view; returns its status, its article's views, the day's and the total."""
        status = self._status(hit)
        if status is not Status.REPEAT:
            self.days[hit.day][0] += 1
            self.hours[hit.day][hit.at % DAY_MS // HOUR_MS] += 1
            if hit.visitor:
                self.readers[hit.day].add(hit.visitor)
                self.recent[hit.visitor, hit.path] = hit.at
        if status in (Status.VISIT, Status.FULL_VISIT):
            self.days[hit.day][1] += 1
        if status in (Status.COUNTED, Status.VISIT):
            self.articles[hit.path] = self.articles.get(hit.path, 0) + 1
        return status, self.articles.get(hit.path, 0), self.days[hit.day][0], self.total

    def _status(self, hit: Hit) -> Status:
        seen = self.online.get(hit.visitor)
        if hit.visitor:
            self.online[hit.visitor] = max(seen or 0, hit.at)
        counted = self.recent.get((hit.visitor, hit.path))
        if not hit.path or (counted is not None and abs(hit.at - counted) < REPEAT_MS):
            return Status.REPEAT
        begins = bool(hit.visitor) and (seen is None or seen <= hit.at - ONLINE_MS)
        if hit.path in self.articles or len(self.articles) < MAX_ARTICLES:
            return Status.VISIT if begins else Status.COUNTED
        return Status.FULL_VISIT if begins else Status.FULL

    def forget(self, now: int, *, marked: bool) -> None:
        """Forget whom and what was last seen a window before `now`."""
        self.online = {who: at for who, at in self.online.items() if at > now - ONLINE_MS}
        if marked:
            self.recent = {mark: at for mark, at in self.recent.items() if at > now - REPEAT_MS}


visitors = st.none() | st.integers(0, 5)
paths = st.just("") | st.integers(0, 9).map("/{}".format)


class StoreAndModel(RuleBasedStateMachine):
    url: str

    @initialize()
    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.model = Model()
        self.redis = Redis.from_url(self.url)
        self.runner.run(self.redis.flushall())
        self.desk = Desk(open_store(self.url, SITE))

    def teardown(self) -> None:
        self.runner.run(self.desk.store.close())
        self.runner.run(self.redis.aclose())
        self.runner.close()

    def apply(self, hits: list[Hit]) -> None:
        answers = self.runner.run(self.desk.count(*hits))
        expected = [self.model.count(hit) for hit in hits]
        assert [(a.status, a.views, a.today, a.total) for a in answers] == expected
        self.model.forget(
            max(hit.at for hit in hits),
            marked=any(
                hit.visitor and status is not Status.REPEAT
                for hit, (status, *_) in zip(hits, expected, strict=True)
            ),
        )
        assert {answer.online for answer in answers} == {len(self.model.online)}

    @rule(
        sent=st.lists(
            st.tuples(paths, visitors, st.sampled_from([0, 1, 9_999])), min_size=1, max_size=9
        ),
        late_ms=st.sampled_from([0, 0, 30_000, 4 * MINUTE_MS, HOUR_MS, DAY_MS, 20 * DAY_MS]),
    )
    def some_views(self, sent: list[tuple[str, int | None, int]], late_ms: int) -> None:
        day = day_of(self.desk.now - late_ms)
        times = [(path, who, self.desk.now - late_ms - ago) for path, who, ago in sent]
        hits = [hit(path, who, at, day=day) for path, who, at in times if day_of(at) == day]
        if hits:
            self.apply(hits)

    @rule(first=st.integers(0, 150), articles=st.integers(1, 60), who=visitors)
    def a_walk_through_the_archive(self, first: int, articles: int, who: int | None) -> None:
        now = self.desk.now
        walk = range(first, first + articles)
        self.apply([hit(f"/archive/{n}", who, now, day=day_of(now)) for n in walk])

    @precondition(lambda self: self.desk.batches)
    @rule(data=st.data())
    def a_batch_is_sent_again(self, data: st.DataObject) -> None:
        again = data.draw(st.sampled_from(self.desk.batches))
        [outcome] = self.runner.run(self.desk.send(again))
        assert not outcome.first

    @rule(ms=st.sampled_from([1, 59_999, MINUTE_MS, ONLINE_MS - 1, ONLINE_MS, HOUR_MS, DAY_MS]))
    def time_passes(self, ms: int) -> None:
        self.desk.now += ms

    @rule()
    def the_scripts_are_forgotten(self) -> None:
        self.runner.run(self.redis.script_flush())

    @invariant()
    def what_is_read_is_what_was_counted(self) -> None:
        if not hasattr(self, "desk"):
            return
        model, now = self.model, self.desk.now
        figures = self.runner.run(self.desk.figures(*model.articles, "/unknown"))
        assert figures.articles == {**model.articles, "/unknown": 0}
        assert figures.online == sum(at > now - ONLINE_MS for at in model.online.values())
        today = day_of(now)
        assert figures.today == model.days[today][0]
        assert figures.yesterday == model.days[shift(today, -1)][0]
        assert figures.total == model.total

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "desk"):
            return
        store = self.desk.store
        assert differences(self.runner.run(store.ledger("a"))) == []
        first, last = day_of(NOW - 21 * DAY_MS), day_of(self.desk.now)
        rows = self.runner.run(store.history("a", first, last))
        assert [row for row in rows if row.views] == [
            DayRow(day, views, visits, len(self.model.readers[day]))
            for day, (views, visits) in sorted(self.model.days.items())
            if views
        ]
        days = list(self.model.hours)
        hours = self.runner.run(store.hours("a", days)) if days else []
        assert dict(zip(days, hours, strict=True)) == self.model.hours


def test_the_store_counts_as_the_model_does(valkey: str) -> None:
    machine = type("Machine", (StoreAndModel,), {"url": valkey})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
