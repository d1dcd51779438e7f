"""`visitor-counter` by another wall clock: CHAOS_AHEAD_MS milliseconds ahead of the true one.

So a day can be made to end in the midst of a test.
"""

from __future__ import annotations

import os

from counter.model import clock

AHEAD_MS = int(os.environ["CHAOS_AHEAD_MS"])
_true = clock.wall_ms
# Before any other module takes the function; a worker runs this line too when it is spawned.
clock.wall_ms = lambda: _true() + AHEAD_MS

if __name__ == "__main__":
    from counter.cli import main

    main()
