"""The routes that sites embed: the script, the widget page, the badge; and the page that explains.

All of them work without JavaScript, but the script.
"""

from __future__ import annotations

import json
from functools import cache

from aiohttp import web

from counter.errors import BadParameter, NotFound, Problem
from counter.ingest.pipeline import article_path
from counter.model.clock import Clock
from counter.model.figures import Counted, Figures
from counter.readers.figures import FiguresReader
from counter.settings import Site
from counter.sites import Sites
from counter.web.embed.assets import Asset, assets
from counter.web.embed.badge import STYLES, badge_svg, colour, label_text, shield
from counter.web.embed.languages import best, grouped, languages
from counter.web.embed.snippet import snippet_page
from counter.web.embed.widget import FIGURES, LAYOUTS, THEMES, chosen_figures, widget_page
from counter.web.public import Public
from counter.web.requests import Parameters, choice, find, query_parameters
from counter.web.routing import Router

_SCRIPT_CACHE = "public, max-age=3600, stale-while-revalidate=86400"
_ANYWHERE = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Timing-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
}
_LANGUAGES = "v1-lang.json"


class Embedding:
    """Handlers of the embed's routes."""

    def __init__(self, sites: Sites, public: Public, reader: FiguresReader, clock: Clock) -> None:
        self._sites = sites
        self._public = public
        self._reader = reader
        self._clock = clock

    def add_to(self, router: Router) -> None:
        router.add("GET", "/embed/{name}", self.file)
        router.add("GET", "/v1/{site}/widget", self.widget)
        router.add("GET", "/v1/{site}/badge.svg", self.badge)
        router.add("GET", "/v1/{site}/shield.json", self.shield)
        router.add("GET", "/", self.snippet)

    async def file(self, request: web.BaseRequest, name: str) -> web.Response:
        """`GET /embed/v1.js` and its modules."""
        if name == _LANGUAGES:
            tag = find(query_parameters(request), "lang") or ""
            return _asset(request, _labels(best(tag)))
        asset = assets().get(name)
        if asset is None:
            raise NotFound("No such file is embedded; the script is /embed/v1.js.")
        return _asset(request, asset)

    async def widget(self, request: web.BaseRequest, key: str) -> web.Response:
        """`GET /v1/{site}/widget?path=/a`: the figures as a page; with a path, it counts."""
        site = self._sites.find(key)
        parameters = query_parameters(request)
        names = chosen_figures(find(parameters, "figures"))
        theme, layout = choice(parameters, "theme", THEMES), choice(parameters, "layout", LAYOUTS)
        figures, views = await self._seen(request, key, site, parameters, count=True)
        page = widget_page(
            figures,
            views,
            names,
            lang=find(parameters, "lang") or languages_of(request),
            theme=theme,
            layout=layout,
            base="../../",
        )
        ancestors = " ".join(site.origins) or "*"
        return web.Response(
            body=page.encode(),
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Cache-Control": "no-store",
                "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
                f"form-action 'none'; frame-ancestors 'self' {ancestors}",
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
            },
        )

    async def _seen(
        self,
        request: web.BaseRequest,
        key: str,
        site: Site,
        parameters: Parameters,
        *,
        count: bool,
    ) -> tuple[Figures, int | None]:
        """Return the figures and the views of the article that is named; count it if `count`.

        What is not counted is shown all the same: an image or a page is not to break.
        """
        path = find(parameters, "path")
        if path is None:
            return await self._reader.read(key), None
        article = article_path(path, site)
        if count and request.method == "GET":
            try:
                outcome = await self._public.view(request, key, site, path, self._clock())
            except Problem:
                outcome = None
            if isinstance(outcome, Counted):
                return await self._with(key, outcome), outcome.views
        figures = await self._reader.read(key, (article,))
        return figures, figures.articles[article]

    async def _with(self, key: str, counted: Counted) -> Figures:
        """Return the figures with those in them that a view was just answered with."""
        figures = await self._reader.read(key)
        return Figures(
            day=figures.day,
            online=_either(counted.online, figures.online),
            today=_either(counted.today, figures.today),
            yesterday=_either(counted.yesterday, figures.yesterday),
            week=figures.week,
            month=figures.month,
            total=_either(counted.total, figures.total),
            stale=counted.stale,
        )

    async def badge(self, request: web.BaseRequest, key: str) -> web.Response:
        """`GET /v1/{site}/badge.svg?figure=total`: a figure as an image; `count=1` counts."""
        site = self._sites.find(key)
        parameters = query_parameters(request)
        count = choice(parameters, "count", ("0", "1")) == "1"
        if count and find(parameters, "path") is None:
            raise BadParameter("count=1 wants a path, such as path=/news/1.")
        style = choice(parameters, "style", STYLES)
        fill = colour(find(parameters, "color"), "blue")
        label, value = await self._label_and_value(request, key, site, parameters, count)
        return web.Response(
            body=badge_svg(label, value, style, fill).encode(),
            headers={
                "Content-Type": "image/svg+xml; charset=utf-8",
                "Cache-Control": "no-store" if count else "public, max-age=60",
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
                **_ANYWHERE,
            },
        )

    async def shield(self, request: web.BaseRequest, key: str) -> web.Response:
        """`GET /v1/{site}/shield.json`: the same for shields.io to draw."""
        site = self._sites.find(key)
        parameters = query_parameters(request)
        fill = colour(find(parameters, "color"), "blue")
        label, value = await self._label_and_value(request, key, site, parameters, False)
        return web.Response(
            body=json.dumps(shield(label, value, fill), ensure_ascii=False).encode(),
            headers={
                "Content-Type": "application/json",
                "Cache-Control": "public, max-age=60",
                **_ANYWHERE,
            },
        )

    async def _label_and_value(
        self, request: web.BaseRequest, key: str, site: Site, parameters: Parameters, count: bool
    ) -> tuple[str, str]:
        name = choice(parameters, "figure", ("total", *(f for f in FIGURES if f != "total")))
        language = best(find(parameters, "lang") or "en")
        label = label_text(find(parameters, "label"), languages()[language][name])
        if name == "views" and find(parameters, "path") is None:
            raise BadParameter("figure=views wants a path, such as path=/news/1.")
        figures, views = await self._seen(request, key, site, parameters, count=count)
        figure = views if name == "views" else getattr(figures, name)
        return label, "–" if figure is None else grouped(figure, language)

    async def snippet(self, request: web.BaseRequest, _: str) -> web.Response:
        """`GET /`: what this is, with the snippet to paste."""
        return web.Response(
            body=snippet_page().encode(),
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Cache-Control": "no-cache",
                "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
                "style-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; "
                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
            },
        )


