"""The image's requirements are locked, and the audit tells holes from databases that are away.

What pip-audit would answer is made up here: the databases are elsewhere.
"""

from __future__ import annotations

import json
import re
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCKED = ("deploy/requirements.txt", "deploy/requirements-build.txt")


@pytest.mark.parametrize("name", LOCKED)
def test_each_requirement_of_the_image_has_one_version_and_hashes(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    assert lines
    for line in lines:
        assert re.match(r"[a-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


HOLE = {"id": "PYSEC-2026-7", "fix_versions": ["2.0"], "aliases": [], "description": "bad"}
SOUND = {"name": "a", "version": "1.0", "vulns": []}
ROTTEN = {"name": "b", "version": "1.0", "vulns": [HOLE]}
UNKNOWN = {"name": "c", "skip_reason": "Dependency not found on PyPI"}
AWAY = "requests.exceptions.ConnectionError: Failed to resolve 'api.osv.dev'"
ELSE = "requests.exceptions.SSLError: HTTPSConnectionPool(host='pypi.org', port=443): …"


@pytest.mark.parametrize(
    ("pypi", "osv", "said", "well"),
    [
        pytest.param([SOUND], AWAY, "1 of 1 packages looked up (pypi), 0 ", True, id="well"),
        pytest.param([SOUND, ROTTEN], AWAY, "b 1.0: PYSEC-2026-7, mended in 2", False, id="a hole"),
        pytest.param([UNKNOWN], [SOUND], "1 of 1 packages looked up (osv)", True, id="the other"),
        pytest.param([UNKNOWN], AWAY, "not audited", True, id="a registry without the database"),
        pytest.param(AWAY, AWAY, "not audited", True, id="nothing reached"),
        pytest.param(ELSE, ELSE, "not audited", True, id="somebody else answers"),
    ],
)
def test_the_audit_says_what_it_found_out(
    monkeypatch: pytest.MonkeyPatch, pypi: Any, osv: Any, said: str, well: bool
) -> None:
    answers = {"pypi": pypi, "osv": osv}

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        answer = answers[command[command.index("-s") + 1]]
        if isinstance(answer, str):
            return subprocess.CompletedProcess(command, 1, "", answer)
        Path(command[-1]).write_text(json.dumps({"dependencies": answer}))
        return subprocess.CompletedProcess(command, int(ROTTEN in answer), "", "")

    monkeypatch.setattr(subprocess, "run", run)
    told, sound = runpy.run_path(str(ROOT / ".ci/audit.py"))["audit"](LOCKED[0])
    assert said in told
    assert sound is well


def test_what_pip_audit_can_t_do_is_no_clean_bill(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "requirement lacks a hash")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(RuntimeError, match="lacks a hash"):
        runpy.run_path(str(ROOT / ".ci/audit.py"))["audit"](LOCKED[0])
