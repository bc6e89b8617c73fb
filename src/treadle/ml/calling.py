"""Between those who serve a model and those who wrote it: what one asks and the other answers.

The serving half holds an ``Author`` (``authors.find_author`` makes it of a file) and speaks of projects,
stored versions and tasks as they came over the wire. It never sees a class of a model, and an author never
sees HTTP. What an author promises:

- ``load`` may take long, is called once per project, version and process, and may be called again for
  another version of the same project: the last one counts.
- ``predict`` answers one item per task, in order: a prediction, or a list of them. A task that fails alone is
  an item of no regions and an ``error`` that says why (serving logs it and takes it out); what fails as a
  whole is raised. No item names a version, but in lists of several: serving stamps them.
- ``fit`` runs in a process of its own and writes below ``folder`` only what belongs to the version. What it
  returns is JSON, is stored beside the folder's files and handed back in ``StoredVersion.outcome`` as it was.
  Files are named in it relative to the folder, which may therefore be renamed. None: there is nothing to
  keep, and no version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

#: A folder that holds, or is filled with, the files of tasks under the paths that their addresses name.
MEDIA_DIR = "TREADLE_ML_MEDIA_DIR"
#: Folders of a shared disk that files are looked for in before they are fetched, apart by ``os.pathsep``.
DATA_DIR = "TREADLE_ML_DATA_DIR"
#: The device that models are put on, as torch writes it.
DEVICE = "TREADLE_ML_DEVICE"

#: A task as it came over the wire.
Wire = Mapping[str, object]


@dataclass(frozen=True)
class ProjectCall:
    """A project as a call names it, and the server that the call came from."""

    #: As Label Studio writes it: "1.1795218517"; "" where a call names none.
    key: str = ""
    label_config: str = ""
    #: The address of the server, its path prefix with it; "" where none was told.
    hostname: str = ""
    access_token: str = field(default="", repr=False)
    extra_params: object = None
    #: What a webhook tells of the project.
    project: dict[str, object] | None = None


@dataclass(frozen=True)
class StoredVersion:
    """A version of a project's model, as it lies on disk."""

    name: str
    folder: Path
    #: What ``fit`` returned.
    outcome: dict[str, object] = field(default_factory=dict)


class RunSink(Protocol):
    """Where a training tells how it goes; each call returns at once."""

    def log_metric(self, name: str, value: float, step: int | None = None) -> None: ...

    def log(self, text: str) -> None: ...

    def progress(self, done: float, total: float) -> None: ...

    def should_stop(self) -> bool: ...


class Author(Protocol):
    """A model as it is served, whatever it was written for."""

    @property
    def name(self) -> str:
        """The name of the class."""

    @property
    def train_events(self) -> frozenset[str]:
        """The events that ``fit`` is to be called for."""

    def load(self, project: ProjectCall, version: StoredVersion | None) -> None:
        """Make the model of a project ready; None is the untrained one."""

    def predict(
        self,
        project: ProjectCall,
        tasks: list[dict[str, object]],
        context: dict[str, object] | None,
        settings: dict[str, object],
    ) -> list[dict[str, object] | list[dict[str, object]]]:
        """One item per task: ``{"result": […], "score": 0.9}``, or a list of such."""

    def fit(
        self,
        project: ProjectCall,
        event: str,
        data: dict[str, object],
        run: RunSink,
        *,
        folder: Path,
    ) -> dict[str, object] | None:
        """Train; the outcome, or None where no version comes of it.

        ``data``: the webhook's body; its ``tasks``, where it has them, are those to learn from, as an export
        of JSON has them.
        """
