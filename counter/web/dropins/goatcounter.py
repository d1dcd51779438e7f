"""GoatCounter (2.x): the image that counts, and the visitor counter that shows."""

from __future__ import annotations

from html import escape
from urllib.parse import unquote

from aiohttp import web

from counter.errors import BadParameter, BadPath, NotFound, Problem
from counter.model.figures import Reason
from counter.settings import DropIn, Site
from counter.web.dropins.desk import HEADERS, Desk, json_of, origin_first, shaped
from counter.web.embed.badge import COLOURS, badge_svg
from counter.web.requests import find, query_parameters
from counter.web.routing import Router

_WAY = DropIn.GOATCOUNTER
_PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
_BOTS = range(150, 1_000)
"""What its script says of a browser that a program drives (`b`)."""
_IGNORED = (Reason.ADDRESS,)
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self' "
)


class GoatCounter:
    """Handlers of both routes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, router: Router) -> None:
        router.add("GET", "/count", shaped(self.count, _refused))
        router.add("POST", "/count", shaped(self.count, _refused))
        router.add_below("GET", "/counter/{path}", self.show)

    async def count(self, request: web.BaseRequest, _: str) -> web.Response:
        """`GET /count?p=/a`, or POST as a beacon has it: count, answer an image that shows nothing.

        Events (`e`) are no views; title, referrer and screen are not kept.
        """
        parameters = query_parameters(request)
        bot = find(parameters, "b") or "0"
        if not (bot.isascii() and bot.isdigit() and len(bot) < 4 and _may_be(int(bot))):
            raise BadParameter(f"wrong value: b={bot[:20]!r}; it is 0, or from 150 on for a bot.")
        path = find(parameters, "p")
        if not path:
            raise BadPath("not valid: p: the page's path is missing, such as p=/news/1.")
        if (find(parameters, "e") or "false") != "false":
            return _image("not counted: events are no views", 202)
        page = origin_first(request)
        if int(bot) and request.method != "HEAD":
            self._desk.leave_out(self._desk.find(_WAY, page)[0], Reason.BOT)
            return _image(_not_counted(Reason.BOT))
        path = path if path.startswith("/") else "/" + path
        tally = await self._desk.count(request, _WAY, page, path)
        if tally.reason is None:
            return _image()
        return _image(_not_counted(tally.reason), 202 if tally.reason in _IGNORED else 200)

    async def show(self, request: web.BaseRequest, rest: str) -> web.Response:
        """`GET /counter//a.json`, `.svg`, `.html`; `TOTAL` for the site: views, to show them."""
        parameters = query_parameters(request)
        try:
            name, dot, kind = unquote(rest, errors="strict").rpartition(".")
        except UnicodeDecodeError:
            raise BadPath("The path is not UTF-8; percent-encode the bytes of UTF-8.") from None
        if not dot or kind not in _KINDS:
            raise NotFound("It is shown as .json, .html or .svg, such as /counter//news/1.json.")
        if find(parameters, "start") or find(parameters, "end"):
            raise BadParameter("Views are shown since the beginning: leave start and end out.")
        key, site = self._desk.find(_WAY, origin_first(request))
        views = await self._views(name, key, site)
        label = "Views of this site" if name == "TOTAL" else "Views of this page"
        response = _KINDS[kind](f"{views:,}".replace(",", "\u202f"), label)
        response.headers["Content-Security-Policy"] = _POLICY + " ".join(site.origins)
        if not views and name != "TOTAL":
            response.set_status(404)
        return response

    async def _views(self, name: str, key: str, site: Site) -> int:
        if name == "TOTAL":
            return (await self._desk.figures(key, site, ())).total_views
        [views] = (await self._desk.views(key, site, ("/" + name.strip("/"),))).values()
        return views


def _may_be(bot: int) -> bool:
    return not bot or bot in _BOTS


def _not_counted(reason: Reason) -> str:
    return f"not counted: {reason.value}"


def _image(note: str = "", status: int = 200) -> web.Response:
    headers = {
        **HEADERS,
        "Content-Type": "image/gif",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if note:
        headers["X-Goatcounter"] = note.encode("ascii", "backslashreplace").decode()
    return web.Response(body=_PIXEL, status=status, headers=headers)


def _refused(problem: Problem) -> web.Response:
    """Return the peer's refusal: the image all the same, the reason in a header."""
    return _image(problem.detail, problem.status)


def _json(count: str, _: str) -> web.Response:
    response = json_of({"count": count, "count_unique": count})
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _svg(count: str, label: str) -> web.Response:
    return _shown(badge_svg(label, count, "flat", COLOURS["blue"]), "image/svg+xml")


def _html(count: str, label: str) -> web.Response:
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(label)}</title>"
        "<style>body{margin:0;font:16px system-ui,sans-serif;text-align:center}</style>"
        f"<p><b>{escape(count)}</b><br>{escape(label)}</p></html>\n"
    )
    return _shown(text, "text/html")


def _shown(text: str, kind: str) -> web.Response:
    return web.Response(
        body=text.encode(),
        headers={
            **HEADERS,
            "Content-Type": f"{kind}; charset=utf-8",
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )


_KINDS = {"json": _json, "svg": _svg, "html": _html}
