"""A stock Label Studio reads its tasks from a repo and writes its labels to another, by its own S3 storages.

``python -m tests.peers.s3_round_trip --label-studio ls/bin/label-studio`` starts both and says what happens.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from tests.gateways.conftest import Gateway, start
from tests.serving import ADMIN_TOKEN, serve

_CONFIG = """<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">
<Label value="Cat"/></RectangleLabels></View>"""
_BOX = {
    "from_name": "label",
    "to_name": "image",
    "type": "rectanglelabels",
    "value": {"x": 10, "y": 10, "width": 50, "height": 40, "rotation": 0, "rectanglelabels": ["Cat"]},
}
_START_S = 240


def main() -> None:
    """Go once around, and fail where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers.s3_round_trip", description=__doc__)
    parser.add_argument("--label-studio", required=True, help="its command, of version 1.23.2")
    command = parser.parse_args().label_studio
    with tempfile.TemporaryDirectory() as folder, serve("", Path(folder) / "treadle") as server:
        gateway = start(server)
        pictures = _fill(gateway)
        with _label_studio(command, Path(folder) / "ls") as client:
            _label(client, gateway, pictures)
        _tell(gateway)


def _fill(gateway: Gateway) -> dict[str, bytes]:
    s3 = gateway.client()
    pictures = {}
    for bucket in ("master.images", "master.labels"):
        s3.create_bucket(Bucket=bucket)
    for number in range(3):
        file = BytesIO()
        Image.new("RGB", (64, 48), (80 * number, 90, 120)).save(file, "PNG")
        pictures[f"photographs/{number}.png"] = file.getvalue()
        s3.put_object(Bucket="master.images", Key=f"photographs/{number}.png", Body=file.getvalue())
    print(
        f"images@master: commit {gateway.commit('master.images', 'photographs')} of {len(pictures)} pictures"
    )
    return pictures


@contextmanager
def _label_studio(command: str, folder: Path) -> Iterator[httpx.Client]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder.mkdir()
    environment = {
        **os.environ,
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SSRF_PROTECTION_ENABLED": "false",  # both stand on this machine
    }
    account = ["--username", "admin@example.com", "--password", "admin-pass-1", "--user-token", ADMIN_TOKEN]
    arguments = ["start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port), *account]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [command, *arguments, "--enable-legacy-api-token"], env=environment, stdout=log, stderr=log
        )
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Token {ADMIN_TOKEN}"},
            trust_env=False,
            timeout=60,
        ) as client:
            _wait(client, process)
            yield client
    finally:
        process.terminate()
        process.wait()


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        if _is_up(client):
            return
        time.sleep(1)
    raise SystemExit("Label Studio did not start.")


def _is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def _label(client: httpx.Client, gateway: Gateway, pictures: dict[str, bytes]) -> None:
    print(f"Label Studio {_ok(client.get('/api/version'))['release']}")
    project = _ok(client.post("/api/projects/", json={"title": "By S3", "label_config": _CONFIG}))["id"]
    common = {
        "project": project,
        "aws_access_key_id": gateway.key_id,
        "aws_secret_access_key": gateway.secret,
        "s3_endpoint": gateway.endpoint,
        "region_name": "us-east-1",
    }
    source = {**common, "bucket": "master.images", "prefix": "photographs", "use_blob_urls": True}
    _ok(client.post("/api/storages/s3/validate", json=source))
    source_id = _ok(client.post("/api/storages/s3", json=source))["id"]
    synced = _ok(client.post(f"/api/storages/s3/{source_id}/sync"))
    print(f"source storage: status {synced['status']}, {synced['last_sync_count']} tasks")
    target = {**common, "bucket": "master.labels", "can_delete_objects": True}
    _ok(client.post("/api/storages/export/s3/validate", json=target))
    target_id = _ok(client.post("/api/storages/export/s3", json=target))["id"]
    tasks = _ok(client.get("/api/tasks/", params={"project": project}))["tasks"]
    assert len(tasks) == len(pictures), tasks
    for task in tasks:
        picture = client.get(task["data"]["image"], follow_redirects=False)
        if picture.is_redirect:
            picture = httpx.get(picture.headers["location"], trust_env=False)
        assert picture.content in pictures.values(), (picture.status_code, picture.text[:300])
        _ok(client.post(f"/api/tasks/{task['id']}/annotations/", json={"result": [_BOX]}))
    print(f"{len(tasks)} pictures came by signed addresses, {len(tasks)} annotations were saved")
    _ok(client.post(f"/api/storages/export/s3/{target_id}/sync"))


def _tell(gateway: Gateway) -> None:
    s3 = gateway.client()
    end = time.monotonic() + 30
    while True:
        listed = s3.list_objects_v2(Bucket="master.labels").get("Contents", [])
        if len(listed) == 3 or time.monotonic() > end:
            break
        time.sleep(0.5)
    keys = [found["Key"] for found in listed]
    print(f"labels@master, staged: {', '.join(keys)}")
    assert len(keys) == 3, keys
    commit = gateway.commit("master.labels", "labels of Label Studio")
    bodies = [s3.get_object(Bucket=f"{commit}.labels", Key=key)["Body"].read() for key in keys]
    assert all(b'"Cat"' in body for body in bodies)
    print(f"labels@master: commit {commit} of {len(keys)} files, {sum(map(len, bodies))} bytes")


def _ok(answer: httpx.Response) -> Any:
    assert answer.is_success, (
        f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
    )
    return answer.json() if answer.content else None


if __name__ == "__main__":
    main()
