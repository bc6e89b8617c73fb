"""Containers of deploy/ as processes of this machine: their commands, their environment, their checks.

Paths that a container mounts lie in a folder; services and ports are those of the loopback. Nothing else is
changed.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

import treadle
from tests.deploy.containers import SECRET, Container
from tests.deploy.reading import last_of
from tests.waiting import wait_until

_PACKAGES = Path(treadle.__file__).parents[1]
_INSTALLED = re.compile(r"/opt/treadle/lib/python[0-9.]+/site-packages")
_MACHINE = "/usr/local/bin:/usr/bin:/bin"
#: What is installed under these names in an image.
_PROGRAMS = {
    "treadle": (sys.executable, "-c", "import sys; from treadle.cli import main; sys.exit(main())"),
    "python": (sys.executable,),
}
_START_S, _LOOK_EVERY_S, _MOST_LOG = 180.0, 0.1, 4000


@dataclass
class Running:
    """A container that was started, as a process."""

    container: Container
    process: subprocess.Popen[bytes]
    environment: Mapping[str, str]
    folder: Path
    #: Those of the container, as they are here.
    ports: Mapping[int, int]
    check: Sequence[str]

    def is_well(self) -> bool:
        """What its check says, and every probe of a cluster."""
        assert self.process.poll() is None, self.log()
        return self._passes() and all(
            self._answers(probe["path"], probe["port"]) for probe in self.container.probes if "path" in probe
        )

    def _passes(self) -> bool:
        done = subprocess.run(self.check, env=self.environment, capture_output=True, check=False)
        return done.returncode == 0

    def _answers(self, path: str, port: int) -> bool:
        return (
            httpx.get(f"http://127.0.0.1:{self.ports[port]}{path}", trust_env=False, timeout=10).status_code
            == 200
        )

    def wait(self) -> None:
        """Until it is well."""
        for port in self.ports.values():
            wait_until(partial(self._listens, port), _START_S, _LOOK_EVERY_S)
        wait_until(self.is_well, _START_S, _LOOK_EVERY_S)

    def _listens(self, port: int) -> bool:
        assert self.process.poll() is None, self.log()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    def end(self) -> int:
        """Ask it to end, as an engine does; its status. Fails where it takes longer than it may."""
        self.process.terminate()
        return self.process.wait(self.container.grace_s)

    def log(self) -> str:
        """The end of what it wrote."""
        return (self.folder / "log").read_text("utf-8")[-_MOST_LOG:]


@dataclass
class Stack:
    """What was started together."""

    folder: Path
    #: Services as the files name them, such as ``database:5432``, and their ports here.
    services: Mapping[str, int]
    secrets: Mapping[str, str] = field(default_factory=dict)
    started: list[Running] = field(default_factory=list)

    def start(self, container: Container, ports: Mapping[int, int] | None = None) -> Running:
        """Start one more."""
        folder = self.folder / f"{len(self.started)}-{container.name}"
        (folder / "root").mkdir(parents=True)
        here = _Here(self, container, folder, ports or {})
        variables = {name: here.said(text) for name, text in container.environment.items()}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                here.command(container.command), env=variables, cwd=here.work_folder(), stdout=log, stderr=log
            )
        check = here.command(container.check)
        self.started.append(Running(container, process, variables, folder, ports or {}, check))
        return self.started[-1]

    def end(self) -> dict[str, int]:
        """End all of them, the last one first; the statuses."""
        return {f"{one.folder.name}": one.end() for one in reversed(self.started)}

    def kill(self) -> None:
        """End what is left."""
        for one in self.started:
            one.process.kill()
            one.process.wait()


@dataclass
class _Here:
    """How what a container is told reads on this machine."""

    stack: Stack
    container: Container
    folder: Path
    ports: Mapping[int, int]

    def __post_init__(self) -> None:
        for path in sorted(self.container.mounts):
            source = self.container.mounts[path]
            place = self._place(path)
            if source.startswith(SECRET):
                place.write_text(self.stack.secrets[source.removeprefix(SECRET)])
                place.chmod(0o440)
            else:
                place.mkdir(parents=True, exist_ok=True)

    def _place(self, path: str) -> Path:
        """Where the container's ``path`` lies."""
        above = [mount for mount in self.container.mounts if f"{path}/".startswith(f"{mount}/")]
        mount = min(above, key=len)
        source = self.container.mounts[mount]
        volume = self.stack.folder / "volumes" / source if source else self.folder / "root" / mount[1:]
        return volume / path.removeprefix(mount).lstrip("/")

    def said(self, text: str) -> str:
        """A value or a word of a command."""
        text = text.replace("/opt/treadle/bin:$PATH", f"{Path(sys.executable).parent}:{_MACHINE}")
        text = _INSTALLED.sub(str(_PACKAGES), text)
        mounts = "|".join(map(re.escape, sorted(self.container.mounts, reverse=True)))
        text = re.sub(rf"(?<![\w/.])({mounts})(?=[/:']|$)", lambda found: str(self._place(found[1])), text)
        for service, port in self.stack.services.items():
            text = re.sub(rf"(?<=[/@]){re.escape(service)}\b", f"127.0.0.1:{port}", text)
        for there, port in self.ports.items():
            text = re.sub(rf"\b{there}\b", str(port), text)
        return text

    def command(self, words: Sequence[str]) -> list[str]:
        """A command with its program."""
        program, *rest = words
        return [*_PROGRAMS[program], *map(self.said, rest)]

    def work_folder(self) -> Path:
        """Where it starts."""
        found = last_of(self.container.stage, "WORKDIR")
        assert found is not None
        return self._place(found.text)
