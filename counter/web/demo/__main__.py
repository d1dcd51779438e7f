"""Serve the demo's pages by themselves: a site whose counter is elsewhere, as real ones are.

`python -m counter.web.demo --listen 127.0.0.1:8090 --counter http://127.0.0.1:8080`
"""

from __future__ import annotations

from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import click

from counter.web import demo


@click.command()
@click.option("--listen", default="127.0.0.1:8090", show_default=True, help="HOST:PORT.")
@click.option("--counter", required=True, help="Where browsers reach the counter: its URL.")
def main(listen: str, counter: str) -> None:
    """Serve the demo's pages, counted by the service at --counter as the site `demo`."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit():
        raise click.BadParameter("is HOST:PORT, such as 127.0.0.1:8090", param_hint="--listen")
    with ThreadingHTTPServer((host, int(port)), _handler(counter.rstrip("/"))) as server:
        click.echo(f"Serving on http://{host}:{server.server_port}/")
        with suppress(KeyboardInterrupt):
            server.serve_forever()


def _handler(counter: str) -> type[BaseHTTPRequestHandler]:
    found = dict(demo.static())
    found |= {
        path: ("text/html; charset=utf-8", html) for path, html in demo.pages(counter).items()
    }

    class Pages(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            media_type, body = found.get(urlsplit(self.path).path, ("", b""))
            if not media_type:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 # the name that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing: addresses are not logged."""

    return Pages


if __name__ == "__main__":
    main()
