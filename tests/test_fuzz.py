"""The short form of `make fuzz`: what others wrote is used or refused, and crashes nothing."""

from __future__ import annotations

import pytest
from fuzz.run import fuzz
from fuzz.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_is_a_crash(target: str) -> None:
    told = fuzz(target, 200)
    assert told[True]
    assert told[False]
