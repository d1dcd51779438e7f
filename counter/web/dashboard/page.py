"""The owner's page of one site, and the list of all sites, in HTML.

Everything that comes from elsewhere is escaped here: paths come from strangers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import quote

from counter.model.days import day_date
from counter.model.figures import Figures
from counter.readers.overview import Articles, Overview
from counter.settings import Site
from counter.web.dashboard.plots import Column, plot
from counter.web.dashboard.words import Language

_FIGURES = ("online", "today", "yesterday", "week", "month", "total")
_PERIODS = {"today": "today", "week": "week", "total": "ever"}


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked for, and what was found."""

    text: str
    found: Articles


def site_page(
    key: str,
    site: Site,
    overview: Overview,
    search: Search | None,
    words: Language,
    *,
    files: str,
    sites: str = "",
) -> str:
    """Return the page of one site.

    Args:
        files: where the style and the script are, as the page sees it.
        sites: where the list of all sites is; empty: this reader may not see it.
    """
    figures, unit = overview.figures, site.unit
    now = datetime.fromtimestamp(overview.at / 1000, site.timezone)
    back = f'<nav><a href="{escape(sites)}">{words("all_sites")}</a></nav>' if sites else ""
    counted = words("counted_in", unit=words(unit.value))
    main = (
        f'<header>{back}<h1 translate="no">{escape(key)}</h1>'
        f"<p>{words.long(now.date())} · {escape(site.timezone.key)} · {counted}</p>"
        f"{_status(now, figures.stale, words)}</header>"
        f"{_tiles(figures, words)}{_hours(overview, words)}"
        f'<div class="pair">{_days(overview, site, words)}{_months(overview, site, words)}</div>'
        f"{_search(search, site, words)}{_most_read(overview, site, words)}"
    )
    return _document(f"{key} – {words('title')}", main, words, files)


def list_page(found: Mapping[str, Figures | None], words: Language, *, files: str) -> str:
    """Return the page that lists all sites; None: its figures can't be read."""
    rows = "".join(
        f'<tr><th scope="row" translate="no"><a href="dashboard/{key}">{escape(key)}</a></th>'
        + "".join(
            f"<td>{words.number(getattr(figures, name) if figures else None)}</td>"
            for name in _FIGURES
        )
        + "</tr>"
        for key, figures in found.items()
    )
    heads = "".join(f'<th scope="col">{words(name)}</th>' for name in ("site", *_FIGURES))
    table = (
        f'<section id="sites"><div class="scroll"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
        if found
        else f"<p>{words('no_sites')}</p>"
    )
    return _document(
        words("title"), f"<header><h1>{words('title')}</h1></header>{table}", words, files
    )


def _document(title: str, main: str, words: Language, files: str) -> str:
    return (
        f'<!doctype html><html lang="{words.tag}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex, nofollow">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="{escape(files)}page.css">'
        f'<script defer src="{escape(files)}page.js"></script>'
        f"<main>{main}</main></html>\n"
    )


def _status(now: datetime, stale: bool, words: Language) -> str:
    time = f"{now:%H:%M:%S}"
    # What the script says instead, once it keeps the page up to date.
    told = {"live": words("live", time=time), "lost": words("lost", time=time)}
    data = "".join(f' data-{name}="{escape(text)}"' for name, text in told.items())
    if stale:
        return f'<p id="status" class="stale">{words("stale", time=time)}</p>'
    return (
        f'<p id="status"{data}>{words("as_of", time=time)}. <span class="reload">'
        f"{words('reload')}</span></p>"
    )


def _tiles(figures: Figures, words: Language) -> str:
    tiles = "".join(
        f'<div class="{name}"><dt>{words(name)}</dt>'
        f"<dd>{words.number(getattr(figures, name))}</dd></div>"
        for name in _FIGURES
    )
    return f'<section id="figures"><dl>{tiles}</dl></section>'


def _hours(overview: Overview, words: Language) -> str:
    today, yesterday = words("today"), words("yesterday")
    columns, rows = [], []
    for number, hour in enumerate(overview.hours):
        told = [
            f"{name.lower()} {words.number(views)}"
            for name, views in ((today, hour.views), (yesterday, hour.yesterday))
            if views is not None
        ]
        columns.append(
            Column(
                f"{hour.begins}: {', '.join(told) or '–'}",
                hour.views,
                hour.yesterday,
                label=hour.begins if number % 3 == 0 else "",
                minor=number % 6 != 0,
            )
        )
        rows.append((hour.begins, words.number(hour.views), words.number(hour.yesterday)))
    known = any(hour.yesterday is not None for hour in overview.hours)
    behind = f' <span class="behind">{yesterday}</span>' if known else ""
    legend = f'<p class="legend"><span class="bar">{today}</span>{behind}</p>'
    table = _table(words, ("hour", "today", "yesterday"), rows)
    return _section("hours", words("by_hour"), legend + plot(columns, words.number) + table)


