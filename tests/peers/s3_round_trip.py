"""A stock Label Studio reads its tasks from a repo and writes its labels to another, by its own S3 storages.

``python -m tests.peers.s3_round_trip --label-studio ls/bin/label-studio`` starts both and says what happens.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

from tests.gateways.conftest import Gateway, start
from tests.peers.stock import label_studio, ok
from tests.serving import serve

_CONFIG = """<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">
<Label value="Cat"/></RectangleLabels></View>"""
_BOX = {
    "from_name": "label",
    "to_name": "image",
    "type": "rectanglelabels",
    "value": {"x": 10, "y": 10, "width": 50, "height": 40, "rotation": 0, "rectanglelabels": ["Cat"]},
}
_SETTINGS = {"SSRF_PROTECTION_ENABLED": "false"}  # both stand on this machine


def main() -> None:
    """Go once around, and fail where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers.s3_round_trip", description=__doc__)
    parser.add_argument("--label-studio", required=True, help="its command, of version 1.23.2")
    command = parser.parse_args().label_studio
    with tempfile.TemporaryDirectory() as folder, serve("", Path(folder) / "treadle") as server:
        gateway = start(server)
        pictures = _fill(gateway)
        with label_studio(command, Path(folder) / "ls", _SETTINGS) as client:
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


def _label(client: httpx.Client, gateway: Gateway, pictures: dict[str, bytes]) -> None:
    print(f"Label Studio {ok(client.get('/api/version'))['release']}")
    project = ok(client.post("/api/projects/", json={"title": "By S3", "label_config": _CONFIG}))["id"]
    common = {
        "project": project,
        "aws_access_key_id": gateway.key_id,
        "aws_secret_access_key": gateway.secret,
        "s3_endpoint": gateway.endpoint,
        "region_name": "us-east-1",
    }
    source = {**common, "bucket": "master.images", "prefix": "photographs", "use_blob_urls": True}
    ok(client.post("/api/storages/s3/validate", json=source))
    source_id = ok(client.post("/api/storages/s3", json=source))["id"]
    synced = ok(client.post(f"/api/storages/s3/{source_id}/sync"))
    print(f"source storage: status {synced['status']}, {synced['last_sync_count']} tasks")
    target = {**common, "bucket": "master.labels", "can_delete_objects": True}
    ok(client.post("/api/storages/export/s3/validate", json=target))
    target_id = ok(client.post("/api/storages/export/s3", json=target))["id"]
    tasks = ok(client.get("/api/tasks/", params={"project": project}))["tasks"]
    assert len(tasks) == len(pictures), tasks
    for task in tasks:
        picture = client.get(task["data"]["image"], follow_redirects=False)
        if picture.is_redirect:
            picture = httpx.get(picture.headers["location"], trust_env=False)
        assert picture.content in pictures.values(), (picture.status_code, picture.text[:300])
        ok(client.post(f"/api/tasks/{task['id']}/annotations/", json={"result": [_BOX]}))
    print(f"{len(tasks)} pictures came by signed addresses, {len(tasks)} annotations were saved")
    ok(client.post(f"/api/storages/export/s3/{target_id}/sync"))


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


if __name__ == "__main__":
    main()
