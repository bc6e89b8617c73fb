"""A place in a bucket, of whichever cloud."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore

from treadle.connectors.places import Direction, Item, changed
from treadle.connectors.selecting import Selects, below, check_key
from treadle.errors import Invalid, NotFound, TreadleError, Unavailable
from treadle.objects.buckets import PATIENCE, Bucket
from treadle.objects.faults import BUCKET_ERRORS, Diagnosis, Fault, diagnose
from treadle.objects.store import CHUNK_BYTES
from treadle.outbound import AllowList, look_up, open_relay

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta
    from obstore.store import ClientConfig

_KEYS_AT_ONCE = 1000
#: So many keys of one sub-folder are passed over one by one; then the list begins anew behind the sub-folder.
_PASSED_OVER = 3000
_NAME = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._-]{1,254}")


@dataclass(frozen=True)
class Endpoint:
    """Where a bucket's server is. ``url``: "" for the cloud's own, which needs no gate."""

    url: str
    allowed: AllowList

    @property
    def client_options(self) -> ClientConfig:
        """How to call it: through the gate where somebody named it."""
        if not self.url:
            return PATIENCE
        return {**PATIENCE, "allow_http": True, "proxy_url": open_relay(self.allowed)}

    def check(self) -> None:
        """Nothing where it may be called. Raises Forbidden("address-private"), Unavailable."""
        if not self.url:
            return
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            look_up(parts.hostname or "", port, self.allowed)
        except OSError as error:
            text = f"{self.url} stands for no address ({error}). Check the endpoint."
            raise Unavailable("storage-unreachable", text) from error


@dataclass(frozen=True)
class Words:
    """How messages speak of a bucket and of what opens it."""

    scheme: str
    name: str
    #: The fields of the form that hold the bucket, and the key.
    bucket_field: str
    key_field: str
    bucket: str = "bucket"


class BucketPlace:
    """The objects of a bucket that lie below a prefix and match a pattern."""

    def __init__(
        self,
        bucket: Bucket,
        endpoint: Endpoint,
        words: Words,
        *,
        prefix: str = "",
        selects: Selects = lambda _key: True,
        is_recursive: bool = True,
    ) -> None:
        self._bucket, self._endpoint, self._words = bucket, endpoint, words
        self._prefix, self._selects, self._is_recursive = prefix, selects, is_recursive

    def check(self, direction: Direction) -> None:
        self._endpoint.check()
        with self._telling("list"):
            first = next(self._found(None), None)
        if first is None and self._prefix and direction == "source":
            text = f"{self.uri(self._prefix)} holds nothing. Check the prefix."
            raise Invalid("storage-refused", text, fields={"prefix": [text]})
        if first is not None and direction == "source":
            b"".join(self.read(first["path"], 0, 1))
        if direction == "target":
            self._try_writing()

    def _try_writing(self) -> None:
        key = self.key(f"treadle-check-{uuid.uuid4().hex}")
        self.write(key, b"This checks that Treadle may write here; it may be deleted.")
        self.delete(key)

    def list(self, after: str | None = None) -> Iterator[Item]:
        with self._telling("list"):
            for found in self._found(after):
                if self._selects(found["path"]):
                    yield _item(found)

    def _found(self, after: str | None) -> Iterator[ObjectMeta]:
        passed, folder = 0, ""
        while True:
            start, after = after, None
            for found in self._from(start):
                inner = self._folder_of(found["path"])
                if not inner:
                    # A folder's own object, as consoles make them, is empty; no empty file is a task.
                    if found["size"]:
                        yield found
                    continue
                passed, folder = (passed + 1, folder) if inner == folder else (1, inner)
                if passed > _PASSED_OVER:
                    passed, after = 0, f"{inner}/\U0010ffff"
                    break
            if after is None:
                return

    def _from(self, after: str | None) -> Iterator[ObjectMeta]:
        for batch in obstore.list(self._bucket, self._prefix or None, offset=after, chunk_size=_KEYS_AT_ONCE):
            # Not every server begins where it is asked to.
            yield from (found for found in batch if after is None or found["path"] > after)

    def _folder_of(self, key: str) -> str:
        # The sub-folder that a key lies in, where those are passed over.
        if self._is_recursive:
            return ""
        start = len(self._prefix) + 1 if self._prefix else 0
        end = key.find("/", start)
        return key[:end] if end >= 0 else ""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        check_key(key)
        if end is not None and end <= start:
            return iter(())
        found = self._get(key, _stretch(start, end))
        return iter(()) if found is None else self._stream(key, found)

    def find(self, key: str, version: str = "") -> Item:
        found = self._get(check_key(key), {"head": True, **_of_version(version)})
        assert found is not None, "no stretch of it was asked for"
        return _item(found.meta)

    def read_item(self, item: Item, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        check_key(item.key)
        if start >= (item.size_bytes or 0) or (end is not None and end <= start):
            return iter(())
        # What is answered says itself what it is: it cannot change between a look and the reading.
        found = self._get(item.key, {**_stretch(start, end), **_of_version(item.version)})
        if found is None or _etag(found.meta) != item.etag:
            raise changed(self.uri(item.key))
        return self._stream(item.key, found)

    def _get(self, key: str, options: GetOptions) -> obstore.GetResult | None:
        """What is at the key; None where it ends before the stretch begins."""
        with self._telling("read", key):
            try:
                return obstore.get(self._bucket, key, options=options)
            except BUCKET_ERRORS as error:
                if diagnose(error).fault is not Fault.OUT_OF_RANGE:
                    raise
                return None

    def _stream(self, key: str, found: obstore.GetResult) -> Iterator[bytes]:
        with self._telling("read", key):
            for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

    def write(self, key: str, content: bytes) -> None:
        with self._telling("write", check_key(key)):
            obstore.put(self._bucket, key, content)

    def delete(self, key: str) -> None:
        try:
            with self._telling("delete", check_key(key)):
                obstore.delete(self._bucket, key)
        except NotFound:
            return

    def key(self, name: str) -> str:
        return below(self._prefix, name)

    def uri(self, key: str) -> str:
        return f"{self._words.scheme}://{self._words.name}/{key}"

    def key_of(self, uri: str) -> str | None:
        start = self.uri("")
        key = uri.removeprefix(start)
        if not uri.startswith(start) or not key:
            return None
        try:
            return check_key(key)
        except Invalid:
            return None

    @contextmanager
    def _telling(self, doing: str, key: str = "") -> Iterator[None]:
        try:
            yield
        except BUCKET_ERRORS as error:
            raise self._told(diagnose(error), doing, key) from error

    def _told(self, found: Diagnosis, doing: str, key: str) -> TreadleError:
        words, place = self._words, self.uri(key)
        if found.fault is Fault.NO_KEY:
            return NotFound("storage-item", f"{place} is not there (any more). Sync the storage.")
        if found.fault is Fault.NO_BUCKET:
            text = f"There is no {words.bucket} {words.name!r} there. Check its name, or create it."
            return Invalid("storage-refused", text, fields={words.bucket_field: [text]})
        # The relay's refusal looks like the server's.
        self._endpoint.check()
        if found.fault is Fault.REFUSED:
            text = f"{place} may not be used: to {doing} was refused ({found.detail}). {_right(found)}"
            return Invalid("storage-refused", text, fields={words.key_field: [text]})
        if found.fault is Fault.OTHER_REGION:
            text = f"The bucket {words.name!r} lies in another region. Fill in the region that it lies in."
            return Invalid("storage-refused", text, fields={"region_name": [text]})
        if found.fault is Fault.ODD_KEY:
            text = (
                f"{place} holds a key that cannot be read: {found.detail}. Rename it, or narrow the prefix."
            )
            return Invalid("storage-refused", text)
        text = f"{place} cannot be reached: {found.detail}. Check the endpoint, then try again."
        return Unavailable("storage-unreachable", text)


def _item(found: ObjectMeta) -> Item:
    return Item(
        found["path"], _etag(found), found["size"], found["last_modified"], found.get("version") or ""
    )


def _etag(found: ObjectMeta) -> str:
    return (found.get("e_tag") or "").strip('"')


def _stretch(start: int, end: int | None) -> GetOptions:
    if not start and end is None:
        return {}
    return {"range": {"offset": start} if end is None else (start, end)}


def _of_version(version: str) -> GetOptions:
    return {"version": version} if version else {}


def _right(found: Diagnosis) -> str:
    if "AccessDenied" in found.detail or "AuthorizationPermission" in found.detail:
        return "The key is known, and lacks this permission: give it that, or use another key."
    return "Check the key and its secret, that it has not expired, and what it may do."


def check_name(name: str, field: str) -> str:
    """The name of a bucket. Raises Invalid("storage-options")."""
    if not _NAME.fullmatch(name):
        raise wrong_option(field, f"{name!r} is no name of a bucket: letters, digits, dots and hyphens.")
    return name


def read_endpoint(text: str, field: str, allowed: AllowList) -> Endpoint:
    """The endpoint that somebody named; "" is the cloud's own. Raises Invalid("storage-options")."""
    url = text.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname)
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        is_whole = False
    if url and (not is_whole or parts.username or parts.query or parts.fragment or not url.isprintable()):
        raise wrong_option(field, f"{text!r} is no endpoint. Give an address such as https://s3.example.com.")
    return Endpoint(url, allowed)


def wrong_option(field: str, text: str) -> Invalid:
    """The error for one field."""
    return Invalid("storage-options", text, fields={field: [text]})
