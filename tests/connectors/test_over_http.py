"""Sources over HTTP: pictures for who may see their task, secrets for nobody, Label Studio's own client."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from label_studio_sdk.client import LabelStudio
from PIL import Image

from tests.connectors.house import ON_SQLITE
from tests.serving import ADMIN_TOKEN, RunningServer
from tests.working import serve_with_worker

CONFIG = (
    '<View><Image name="img" value="$image"/>'
    '<Choices name="q" toName="img"><Choice value="sharp"/></Choices></View>'
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with two pictures and a file that is none."""
    folder = tmp_path / "outside"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (800, 600), "teal").save(folder / name)
    return folder


@pytest.fixture
def server(database_url: str, tmp_path: Path, outside: Path) -> Iterator[RunningServer]:
    url = "" if database_url.startswith("sqlite") else database_url
    with serve_with_worker(url, tmp_path / "data", local_files_roots=str(outside)) as running:
        yield running


def make_project(client: httpx.Client) -> int:
    return int(client.post("/api/projects/", json={"title": "Pictures", "label_config": CONFIG}).json()["id"])


@ON_SQLITE
def test_a_picture_of_a_source_is_seen_by_who_may_see_its_task(server: RunningServer, outside: Path) -> None:
    with server.client() as admin:
        project = make_project(admin)
        body = {"project": project, "path": str(outside), "use_blob_urls": True}
        made = admin.post("/api/storages/localfiles/", json=body)
        assert made.status_code == 201, made.text
        synced = admin.post(f"/api/storages/localfiles/{made.json()['id']}/sync").json()
        assert (synced["status"], synced["last_sync_count"], synced["counts"]) == ("completed", 2, {"new": 2})
        tasks = admin.get(f"/api/tasks/?project={project}").json()["tasks"]
        address = tasks[0]["data"]["image"]
        whole = (outside / "a.png").read_bytes()
        answer = admin.get(address)
        assert (answer.content, answer.headers["content-type"]) == (whole, "image/png")
        part = admin.get(address, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole[10:20])
        assert admin.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
        refused = admin.get(address, params={"at": "yesterday"})
        assert (refused.status_code, list(refused.json()["validation_errors"])) == (400, ["at"])
        # A place without commits keeps nothing of before.
        assert admin.get(address, params={"at": "2020-01-01T00:00:00Z"}).content == whole
        small = admin.get(address, params={"thumbnail": 320})
        assert Image.open(io.BytesIO(small.content)).size == (320, 240)
        (outside / "c.png").write_bytes(whole)
        assert admin.get(f"/api/storages/items/{made.json()['id']}/c.png").status_code == 404, (
            "no task shows it"
        )
        annotator = server.member("annotator@example.com", "annotator")
        with server.client(annotator.token) as theirs:
            assert theirs.get(address).status_code == 404
            assert theirs.post(f"/api/tasks/{tasks[0]['id']}/open/").status_code in (200, 404)
            handed = theirs.get(f"/api/projects/{project}/next/").json()["data"]["image"]
            assert theirs.get(handed).status_code == 200
            other = next(each["data"]["image"] for each in tasks if each["data"]["image"] != handed)
            assert theirs.get(other).status_code == 404


def test_secrets_go_in_and_never_come_out(server: RunningServer) -> None:
    secret = "correct horse battery"
    with server.client() as admin:
        project = make_project(admin)
        body: dict[str, Any] = {"project": project, "repository": "images@master", "pach_authn_token": secret}
        admin.post("/api/repos/", json={"name": "images", "workspace": 1})
        made = admin.post("/api/storages/pachyderm/", json=body)
        assert made.status_code == 201, made.text
        at = f"/api/storages/pachyderm/{made.json()['id']}"
        told = [made.text, admin.get(at).text, admin.get(f"/api/storages/repo/?project={project}").text]
        told.append(admin.patch(at, json={"title": "Pictures"}).text)
        assert [text for text in told if secret in text] == []
        assert admin.get(at).json()["title"] == "Pictures"
        check = admin.post(
            "/api/storages/pachyderm/validate", json={"id": made.json()["id"], "project": project}
        )
        assert check.json() == {}
    with server.database.read() as tx:
        kept = tx.connection.exec_driver_sql("SELECT options, sealed FROM storages").one()
        assert kept[1]
        assert secret not in f"{kept}"


@ON_SQLITE
def test_what_would_become_no_task_is_told_before_a_source_is_made(
    server: RunningServer, outside: Path
) -> None:
    (outside / "notes.txt").write_text("a text")
    with server.client() as admin:
        body = {"project": make_project(admin), "path": str(outside), "use_blob_urls": True}
        files = admin.post("/api/storages/localfiles/files/", json=body).json()["files"]
    assert {each["key"]: each["is_task"] for each in files} == {
        "a.png": True,
        "b.png": True,
        "notes.txt": False,
    }


@ON_SQLITE
def test_what_is_wrong_with_a_storage_is_said_before_it_is_made(
    server: RunningServer, tmp_path: Path
) -> None:
    with server.client() as admin:
        project = make_project(admin)
        for kind, fields, named in (
            ("localfiles", {"path": str(tmp_path)}, "path"),
            ("repo", {"repo": "nowhere@master"}, "repo"),
            ("repo", {}, "repo"),
            ("s3", {"bucket": ""}, "bucket"),
        ):
            for path in (f"/api/storages/{kind}/", f"/api/storages/{kind}/validate"):
                answer = admin.post(path, json={"project": project, **fields})
                assert answer.status_code in (400, 403), answer.text
                if answer.status_code == 400:
                    assert named in answer.json()["validation_errors"]
        assert admin.get(f"/api/storages/?project={project}").json() == []
        assert admin.get("/api/storages/ftp/form").status_code == 404


@ON_SQLITE
def test_label_studios_client_manages_storages(server: RunningServer, outside: Path, tmp_path: Path) -> None:
    with server.client() as admin:
        project = make_project(admin)
    client = LabelStudio(base_url=server.url, api_key=ADMIN_TOKEN)
    names = {each.name for each in client.import_storage.list_types()}
    assert {"s3", "gcs", "azure", "redis", "localfiles", "repo"} <= names
    made = client.import_storage.local.create(
        project=project, path=str(outside), use_blob_urls=True, title="P"
    )
    assert (made.type, made.status, made.title) == ("localfiles", "initialized", "P")
    client.import_storage.local.validate(project=project, path=str(outside))
    synced = client.import_storage.local.sync(id=made.id)
    assert (synced.status, synced.last_sync_count) == ("completed", 2)
    client.import_storage.local.update(id=made.id, title="Q")
    assert [each.title for each in client.import_storage.local.list(project=project)] == ["Q"]
    target = client.export_storage.local.create(project=project, path=str(outside))
    assert client.export_storage.local.sync(id=target.id).status == "completed"
    client.export_storage.local.delete(id=target.id)
    client.import_storage.local.delete(id=made.id)
    assert client.import_storage.local.list(project=project) == []
