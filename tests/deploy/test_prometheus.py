"""The rules and alerts, judged by Prometheus' own tool."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from programs import ROOT, system_tool

PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
CASES = sorted((PROMETHEUS / "tests").glob("*.yml"))


def promtool(*arguments: str | Path) -> str:
    command = [system_tool("promtool", "prometheus"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "rules" / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_the_configuration_is_valid() -> None:
    assert "is valid" in promtool("check", "config", PROMETHEUS / "prometheus.yml")


def test_the_rules_are_valid_and_none_is_given_twice() -> None:
    assert "duplicate" not in promtool("check", "rules", "--lint=all", "--lint-fatal", *RULES)


@pytest.mark.parametrize("cases", CASES, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(cases: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", cases)


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    fires: dict[str, set[bool]] = {}
    for path in CASES:
        for case in yaml.safe_load(path.read_text())["tests"]:
            for expected in case.get("alert_rule_test", []):
                fired = bool(expected["exp_alerts"])
                fires.setdefault(expected["alertname"], set()).add(fired)
    assert fires == {alert["alert"]: {True, False} for alert in alerts()}


def test_every_alert_has_its_section_in_the_runbook() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    headings = {heading.lower() for heading in re.findall(r"^## (\w+)$", runbook, re.MULTILINE)}
    for alert in alerts():
        page, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert page == "docs/runbook.md"
        assert anchor == alert["alert"].lower()
        assert anchor in headings
