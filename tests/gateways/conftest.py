"""A real server with its S3 gateway, an access key, and boto3 as the client."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from tests.serving import ADMIN_TOKEN, RunningServer, serve


@dataclass(frozen=True)
class Gateway:
    """A running gateway, with the key of its administrator."""

    server: RunningServer
    key_id: str
    secret: str

    @property
    def endpoint(self) -> str:
        """What S3 clients are told."""
        return f"{self.server.url}/s3"

    def client(self, key_id: str = "", secret: str = "", **config: Any) -> Any:
        """A boto3 client that tries everything once."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=key_id or self.key_id,
            aws_secret_access_key=secret or self.secret,
            region_name="us-east-1",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                retries={"max_attempts": 0},
                proxies={},
                **config,
            ),
        )

    def make_key(self, token: str = ADMIN_TOKEN, **fields: Any) -> tuple[str, str]:
        """An access key of whoever has the token."""
        with self.server.client(token) as client:
            answer = client.post("/api/s3-keys", json={"name": "test", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["access_key_id"], answer.json()["secret_access_key"]

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> httpx.Response:
        """A signed request of whatever kind; ``path`` begins at the bucket."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method, f"{self.endpoint}/{path}", headers=named, data=body)
        S3SigV4Auth(Credentials(self.key_id, self.secret), "s3", "us-east-1").add_auth(request)
        return httpx.request(
            method, request.url, headers=dict(request.headers), content=body, trust_env=False
        )

    def commit(self, bucket: str, message: str = "by hand") -> str:
        """Commit what is staged; the id of the commit."""
        answer = self.ask("POST", f"{bucket}?commit", x_treadle_message=message)
        assert answer.status_code == 200, answer.text
        return answer.text.partition("<Commit>")[2][:32]

    def repo_path(self, bucket: str) -> str:
        """The address of the bucket's repo in our own API."""
        with self.server.client() as client:
            found = client.get("/api/repos/", params={"name": bucket.split(".")[1]}).json()["results"]
        return f"/api/repos/{found[0]['id']}"

    def make_bucket(self) -> str:
        """A new bucket: the branch master of a new repo."""
        name = f"master.r{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return name


def start(running: RunningServer) -> Gateway:
    """The gateway of a running server."""
    key_id, secret = Gateway(running, "", "").make_key()
    return Gateway(running, key_id, secret)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One server for all tests that look at the protocol alone; each makes buckets of its own."""
    with serve("", tmp_path_factory.mktemp("s3") / "data") as running:
        yield start(running)


@pytest.fixture
def fresh_gateway(database_url: str, tmp_path: Path) -> Iterator[Gateway]:
    """A server of its own, on each kind of database."""
    with serve(database_url, tmp_path / "data") as running:
        yield start(running)


@pytest.fixture
def s3(gateway: Gateway) -> Any:
    """A boto3 client."""
    return gateway.client()


@pytest.fixture
def bucket(gateway: Gateway) -> str:
    """A bucket that nothing is in."""
    return gateway.make_bucket()
