"""What every container of deploy/ runs, with which environment: a test can start the same as processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
        f"{pod}/{told['name']}": _of_pod(variant, told, secrets)
        for pod, template in pods(variant)
        for told in template["spec"]["containers"]
    }


def _of_service(name: str, told: dict[str, Any]) -> Container:
    told_check = told.get("healthcheck", {})
    check = tuple(told_check.get("test", ())[1:])
    environment = {key: str(value) for key, value in told.get("environment", {}).items()}
    return _container(name, told["image"], (told.get("entrypoint"), told.get("command")), environment, check)


def _of_pod(variant: str, told: dict[str, Any], secrets: Mapping[str, str]) -> Container:
    environment: dict[str, str] = {}
    for source in told.get("envFrom", ()):
        environment |= _config_map(variant, source["configMapRef"]["name"])
    for one in told.get("env", ()):
        environment[one["name"]] = (
            one["value"] if "value" in one else secrets[one["valueFrom"]["secretKeyRef"]["key"]]
        )
    check = tuple(told.get("livenessProbe", {}).get("exec", {}).get("command", ()))
    return _container(
        told["name"], told["image"], (told.get("command"), told.get("args")), environment, check
    )


def _config_map(variant: str, name: str) -> dict[str, str]:
    found = [one for one in objects(variant) if (one["kind"], one["metadata"]["name"]) == ("ConfigMap", name)]
    return dict(found[0]["data"])


def _container(
    name: str,
    image: str,
    words: tuple[list[str] | None, list[str] | None],
    environment: dict[str, str],
    check: tuple[str, ...],
) -> Container:
    stage = STAGES.get(image.split(":")[0], "")
    whole = environment
    entrypoint, command = words
    if stage:
        whole = {**image_environment(stage), **environment}
        entrypoint = entrypoint or _words(stage, "ENTRYPOINT")
        command = command or _words(stage, "CMD")
        check = check or image_check(stage)
    run = (*(entrypoint or ()), *(command or ()))
    return Container(name, image, run, whole, frozenset(environment), check)


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
