"""A site with a past: a year of days, and two days by the hour."""

from __future__ import annotations

import math

from stores import DAY, HOUR_MS, NOW

from counter.model.days import day_start, shift, span
from counter.model.figures import Batch, DayRow, Hit
from counter.settings import Site
from counter.storage.store import Store

YESTERDAY = shift(DAY, -1)
PATHS = (
    "/tin-tuc/lua-thu-dong-duoc-mua",
    "/thong-bao/lich-tiem-chung-thang-11",
    "/tin-tuc/khanh-thanh-cau-moi",
    "/dich-vu-cong/cap-doi-the-can-cuoc",
    "/tin-tuc/hoi-dua-thuyen",
    "/giáo-dục/lớp-học-xóa-mù-chữ",
    "/thong-bao/tam-ngung-cap-nuoc",
    "/van-hoa/thu-vien-luu-dong",
    '/<script>document.title="caught"</script>/"onmouseover="alert(1)',
    "/" + "mot-duong-dan-rat-dai-" * 8,
)


def views_of(day: int, hour: int) -> int:
    """Return how many views an hour has: a small town's, with a morning and an evening."""
    shape = math.exp(-((hour - 9) ** 2) / 9) + 0.8 * math.exp(-((hour - 20) ** 2) / 7) + 0.04
    return int(430 * shape * (1 + 0.07 * ((hour * 7 + day * 5) % 4)))


async def give_a_past(store: Store, key: str, site: Site) -> None:
    """Fill a new site's figures up to `NOW`."""
    days = [
        DayRow(day, views, int(views * 0.42), int(views * 0.36))
        for n, day in enumerate(span(shift(DAY, -420), shift(DAY, -2)))
        for views in [int(2600 + 5 * n + 700 * math.sin(n / 28) - 900 * (n % 7 in (2, 3)))]
    ]
    ever = {path: 41_000 // (n + 1) for n, path in enumerate(PATHS)}
    ever["/kho/bai-cu-it-nguoi-doc"] = 1
    assert await store.add(key, "past", 1, days, ever)
    seq = 0
    for number, day in enumerate((YESTERDAY, DAY)):
        began = day_start(site.timezone, day)
        for hour in range(24):
            start = began + hour * HOUR_MS
            views = views_of(number, hour)
            hits = tuple(
                Hit(key, PATHS[n * n % 97 % len(PATHS)], day, at, (n % 700).to_bytes(8, "big"))
                for n in range(views)
                for at in [start + n * HOUR_MS // views]
                if at <= NOW
            )
            if hits:
                seq += 1
                await store.apply([Batch("0123456789abcdef", seq, key, day, hits)], hits[-1].at)
