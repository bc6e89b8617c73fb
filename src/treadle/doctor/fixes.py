"""What to write where, for each proxy that can be told from the way it answers and hands on.

Sources: the reference of each: nginx's ngx_http_proxy_module, ingress-nginx's annotations, Apache's mod_proxy
and mod_headers, Traefik's and Caddy's reverse proxies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from treadle.doctor.checks import Fix

#: What a proxy does wrong.
Wrong = Literal["host", "origin", "scheme", "relay", "prefix", "client", "body", "time", "buffering"]

_IN_NGINX = "nginx, in the location of this server"
_IN_INGRESS = "ingress-nginx, annotations of the Ingress"
_IN_CONTROLLER = "ingress-nginx, ConfigMap of the controller"
_IN_APACHE = "Apache, in the virtual host"
_IN_TRAEFIK = "Traefik"
_IN_CADDY = "Caddy, in reverse_proxy"

# Lines are filled in: {prefix} is the sub-path, and a brace of their own stands twice.
_NGINX: Mapping[Wrong, Fix] = {
    "host": Fix(_IN_NGINX, "proxy_set_header Host $http_host;"),
    "origin": Fix(_IN_NGINX, "proxy_set_header Origin $http_origin;"),
    "scheme": Fix(_IN_NGINX, "proxy_set_header X-Forwarded-Proto $scheme;"),
    "relay": Fix(
        "nginx, where another proxy before it ends TLS",
        "proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;",
    ),
    "prefix": Fix(_IN_NGINX, "proxy_set_header X-Forwarded-Prefix {prefix};"),
    "client": Fix(_IN_NGINX, "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"),
    "body": Fix(_IN_NGINX, "client_max_body_size 0;\nproxy_request_buffering off;"),
    "time": Fix(_IN_NGINX, "proxy_read_timeout 300s;"),
    "buffering": Fix(
        _IN_NGINX, "proxy_buffering off;\n# and without: proxy_ignore_headers X-Accel-Buffering;"
    ),
}
_INGRESS: Mapping[Wrong, Fix] = {
    "host": Fix(_IN_INGRESS, "# without nginx.ingress.kubernetes.io/upstream-vhost"),
    "scheme": Fix(_IN_CONTROLLER, 'use-forwarded-headers: "true"'),
    "relay": Fix(_IN_CONTROLLER, 'use-forwarded-headers: "true"'),
    "prefix": Fix(_IN_INGRESS, "nginx.ingress.kubernetes.io/x-forwarded-prefix: {prefix}"),
    "client": Fix(_IN_CONTROLLER, 'use-forwarded-headers: "true"'),
    "body": Fix(_IN_INGRESS, 'nginx.ingress.kubernetes.io/proxy-body-size: "0"'),
    "time": Fix(_IN_INGRESS, 'nginx.ingress.kubernetes.io/proxy-read-timeout: "300"'),
    "buffering": Fix(_IN_INGRESS, 'nginx.ingress.kubernetes.io/proxy-buffering: "off"'),
}
_APACHE: Mapping[Wrong, Fix] = {
    "host": Fix(_IN_APACHE, "ProxyPreserveHost On"),
    "origin": Fix(_IN_APACHE, "# without: RequestHeader unset Origin"),
    "scheme": Fix(_IN_APACHE, "RequestHeader set X-Forwarded-Proto expr=%{{REQUEST_SCHEME}}"),
    "relay": Fix(_IN_APACHE, "# without: RequestHeader set X-Forwarded-Proto …"),
    "prefix": Fix(_IN_APACHE, "RequestHeader set X-Forwarded-Prefix {prefix}"),
    "client": Fix(_IN_APACHE, "ProxyAddHeaders On"),
    "body": Fix(_IN_APACHE, "LimitRequestBody 0"),
    "time": Fix(_IN_APACHE, "ProxyTimeout 300"),
    "buffering": Fix(_IN_APACHE, "# at the end of the line of ProxyPass:\nflushpackets=on"),
}
_TRAEFIK: Mapping[Wrong, Fix] = {
    "host": Fix(_IN_TRAEFIK, "# of the service's loadBalancer:\npassHostHeader: true"),
    "scheme": Fix(_IN_TRAEFIK, "--entryPoints.NAME.forwardedHeaders.trustedIPs=ADDRESS-OF-THE-PROXY-BEFORE"),
    "relay": Fix(_IN_TRAEFIK, "--entryPoints.NAME.forwardedHeaders.trustedIPs=ADDRESS-OF-THE-PROXY-BEFORE"),
    "prefix": Fix(_IN_TRAEFIK, "# a middleware of the router:\nstripPrefix: {{prefixes: [{prefix}]}}"),
    "client": Fix(_IN_TRAEFIK, "--entryPoints.NAME.forwardedHeaders.trustedIPs=ADDRESS-OF-THE-PROXY-BEFORE"),
    "body": Fix(_IN_TRAEFIK, "# of the middleware buffering:\nmaxRequestBodyBytes: 0"),
    "time": Fix(_IN_TRAEFIK, "# of the serversTransport:\nforwardingTimeouts: {{responseHeaderTimeout: 0s}}"),
    "buffering": Fix(
        _IN_TRAEFIK, "# of the service's loadBalancer:\nresponseForwarding: {{flushInterval: -1}}"
    ),
}
_CADDY: Mapping[Wrong, Fix] = {
    "host": Fix(_IN_CADDY, "header_up Host {{host}}"),
    "origin": Fix(_IN_CADDY, "# without: header_up -Origin"),
    "scheme": Fix(_IN_CADDY, "header_up X-Forwarded-Proto {{scheme}}"),
    "relay": Fix(_IN_CADDY, "trusted_proxies private_ranges"),
    "prefix": Fix(_IN_CADDY, "header_up X-Forwarded-Prefix {prefix}"),
    "client": Fix(_IN_CADDY, "header_up X-Forwarded-For {{remote_host}}"),
    "body": Fix("Caddy, in the site", "# without: request_body {{ max_size … }}"),
    "time": Fix(_IN_CADDY, "transport http {{\n  response_header_timeout 300s\n}}"),
    "buffering": Fix(_IN_CADDY, "flush_interval -1"),
}
_TABLES: Mapping[str, Mapping[Wrong, Fix]] = {
    "nginx": _NGINX,
    "ingress-nginx": _INGRESS,
    "Apache": _APACHE,
    "Traefik": _TRAEFIK,
    "Caddy": _CADDY,
}
#: What to write for a proxy that cannot be told: the one most people have, and what others call it.
_WORDS: Mapping[Wrong, str] = {
    "host": "Pass Host on as it came, or send X-Forwarded-Host: {host}",
    "origin": "Pass the header Origin on as it came.",
    "scheme": "Send X-Forwarded-Proto: {scheme}",
    "relay": "Pass X-Forwarded-Proto of the proxy before on as it came.",
    "prefix": "Send X-Forwarded-Prefix: {prefix}",
    "client": "Send X-Forwarded-For with the client's address.",
    "body": "Let bodies be of any size.",
    "time": "Wait 300 seconds for an answer.",
    "buffering": "Hand answers on as they come, without keeping them.",
}


def recognise(server: str, noticed: Collection[str]) -> str:
    """What the proxy is called; "" where nothing tells.

    server: the header ``Server`` of an answer.  noticed: names of headers that arrived, in lower case.
    """
    said = server.lower()
    if "nginx" in said or "openresty" in said:
        return "ingress-nginx" if {"x-scheme", "x-forwarded-scheme"} & set(noticed) else "nginx"
    if "apache" in said:
        return "Apache"
    if "caddy" in said:
        return "Caddy"
    if {"x-scheme", "x-forwarded-scheme"} & set(noticed):
        return "ingress-nginx"
    # It hides no server's name and sets this header, as Apache does.
    return "Traefik" if "x-forwarded-server" in noticed else ""


def fixes_for(wrong: Wrong, proxy: str, **told: str) -> tuple[Fix, ...]:
    """What to write. told: prefix, host and scheme as they are to be, where the fix names them."""
    table = _TABLES.get(proxy)
    if table is not None and wrong in table:
        return (_filled(table[wrong], told),)
    spoken = Fix("The proxy", _WORDS[wrong].format(**told))
    return (spoken, _filled(_NGINX[wrong], told))


def setting(line: str) -> Fix:
    """A variable of the server's."""
    return Fix("Treadle, in its environment; then start it again", line)


def _filled(fix: Fix, told: Mapping[str, str]) -> Fix:
    return Fix(fix.where, fix.lines.format(**told))
