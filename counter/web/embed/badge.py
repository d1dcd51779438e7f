"""An image of a figure, for a README or a page without scripts; and shields.io's endpoint form."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from counter.errors import BadParameter

STYLES = ("flat", "flat-square", "plastic", "digits")
COLOURS = {
    "blue": "#0b66c3",
    "green": "#2b7a2b",
    "red": "#b02a2a",
    "orange": "#b45309",
    "grey": "#4b5563",
    "black": "#111827",
}
_BETWEEN = "#6b7280"
"""A grey that is seen on light pages and on dark ones."""
_HEX = re.compile(r"[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?")
LONGEST_LABEL = 64
# Widths of Verdana at 11 px, by kinds of character: near enough, and textLength does the rest.
_NARROW, _WIDE = "iljtfr.,:;!|'()[] 1", "mwMW@%"


def colour(text: str | None, default: str) -> str:
    """Return a colour that may stand in an SVG.

    Raises:
        BadParameter: it is neither one of the names nor three or six hex digits.
    """
    if text is None:
        return COLOURS[default]
    if text in COLOURS:
        return COLOURS[text]
    if _HEX.fullmatch(text):
        return f"#{text.lower()}"
    raise BadParameter(f"color must be one of {', '.join(COLOURS)}, or hex digits such as 0b66c3.")


def label_text(text: str | None, default: str) -> str:
    """Return the label to show.

    Raises:
        BadParameter: it is too long.
    """
    if text is None:
        return default
    if len(text) > LONGEST_LABEL or not text.isprintable():
        raise BadParameter(f"label may have at most {LONGEST_LABEL} printable characters.")
    return text


def badge_svg(label: str, value: str, style: str, fill: str) -> str:
    """Return the badge as SVG, with a title for those who can't see it."""
    if style == "digits":
        return _digits(label, value, fill)
    left, right = (_width(label) + 12 if label else 0), _width(value) + 12
    radius = 0 if style == "flat-square" else 3
    shade = (
        '<linearGradient id="s" x2="0" y2="100%"><stop offset="0" stop-color="#fff" '
        'stop-opacity=".2"/><stop offset="1" stop-opacity=".2"/></linearGradient>'
        if style == "plastic"
        else ""
    )
    title = escape(f"{label}: {value}" if label else value)
    width = left + right
    text = 'text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"'
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img"',
        f' aria-label="{title}"><title>{title}</title>{shade}',
        f'<clipPath id="r"><rect width="{width}" height="20" rx="{radius}"/></clipPath>',
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#374151"/>',
        f'<rect x="{left}" width="{right}" height="20" fill="{fill}"/>',
        f'<rect width="{width}" height="20" fill="url(#s)"/>' if shade else "",
        f'</g><g fill="#fff" {text}>',
        f'<text x="{left / 2:g}" y="14">{escape(label)}</text>' if label else "",
        f'<text x="{left + right / 2:g}" y="14">{escape(value)}</text></g></svg>',
    )
    return "".join(parts)


def _digits(label: str, value: str, fill: str) -> str:
    """Return the value as the wheels of an odometer; what is no digit stands between them."""
    title = escape(f"{label}: {value}" if label else value)
    cells, x = [], 0
    for sign in value:
        width = 16 if sign.isdigit() else 6
        if sign.isdigit():
            cells.append(f'<rect x="{x}" width="15" height="24" rx="2" fill="{fill}"/>')
        ink = "#fff" if sign.isdigit() else _BETWEEN
        middle = x + (width - 1) / 2
        cells.append(f'<text x="{middle:g}" y="17" fill="{ink}">{escape(sign)}</text>')
        x += width
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{x - 1}" height="24" '
        f'role="img" aria-label="{title}"><title>{title}</title><g text-anchor="middle" '
        'font-family="DejaVu Sans Mono,monospace" font-size="15">'
        f"{''.join(cells)}</g></svg>"
    )


def _width(text: str) -> int:
    widths = (4 if c in _NARROW else 10 if c in _WIDE or ord(c) > 0x2E80 else 7 for c in text)
    return sum(widths)


def shield(label: str, value: str, fill: str) -> dict[str, Any]:
    """Return what a shields.io endpoint badge reads (shields.io, "Endpoint Badge", schema 1)."""
    return {
        "schemaVersion": 1,
        "label": label,
        "message": value,
        "color": fill.lstrip("#"),
        "cacheSeconds": 300,
    }
