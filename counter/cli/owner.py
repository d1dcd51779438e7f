"""`visitor-counter owner-link`: a link to one site's page, told once, and what it is checked by."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from counter.cli.common import config_option, known
from counter.settings import load
from counter.web.tokens import token_hash


@click.command("owner-link")
@config_option
@click.argument("site")
@click.option(
    "--base",
    default="https://COUNTER",
    show_default=True,
    help="Where browsers reach the counter.",
)
def owner_link(config: Path | None, site: str, base: str) -> None:
    """Make a link by which SITE's owner sees its figures and plots, and no other site's.

    It is shown once, and the settings get its hash. A new one ends the one before.

    Example: visitor-counter owner-link vithuy --base https://count.example
    """
    known(load(config), site)
    secret = secrets.token_urlsafe(32)
    click.echo("The link, which is shown this once and opens the page for whoever has it:\n")
    click.echo(f"    {base.rstrip('/')}/owner/{site}.{secret}\n")
    click.echo("It opens when the settings have this, and the service was reloaded (SIGHUP):\n")
    click.echo(f"    [sites.{site}]")
    click.echo(f'    owner_link = "{token_hash(secret)}"')
