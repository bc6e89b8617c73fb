"""The manifests: what the API's schemas say, and whether their objects fit each other and the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.deploy.containers import SECRETS, STAGES
from tests.deploy.reading import MANIFESTS, ROOT, objects, pods
from treadle import __version__

VARIANTS = sorted(MANIFESTS)
#: The API that the manifests are for; what they use is of 1.25 and later.
API = "1.34"
Value = dict[str, Any]


def containers(variant: str) -> Iterator[tuple[Value, Value]]:
    """Each with the spec of its pod."""
    for _name, template in pods(variant):
        for one in template["spec"]["containers"]:
            yield one, template["spec"]


def of_kind(variant: str, kind: str) -> dict[str, Value]:
    return {one["metadata"]["name"]: one for one in objects(variant) if one["kind"] == kind}


@pytest.fixture(autouse=True, scope="module")
def _schemas_are_read_once() -> Iterator[None]:
    kept: dict[str, Any] = {}
    utils = kubernetes_validate.utils
    read = utils.schema_contents

    def read_once(name: str, version: str) -> Any:
        if name not in kept:
            kept[name] = read(name, version)
        return kept[name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "schema_contents", read_once)
        yield


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_object_is_what_the_api_takes_and_nothing_besides(variant: str) -> None:
    for one in objects(variant):
        kubernetes_validate.validate(one, API, strict=True)


def test_a_word_that_the_api_does_not_know_is_found() -> None:
    wrong = {**of_kind("small", "Service")["treadle"], "spce": {}}
    with pytest.raises(kubernetes_validate.ValidationError, match="spce"):
        kubernetes_validate.validate(wrong, API, strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_object_lies_in_the_namespace_that_is_restricted(variant: str) -> None:
    (namespace,) = of_kind(variant, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    others = [one for one in objects(variant) if one["kind"] != "Namespace"]
    assert {one["metadata"]["namespace"] for one in others} == {"treadle"}
    names = [(one["kind"], one["metadata"]["name"]) for one in objects(variant)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_pod_keeps_to_the_restricted_standard(variant: str) -> None:
    for one, pod in containers(variant):
        context = one["securityContext"]
        assert context == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod)
        kinds = {kind for volume in pod.get("volumes", ()) for kind in volume if kind != "name"}
        assert kinds <= {"emptyDir", "secret", "persistentVolumeClaim", "configMap"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_service_names_itself_into_our_settings(variant: str) -> None:
    # A service `treadle` would set TREADLE_PORT=tcp://….
    for _one, pod in containers(variant):
        assert pod["enableServiceLinks"] is False
        assert pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize("variant", VARIANTS)
def test_images_have_a_whole_tag_and_ours_that_of_this_version(variant: str) -> None:
    for one, _pod in containers(variant):
        name, _colon, tag = one["image"].partition(":")
        assert re.match(r"\d+\.\d+", tag), one["image"]
        if name.startswith("treadle"):
            assert name in STAGES
            assert tag == __version__


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_pod_mounts_the_volumes_that_it_has(variant: str) -> None:
    claims = set(of_kind(variant, "PersistentVolumeClaim"))
    for one in objects(variant):
        pod = one.get("spec", {}).get("template", {}).get("spec")
        if pod is None:
            continue
        templates = {each["metadata"]["name"] for each in one["spec"].get("volumeClaimTemplates", ())}
        mounted = {m["name"] for c in pod["containers"] for m in c["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]} | templates
        for volume in pod["volumes"]:
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
                assert one["spec"]["replicas"] == 1
                assert one["spec"]["strategy"] == {"type": "Recreate"}
        for container in pod["containers"]:
            assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}


@pytest.mark.parametrize("variant", VARIANTS)
def test_models_and_the_database_have_shared_memory(variant: str) -> None:
    wanted = {"small": {"treadle"}, "scaled-out": {"treadle-backend", "treadle-database"}}
    found = set()
    for name, template in pods(variant):
        in_memory = {
            volume["name"]
            for volume in template["spec"]["volumes"]
            if volume.get("emptyDir", {}).get("medium") == "Memory"
        }
        for one in template["spec"]["containers"]:
            if {m["name"] for m in one["volumeMounts"] if m["mountPath"] == "/dev/shm"} & in_memory:
                found.add(name)
    assert found == wanted[variant]


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_selects_pods_selects_some_and_asks_for_ports_that_they_have(variant: str) -> None:
    ports = {
        template["metadata"]["labels"]["app"]: {
            port["name"] for one in template["spec"]["containers"] for port in one.get("ports", ())
        }
        for _name, template in pods(variant)
    }
    for service in of_kind(variant, "Service").values():
        asked = {port["targetPort"] for port in service["spec"]["ports"]}
        assert asked <= ports[service["spec"]["selector"]["app"]]
    for policy in of_kind(variant, "NetworkPolicy").values():
        selected = policy["spec"]["podSelector"].get("matchLabels", {}).get("app")
        for rule in policy["spec"].get("ingress", ()):
            assert {port["port"] for port in rule["ports"]} <= ports[selected]
            apps = [f["podSelector"]["matchLabels"]["app"] for f in rule["from"] if "podSelector" in f]
            assert set(apps) <= set(ports)
    for one in objects(variant):
        if "template" in one.get("spec", {}):
            labels = one["spec"]["template"]["metadata"]["labels"]
            assert one["spec"]["selector"]["matchLabels"] == labels


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_ingress_leads_to_the_server_below_the_path_that_it_is_told(variant: str) -> None:
    (ingress,) = of_kind(variant, "Ingress").values()
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    service = of_kind(variant, "Service")[path["backend"]["service"]["name"]]
    assert path["backend"]["service"]["port"]["name"] in {p["name"] for p in service["spec"]["ports"]}
    assert path["pathType"] == "Prefix"
    assert path["path"] == told_to_server(variant)["TREADLE_BASE_PATH"]
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]


def told_to_server(variant: str) -> dict[str, str]:
    if variant == "scaled-out":
        return dict(of_kind(variant, "ConfigMap")["treadle"]["data"])
    ((one, _pod),) = containers(variant)
    return {each["name"]: each["value"] for each in one["env"]}


def test_what_is_scaled_is_there_and_says_what_it_takes() -> None:
    (scaler,) = of_kind("scaled-out", "HorizontalPodAutoscaler").values()
    target = of_kind("scaled-out", "Deployment")[scaler["spec"]["scaleTargetRef"]["name"]]
    assert "replicas" not in target["spec"]  # it would take the scaler's number back at each apply
    assert all("cpu" in c["resources"]["requests"] for c in target["spec"]["template"]["spec"]["containers"])
    (budget,) = of_kind("scaled-out", "PodDisruptionBudget").values()
    assert budget["spec"]["selector"] == target["spec"]["selector"]
    assert budget["spec"]["minAvailable"] < scaler["spec"]["minReplicas"]


def test_a_backend_has_a_gpu() -> None:
    backend = of_kind("scaled-out", "Deployment")["treadle-backend"]
    (one,) = backend["spec"]["template"]["spec"]["containers"]
    assert one["resources"]["limits"]["nvidia.com/gpu"] == 1


def test_many_have_one_key() -> None:
    for name in ("treadle", "treadle-worker"):
        pod = of_kind("scaled-out", "Deployment")[name]["spec"]["template"]["spec"]
        mounts = {mount["mountPath"]: mount for mount in pod["containers"][0]["volumeMounts"]}
        assert mounts["/data/secret.key"]["subPath"] == "secret.key"
        (key,) = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
        assert key["items"] == [{"key": "signing-key", "path": "secret.key"}]
        assert key["defaultMode"] == 0o440


def test_the_secret_is_in_no_file_and_the_guide_makes_all_of_its_keys() -> None:
    assert not of_kind("small", "Secret")
    assert not of_kind("scaled-out", "Secret")
    text = "".join(path.read_text("utf-8") for path in MANIFESTS["scaled-out"])
    asked = set(re.findall(r"secretKeyRef: \{name: treadle, key: ([a-z0-9-]+)\}", text)) | {"signing-key"}
    made = set(re.findall(r"--from-literal=([a-z0-9-]+)=", guide()))
    assert asked == made == set(SECRETS)


def guide() -> str:
    return Path(ROOT, "docs", "containers.md").read_text("utf-8")
