"""Prints the pages of `docs/` that are made from the code; a test holds the two together."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from counter import settings
from counter.cli.cli_page import cli_page
from counter.cli.metrics_page import metrics_page

_SETTINGS = """\
# Settings

Made from `counter/settings.py` by `visitor-counter docs settings`.

`visitor-counter serve --config counter.toml` reads a TOML file:

```toml
[server]
listen = "0.0.0.0:8080"
ops_listen = "127.0.0.1:8081"
trusted_proxies = ["10.0.0.0/8"]

[store]
url = "redis://redis:6379/0"

[sites.vithuy]
origins = ["https://www.example.gov.vn"]
timezone = "Asia/Ho_Chi_Minh"
start_total = 1361382
```

`COUNTER_CONFIG` names the file where `--config` does not.

The environment has the last word: `COUNTER_SERVER_LISTEN`, `COUNTER_STORE_URL`,
`COUNTER_SITES_VITHUY_START_TOTAL` (a `-` in a site's key is a `_` there). A list is written with
commas. A name with `_FILE` behind it gives the file in which the value is:
`COUNTER_STORE_URL_FILE=/run/secrets/store-url`; a token's is
`COUNTER_TOKENS_OPS_HASH_FILE=/run/secrets/ops-hash`.

A setting that can't be used, and one that does not exist, is named with its value and with what
would be right, and the service does not start.

- A *duration* is a number and `ms`, `s`, `m`, `h` or `d`: `"5m"`.
- A *size* is a number and `KiB`, `MiB` or `GiB`: `"256MiB"`.
- A *network* is written as CIDR: `"10.0.0.0/8"`, `"2001:db8::/32"`, `"192.0.2.7/32"`.
"""

_FORMS = {
    get_args(form)[1]: text
    for form, text in (
        (settings.Duration, "duration"),
        (settings.Size, "size"),
        (settings.RateLimit, 'number and `/s`, `/m` or `/h`, or `"off"`'),
        (settings.Listen, "HOST:PORT"),
        (settings.Zone, "IANA zone"),
        (settings.StoreURL, "URL"),
        (settings.Network, "network"),
        (settings.Origin, "origin"),
        (settings.TokenHash, '`"sha256:"` and 64 of `0-9` and `a-f`'),
        (settings.SiteKey, "site's key"),
        (settings.Pattern, "pattern"),
        (settings.WebAddress, "URL"),
        (settings.LinkHash, '`"sha256:"` and 64 of `0-9` and `a-f`'),
    )
}
_TYPES = {int: "number", bool: "`true` or `false`", str: "text"}


@click.group(hidden=True)
def docs() -> None:
    """Print a page of the documentation that is made from the code.

    \b
    Example:
      visitor-counter docs cli > docs/cli.md
    """


@docs.command("cli")
@click.pass_context
def cli_command(context: click.Context) -> None:
    """Print docs/cli.md.

    \b
    Example:
      visitor-counter docs cli > docs/cli.md
    """
    main = context.find_root().command
    assert isinstance(main, click.Group)  # noqa: S101 # it has found this command
    click.echo(cli_page(main), nl=False)


@docs.command("settings")
def settings_command() -> None:
    """Print docs/settings.md.

    \b
    Example:
      visitor-counter docs settings > docs/settings.md
    """
    click.echo(settings_page(), nl=False)


@docs.command("metrics")
def metrics_command() -> None:
    """Print docs/metrics.md.

    \b
    Example:
      visitor-counter docs metrics > docs/metrics.md
    """
    click.echo(metrics_page(), nl=False)


def settings_page() -> str:
    """Return the page that explains every setting, as Markdown."""
    lines = [_SETTINGS]
    for model in (settings.Server, settings.Store, settings.Site, settings.Token):
        title = (model.__doc__ or "").removesuffix(".")
        lines += [f"## {title}\n", "| setting | takes | default | |", "|---|---|---|---|"]
        for name, field in model.model_fields.items():
            cells = (f"`{name}`", ", ".join(_takes(field)), f"`{_default(field)}`")
            text = (field.description or "").replace("|", "\\|")
            lines.append(f"| {' | '.join(cells)} | {text} |")
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def _takes(field: FieldInfo) -> Iterator[str]:
    yield _form(field.annotation, field.metadata)
    for bound in field.metadata:
        for sign, text in (("ge", "at least"), ("le", "at most"), ("lt", "less than")):
            if hasattr(bound, sign):
                yield f"{text} {getattr(bound, sign):,}"


def _form(annotation: Any, metadata: list[Any]) -> str:
    for form, text in _FORMS.items():
        if form in metadata:
            return text
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return f"list: {_form(arguments[0], [*get_args(arguments[0])[1:]])}"
    if origin is Literal:
        return ", ".join(f'`"{value}"`' for value in arguments)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f'`"{value.value}"`' for value in annotation)
    return _TYPES.get(annotation, "path")


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required():
        return "none: needed"
    if value == ():
        return "[]"
    if isinstance(value, bool | int):
        return str(value).lower()
    return f'"{value}"'
