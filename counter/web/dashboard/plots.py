"""Bar plots as SVG that needs no script: values show on hover, on focus and to a screen reader.

Lengths along x are percentages and along y pixels, so that a plot is as wide as its place and its
text as large on a phone as on a desk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10

_TOP, _HEIGHT, _FOOT = 26, 150, 22
_TICKS = 4
"""Steps of the axis, at most."""
_CHARACTER = 7.0
"""Width of a digit of the axis, in pixels, a bit more than it has."""


@dataclass(frozen=True, slots=True)
class Column:
    """One place on the x axis."""

    text: str
    """What it is and how much: shown on hover and focus."""
    value: int | None
    """The bar's height; None: no bar."""
    behind: int | None = None
    """The height of the paler bar behind it."""
    label: str = ""
    """Its name under the axis; most columns have none."""
    minor: bool = False
    """Whether the name is left out on a narrow screen."""


def ticks(most: int) -> list[int]:
    """Return where an axis up to `most` has its lines: 0, and up to four steps of 1, 2 or 5."""
    if most <= 0:
        return [0, 1]
    size = 10 ** max(int(log10(most / _TICKS)), 0) if most > _TICKS else 1
    step = next(size * n for n in (1, 2, 5, 10) if size * n * _TICKS >= most)
    return [step * n for n in range(ceil(most / step) + 1)]


def plot(columns: Sequence[Column], number: Callable[[int], str]) -> str:
    """Return a plot in HTML: the axis and the bars.

    Args:
        number: writes a number as the reader's language does.
    """
    axis = ticks(max((n for c in columns for n in (c.value, c.behind) if n), default=0))
    heights = [(tick, _TOP + _HEIGHT - _HEIGHT * tick / axis[-1]) for tick in axis]
    lines = "".join(f'<line x2="100%" y1="{y:g}" y2="{y:g}"/>' for _, y in heights)
    names = "".join(f'<text x="100%" dx="-8" y="{y + 4:g}">{number(n)}</text>' for n, y in heights)
    width = 8 + _CHARACTER * max(len(number(tick)) for tick in axis)
    height = _TOP + _HEIGHT + _FOOT
    bars = "".join(_column(n, len(columns), column, axis[-1]) for n, column in enumerate(columns))
    return (
        f'<div class="plot"><svg class="axis" width="{width:g}" height="{height}" '
        f'aria-hidden="true">{names}</svg>'
        f'<svg class="bars" width="100%" height="{height}" role="group">'
        f'<g class="lines">{lines}</g>{bars}</svg></div>'
    )


def _column(number: int, of: int, column: Column, most: int) -> str:
    slot = 100 / of
    left, text = slot * number, escape(column.text)
    parts = [f'<rect class="hit" x="{left:.3f}%" width="{slot:.3f}%" height="{_TOP + _HEIGHT}"/>']
    if column.behind:
        parts.append(_bar("behind", left + 0.08 * slot, 0.84 * slot, column.behind / most))
    if column.value:
        share = 0.26 if column.behind is not None else 0.14
        parts.append(_bar("bar", left + share * slot, (1 - 2 * share) * slot, column.value / most))
    if column.label:
        kind = ' class="minor"' if column.minor else ""
        x, y = left + slot / 2, _TOP + _HEIGHT + 16
        parts.append(f'<text{kind} x="{x:.3f}%" y="{y}">{escape(column.label)}</text>')
    parts.append(f'<text class="value" y="14" aria-hidden="true">{text}</text>')
    # One column is in the order of Tab; the script lets the arrow keys go to the others.
    order = 0 if number == 0 else -1
    return f'<g role="img" tabindex="{order}"><title>{text}</title>{"".join(parts)}</g>'


def _bar(kind: str, left: float, width: float, share: float) -> str:
    height = max(_HEIGHT * share, 1.5)
    y = _TOP + _HEIGHT - height
    return (
        f'<rect class="{kind}" x="{left:.3f}%" width="{width:.3f}%" y="{y:.1f}" '
        f'height="{height:.1f}" rx="1.5"/>'
    )
