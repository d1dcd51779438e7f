"""The command line: `visitor-counter`."""

from __future__ import annotations

from counter.cli.commands import main
from counter.cli.docs import docs
from counter.cli.owner import owner_link
from counter.cli.tokens import token

main.add_command(docs)
main.add_command(owner_link)
main.add_command(token)

__all__ = ["main"]
