"""What the containers would run, started as processes with the same environment, turns the whole loop.

PostgreSQL is a real one, started as its image does. SeaweedFS comes in no package: Moto's S3 is in its place.
"""

from __future__ import annotations

import signal
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from tests.deploy import ink_model
from tests.deploy.containers import SECRETS, Container, of_compose, of_manifests
from tests.deploy.database import serve_database
from tests.deploy.loop import Loop, Subject, digits, first_person, tones
from tests.deploy.reading import COMPOSE_FILES
from tests.deploy.running import Stack
from tests.objects.clouds import serve_s3
from tests.proxies.street import free_ports
from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD

VARIABLES = {
    "POSTGRES_PASSWORD": SECRETS["database-password"],
    "S3_SECRET_KEY": SECRETS["s3-secret-key"],
    "TREADLE_ML_TOKEN": SECRETS["ml-token"],
    "TREADLE_ADMIN_EMAIL": ADMIN_EMAIL,
    "TREADLE_ADMIN_PASSWORD": ADMIN_PASSWORD,
}


def test_the_services_of_compose_turn_the_whole_loop(tmp_path: Path) -> None:
    found = of_compose(COMPOSE_FILES[0], VARIABLES)
    with stack_of(tmp_path, "server", "backend", "database", "object-store", found) as stack:
        stack.start(found["server"], {8080: stack.services["server:8080"]}).wait()
        stack.start(found["worker"])
        stack.start(with_ink(found["backend"]), {9090: stack.services["backend:9090"]})
        go_around(stack, "server:8080", "", "backend:9090", tones())


@pytest.mark.long
def test_the_pods_of_a_cluster_turn_the_whole_loop(tmp_path: Path) -> None:
    found = of_manifests("scaled-out", SECRETS)
    web, worker = found["treadle/treadle"], found["treadle-worker/worker"]
    backend = with_classifier(found["treadle-backend/backend"])
    names = ("treadle", "treadle-backend", "treadle-database", "treadle-object-store")
    with stack_of(tmp_path, *names, found) as stack:
        (beside,) = free_ports(1)
        for port in (stack.services["treadle:8080"], beside):
            stack.start(web, {8080: port}).wait()
        for _ in range(2):
            stack.start(worker)
        stack.start(backend, {9090: stack.services["treadle-backend:9090"]})
        prefix = web.environment["TREADLE_BASE_PATH"]
        go_around(stack, "treadle:8080", prefix, "treadle-backend:9090", digits(), beside)


@contextmanager
def stack_of(
    folder: Path, server: str, backend: str, database: str, store: str, found: Mapping[str, Container]
) -> Iterator[Stack]:
    """A place for containers, with a database and an object store that are there already."""
    (bare,) = (one for one in found.values() if one.image.startswith("postgres:"))
    ports = dict(zip((f"{server}:8080", f"{backend}:9090", f"{database}:5432"), free_ports(3), strict=True))
    with serve_s3() as cloud, serve_database(bare, ports[f"{database}:5432"]):
        urllib.request.urlopen(urllib.request.Request(f"{cloud.url}/treadle", method="PUT")).close()
        ports[f"{store}:8333"] = int(cloud.url.rpartition(":")[2])
        stack = Stack(folder, ports, SECRETS)
        try:
            yield stack
        finally:
            stack.kill()


def with_ink(backend: Container) -> Container:
    """The same command with a model of the tests: a training gives way to all other tests."""
    # "/." makes it a path of this machine, also where the tests lie below a folder that containers have.
    return replace(backend, command=(*backend.command[:-1], f"/.{ink_model.__file__}"))


def with_classifier(backend: Container) -> Container:
    """The same command with a model that needs neither torch nor another licence."""
    *words, model = backend.command
    kind = "/image_classifier/"
    return replace(backend, command=(*words, model.replace("/yolo/", kind).replace("/detector/", kind)))


class EachInTurn(httpx.HTTPTransport):
    """Asks one web process after the other, as a Service of a cluster does."""

    def __init__(self, *ports: int) -> None:
        super().__init__()
        self._ports = cycle(ports)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(port=next(self._ports))
        return super().handle_request(request)


def go_around(stack: Stack, server: str, prefix: str, backend: str, subject: Subject, *beside: int) -> None:
    """Once around; everything is well before and after it, and ends in time when it is told to."""
    for one in stack.started:
        one.wait()
    port = stack.services[server]
    url = f"http://127.0.0.1:{port}{prefix}/"
    transport = EachInTurn(port, *beside)
    with first_person(url, ADMIN_EMAIL, ADMIN_PASSWORD, transport) as client:
        address = f"http://127.0.0.1:{stack.services[backend]}"
        before, after = Loop(client, address, SECRETS["ml-token"], subject).turn()
    others = len(subject.pictures) - subject.labelled
    assert before == 0
    assert after >= subject.least * others, f"{after} of {others}"
    assert all(one.is_well() for one in stack.started)
    # Web process and backend tell which signal it was, once they have ended as they should.
    assert set(stack.end().values()) <= {0, -signal.SIGTERM}
