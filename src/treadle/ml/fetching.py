"""Files of tasks, each fetched once: from a shared disk where there is one, else from the cache, else
over HTTP.

Tokens: those of the environment before that of the call. A personal access token of Label Studio is
exchanged at ``/api/token/refresh``; what a server accepted is remembered. A token is shown to the
server's own origin only, and no more after a redirect has left it.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote, urlsplit

from treadle.errors import Forbidden, Invalid, NotFound, Unavailable
from treadle.late import late
from treadle.ml.cache import Cache, Entry, cache_of, suffix_of
from treadle.ml.calling import DATA_DIR, MEDIA_DIR, ProjectCall
from treadle.ml.servers import (
    Server,
    expiry_of,
    is_signed,
    lasting,
    origin_of,
    server_of,
    shown,
)

if TYPE_CHECKING:
    from http.client import HTTPResponse

#: What speaks HTTP is imported when there is something to fetch.
follow = late("treadle.ml.asking:follow")
telling = late("treadle.ml.asking:telling")

_PIECE_BYTES = 1024 * 1024
#: How long a file is taken for what it was without asking again.
_FRESH_S = 600.0
#: How long a server may be silent within a file, and before an answer of its API: it may gather an export.
_FILE_S, _ANSWER_S = 60.0, 300.0
_JSON = {"Content-Type": "application/json"}
_LOCAL_FILES = "/data/local-files"
_STORED = "/storage-data/uploaded/?filepath="


class Fetcher:
    """Fetches the files of one server's tasks."""

    def __init__(self, server: Server, cache: Cache, disks: tuple[Path, ...] = ()) -> None:
        self.server = server
        self._cache = cache
        self._disks = disks
        self._accepted: str | None = None
        self._exchanged: dict[str, tuple[str, float]] = {}

    def path(self, address: str, task_id: object = None) -> Path:
        """A file with what ``address`` names, to be read and not written.

        Raises Invalid, NotFound, Forbidden, Unavailable; each says the address.
        """
        if (shared := self.on_disk(address)) is not None:
            return shared
        if address.startswith("data:"):
            return self._cache.put(address, [_inline(address)])
        try:
            return self._cached(self.server.url_of(address, task_id), address)
        except NotFound:
            # Uploads that Label Studio keeps in a bucket are served at another address.
            uploaded = (self.server.path_of(address) or "").partition("/data/upload/")[2]
            if not uploaded:
                raise
            return self._cached(f"{self.server.base}{_STORED}upload/{quote(uploaded)}", address)

    def read_json(self, path: str) -> object:
        """What the server answers at a path of its API."""
        with self._open(self.server.url_of(path), {}, _ANSWER_S) as answer:
            return json.loads(answer.read())

    def on_disk(self, address: str) -> Path | None:
        """The file of ``address`` on a shared disk; None where there is none."""
        if not self._disks or ("://" in address and self.server.path_of(address) is None):
            return None
        names = _disk_names(self.server.path_of(address) or "")
        return next((path for disk in self._disks for name in names if (path := below(disk, name))), None)

    def _cached(self, url: str, address: str) -> Path:
        key = lasting(url) if not address.startswith(("s3:", "gs:", "azure-blob:")) else address
        found = self._cache.find(key)
        if found is not None and time.time() - found[1].asked_at < _FRESH_S:
            return found[0]
        headers = {"If-None-Match": found[1].etag} if found is not None and found[1].etag else {}
        with self._open(url, headers) as answer:
            if answer.status == 304 and found is not None:
                self._cache.note(key, Entry(found[1].name, found[1].etag, time.time()))
                return found[0]
            etag = answer.getheader("ETag") or ""
            return self._cache.put(key, _pieces(answer, url), suffix=_suffix(address), etag=etag)

    @contextmanager
    def _open(
        self, url: str, headers: Mapping[str, str], patience_s: float = _FILE_S
    ) -> Iterator[HTTPResponse]:
        """The answer of the first who accepts us. Raises where nobody does."""
        refused: list[int] = []
        for authorization in self._authorizations(url):
            home = self.server.origin
            with follow(url, headers, authorization, home=home, patience_s=patience_s) as answer:
                if answer.status in (401, 403):
                    refused.append(answer.status)
                    continue
                if answer.status >= 400:
                    raise _failure(url, answer.status)
                self._accepted = authorization or self._accepted
                yield answer
                return
        raise self._refusal(url, refused[-1])

    def _authorizations(self, url: str) -> Iterator[str | None]:
        """What may be shown for ``url``, the likeliest first; None is nothing."""
        if origin_of(url) != self.server.origin or not self.server.tokens:
            yield None
            return
        if is_signed(url):
            yield None
        if self._accepted is not None and not self._has_ended(self._accepted):
            yield self._accepted
        for token in self.server.tokens:
            yield from self._forms(token)
        if not is_signed(url):
            yield None

    def _forms(self, token: str) -> Iterator[str]:
        if expiry_of(token) is None:
            yield f"Token {token}"
            yield f"Bearer {token}"
            return
        access = self._exchange(token)
        if access is not None:
            yield f"Bearer {access}"
        yield f"Bearer {token}"

    def _exchange(self, token: str) -> str | None:
        """The access token for a personal access token; None where the server gives none for it."""
        known = self._exchanged.get(token)
        if known is not None and time.time() < known[1]:
            return known[0]
        body = json.dumps({"refresh": token}).encode()
        url = self.server.base + "/api/token/refresh"
        with follow(url, _JSON, None, home=self.server.origin, body=body) as answer:
            if answer.status != 200:
                return None
            try:
                access = str(json.loads(answer.read())["access"])
            except (ValueError, KeyError, TypeError):
                return None
        self._exchanged[token] = (access, (expiry_of(access) or time.time() + 60) - 30)
        return access

    def _has_ended(self, authorization: str) -> bool:
        ends_at = expiry_of(authorization.partition(" ")[2])
        return ends_at is not None and ends_at < time.time() + 30

    def _refusal(self, url: str, status: int) -> Forbidden:
        if self.server.is_withheld and origin_of(url) == self.server.origin:
            told = (
                "the token of the environment is shown to no server that a call names. "
                f"Set LABEL_STUDIO_URL={self.server.base} if that is yours"
            )
        elif not self.server.tokens:
            told = "no token is known. Set TREADLE_TOKEN or LABEL_STUDIO_API_KEY to one of the server's"
        else:
            told = (
                "it takes none of the tokens that are known. Set TREADLE_TOKEN or LABEL_STUDIO_API_KEY anew"
            )
        return Forbidden("file-refused", f"{shown(url)} was refused ({status}): {told}.")


