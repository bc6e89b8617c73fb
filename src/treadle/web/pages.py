"""The pages and their assets, at any path prefix."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request

from treadle.access.arrivals import arrival_of
from treadle.errors import Invalid, NotFound
from treadle.web.dressing import dressed, look_of
from treadle.web.own_roots import OWN_ROOTS
from treadle.web.parts import Parts
from treadle.web.routing import Reply

STATIC = Path(__file__).parent / "static"
HTML = "text/html; charset=utf-8"

_PLACEHOLDER = "<!--base-->"
_LONGEST_SHOWN = 200
_IMMUTABLE = "public, max-age=31536000, immutable"
_ALWAYS_ASK = "no-cache"
_GZIP_FROM_BYTES = 1024
_GZIPPED = ("text/", "application/javascript", "application/json", "image/svg+xml")
_NOT_BUILT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Treadle</title></head>
<body><h1>The pages are not built</h1>
<p>The server runs. Stop it, run <code>make setup</code> in its folder, and start it again.</p></body></html>
"""


def answer_page(request: Request, parts: Parts) -> Reply:
    """What answers where no route does: an asset, or a page for a browser.

    Raises NotFound, Invalid("method-not-allowed").
    """
    path = request.url.path
    asset = _find_asset(path)
    if asset is None and _is_for_machines(path, request.headers.get("accept", "")):
        raise NotFound("not-found", f"There is nothing at {path}.{_hint(path)}")
    if request.method not in ("GET", "HEAD"):
        method_not_allowed = f'Method "{request.method}" not allowed.'
        raise Invalid("method-not-allowed", method_not_allowed, details={"allowed": "GET, HEAD"})
    if asset is None:
        return page(path, parts, arrival_of(request.scope).prefix)
    return _send_asset(asset, request)


def page(path: str, parts: Parts, prefix: str = "") -> Reply:
    """The page at ``path`` as this installation looks, with its addresses made relative to the server's root.

    prefix: of a proxy; "" also where nobody told it.
    """
    file = STATIC / ("label.html" if _is_label_page(path) else "index.html")
    if not file.is_file():
        return Reply(200, _NOT_BUILT.encode(), HTML, {"Cache-Control": "no-store"})
    text = file.read_text("utf-8").replace(_PLACEHOLDER, f'<base href="{_base_in(path, prefix)}">', 1)
    return Reply(200, dressed(text, look_of(parts)).encode(), HTML, {"Cache-Control": "no-store"})


def base_of(path: str) -> str:
    """The way from ``path`` up to the root, such as ``../../`` for /projects/1/data."""
    return "../" * (path.count("/") - 1) or "./"


def _base_in(path: str, prefix: str) -> str:
    # A browser may have asked for /prefix without the slash, and nothing relative shows the difference.
    return f"{prefix}/" if prefix and path == "/" else base_of(path)


def _hint(path: str) -> str:
    """What to do where a proxy left a sub-path that nobody told us."""
    segments = path[:_LONGEST_SHOWN].strip("/").split("/")
    ours = next((number for number, name in enumerate(segments) if name in OWN_ROOTS), 0)
    if not ours:
        return ""
    kept = "/" + "/".join(segments[:ours])
    return (
        f" If a proxy leaves {kept} before the server's paths, start it with TREADLE_BASE_PATH={kept} "
        "(X-Forwarded-Prefix is for one that takes it away)"
    )


def _is_label_page(path: str) -> bool:
    parts = path.strip("/").split("/")
    return len(parts) == 3 and parts[0] == "projects" and parts[2] == "label"


def _is_for_machines(path: str, accept: str) -> bool:
    return (
        path.startswith(("/api/", "/data/", "/assets/", "/locales/", "/tasks/"))
        or path == "/api"
        or path.rstrip("/").endswith(("/presign", "/resolve"))
        or (accept != "" and "text/html" not in accept and "*/*" not in accept)
        or ("text/html" not in accept and _hint(path) != "")
    )


def _find_asset(path: str) -> Path | None:
    if path in ("/", "/index.html", "/label.html"):
        return None
    try:
        found = (STATIC / path.lstrip("/")).resolve()
        return found if found.is_relative_to(STATIC.resolve()) and found.is_file() else None
    except (OSError, ValueError):  # a name that is too long for a file, or holds what no name can
        return None


def _send_asset(file: Path, request: Request) -> Reply:
    content_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    may_gzip = content_type.startswith(_GZIPPED) and "gzip" in request.headers.get("accept-encoding", "")
    body, tag, encoding = _read_asset(file, file.stat().st_mtime_ns, may_gzip)
    headers = {
        "Cache-Control": _IMMUTABLE if file.parent.name == "assets" else _ALWAYS_ASK,
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }
    if encoding:
        headers["Content-Encoding"] = encoding
    if tag in request.headers.get("if-none-match", ""):
        return Reply(304, b"", content_type, headers)
    return Reply(200, body, content_type, headers)


@lru_cache(maxsize=256)
def _read_asset(file: Path, _changed_ns: int, may_gzip: bool) -> tuple[bytes, str, str]:
    """Body, tag and encoding of an asset, compressed once for each version of it."""
    body = file.read_bytes()
    tag = hashlib.sha256(body).hexdigest()[:20]
    if may_gzip and len(body) > _GZIP_FROM_BYTES:
        return gzip.compress(body, 6, mtime=0), f'"{tag}-gz"', "gzip"
    return body, f'"{tag}"', ""
