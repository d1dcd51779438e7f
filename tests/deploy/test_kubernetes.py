"""The Kubernetes manifests, built by kubectl and held against the API's schemas."""

from __future__ import annotations

import subprocess
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from programs import ROOT, tool

from counter.settings import load, parse

VERSIONS = ("1.33", "1.37")
"""The oldest and the newest Kubernetes that the manifests are held against."""
Kinds = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def manifests() -> Kinds:
    """What `kubectl apply -k` would send, by kind."""
    done = subprocess.run(
        [tool("kubectl"), "kustomize", str(ROOT / "deploy" / "kubernetes")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    kinds: Kinds = defaultdict(list)
    for document in yaml.safe_load_all(done.stdout):
        kinds[document["kind"]].append(document)
    return kinds


@pytest.mark.parametrize("version", VERSIONS)
def test_the_api_would_take_every_manifest(manifests: Kinds, version: str) -> None:
    for kind, documents in manifests.items():
        if kind == "ServiceMonitor":  # a resource of the Prometheus operator's
            continue
        for document in documents:
            kubernetes_validate.validate(document, version, strict=True)


def test_all_selectors_find_the_pods(manifests: Kinds) -> None:
    (workload,) = manifests["StatefulSet"]
    labels = workload["spec"]["template"]["metadata"]["labels"].items()
    (budget,) = manifests["PodDisruptionBudget"]
    (policy,) = manifests["NetworkPolicy"]
    selectors = [
        workload["spec"]["selector"]["matchLabels"],
        budget["spec"]["selector"]["matchLabels"],
        policy["spec"]["podSelector"]["matchLabels"],
        *(service["spec"]["selector"] for service in manifests["Service"]),
    ]
    assert all(selector and selector.items() <= labels for selector in selectors)


def test_every_port_that_is_named_is_one_of_the_pods(manifests: Kinds) -> None:
    (container,) = pod(manifests)["containers"]
    ports = {port["name"] for port in container["ports"]}
    asked = {port["targetPort"] for each in manifests["Service"] for port in each["spec"]["ports"]}
    probes = [container[name] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    asked |= {probe["httpGet"]["port"] for probe in probes}
    assert asked == ports


def test_the_monitor_finds_the_operations_service(manifests: Kinds) -> None:
    (monitor,) = manifests["ServiceMonitor"]
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    found = [s for s in manifests["Service"] if wanted <= s["metadata"]["labels"].items()]
    assert [service["metadata"]["name"] for service in found] == ["visitor-counter-ops"]
    assert found[0]["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "visitor-counter"


def test_the_autoscaler_scales_the_workload(manifests: Kinds) -> None:
    (scaler,) = manifests["HorizontalPodAutoscaler"]
    (workload,) = manifests["StatefulSet"]
    target = scaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("StatefulSet", workload["metadata"]["name"])
    assert "replicas" not in workload["spec"]


def test_the_pod_has_no_privilege_and_no_token(manifests: Kinds) -> None:
    spec = pod(manifests)
    (container,) = spec["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_settings_are_settings_of_the_service(manifests: Kinds, tmp_path: Path) -> None:
    (settings,) = manifests["ConfigMap"]
    parse(tomllib.loads(settings["data"]["counter.toml"]))
    (container,) = pod(manifests)["containers"]
    secret = tmp_path / "store-url"
    secret.write_text("redis://:password@redis:6379/0\n")
    names = [entry["name"] for entry in container["env"]]
    assert load(None, dict.fromkeys(names, str(secret))).store.url.startswith("redis://:password@")


def pod(manifests: Kinds) -> dict[str, Any]:
    spec: dict[str, Any] = manifests["StatefulSet"][0]["spec"]["template"]["spec"]
    return spec
