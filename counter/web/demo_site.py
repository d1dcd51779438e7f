"""The demo: its settings, the figures it starts from, and its pages on the public listener."""

from __future__ import annotations

import math
from pathlib import Path

from aiohttp import web

from counter.model.days import shift
from counter.model.figures import DayRow
from counter.settings import Settings, parse
from counter.web import demo
from counter.web.routing import Handler
from counter.web.service import Service

_START_VISITS, _START_VISITORS = 2147, 1893
"""What the first day's visits and visitors are, beside its 6,079 views."""
_PAST_DAYS = 365
_MEAN_VIEWS, _SEASON, _WEEKEND = 3_200, 900, 1_100
"""Views of a day, by how much they go up and down in a year, and how many fewer a weekend has."""


def demo_settings(listen: str, ops_listen: str, data: Path) -> Settings:
    """Return the settings of the demo: it counts every view, from whatever page.

    Raises:
        SettingsError: an address is none.
    """
    return parse(
        {
            "server": {"listen": listen, "ops_listen": ops_listen, "log_level": "warning"},
            "store": {"url": f"embedded:{data}", "journal": str(data / "journal")},
            "sites": {
                demo.SITE: {
                    "timezone": "Asia/Ho_Chi_Minh",
                    "repeat_window": "0s",
                    "start_total": demo.START_TOTAL
                    - demo.START_TODAY
                    - sum(map(_views_before, range(1, _PAST_DAYS + 1))),
                }
            },
        },
        "the demo's options",
    )


async def set_up(service: Service) -> None:
    """Serve the demo's pages, and give its store, if it is new, the figures it starts from."""
    today = service.sites.calendar(service.sites[demo.SITE]).day(service.clock())
    days = [DayRow(today, demo.START_TODAY, _START_VISITS, _START_VISITORS)]
    for ago in range(1, _PAST_DAYS + 1):
        views = _views_before(ago)
        days.append(DayRow(shift(today, -ago), views, views * 7 // 20, views * 3 // 10))
    await service.store.add(demo.SITE, "demo-start", 1, days, demo.START_VIEWS)
    for path, html in demo.pages().items():
        service.router.add("GET", path, _answer("text/html; charset=utf-8", html))
    for path, (media_type, body) in demo.static().items():
        service.router.add("GET", path, _answer(media_type, body))


def _views_before(ago: int) -> int:
    """Return the views of the day that lies `ago` days back: fewer once a week for two days."""
    season = _SEASON * math.sin(ago / _PAST_DAYS * 2 * math.pi)
    return int(_MEAN_VIEWS + season - _WEEKEND * (ago % 7 in (2, 3)) + 37 * (ago * ago % 11))


def _answer(media_type: str, body: bytes) -> Handler:
    headers = {
        "Content-Type": media_type,
        "Cache-Control": "no-cache",
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self'; font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
    }

    async def answer(request: web.BaseRequest, _: str) -> web.Response:
        return web.Response(body=body, headers=headers)

    return answer
