"""A stand-in for the platform: its variables, its kernel, and the proxy that ends TLS before it."""

from __future__ import annotations

import http.client
import os
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import httpx
from cryptography import x509

from tests.certificates import make_certificate
from tests.cloudera.asking import DOMAIN, HOST
from tests.cloudera.launching import ROOT
from tests.waiting import wait_until

S = TypeVar("S", bound=ThreadingHTTPServer)

_PER_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "remote-user"}
#: What a kernel does with a script: it gets its lines, and no file.
_KERNEL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
done = InteractiveShell.instance().run_cell(open(sys.argv[1], encoding="utf-8").read())
sys.exit(0 if done.success else 1)
"""
#: An index that nobody answers for.
NOWHERE = "http://127.0.0.1:9"


class _PassingOn(BaseHTTPRequestHandler):
    server: PlatformProxy | _Gate

    def _pass_on(self) -> None:
        if self.server.wanted not in ("", self.headers.get("authorization")):
            self.send_error(401)
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.application_port, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _PER_CONNECTION}
        told = {"X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "https"}
        try:
            upstream.request(self.command, self.path, body, {**headers, **told})
            answer = upstream.getresponse()
        except OSError:
            self.send_error(502)
            return
        with answer:
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _PER_CONNECTION:
                    self.send_header(name, value)
            self.end_headers()
            while chunk := answer.read1(65536):
                self.wfile.write(chunk)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _pass_on

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class PlatformProxy(ThreadingHTTPServer):
    """Listens on the application's port of another address, ends TLS, and passes on to the loopback."""

    daemon_threads = True
    wanted = ""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.2", 0), _PassingOn)
        self.application_port = self.server_port
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_make_certificate(folder))
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is no news."""


class _Gate(ThreadingHTTPServer):
    """Passes on what comes with the platform's own key, and nothing else."""

    daemon_threads = True

    def __init__(self, application_port: int, wanted: str) -> None:
        super().__init__(("127.0.0.1", 0), _PassingOn)
        self.application_port = application_port
        self.wanted = wanted


@contextmanager
def gate_before(url: str, wanted: str) -> Iterator[str]:
    """The address at which the application at ``url`` is reached with the Authorization ``wanted``."""
    with _serving(_Gate(int(url.rpartition(":")[2]), wanted)) as gate:
        yield f"http://127.0.0.1:{gate.server_port}"


def _make_certificate(folder: Path) -> Path:
    """A key and a certificate that it signed itself, in one file."""
    path = folder / "platform.pem"
    certificate, key = make_certificate(f"*.{DOMAIN}", x509.DNSName(f"*.{DOMAIN}"))
    path.write_bytes(key + certificate)
    return path


@dataclass
class Engine:
    """Runs the tasks of a project in a clean home, with a kernel of ``python``."""

    folder: Path
    python: str
    port: int
    reaches_indexes: bool
    more: dict[str, str] = field(default_factory=dict)
    #: How long an application may take until it answers.
    patience_s: float = 600.0

    @property
    def project(self) -> Path:
        """Where the repository was cloned."""
        return self.folder / "home"

    def set_up(self) -> None:
        """The clone, and the kernel of the platform."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, check=True, text=True,
        )  # fmt: skip
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (self.project / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, self.project / name)
        subprocess.run([self.python, "-m", "venv", str(self.folder / "kernel")], check=True)
        kernel = str(self.folder / "kernel" / "bin" / "python")
        subprocess.run([kernel, "-m", "pip", "install", "-qq", "ipython"], check=True)

    def run_task(self, script: str) -> None:
        """A session, to its end."""
        command, variables = self._asked(script), self._variables()
        done = subprocess.run(command, cwd=self.project, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    @contextmanager
    def application(self, script: str) -> Iterator[float]:
        """An application until the block ends; the seconds that it took to answer."""
        path = self.folder / "application.log"
        began_s = time.monotonic()
        with path.open("w") as said:
            command, variables = self._asked(script), self._variables()
            process = subprocess.Popen(command, cwd=self.project, env=variables, stdout=said, stderr=said)
        try:
            wait_until(lambda: process.poll() is not None or self._does_answer(), self.patience_s)
            assert process.poll() is None, path.read_text()
            yield time.monotonic() - began_s
        finally:
            process.terminate()
            process.wait(60)

    def _asked(self, script: str) -> list[str]:
        return [str(self.folder / "kernel" / "bin" / "python"), "-c", _KERNEL, script]

    def _variables(self) -> dict[str, str]:
        # How this machine reaches its indexes is no part of the home; a site would say the same.
        indexes = {
            name: text for name, text in os.environ.items() if name.startswith(("PIP_", "SSL_", "npm_"))
        }
        if not self.reaches_indexes:
            indexes = {"PIP_INDEX_URL": NOWHERE, "npm_config_registry": NOWHERE}
        return {
            "PATH": f"{self.folder / 'kernel' / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.project),
            "CDSW_APP_PORT": str(self.port),
            "CDSW_DOMAIN": DOMAIN,
            "CDSW_ENGINE_ID": "engine1",
            "CDSW_PROJECT": "treadle",
            "MLFLOW_TRACKING_URI": f"{NOWHERE}/mlflow",
            "PYTHONPATH": "/no/such/place",
            **indexes,
            **self.more,
        }

    def _does_answer(self) -> bool:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/", trust_env=False, timeout=5)
        except httpx.TransportError:
            return False
        return answer.status_code in (200, 302)


@contextmanager
def platform_proxy(folder: Path) -> Iterator[PlatformProxy]:
    """The platform's proxy, until the block ends."""
    with _serving(PlatformProxy(folder)) as proxy:
        yield proxy


@contextmanager
def _serving(server: S) -> Iterator[S]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client_of(proxy: PlatformProxy) -> httpx.Client:
    """A client outside of the platform, which reaches the application by the platform's address."""
    transport = httpx.HTTPTransport(verify=False)
    base = f"https://127.0.0.2:{proxy.server_port}"
    return httpx.Client(transport=transport, base_url=base, headers={"Host": HOST}, timeout=20)


def python_of(version: str) -> str:
    """The path of a Python of that version; "" where there is none."""
    asked = ["scripts/find-python.sh", version]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
