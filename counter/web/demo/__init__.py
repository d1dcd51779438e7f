"""The demo: a made-up district's news portal, counted as a real one would be.

It is made once and kept as bytes, and loads nothing from elsewhere but the counter's script.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from string import Template
from types import MappingProxyType

from counter.web.demo.content import ARTICLES, SECTIONS, Article

SITE = "demo"
"""The key under which the demo's site is counted."""
START_TODAY = 6079
START_TOTAL = 1_361_382
START_VIEWS: Mapping[str, int] = MappingProxyType({a.path: a.start_views for a in ARTICLES})
"""Article path → the views that it begins with."""

_HERE = files(__package__)
_PLACE = "huyện Vĩ Giang"


def pages(base: str = "") -> Mapping[str, bytes]:
    """Return the portal's pages: path → HTML in UTF-8.

    Args:
        base: where the counter is, such as `http://127.0.0.1:8080`; empty if it serves these
            pages itself.
    """
    made = {"/": _page(base, "/", f"Trang chủ – {_PLACE}", _home())}
    for key, name in SECTIONS.items():
        made[f"/{key}"] = _page(base, f"/{key}", f"{name} – {_PLACE}", _section(key, name))
    for article in ARTICLES:
        made[article.path] = _page(base, article.path, article.title, _article(article))
    return MappingProxyType({path: text.encode() for path, text in made.items()})


def static() -> Mapping[str, tuple[str, bytes]]:
    """Return what the pages load: path → media type and content."""
    return MappingProxyType(
        {
            f"/static/{file.name}": (
                mimetypes.guess_type(file.name)[0] or "application/octet-stream",
                file.read_bytes(),
            )
            for file in (_HERE / "static").iterdir()
        }
    )


def _render(name: str, /, **values: object) -> str:
    """Fill a template. Every value is escaped, but those whose name ends in `_html`."""
    text = (_HERE / "templates" / f"{name}.html").read_text("utf-8")
    return Template(text).substitute(
        {key: v if key.endswith("_html") else escape(str(v)) for key, v in values.items()}
    )


def _page(base: str, path: str, title: str, main: str) -> str:
    links = {"/": "Trang chủ"} | {f"/{key}": name for key, name in SECTIONS.items()}
    here = "/" if path == "/" else "/" + path.split("/")[1]
    return _render(
        "page",
        base=base,
        site=SITE,
        title=title,
        links_html="\n".join(
            _render("link", href=href, name=name, state="page" if href == here else "false")
            for href, name in links.items()
        ),
        main_html=main,
    )


def _home() -> str:
    lead, *others = ARTICLES
    return _render(
        "home",
        **_values(lead),
        cards_html=_cards("card", others[:6]),
        notices_html=_cards("notice", (a for a in ARTICLES if a.section == "thong-bao")),
    )


def _section(key: str, name: str) -> str:
    return _render(
        "section", name=name, cards_html=_cards("card", (a for a in ARTICLES if a.section == key))
    )


def _article(article: Article) -> str:
    same = (a for a in ARTICLES if a.section == article.section and a is not article)
    return _render(
        "article",
        **_values(article),
        body_html="\n".join(f"<p>{escape(text)}</p>" for text in article.paragraphs),
        others_html=_cards("notice", same),
    )


def _cards(template: str, articles: Iterable[Article]) -> str:
    return "\n".join(_render(template, **_values(a)) for a in articles)


def _values(article: Article) -> dict[str, object]:
    return {
        "path": article.path,
        "section": SECTIONS[article.section],
        "section_path": f"/{article.section}",
        "picture": f"/static/{article.picture}",
        "title": article.title,
        "summary": article.summary,
        "author": article.author,
        "date": f"{article.published:%d/%m/%Y}",
        "datetime": article.published.isoformat(),
    }
