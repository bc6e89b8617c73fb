"""Files of a repo that lie in a storage, over HTTP: put by one change, read as any other."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.gateways.conftest import Gateway
from tests.serving import RunningServer, serve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture and a text."""
    folder = tmp_path / "outside"
    (folder / "cats").mkdir(parents=True)
    Image.new("RGB", (800, 600), "teal").save(folder / "cats" / "b.png")
    (folder / "a.txt").write_bytes(b"0123456789")
    return folder


@pytest.fixture
def server(database_url: str, tmp_path: Path, folder: Path) -> Iterator[RunningServer]:
    """A server that shares the folder."""
    with serve(database_url, tmp_path / "data", local_files_roots=str(folder)) as running:
        yield running


def post(client: httpx.Client, path: str, /, **body: object) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_what_lies_in_a_folder_is_read_as_any_other_file(server: RunningServer, folder: Path) -> None:
    with server.client() as client:
        project = post(client, "/api/projects/", title="Pictures")["id"]
        storage = post(client, "/api/storages/localfiles/", project=project, path=str(folder))["id"]
        repo = f"/api/repos/{post(client, '/api/repos/', name='images')['id']}"
        asked = [{"storage": storage, "prefix": folder.as_uri(), "path": "raw"}]
        commit = post(client, f"{repo}/changes/", reference=asked)
        assert (commit["file_count"], commit["message"]) == (2, "1 referred to")
        part = client.get(f"{repo}/files/raw/a.txt", headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.content) == (206, b"234")
        small = client.get(f"{repo}/files/raw/cats/b.png?thumbnail=320")
        assert Image.open(io.BytesIO(small.content)).width == 320
        s3 = Gateway(server, *Gateway(server, "", "").make_key()).client()
        where = {"Bucket": "master.images", "Key": "raw/a.txt"}
        assert s3.get_object(**where, Range="bytes=2-4")["Body"].read() == b"234"
        (folder / "a.txt").write_bytes(b"9876543210")
        answer = client.get(f"{repo}/files/raw/a.txt")
        assert (answer.status_code, answer.json()["code"]) == (409, "reference-changed")
        with pytest.raises(s3.exceptions.ClientError, match=r"OperationAborted.*changed under you"):
            s3.get_object(**where)
        absent = client.post(f"{repo}/changes/", json={"reference": [{"storage": storage + 1}]})
        assert (absent.status_code, absent.json()["code"]) == (404, "storage-not-found")
        staged = {"stage": True, "reference": [{"storage": storage, "key": "a.txt", "path": "anew.txt"}]}
        assert post(client, f"{repo}/changes/", **staged)["state"] == "open"
        assert client.delete(f"/api/storages/localfiles/{storage}/").status_code == 204
        answer = client.get(f"{repo}/files/raw/cats/b.png")
        assert (answer.status_code, answer.json()["code"]) == (409, "reference-gone")
