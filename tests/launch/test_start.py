"""A start imports what every server needs, and nothing that only some are asked for."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from treadle.late import once

CODE = """
import asyncio, sys
from pathlib import Path
import treadle.launch.web
from treadle.launch.application import create_application
from treadle.settings import Settings
from treadle.web.parts import open_parts

parts = open_parts(Settings(data_dir=Path(sys.argv[1])))
scope = {"type": "http", "method": "GET", "path": "/health", "raw_path": b"/health", "query_string": b""}
said = []

async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}

async def send(message):
    said.append(message)

asyncio.run(create_application(parts)({**scope, "headers": []}, receive, send))
parts.close()
assert said[0]["status"] == 200, said
print(*sys.modules)
"""
#: Libraries that are slow to import, or large, each for something of its own.
SPECIAL = {"PIL", "argon2", "awscrt", "backports", "blake3", "cryptography", "dbos", "jwt", "mlflow", "numpy"}
SPECIAL |= {"obstore", "psycopg", "redis"}
#: What is light, and tells whom a request is for.
LIGHT = {
    "treadle.gateways.s3",
    "treadle.gateways.s3.asked",
    "treadle.gateways.s3.errors",
    "treadle.labeling.json_text",
    "treadle.tracking.mounts",
}
ROOMS = ("connectors", "gateways", "jobs", "labeling", "lineage", "outbound", "repos", "samples", "tracking")


def test_a_server_that_answers_has_imported_nothing_that_nobody_asked_for(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    modules = set(told.stdout.split())
    assert modules & SPECIAL == set()
    rooms = {name for name in modules if name.startswith(tuple(f"treadle.{room}." for room in ROOMS))}
    assert rooms - LIGHT == set()
    assert {name for name in modules if name.startswith("treadle.web.routes_")} == {
        "treadle.web.routes_server"
    }


def test_what_is_made_when_it_is_asked_for_is_made_once() -> None:
    asked = threading.Barrier(4)
    is_going_on = threading.Event()

    class Held:
        @once
        def engine(self) -> object:
            is_going_on.wait(0.2)  # as an import that takes its time: the others ask meanwhile
            return object()

    held = Held()

    def ask() -> object:
        asked.wait()
        return held.engine

    with ThreadPoolExecutor(4) as threads:
        made = set(threads.map(lambda _number: ask(), range(4)))
    assert made == {held.engine}
    assert vars(held)["engine"] is held.engine