def _days(overview: Overview, site: Site, words: Language) -> str:
    columns, rows = [], []
    last = len(overview.days) - 1
    for number, row in enumerate(overview.days):
        day, count = day_date(row.day), int(getattr(row, site.unit.value))
        from_end = last - number
        columns.append(
            Column(
                f"{words.long(day)}: {words.count(count, site.unit)}",
                count,
                label=words.short(day) if from_end % 7 == 0 else "",
                minor=from_end % 14 != 0,
            )
        )
        rows.append(
            (words.long(day), *(words.number(n) for n in (row.views, row.visits, row.visitors)))
        )
    table = _table(words, ("day", "views", "visits", "visitors"), rows)
    return _section("days", words("last_30_days"), plot(columns, words.number) + table)


def _months(overview: Overview, site: Site, words: Language) -> str:
    columns, rows = [], []
    for number, row in enumerate(overview.months):
        day, count = day_date(row.day), int(getattr(row, site.unit.value))
        columns.append(
            Column(
                f"{words.month(day)}: {words.count(count, site.unit)}",
                count,
                label=words.short_month(day),
                minor=(len(overview.months) - 1 - number) % 2 != 0,
            )
        )
        rows.append(
            (words.month(day), *(words.number(n) for n in (row.views, row.visits, row.visitors)))
        )
    note = f'<p class="note">{words("visitors_of_days")}</p>'
    table = _table(words, ("month_name", "views", "visits", "visitors"), rows, note)
    return _section("months", words("last_12_months"), plot(columns, words.number) + table)


def _search(search: Search | None, site: Site, words: Language) -> str:
    text = escape(search.text if search else "")
    found = ""
    if search and search.text:
        phrase = "found" if search.found else "none_found"
        found = f"<h3>{escape(words(phrase, text=search.text))}</h3>" + (
            _articles(search.found, site, words) if search.found else ""
        )
    form = (
        f'<form method="get" role="search"><label for="q">{words("find")}</label>'
        f'<input id="q" name="q" type="search" maxlength="1000" value="{text}" '
        f'placeholder="{words("find_hint")}" autocapitalize="off" spellcheck="false" '
        f'aria-describedby="scope"><button>{words("find_button")}</button></form>'
        f'<p id="scope" class="note">{words("find_scope")}</p>'
    )
    return f'<section id="search">{form}{found}</section>'


def _most_read(overview: Overview, site: Site, words: Language) -> str:
    lists = "".join(
        f"<div><h3>{words(phrase)}</h3>{_articles(overview.top[period], site, words)}</div>"
        for period, phrase in _PERIODS.items()
    )
    return _section("top", words("most_read"), f'<div class="three">{lists}</div>')


def _articles(articles: Articles, site: Site, words: Language) -> str:
    if not articles:
        return f"<p>{words('nothing_read')}</p>"
    rows = "".join(
        f'<tr><th scope="row">{_link(path, site)}</th><td>{words.number(views)}</td></tr>'
        for path, views in articles
    )
    return (
        f'<table class="articles"><thead><tr><th scope="col">{words("article")}</th>'
        f'<th scope="col">{words("views")}</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _link(path: str, site: Site) -> str:
    """Return an article's path, as a link where the site's address is known."""
    # Isolated, so that a path that is written from right to left stays in its place.
    text = f'<bdi translate="no" title="{escape(path)}">{escape(path)}</bdi>'
    origin = next((o for o in site.origins if o != "null" and "*" not in o), None)
    if origin is None:
        return text
    # What is a % in the path's name is one in the address.
    address = origin + quote(path, safe="/%?&=+:@!$'()*,;~-._")
    return f'<a href="{escape(address)}" rel="noopener noreferrer">{text}</a>'


def _section(name: str, title: str, content: str) -> str:
    return (
        f'<section id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title">{title}</h2>{content}</section>'
    )


def _table(
    words: Language, names: Sequence[str], rows: Iterable[tuple[str, ...]], note: str = ""
) -> str:
    """Return a plot's figures as a table that opens: for whoever would rather read."""
    heads = "".join(f'<th scope="col">{words(name)}</th>' for name in names)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'
        for first, *others in rows
    )
    return (
        f'<details><summary>{words("table")}</summary>{note}<div class="scroll"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )
