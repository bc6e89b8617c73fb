"""The Dockerfile's steps in clean roots, and what comes of them as containers run it.

Each process has the root that the steps made, read-only, with mounts and processes of its own and no right of
root's. Names of services, ports and paths are those of the files. No engine is needed, but root is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.cloudera.platform import python_of
from tests.deploy.containers import SECRETS, Container, of_compose
from tests.deploy.database import serve_database
from tests.deploy.images import Builder, Image
from tests.deploy.loop import Loop, digits, first_person
from tests.deploy.reading import COMPOSE_FILES
from tests.deploy.rooms import Mount, Room, are_possible, first_in, in_network_of_its_own
from tests.deploy.test_loop import VARIABLES, with_classifier
from tests.objects.clouds import serve_s3
from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not are_possible(), reason="roots of their own need root, on a Debian"),
    pytest.mark.skipif(not python_of("3.12"), reason="the images' Python 3.12 is not installed"),
]
#: As OpenShift chooses them.
ANY_USER = "1000680000:0"


@pytest.fixture(scope="module")
def built() -> Iterator[Builder]:
    """On a disk; the backend has no torch, of which the index gives gigabytes."""
    with tempfile.TemporaryDirectory(prefix="treadle-images-") as name:
        yield Builder(Path(name), {"detector-packages": "packages"})


@dataclass
class Contained:
    """Containers in roots of their own."""

    folder: Path
    started: list[tuple[Container, Room, subprocess.Popen[bytes]]] = field(default_factory=list)

    def start(self, container: Container, image: Image, user: str = "") -> None:
        """Start one more, as the user of the image unless said, and wait until it is well."""
        room = Room(image.root, user or image.user, self._mounts(container, image), is_locked=True)
        own = {name: container.environment[name] for name in container.own_variables}
        with self._log(container).open("wb") as log:
            command = room.command(container.command, image.folder)
            variables = {**image.environment, **own}
            process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
        self.started.append((container, room, process))
        wait_until(lambda: self.is_well(-1), 120)

    def _mounts(self, container: Container, image: Image) -> list[Mount]:
        hosts = self.folder / "hosts"
        hosts.write_text("127.0.0.1 localhost server worker backend database object-store\n")
        mounts = [Mount("/etc/hosts", hosts), Mount("/dev/shm", size="1g")]
        for path, volume in container.mounts.items():
            place = self.folder / volume if volume else None
            if place is not None and not place.exists():
                # A new volume is as the folder of the image.
                subprocess.run(["cp", "-a", str(image.root / path[1:]), str(place)], check=True)
            mounts.append(Mount(path, place, "1g"))
        return mounts

    def _log(self, container: Container) -> Path:
        return self.folder / f"{container.name}.log"

    def is_well(self, number: int) -> bool:
        """What the container's check says."""
        container, _room, process = self.started[number]
        assert process.poll() is None, self._log(container).read_text()[-3000:]
        return self.does(number, *container.check)

    def does(self, number: int, *words: str) -> bool:
        """Whether a command in a container's room ends well."""
        _container, room, process = self.started[number]
        environ = Path(f"/proc/{first_in(process)}/environ").read_bytes().decode().split("\0")
        variables = dict(pair.split("=", 1) for pair in environ if pair)
        done = subprocess.run(room.inside(process, words), env=variables, capture_output=True, check=False)
        return done.returncode == 0

    def end(self) -> list[int]:
        """Ask each to end, as an engine does; the statuses."""
        found = []
        for container, _room, process in reversed(self.started):
            os.kill(first_in(process), signal.SIGTERM)
            found.append(process.wait(container.grace_s))
        return found

    def kill(self) -> None:
        """End what is left."""
        for _container, _room, process in self.started:
            process.kill()
            process.wait()


@pytest.fixture
def contained() -> Iterator[Contained]:
    """Nobody yet."""
    with tempfile.TemporaryDirectory(prefix="treadle-volumes-") as name:
        found = Contained(Path(name))
        yield found
        found.kill()


def test_one_container_is_well_as_any_user_with_a_root_that_nobody_writes_to(
    built: Builder, contained: Contained
) -> None:
    (one,) = of_compose(COMPOSE_FILES[1], {}).values()
    image = built.build("server")

    def go_around() -> None:
        contained.start(one, image, ANY_USER)
        assert httpx.get("http://127.0.0.1:8080/", follow_redirects=True, trust_env=False).status_code == 200
        for path in ("/x", "/opt/treadle/x", "/usr/x", "/etc/x", "/root/x", "/dev/x"):
            assert not contained.does(0, "touch", path)
        for path in ("/data/x", "/tmp/x", "/dev/shm/x"):
            assert contained.does(0, "touch", path)
        assert contained.does(0, "sh", "-c", 'test "$(id -u):$(id -g)" = 1000680000:0')
        assert contained.does(0, "grep", "-q", "CapBnd:.0000000000000000", "/proc/1/status")
        assert contained.does(0, "sh", "-c", "test ! -e /build -a ! -e /root/.npmrc")
        assert contained.does(0, "treadle", "user", "--help")
        assert contained.end() == [0]

    in_network_of_its_own(go_around)
    contained.started.clear()

    def come_again() -> None:
        contained.start(one, image, ANY_USER)
        assert contained.end() == [0]

    in_network_of_its_own(come_again)


def test_the_services_of_compose_turn_the_whole_loop_in_their_images(
    built: Builder, contained: Contained
) -> None:
    found = of_compose(COMPOSE_FILES[0], {**VARIABLES, "BACKEND": "detector"})
    server, backend = built.build("server"), built.build("detector")

    def go_around() -> None:
        with serve_s3(8333) as cloud, serve_database(found["database"], 5432):
            urllib.request.urlopen(urllib.request.Request(f"{cloud.url}/treadle", method="PUT")).close()
            contained.start(found["server"], server)
            contained.start(found["worker"], server)
            contained.start(with_classifier(found["backend"]), backend)
            url = "http://127.0.0.1:8080/"
            with first_person(url, ADMIN_EMAIL, ADMIN_PASSWORD, httpx.HTTPTransport()) as client:
                loop = Loop(client, "http://backend:9090", SECRETS["ml-token"], digits())
                before, after = loop.turn()
            assert before == 0
            assert after >= 0.7 * (len(loop.subject.pictures) - loop.subject.labelled)
            assert all(contained.is_well(number) for number in range(3))
            assert contained.end() == [0, 0, 0]

    in_network_of_its_own(go_around)
