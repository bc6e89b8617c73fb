"""What a model of the old kinds finds around it: its project, its files, its state, and the environment."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from treadle.errors import Invalid
from treadle.ml.calling import ProjectCall
from treadle.ml.fetching import Fetcher, fetcher_for
from treadle.ml.servers import ADDRESS_NAMES

#: Kept by ``set`` for the moment alone: they are told anew at each start.
PASSING = frozenset({"model_version", "label_config", "parsed_label_config", "extra_params"})


class State:
    """What ``set`` keeps: in memory, and in a file that is written when it changes, without a sync."""

    def __init__(self, kept: Mapping[str, object] | None = None, file: Path | None = None) -> None:
        self._file = file
        self._values: dict[str, object] = {**(kept or {}), **_read(file)}
        self._first = dict(self._values)

    def get(self, key: str) -> object:
        return self._values.get(key)

    def set(self, key: str, value: object) -> None:
        if key in self._values and self._values[key] == value:
            return
        self._values[key] = value
        if self._file is not None and key not in PASSING:
            _write(self._file, self.lasting())

    def has(self, key: str) -> bool:
        return key in self._values

    def lasting(self) -> dict[str, object]:
        """What outlives the process."""
        return {key: value for key, value in self._values.items() if key not in PASSING}

    @property
    def is_changed(self) -> bool:
        return self.lasting() != {key: value for key, value in self._first.items() if key not in PASSING}


class PresentState:
    """The state of whatever runs now, by project and key: in place of the file that the installed package
    has.
    """

    def __getitem__(self, place: tuple[str, str]) -> object:
        return _now.state.get(place[1])

    def __setitem__(self, place: tuple[str, str], value: object) -> None:
        _now.state.set(place[1], value)

    def __contains__(self, place: tuple[str, str]) -> bool:
        return _now.state.has(place[1])


@dataclass
class Present:
    """The project that a model is run for, and the version."""

    project: ProjectCall = field(default_factory=ProjectCall)
    #: As it was before anything of ours was set in it.
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    state: State = field(default_factory=State)
    train_output: dict[str, object] = field(default_factory=dict)
    #: Set in the environment while the model runs; a value of None is taken out.
    settings: dict[str, str | None] = field(default_factory=dict)
    _files: Fetcher | None = None

    @property
    def project_id(self) -> str:
        """The number of the project, as text."""
        return self.project.key.split(".", 1)[0]

    def files(self, hostname: str | None = None, token: str | None = None) -> Fetcher:
        """The fetcher of the project's server, or of another that a model names."""
        if hostname or token:
            named = {name: value for name, value in self.environ.items() if name not in ADDRESS_NAMES}
            environ = {**named, "LABEL_STUDIO_URL": hostname} if hostname else self.environ
            call = ProjectCall(
                hostname=self.project.hostname, access_token=token or self._token_for(hostname)
            )
            return fetcher_for(call, environ)
        if self._files is None:
            self._files = fetcher_for(self.project, self.environ)
        return self._files

    def _token_for(self, hostname: str | None) -> str:
        """The token of the project, where the server is the project's own."""
        is_own = (hostname or "").rstrip("/") == self.project.hostname.rstrip("/")
        return self.project.access_token if is_own else ""


def present() -> Present:
    """What is around the model that runs now."""
    return _now


@contextmanager
def within(around: Present) -> Iterator[None]:
    """Run a model with ``around`` about it."""
    global _now
    before = _now
    _now = around
    kept = {name: os.environ.get(name) for name in around.settings}
    _set_environ(around.settings)
    try:
        yield
    finally:
        _now = before
        # What the model itself has set stays as long as the process.
        _set_environ(
            {name: kept[name] for name, ours in around.settings.items() if os.environ.get(name) == ours}
        )


def _set_environ(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _read(file: Path | None) -> dict[str, object]:
    if file is None:
        return {}
    try:
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Invalid(
            "state-file", f"{file} is no JSON. Mend it, or remove it: then the state is empty."
        ) from error
    return found if isinstance(found, dict) else {}


def _write(file: Path, values: Mapping[str, object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    part.write_text(json.dumps(values, default=str), "utf-8")
    os.replace(part, file)


_now = Present()