def languages_of(request: web.BaseRequest) -> str:
    """Return the language that the browser likes best."""
    return request.headers.get("Accept-Language", "").partition(",")[0].partition(";")[0]


def _either(figure: int | None, other: int) -> int:
    return other if figure is None else figure


@cache
def _labels(language: str) -> Asset:
    text = json.dumps(dict(languages()[language]), ensure_ascii=False)
    return Asset.of(text.encode(), "application/json")


def _asset(request: web.BaseRequest, asset: Asset) -> web.Response:
    headers = {
        "Content-Type": asset.content_type,
        "Cache-Control": _SCRIPT_CACHE,
        "ETag": asset.etag,
        "Vary": "Accept-Encoding",
        **_ANYWHERE,
    }
    if asset.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    accepted = _accepted(request.headers.get("Accept-Encoding", ""))
    if "br" in accepted:
        return web.Response(body=asset.brotli, headers={**headers, "Content-Encoding": "br"})
    if "gzip" in accepted:
        return web.Response(body=asset.gzip, headers={**headers, "Content-Encoding": "gzip"})
    return web.Response(body=asset.body, headers=headers)


def _accepted(header: str) -> set[str]:
    """Return the codings that an `Accept-Encoding` takes (RFC 9110, 12.5.3): not those of q=0."""
    found = set()
    for item in header.lower().split(","):
        coding, _, weight = item.partition(";")
        if weight.strip().replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            found.add(coding.strip())
    return found