def fetcher_for(project: ProjectCall, environ: Mapping[str, str]) -> Fetcher:
    """The fetcher for a call's project, with the folders and tokens of ``environ``."""
    named = [
        environ.get(DATA_DIR, ""),
        environ.get(MEDIA_DIR, ""),
        environ.get("LOCAL_FILES_DOCUMENT_ROOT", ""),
    ]
    disks = tuple(Path(path) for names in named for path in names.split(os.pathsep) if path)
    return Fetcher(server_of(project, environ), cache_of(environ), disks)


def _pieces(answer: HTTPResponse, url: str) -> Iterator[bytes]:
    wanted, got = answer.length, 0
    with telling(url):
        while piece := answer.read(_PIECE_BYTES):
            got += len(piece)
            yield piece
    if wanted is not None and got < wanted:
        raise Unavailable("file-unreachable", f"{shown(url)} broke off after {got} of {wanted} bytes.")


def _failure(url: str, status: int) -> Exception:
    if status in (404, 410):
        return NotFound("file-missing", f"{shown(url)} is not there ({status}).")
    if status >= 500 or status == 429:
        return Unavailable("file-unreachable", f"{shown(url)} answers {status}. Try again later.")
    return Invalid("file-refused", f"{shown(url)} answers {status}.")


def below(folder: Path, name: str) -> Path | None:
    """The file ``name`` below ``folder``; None where it is not there or lies outside."""
    root = folder.resolve()
    path = (root / name.lstrip("/")).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


def _disk_names(path: str) -> list[str]:
    """Where a path of a server may lie below a shared folder."""
    if path.startswith(_LOCAL_FILES):
        return parse_qs(urlsplit(path).query).get("d", [])[-1:]
    plain = unquote(urlsplit(path).path).lstrip("/")
    return [name for name in (plain, plain.removeprefix("data/")) if name]


def _suffix(address: str) -> str:
    if _LOCAL_FILES in address:
        return suffix_of(parse_qs(urlsplit(address).query).get("d", [""])[-1])
    return suffix_of(address)


def _inline(address: str) -> bytes:
    head, _, body = address.partition(",")
    try:
        return base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote(body).encode()
    except ValueError as error:
        raise Invalid("address-data", "The task's data: address is broken.") from error
