"""`visitor-counter token`: a new token, told once, and what the settings hold of it."""

from __future__ import annotations

import json

import click

from counter.cli.common import json_option, site_option
from counter.settings import SITE_KEY, Scope
from counter.web.tokens import make_token, token_hash


@click.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="What it is for; may be repeated.",
)
@site_option("For this site only; may be repeated.", "sites", multiple=True)
@json_option
def token(name: str, scopes: tuple[str, ...], sites: tuple[str, ...], as_json: bool) -> None:
    """Make a token called NAME for requests.

    It is shown once, and the settings get its hash.

    \b
    Examples:
      visitor-counter token ops --scope read --scope write
      visitor-counter token blog-php --scope count -s blog
    """
    for key in (name, *sites):
        if not SITE_KEY.fullmatch(key):
            raise click.UsageError(f"{key!r} is not 1 to 63 of a-z, 0-9 and -, - not first")
    made = make_token()
    entry = {"hash": token_hash(made), "scopes": list(dict.fromkeys(scopes))}
    if sites:
        entry["sites"] = list(dict.fromkeys(sites))
    if as_json:
        click.echo(json.dumps({"name": name, "token": made, **entry}))
        return
    click.echo(f"The token, which is shown this once:\n\n    {made}\n")
    click.echo("Put this into the settings, and reload the service (SIGHUP):\n")
    click.echo(f"    [tokens.{name}]")
    for setting, value in entry.items():
        click.echo(f"    {setting} = {json.dumps(value)}")
