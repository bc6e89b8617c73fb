"""What every container of deploy/ runs, with which environment: a test can start the same as processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.deploy.reading import (
    COMPOSE_FILES,
    MANIFESTS,
    Instruction,
    compose,
    image_environment,
    last_of,
    objects,
    pods,
    required_variables,
)

#: Images that are built here, by the name before the tag; of each its stage of the Dockerfile.
STAGES = {"treadle": "server", "treadle-yolo": "yolo", "treadle-detector": "detector"}
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
#: Before the key of a secret that is mounted as a file.
SECRET = "secret:"


@dataclass(frozen=True)
class Container:
    """One container. command: the whole of it, where the image is ours or the file says all."""

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    #: Those that the file itself sets.
    own_variables: frozenset[str]
    #: A program that tells by its status whether the container is well; () where none is asked.
    check: tuple[str, ...]
    #: What lies where: a volume that others may have, too; "" for what goes with the container.
    mounts: Mapping[str, str]
    #: How long it may take to end.
    grace_s: int
    #: What a cluster asks of it: a path and a port, or the program above.
    probes: tuple[Mapping[str, Any], ...] = ()

    @property
    def stage(self) -> str:
        """The stage of the Dockerfile; "" of other people's images."""
        return STAGES.get(self.image.split(":")[0], "")


def of_compose(path: Path, variables: Mapping[str, str]) -> dict[str, Container]:
    """The containers of a compose file, by service."""
    services = compose(path, variables)["services"]
    return {name: _of_service(name, told) for name, told in services.items()}


def of_manifests(variant: str, secrets: Mapping[str, str]) -> dict[str, Container]:
    """The containers of a variant of the manifests, by pod and name. secrets: by key."""
    return {
        f"{pod}/{told['name']}": _of_pod(variant, pod, told, secrets)
        for pod, template in pods(variant)
        for told in template["spec"]["containers"]
    }


def _of_service(name: str, told: dict[str, Any]) -> Container:
    volumes = dict(reversed(one.split(":")) for one in told.get("volumes", ()))
    kept = {one.split(":")[0]: "" for one in told.get("tmpfs", ())}
    bare = Container(
        name=name,
        image=told["image"],
        command=(),
        environment={key: str(value) for key, value in told.get("environment", {}).items()},
        own_variables=frozenset(told.get("environment", {})),
        check=tuple(told.get("healthcheck", {}).get("test", ())[1:]),
        mounts={**volumes, **kept},
        grace_s=int(told.get("stop_grace_period", "10s").removesuffix("s")),
    )
    return _with_image(bare, told.get("entrypoint"), told.get("command"))


def _of_pod(variant: str, pod: str, told: dict[str, Any], secrets: Mapping[str, str]) -> Container:
    environment: dict[str, str] = {}
    for source in told.get("envFrom", ()):
        environment |= _config_map(variant, source["configMapRef"]["name"])
    for one in told.get("env", ()):
        environment[one["name"]] = (
            one["value"] if "value" in one else secrets[one["valueFrom"]["secretKeyRef"]["key"]]
        )
    template = dict(pods(variant))[pod]["spec"]
    ports = {port["name"]: port["containerPort"] for port in told.get("ports", ())}
    probes = tuple(_probe(told[kind], ports) for kind in PROBES if kind in told)
    bare = Container(
        name=told["name"],
        image=told["image"],
        command=(),
        environment=environment,
        own_variables=frozenset(environment),
        check=next((tuple(probe["command"]) for probe in probes if "command" in probe), ()),
        mounts={one["mountPath"]: _volume(template, one["name"]) for one in told["volumeMounts"]},
        grace_s=template["terminationGracePeriodSeconds"],
        probes=probes,
    )
    return _with_image(bare, told.get("command"), told.get("args"))


def _volume(template: dict[str, Any], name: str) -> str:
    (found,) = [one for one in template.get("volumes", ()) if one["name"] == name] or [{"name": name}]
    if "secret" in found:
        (item,) = found["secret"]["items"]
        return f"{SECRET}{item['key']}"
    return "" if "emptyDir" in found else name


def _probe(told: dict[str, Any], ports: Mapping[str, int]) -> dict[str, Any]:
    asked = told.get("httpGet")
    return {"path": asked["path"], "port": ports[asked["port"]]} if asked else dict(told.get("exec", {}))


def _config_map(variant: str, name: str) -> dict[str, str]:
    found = [one for one in objects(variant) if (one["kind"], one["metadata"]["name"]) == ("ConfigMap", name)]
    return dict(found[0]["data"])


def _with_image(bare: Container, entrypoint: list[str] | None, command: list[str] | None) -> Container:
    """What the image says where the file does not."""
    if bare.stage:
        entrypoint = entrypoint or _words(bare.stage, "ENTRYPOINT")
        command = command or _words(bare.stage, "CMD")
    return replace(
        bare,
        command=(*(entrypoint or ()), *(command or ())),
        environment={**(image_environment(bare.stage) if bare.stage else {}), **bare.environment},
        check=bare.check or (image_check(bare.stage) if bare.stage else ()),
    )


def image_check(stage: str) -> tuple[str, ...]:
    """The program of the image's HEALTHCHECK."""
    found = last_of(stage, "HEALTHCHECK")
    if found is None:
        return ()
    return tuple(Instruction("CMD", found.text.split(" CMD ", 1)[1]).arguments)


def _words(stage: str, word: str) -> list[str]:
    found = last_of(stage, word)
    return found.arguments if found else []


def everywhere() -> Iterator[tuple[str, Container]]:
    """Every container of deploy/, each with where it stands; secrets are made up."""
    for path in COMPOSE_FILES:
        variables = dict.fromkeys(required_variables(path), "0123456789abcdef")
        for name, container in of_compose(path, variables).items():
            yield f"{path.name}: {name}", container
    for variant in MANIFESTS:
        for name, container in of_manifests(variant, SECRETS).items():
            yield f"{variant}: {name}", container


#: The keys of the secret that docs/containers.md makes, each with a value of its form.
SECRETS = {
    "signing-key": "0" * 64,
    "database-password": "0" * 48,
    "database-url": f"postgresql://treadle:{'0' * 48}@treadle-database:5432/treadle",
    "s3-secret-key": "0" * 48,
    "ml-token": "0" * 48,
}
