"""What stands in deploy/: the Dockerfile as instructions, compose files and manifests as values."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "Dockerfile"
COMPOSE_FILES = (DEPLOY / "compose.yaml", DEPLOY / "compose.one.yaml")
#: Files that are applied together.
MANIFESTS = {
    "small": (DEPLOY / "kubernetes" / "small.yaml",),
    "scaled-out": tuple(sorted((DEPLOY / "kubernetes" / "scaled-out").glob("*.yaml"))),
}


@dataclass(frozen=True)
class Instruction:
    """One of a Dockerfile, its lines joined."""

    word: str
    text: str

    @property
    def flags(self) -> dict[str, str]:
        """``--name=value`` before its arguments."""
        return dict(re.findall(r"(?:^|\s)--([a-z-]+)=(\S+)", self.text.split(" CMD ")[0]))

    @property
    def arguments(self) -> list[str]:
        """Its words without flags; of an exec form, the list."""
        bare = re.sub(r"^(--[a-z-]+=\S+\s+)+", "", self.text).strip()
        if bare.startswith("["):
            return [str(word) for word in json.loads(bare)]
        return shlex.split(bare)


@dataclass
class Stage:
    """A FROM and what follows it."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def of(self, word: str) -> list[Instruction]:
        """Those with that word."""
        return [one for one in self.instructions if one.word == word]


@cache
def stages() -> dict[str, Stage]:
    """The stages of the Dockerfile, by name, in order."""
    found: dict[str, Stage] = {}
    for one in _instructions(DOCKERFILE.read_text("utf-8")):
        if one.word == "FROM":
            base, _as, name = one.text.split()
            found[name] = stage = Stage(name, base)
        else:
            stage.instructions.append(one)
    return found


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    for line in re.sub(r"\s*\\\n\s*", " ", "\n".join(lines)).split("\n"):
        word, _space, rest = line.strip().partition(" ")
        if word:
            yield Instruction(word, rest.strip())


def line_of(stage: str) -> list[Stage]:
    """The stage and those that it is from, the first one first."""
    known = stages()
    chain = [known[stage]]
    while chain[0].base in known:
        chain.insert(0, known[chain[0].base])
    return chain


def last_of(stage: str, word: str) -> Instruction | None:
    """The instruction that counts where several say one thing."""
    found = [one for each in line_of(stage) for one in each.of(word)]
    return found[-1] if found else None


def image_environment(stage: str) -> dict[str, str]:
    """The variables that an image of the stage sets."""
    pairs = [word for each in line_of(stage) for one in each.of("ENV") for word in shlex.split(one.text)]
    return dict(pair.split("=", 1) for pair in pairs)


def is_let_in(path: str) -> bool:
    """By .dockerignore, of whose lines the last that fits counts."""
    found = True
    parts = path.split("/")
    whole = {"/".join(parts[: end + 1]) for end in range(len(parts))}
    for line in _ignored():
        pattern = line.lstrip("!")
        names = set(parts) if pattern.startswith("**/") else whole
        if any(fnmatch.fnmatchcase(name, pattern.removeprefix("**/")) for name in names):
            found = line.startswith("!")
    return found


@cache
def _ignored() -> tuple[str, ...]:
    lines = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def compose(path: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """A compose file with its ``${…}`` replaced, as its program does it."""

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: replaced(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [replaced(inner) for inner in value]
        return _interpolated(value, variables) if isinstance(value, str) else value

    whole: dict[str, Any] = replaced(yaml.safe_load(path.read_text("utf-8")))
    return {key: value for key, value in whole.items() if not key.startswith("x-")}


def _interpolated(text: str, variables: Mapping[str, str]) -> str:
    def one(found: re.Match[str]) -> str:
        if found.group() == "$$":
            return "$"
        name, kind, more = found.group("name", "kind", "more")
        if variables.get(name):
            return variables[name]
        if kind == ":-":
            return str(more)
        raise KeyError(f"{name}: {more or 'it is not set'}")

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?:(?P<kind>:-|:\?)(?P<more>[^}]*))?\}", one, text)


def required_variables(path: Path) -> set[str]:
    """Those without which the compose file refuses to start."""
    return set(re.findall(r"\$\{(\w+):\?", path.read_text("utf-8")))


@cache
def objects(variant: str) -> tuple[dict[str, Any], ...]:
    """Every object of the manifests of a variant."""
    return tuple(one for path in MANIFESTS[variant] for one in yaml.safe_load_all(path.read_text("utf-8")))


def pods(variant: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and template of every pod."""
    for one in objects(variant):
        if "template" in one.get("spec", {}):
            yield one["metadata"]["name"], one["spec"]["template"]
