"""Files from addresses: fetched by the worker, kept as uploads, and imported as if they had been sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.labeling.imports.importing import Import, list_tasks, parts_of, picture, zipped
from tests.labeling.studio import Studio
from treadle import jobs
from treadle.labeling import uploads
from treadle.labeling.imports import IMPORT_JOB, Plan, start_import
from treadle.permissions import Permission

FILES = {
    "/rows": ("application/json", json.dumps([{"image": "/1.jpg"}]).encode()),
    "/a/tasks.csv?signature=secret": ("text/csv", b"image\n/2.jpg\n"),
    "/b/tasks.csv": ("text/csv", b"image\n/3.jpg\n"),
    "/all.zip": ("application/zip", zipped({"one.jpg": picture()})),
}


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, content = FILES.get(self.path, ("", b""))
        self.send_response(200 if kind else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run_fetch(studio: Studio, folder: Path, urls: list[str], **settings: Any) -> Import:
    plain = parts_of(studio.database, folder)
    parts = replace(plain, settings=replace(plain.settings, **settings))
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
        job, _import_id = start_import(tx, grant, [], plan=Plan(urls=tuple(urls)))
    return Import(jobs.run_in_place(parts, IMPORT_JOB, job.id), list_tasks(studio))


def test_files_are_fetched_and_read_by_their_kinds(studio: Studio, tmp_path: Path, site: str) -> None:
    urls = [site + path for path in FILES]
    found = run_fetch(studio, tmp_path, urls, outbound_allow="127.0.0.1/32")
    images = [task["data"]["image"] for task in found.tasks]
    assert images[:3] == ["/1.jpg", "/2.jpg", "/3.jpg"]
    assert images[3].endswith("-one.jpg")
    assert found.result["found_formats"] == {".json": 1, ".csv": 2, ".zip": 1}
    assert len(found.result["file_upload_ids"]) == 3


def test_what_cannot_be_fetched_is_told_and_leaves_nothing(studio: Studio, tmp_path: Path, site: str) -> None:
    urls = [f"{site}/rows", f"{site}/missing?signature=secret"]
    missing = run_fetch(studio, tmp_path, urls, outbound_allow="127.0.0.1/32")
    assert "404" in missing.error
    assert "secret" not in missing.error
    large = run_fetch(studio, tmp_path, urls[:1], outbound_allow="127.0.0.1", max_upload_bytes=5)
    assert "more than 5 bytes" in large.error
    assert "TREADLE_OUTBOUND_ALLOW" in run_fetch(studio, tmp_path, urls).error
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        assert uploads.list_of_project(tx, grant) == []
    assert list(parts_of(studio.database, tmp_path).objects.list()) == []
