"""Answers in the ways of other counters, so that a site's pages need not be edited to move in.

Each way is a module here; all of them count as `POST /v1/{site}/views` does, through `Desk`. A site
is found by its page's origin, and has none of them unless its setting `dropins` names it. The ways
are documented in `docs/drop-ins.md`.
"""

from __future__ import annotations

from counter.web.dropins import scripts
from counter.web.dropins.busuanzi import Busuanzi
from counter.web.dropins.busuanzi_api import BusuanziAPI
from counter.web.dropins.desk import Desk
from counter.web.dropins.goatcounter import GoatCounter
from counter.web.dropins.vercount import Vercount
from counter.web.dropins.waline import Waline
from counter.web.embedding import Embedding
from counter.web.routing import Router

_WAYS = (Busuanzi, BusuanziAPI, Vercount, GoatCounter, Waline)


def add_to(router: Router, desk: Desk, embedding: Embedding) -> None:
    """Serve every drop-in; whether a site has it, its settings say at each request."""
    scripts.add_to(router, embedding)
    for way in _WAYS:
        way(desk).add_to(router)
