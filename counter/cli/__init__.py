"""The command line: `visitor-counter`."""

from __future__ import annotations

from counter.cli.commands import main
from counter.cli.docs import docs

main.add_command(docs)

__all__ = ["main"]
