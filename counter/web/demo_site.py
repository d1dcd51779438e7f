"""The demo: its settings, the figures it starts from, and its pages on the public listener."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from counter.settings import Settings, parse
from counter.web import demo
from counter.web.demo_past import live_through, start_total
from counter.web.routing import Handler
from counter.web.service import Service


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
                    "start_total": start_total(),
                }
            },
        },
        "the demo's options",
    )


async def set_up(service: Service) -> None:
    """Serve the demo's pages, and give its store, if it is new, the figures it starts from."""
    await live_through(service)
    for path, html in demo.pages().items():
        service.router.add("GET", path, _answer("text/html; charset=utf-8", html))
    for path, (media_type, body) in demo.static().items():
        service.router.add("GET", path, _answer(media_type, body))


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
