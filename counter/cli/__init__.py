"""The command line: `visitor-counter`."""

from __future__ import annotations

from counter.cli.commands import main

__all__ = ["main"]
