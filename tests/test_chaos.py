"""The short form of `make chaos`: two seeds, of which one kills the service and one does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.ledger import ANSWERED
from chaos.run import Setting, run


@pytest.mark.parametrize("seed", [102, 261], ids=["with kills", "without kills"])
async def test_the_figures_are_what_the_readers_were_told(seed: int, tmp_path: Path) -> None:
    result = await run(Setting.of(seed, seconds=7), tmp_path)
    assert result.problems == []
    assert result.counted >= sum(result.outcomes[outcome] for outcome in ANSWERED) > 100
    assert sum(result.faults.values()) > 5
