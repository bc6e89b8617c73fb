"""Programs that other people wrote, told nothing but the address with its sub-path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from label_studio_sdk.client import LabelStudio

from tests.proxies.street import Street, Way
from tests.serving import ADMIN_TOKEN

CONFIG = '<View><Text name="text" value="$text"/></View>'
MLFLOW = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
NOTEBOOK = """
import mlflow
from mlflow import MlflowClient
mlflow.set_experiment("below a path")
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("paper", "notes/a b.txt")
client = MlflowClient()
print(client.get_run(run.info.run_id).data.metrics["loss"], mlflow.artifacts.load_text(
    f"runs:/{run.info.run_id}/notes/a b.txt"))
"""

pytestmark = pytest.mark.usefixtures("home")


WAYS = [("plain", "/kept"), ("tls", "/team/label"), ("hub", "/services/treadle")]


@pytest.mark.long
def test_mlflows_client_tracks_and_gets_its_files_back(street: Street, home: Path) -> None:
    way = street.way("tls", "/team/label")
    surroundings = {
        "MLFLOW_TRACKING_URI": way.site,
        "MLFLOW_TRACKING_TOKEN": ADMIN_TOKEN,
        "MLFLOW_TRACKING_SERVER_CERT_PATH": str(street.certificate),
        "PATH": "",
        "HOME": str(home),
    }
    command = [sys.executable, "-c", NOTEBOOK]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "0.5 paper"


def test_what_mlflows_client_asks_for_is_found_below_a_path(street: Street) -> None:
    for number, way in enumerate(street.way(*place) for place in WAYS):
        with way.client(ADMIN_TOKEN) as client:
            made = client.post(f"{MLFLOW}/experiments/create", json={"name": f"way {number}"})
            assert made.status_code == 200, made.text
            run = client.post(f"{MLFLOW}/runs/create", json=made.json()).json()["run"]["info"]
            place = run["artifact_uri"].replace("mlflow-artifacts:", ARTIFACTS)
            assert client.put(f"{place}/a b.txt", content=b"paper").status_code == 200
            assert client.get(f"{place}/a b.txt").content == b"paper"
            page = client.get("/mlflow")
            assert urljoin(str(page.url), page.headers["location"]) == f"{way.site}/mlflow/"


@pytest.mark.parametrize(("port", "prefix"), WAYS)
def test_an_s3_client_puts_gets_and_signs_addresses(street: Street, port: str, prefix: str) -> None:
    way = street.way(port, prefix)
    client, bucket = s3_client(street, way), f"master.{port}-photographs"
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="a b/ä+c.txt", Body=b"paper")
    assert client.get_object(Bucket=bucket, Key="a b/ä+c.txt")["Body"].read() == b"paper"
    [listed] = client.list_objects_v2(Bucket=bucket)["Contents"]
    signed = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": listed["Key"]})
    assert signed.startswith(f"{way.site}/s3/")
    assert httpx.get(signed, verify=way.verify, trust_env=False).content == b"paper"


def test_a_lost_host_is_what_a_wrong_signature_points_at(street: Street) -> None:
    with pytest.raises(ClientError, match="whether a proxy changes the path, the query or the Host"):
        s3_client(street, street.way("host_lost")).list_buckets()


def test_label_studios_client_works_below_a_path(street: Street) -> None:
    for prefix in ("/kept", "/x"):
        client = LabelStudio(base_url=street.way("plain", prefix).site, api_key=ADMIN_TOKEN)
        project = client.projects.create(title="below a path", label_config=CONFIG)
        client.projects.import_tasks(id=project.id, request=[{"text": str(number)} for number in range(3)])
        texts = [task.data["text"] for task in client.tasks.list(project=project.id, page_size=2)]
        assert sorted(texts) == ["0", "1", "2"]


def s3_client(street: Street, way: Way) -> Any:
    with way.client(ADMIN_TOKEN) as client:
        key = client.post("/api/s3-keys", json={"name": "below a path"}).json()
    return boto3.client(
        "s3",
        endpoint_url=f"{way.site}/s3",
        aws_access_key_id=key["access_key_id"],
        aws_secret_access_key=key["secret_access_key"],
        region_name="us-east-1",
        verify=str(street.certificate),
        config=Config(
            signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 0}, proxies={}
        ),
    )
