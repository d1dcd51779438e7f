"""The compose file, the image's recipe and its locked requirements, without an engine."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from programs import ROOT, tool

from counter.settings import load

DEPLOY = ROOT / "deploy"


def compose(*arguments: str) -> Any:
    """What Compose itself makes of the file, with nothing set."""
    done = subprocess.run(
        [tool("docker-compose"), "--env-file", "/dev/null", *arguments, "config", "--format=json"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


def test_compose_accepts_the_file_and_starts_these_services() -> None:
    assert set(compose()["services"]) == {"counter", "redis", "prometheus", "grafana", "demo"}


def test_the_counter_needs_redis_alone_and_waits_until_it_is_healthy() -> None:
    needs = compose()["services"]["counter"]["depends_on"]
    assert {name: need["condition"] for name, need in needs.items()} == {"redis": "service_healthy"}


def test_every_service_is_hardened_limited_and_watched() -> None:
    services = compose("--profile", "*")["services"]
    assert len(services) == 6
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["mem_limit"]) > 0, name
        assert service["pids_limit"] > 0, name
        assert not service.get("privileged"), name
        assert service.get("user", "") not in ("root", "0", "0:0"), name
        built_here = "build" in service  # its recipe has a HEALTHCHECK and a user
        assert built_here or (service["healthcheck"] and service["user"]), name


def test_images_are_pinned_to_a_version() -> None:
    for name, service in compose()["services"].items():
        if "build" not in service:
            assert re.search(r":v?\d+\.\d+\.\d+", service["image"]), name
    for line in (DEPLOY / "Dockerfile").read_text().splitlines():
        if line.startswith("FROM"):
            assert re.match(r"FROM python:\d+\.\d+\.\d+-", line)


def test_redis_keeps_what_it_is_told() -> None:
    redis = compose()["services"]["redis"]
    command = " ".join(redis["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert [volume["target"] for volume in redis["volumes"]] == ["/data"]
    assert "ports" not in redis
    assert list(redis["networks"]) == ["store"]
    assert compose()["networks"]["store"]["internal"]


def test_nothing_is_published_beyond_this_machine_unless_it_is_set() -> None:
    published = [
        port for service in compose()["services"].values() for port in service.get("ports", [])
    ]
    assert published
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_the_example_names_every_variable_with_its_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    used = dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", text))
    example = (ROOT / ".env.example").read_text()
    named = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert named == used


def test_the_compose_files_settings_are_settings_of_the_service() -> None:
    settings = load(DEPLOY / "counter.toml", {})
    assert settings.store.url == "redis://redis:6379/0"
    assert list(settings.sites) == ["demo"]


def test_the_image_is_made_of_files_that_the_ignore_file_lets_through() -> None:
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    recipe = (DEPLOY / "Dockerfile").read_text()
    copied: set[str] = set()
    for line in re.findall(r"^COPY (?!--from)(.*) \S+$", recipe, re.MULTILINE):
        copied.update(line.split())
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)


def test_hadolint_finds_nothing_in_the_recipe() -> None:
    done = subprocess.run(
        [tool("hadolint"), str(DEPLOY / "Dockerfile")], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("lock", "table", "key"),
    [
        ("requirements.txt", "project", "dependencies"),
        ("requirements-build.txt", "build-system", "requires"),
    ],
)
def test_the_locked_requirements_meet_what_the_package_asks_for(
    lock: str, table: str, key: str
) -> None:
    """`make lock` makes them anew."""
    text = (DEPLOY / lock).read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
    wanted = map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())[table][key])
    unmet = [str(one) for one in wanted if not one.specifier.contains(locked.get(one.name, "0"))]
    assert unmet == []
