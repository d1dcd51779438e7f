"""`docs/cli.md`, made from the commands and what their `--help` says."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from counter.cli.exits import EXITS

_PAGE = """\
# Commands

Made from `counter/cli` by `visitor-counter docs cli`. `visitor-counter COMMAND --help` tells each
command's options.

Every command takes the settings' file from `--config FILE`, or from the environment; the examples
here leave it out:

    export COUNTER_CONFIG=/etc/visitor-counter/counter.toml

Commands that look at figures, or change them, do so in the store, beside the service that counts or
without one.

{commands}

## Exit codes

{exits}

`serve` and `demo` end with 0 when they are told to stop. `forget` and `merge` end with 1 if you
answer no, and `rename --from` if a line of its file can't be done; the other lines are.

## What is printed where

- **Answers** go to standard output: tables and sentences for people, with `--json` one JSON document
  for programs. Only `forget` and `rename`, which may change several articles, print one a line.
- **Errors**, questions and progress go to standard error: a line that begins with
  `visitor-counter: ` and says what was wrong and what would be right.
- **Colours** and progress bars are for terminals alone; `NO_COLOR=1` has no colours there either.
- **Ctrl-C** leaves everything whole: an import, a merge and a compacting go on where they were when
  the same command is given again, and an export leaves no half file. It is said in one line.

## Completion

TAB completes commands, options, the formats of `import`, and the keys of the sites in the settings.

| shell | file | line |
|---|---|---|
| bash 4.4 | `~/.bashrc` | `eval "$(_VISITOR_COUNTER_COMPLETE=bash_source visitor-counter)"` |
| zsh | `~/.zshrc` | `eval "$(_VISITOR_COUNTER_COMPLETE=zsh_source visitor-counter)"` |
| fish | `~/.config/fish/completions/visitor-counter.fish` | `_VISITOR_COUNTER_COMPLETE=fish_source visitor-counter \\| source` |

"""  # noqa: E501 # a table's row is one line


def cli_page(group: click.Group) -> str:
    """Return the page that explains the commands of `group`, as Markdown."""
    shown = {name: command for name, command in group.commands.items() if not command.hidden}
    commands = ["| command | does | `--json` |", "|---|---|---|"]
    for name, command in sorted(shown.items()):
        does = command.get_short_help_str(limit=100).removesuffix(".")
        commands.append(f"| [`{name}`](#{name}) | {does} | {'yes' if _has_json(command) else ''} |")
    exits = ["| code | means |", "|---|---|", *(f"| {k} | {v} |" for k, v in EXITS.items())]
    page = _PAGE.format(commands="\n".join(commands), exits="\n".join(exits))
    return page + "\n".join(
        line for name, command in sorted(shown.items()) for line in _section(name, command)
    )


def _has_json(command: click.Command) -> bool:
    return any("--json" in parameter.opts for parameter in command.params)


def _section(name: str, command: click.Command) -> Iterator[str]:
    usage = click.Context(command, info_name=f"visitor-counter {name}").get_usage()
    prose, _, _ = inspect.cleandoc(command.help or "").partition("\b\n")
    yield f"## {name}\n"
    yield f"    {usage.removeprefix('Usage: ')}\n"
    yield prose.strip() + "\n"
    yield from (f"    {example}" for example in examples(command))
    yield ""


def examples(command: click.Command) -> list[str]:
    """Return the examples in a command's help."""
    lines = (command.help or "").splitlines()
    return [line.strip() for line in lines if line.strip().startswith("visitor-counter ")]
