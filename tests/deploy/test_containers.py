"""What the containers run: commands, settings, checks and probes that the server knows."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.deploy.containers import SECRETS, Container, everywhere, of_manifests
from tests.deploy.reading import MANIFESTS, ROOT, pods
from tests.waiting import wait_until
from treadle.access.signing_key import FILE_NAME as KEY_FILE
from treadle.access.signing_key import load_signing_key
from treadle.cli.app import COMMANDS
from treadle.jobs.liveness import note_alive
from treadle.launch.lock import take_lock
from treadle.launch.opening import check_is_shared
from treadle.settings import Settings, load_settings, variable
from treadle.web.routes import AREAS

FOUND = dict(everywhere())
OURS = {name: one for name, one in FOUND.items() if one.stage}
SERVERS = {name: one for name, one in OURS.items() if one.stage == "server"}
BACKENDS = {name: one for name, one in OURS.items() if one.stage != "server"}
#: What other people's images and programs read, by the image; * is for each.
KNOWN = {
    "*": {"PATH", "HOME", "LOGNAME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"},
    "treadle": {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
    "treadle-yolo": {"MODEL_DIR", "MPLCONFIGDIR", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"},
    "postgres": {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "PGDATA"},
    "chrislusf/seaweedfs": {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
}
BACKEND_VARIABLES = {"TREADLE_URL", "TREADLE_ML_TOKEN", "TREADLE_ML_CACHE", "TREADLE_ML_WEIGHTS"}


def test_every_container_is_known() -> None:
    assert {name.split(": ")[0] for name in FOUND} == {"compose.yaml", "compose.one.yaml", *MANIFESTS}
    assert len(SERVERS) == 6
    assert len(BACKENDS) == 2


@pytest.mark.parametrize("name", FOUND)
def test_every_variable_is_one_that_is_read(name: str) -> None:
    one = FOUND[name]
    image = one.image.split(":")[0]
    known = KNOWN["*"] | KNOWN[image]
    if one.stage == "server":
        known |= {variable(setting.name) for setting in fields(Settings)}
    elif one.stage:
        known |= BACKEND_VARIABLES
    assert set(one.environment) <= known


def test_what_backends_are_told_is_read_somewhere() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "src" / "treadle" / "ml").rglob("*.py"))
    assert {name for name in BACKEND_VARIABLES | {"MODEL_DIR"} if f'"{name}"' not in text} == set()


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_takes_its_command_and_settings(name: str) -> None:
    one = SERVERS[name]
    settings = load_settings(one.environment, {})
    assert (settings.host, settings.port, settings.data_dir) == ("0.0.0.0", 8080, Path("/data"))
    program, command = one.command
    assert program == "treadle"
    assert command in {each.name for each in COMMANDS}
    if command in ("web", "worker"):
        check_is_shared(settings)
        assert settings.objects_url
    else:
        assert command == "serve"
        assert not settings.database_url


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_takes_its_command(name: str) -> None:
    command = BACKENDS[name].command
    assert " ".join(command[:3]) == "treadle ml serve"
    assert "ml serve" in {each.name for each in COMMANDS}
    assert command[3:7] == ("--host", "0.0.0.0", "--port", "9090")


def test_every_probe_asks_for_what_is_served() -> None:
    areas = [
        area
        for area in AREAS
        if area.module in ("treadle.web.routes_operations", "treadle.web.routes_server")
    ]
    served = {route.path.rstrip("/") for area in areas for route in area.load() if route.method == "GET"}
    asked = set()
    for variant in MANIFESTS:
        for _name, template in pods(variant):
            for one in template["spec"]["containers"]:
                for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                    probe = one.get(kind, {}).get("httpGet")
                    if probe:
                        asked.add(probe["path"])
                        assert probe["port"] in {port["name"] for port in one["ports"]}
    assert asked == {"/health", "/ready"}
    assert asked <= served


@pytest.mark.parametrize("name", ["compose.yaml: server", "scaled-out: treadle-backend/backend"])
def test_a_check_tells_well_from_unwell(name: str) -> None:
    one = OURS[name]
    path, token = ("/ready", "") if one.stage == "server" else ("/health", SECRETS["ml-token"])
    for status, is_well in ((200, True), (503, False)):
        with answering(path, status, token) as port:
            checked = re.sub(r"(os.environ\['TREADLE_PORT'\]|\b9090\b)", str(port), one.check[-1])
            told = {**os.environ, "TREADLE_ML_TOKEN": token}
            done = subprocess.run([sys.executable, "-I", "-S", "-c", checked], env=told, check=False)
        assert (done.returncode == 0) is is_well


def test_containers_of_one_image_are_asked_by_one_check() -> None:
    checks = {(one.stage, one.check) for one in OURS.values() if one.command[-1] != "worker"}
    assert len(checks) == 2


@pytest.mark.long
def test_the_small_variant_runs_as_a_process_and_is_well(tmp_path: Path) -> None:
    one = OURS["small: treadle/treadle"]
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = str(found.getsockname()[1])
    here = {"TREADLE_DATA_DIR": str(tmp_path), "TREADLE_PORT": port, "PATH": os.environ["PATH"]}
    told = {**one.environment, **here}
    code = "import sys; from treadle.cli import main; sys.exit(main())"
    with subprocess.Popen([sys.executable, "-c", code, *one.command[1:]], env=told, cwd=ROOT) as server:
        check = [sys.executable, "-I", "-S", *one.check[1:]]
        wait_until(lambda: subprocess.run(check, env=told, capture_output=True).returncode == 0)
        server.terminate()
        assert server.wait(timeout=60) == 0


@contextmanager
def answering(path: str, status: int, token: str) -> Iterator[int]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_asked_well = (
                self.path == path and self.headers.get("Authorization", "Bearer ") == f"Bearer {token}"
            )
            self.send_response(status if is_asked_well else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        serving = threading.Thread(target=server.handle_request)
        serving.start()
        yield server.server_port
        serving.join()


@pytest.mark.parametrize("name", [name for name, one in OURS.items() if one.command[1:] == ("worker",)])
def test_the_check_of_a_worker_sees_its_sign_of_life(name: str, tmp_path: Path) -> None:
    *_program, code = OURS[name].check
    code = code.replace("/data/", f"{tmp_path}/")
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True).returncode == 1
    note_alive(tmp_path)
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code]).returncode == 0
    os.utime(tmp_path / "tmp" / "worker-alive", (1, 1))
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code]).returncode == 1


def test_the_key_that_a_cluster_mounts_is_the_one_that_is_used(tmp_path: Path) -> None:
    one = of_manifests("scaled-out", SECRETS)["treadle/treadle"]
    (tmp_path / KEY_FILE).write_text(f"{SECRETS['signing-key']}\n")
    (tmp_path / KEY_FILE).chmod(0o440)
    assert isinstance(one, Container)
    assert load_signing_key(tmp_path).reveal() == SECRETS["signing-key"]
    mounts = [mount["mountPath"] for mount in mounts_of("treadle")]
    assert f"{one.environment['TREADLE_DATA_DIR']}/{KEY_FILE}" in mounts


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives a folder to somebody else")
def test_a_volume_that_a_group_was_let_into_keeps_its_rights(tmp_path: Path) -> None:
    os.chown(tmp_path, 10001, 0)
    tmp_path.chmod(0o2770)
    take_lock(tmp_path, 0).release()
    assert tmp_path.stat().st_mode & 0o7777 == 0o2770


def mounts_of(pod: str) -> list[dict[str, str]]:
    template = dict(pods("scaled-out"))[pod]
    return list(template["spec"]["containers"][0]["volumeMounts"])
