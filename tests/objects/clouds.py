"""Real servers of the clouds' kinds, on loopback: S3, Google Cloud Storage's XML, Azure's blobs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from tests.waiting import wait_until

#: Names under three letters are refused by S3.
BUCKET = "photographs"
AZURE_ACCOUNT = "devstoreaccount1"
#: Azurite's own, printed in its manual.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_ROOT = Path(__file__).parents[2]
_AZURITE = _ROOT / "tests/browser/node_modules/azurite/dist/src/blob/main.js"

_SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"
)


@dataclass(frozen=True)
class Cloud:
    """A server that holds one empty bucket, `BUCKET`."""

    url: str

    @property
    def google_key(self) -> str:
        """What leads a client of Google Cloud Storage here, in place of a key file."""
        return json.dumps(
            {
                "type": "service_account",
                "gcs_base_url": self.url,
                "disable_oauth": True,
                "client_email": "",
                "private_key": "",
                "private_key_id": "",
            }
        )


@contextmanager
def serve_s3(port: int = 0) -> Iterator[Cloud]:
    """Moto's server."""
    with _serve(DomainDispatcherApplication(create_backend_app), port) as cloud:
        yield cloud


@contextmanager
def serve_gcs() -> Iterator[Cloud]:
    """Moto's server, spoken to in the XML that Google Cloud Storage shares with S3.

    The emulators of Google's on the indexes know its JSON interface alone, which no code here uses.
    """
    app = DomainDispatcherApplication(create_backend_app)

    def serve(environ: dict[str, Any], respond: Callable[..., Any]) -> Any:
        # Google's credential is a bearer's token, which moto takes for a broken signature.
        environ["HTTP_AUTHORIZATION"] = _SIGNATURE
        return app(environ, respond)

    with _serve(serve) as cloud:
        yield cloud


@contextmanager
def _serve(app: Any, port: int = 0) -> Iterator[Cloud]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        cloud = Cloud(f"http://127.0.0.1:{server.server_port}")
        _put(f"{cloud.url}/{BUCKET}", {})
        yield cloud
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serve_azure() -> Iterator[Cloud]:
    """Azurite, in memory."""
    port = free_port()
    switches = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    assert _AZURITE.exists(), "azurite is not installed: make browser"
    command = [_find_node(), str(_AZURITE), "--blobHost", "127.0.0.1", "--blobPort", str(port), *switches]
    # In a session of its own: node may be a launcher, whose child outlives it.
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=silent, stderr=silent, start_new_session=True)
    try:
        wait_until(lambda: _answers(port), 60)
        cloud = Cloud(f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}")
        make_container(cloud, BUCKET)
        yield cloud
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def make_container(cloud: Cloud, name: str) -> None:
    """An empty container of Azure's."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    lines = [f"{name}:{value}" for name, value in headers.items()]
    signed = "PUT" + "\n" * 12 + "\n".join([*lines, f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{name}"])
    digest = hmac.new(base64.b64decode(AZURE_KEY), f"{signed}\nrestype:container".encode(), hashlib.sha256)
    signature = base64.b64encode(digest.digest()).decode()
    headers["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{signature}"
    _put(f"{cloud.url}/{name}?restype=container", headers)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _find_node() -> str:
    # The machine's own may be too old.
    places = os.pathsep.join([str(_ROOT / ".venv/bin"), os.environ.get("PATH", "")])
    return shutil.which("node", path=places) or "node"


def _put(url: str, headers: dict[str, str]) -> None:
    request = urllib.request.Request(url, method="PUT", headers={**headers, "Content-Length": "0"})
    with urllib.request.urlopen(request, timeout=20) as response:
        assert response.status in (200, 201)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
