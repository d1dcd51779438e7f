"""The command line: `visitor-counter`."""

from __future__ import annotations

from counter.cli.commands import main
from counter.cli.docs import docs
from counter.cli.exports import export_command
from counter.cli.forget import forget
from counter.cli.house import audit, rename, set_command
from counter.cli.imports import import_command
from counter.cli.merge import compact, merge
from counter.cli.owner import owner_link
from counter.cli.tokens import token

for command in (
    set_command,
    rename,
    forget,
    merge,
    compact,
    audit,
    docs,
    export_command,
    import_command,
    owner_link,
    token,
):
    main.add_command(command)

__all__ = ["main"]
