"""`visitor-counter owner-link`: a link to one site's page, told once, and what it is checked by."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import click

from counter.cli.common import complete_site, config_option, json_option, known
from counter.settings import load
from counter.web.tokens import token_hash


@click.command("owner-link")
@config_option
@json_option
@click.argument("site", shell_complete=complete_site)
@click.option(
    "--base",
    default="https://COUNTER",
    show_default=True,
    help="Where browsers reach the counter.",
)
def owner_link(config: Path | None, as_json: bool, site: str, base: str) -> None:
    """Make a link by which SITE's owner sees its figures.

    It opens the page of figures and plots of this site, and no other's. It is shown once, and the
    settings get its hash. A new one ends the one before.

    \b
    Example:
      visitor-counter owner-link vithuy --base https://count.example
    """
    known(load(config), site)
    secret = secrets.token_urlsafe(32)
    link = f"{base.rstrip('/')}/owner/{site}.{secret}"
    if as_json:
        click.echo(json.dumps({"site": site, "link": link, "owner_link": token_hash(secret)}))
        return
    click.echo("The link, which is shown this once and opens the page for whoever has it:\n")
    click.echo(f"    {link}\n")
    click.echo("It opens when the settings have this, and the service was reloaded (SIGHUP):\n")
    click.echo(f"    [sites.{site}]")
    click.echo(f'    owner_link = "{token_hash(secret)}"')
