"""The widget as a page for an iframe: it works without JavaScript."""

from __future__ import annotations

from html import escape

from counter.errors import BadParameter
from counter.model.figures import Figures
from counter.web.embed.languages import best, grouped, languages

FIGURES = ("online", "today", "yesterday", "week", "month", "total", "views")
THEMES = ("auto", "light", "dark", "bare")
LAYOUTS = ("box", "line")


def chosen_figures(text: str | None) -> tuple[str, ...]:
    """Return the figures that a `figures=online,today` parameter names.

    Raises:
        BadParameter: it names another.
    """
    names = tuple(text.replace(",", " ").split()) if text else ("online", "today", "total")
    wrong = [name for name in names if name not in FIGURES]
    if wrong or not names or len(names) > len(FIGURES):
        raise BadParameter(f"figures must be some of {', '.join(FIGURES)}.")
    return names


def widget_page(
    figures: Figures | None,
    views: int | None,
    names: tuple[str, ...],
    *,
    lang: str,
    theme: str,
    layout: str,
    base: str,
) -> str:
    """Return the page in HTML; a figure that is not known is shown as an en dash.

    Args:
        base: the service's address as the page sees it, with a slash at its end.
    """
    language = best(lang)
    labels = languages()[language]
    rows = []
    for name in names:
        figure = views if name == "views" else getattr(figures, name, None)
        shown = "–" if figure is None else grouped(figure, language)
        rows.append(f"<div><dt>{escape(labels[name])}</dt><dd>{shown}</dd></div>")
    return (
        f'<!doctype html><html lang="{language}" dir="{labels["direction"]}">'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(labels['title'])}</title>"
        f'<link rel="stylesheet" href="{escape(base)}embed/v1-widget.css">'
        f'<body class="{theme} {layout}"><dl>{"".join(rows)}</dl></body></html>\n'
    )
