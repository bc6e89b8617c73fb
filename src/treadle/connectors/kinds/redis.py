"""The texts of a Redis database."""

from __future__ import annotations

import hashlib
import importlib
import re
import secrets as random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from treadle.connectors.places import (
    BOTH,
    Direction,
    Field,
    Item,
    Options,
    Place,
    changed,
    number_of,
    text_of,
)
from treadle.connectors.selecting import SOURCE_FIELDS, Selects, selector
from treadle.errors import Invalid, NotFound, TreadleError, Unavailable, Unsupported
from treadle.outbound import AllowList, look_up
from treadle.settings import Settings

_CHUNK_BYTES = 256 * 1024
_KEY_BYTES = 1024
#: So many values are in memory at once while a database is listed.
_AT_ONCE = 16
_PATIENCE_S = 15.0
_GLOB = re.compile(r"([*?\[\]\\^])")


class RedisKind:
    """The keys of a database that begin with a path."""

    name = "redis"
    title = "Redis"
    directions = BOTH
    fields = (
        Field("host", "Host", names_host=True, default="localhost"),
        Field("port", "Port", type="counter", names_host=True, default=6379),
        Field("db", "Database Number (db)", type="counter", default=1),
        Field("password", "Password", type="password", secret=True),
        Field("path", "Path", help="What the keys begin with"),
        *SOURCE_FIELDS,
    )

    def open(self, settings: Settings, options: Options, secrets: Mapping[str, str]) -> Place:
        try:
            library = importlib.import_module("redis")
        except ImportError as error:
            text = "This server has no client of Redis. Install Treadle with its extra: treadle[redis]."
            raise Unsupported("redis-missing", text) from error
        server = _Server(
            library,
            text_of(options, "host") or "localhost",
            number_of(options, "port", 6379),
            db=number_of(options, "db", 1),
            password=secrets.get("password", ""),
            allowed=AllowList.parse(settings.outbound_allow),
        )
        return _Database(server, text_of(options, "path"), selector(text_of(options, "regex_filter")))


REDIS = RedisKind()


class _Server:
    """A connection to a database, made when it is needed, to an address that was looked at."""

    def __init__(
        self, library: Any, host: str, port: int, *, db: int, password: str, allowed: AllowList
    ) -> None:
        self.library, self.host, self.port, self.db = library, host, port, db
        self._password, self._allowed = password, allowed
        self._client: Any = None

    @property
    def client(self) -> Any:
        """Raises Forbidden("address-private"), OSError where the host stands for no address."""
        if self._client is None:
            if not 0 < self.port < 65536:
                raise _wrong("port", f"{self.port} is no port.")
            address = str(look_up(self.host, self.port, self._allowed)[0][4][0])
            self._client = self.library.Redis(
                host=address,
                port=self.port,
                db=self.db,
                password=self._password or None,
                socket_timeout=_PATIENCE_S,
                socket_connect_timeout=_PATIENCE_S,
                protocol=2,
                # A person waits for the answer.
                retry=self.library.retry.Retry(self.library.backoff.NoBackoff(), 1),
            )
        return self._client

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/{self.db}/"

    @contextmanager
    def telling(self) -> Iterator[Any]:
        """The client; what it raises is told. Raises Invalid, Unavailable."""
        errors = self.library.exceptions
        try:
            yield self.client
        except (errors.RedisError, OSError) as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> TreadleError:
        errors = self.library.exceptions
        refusals = (errors.AuthenticationError, errors.NoPermissionError)
        if isinstance(error, refusals) or "NOAUTH" in str(error) or "WRONGPASS" in str(error):
            return _wrong("password", f"{self.url} refuses: {error}. Check the password and what it may do.")
        if isinstance(error, errors.ReadOnlyError):
            return _wrong("host", f"{self.url} is a read-only copy: {error}. Give the host of the original.")
        if isinstance(error, errors.ResponseError):
            field = "db" if "DB index" in str(error) else "path"
            return _wrong(field, f"{self.url} refuses: {error}.")
        text = f"{self.url} cannot be reached: {error}. Check host and port, and that it is running."
        return Unavailable("storage-unreachable", text)


class _Database:
    """The texts of a database whose keys begin with ``path``."""

    def __init__(self, server: _Server, path: str, selects: Selects) -> None:
        self._server, self._path, self._selects = server, path, selects

    def check(self, direction: Direction) -> None:
        with self._server.telling() as client:
            client.ping()
            for key in islice(self._keys(client), 1):
                client.strlen(key)
        if direction == "target":
            key = self.key(f"treadle-check-{random.token_hex(8)}")
            self.write(key, b"This checks that Treadle may write here; it may be deleted.")
            self.delete(key)

    def list(self, after: str | None = None) -> Iterator[Item]:
        with self._server.telling() as client:
            keys = iter(
                sorted(key for key in self._keys(client) if key > (after or "") and self._selects(key))
            )
            while batch := list(islice(keys, _AT_ONCE)):
                for key, value in zip(batch, client.mget(batch), strict=True):
                    if value is not None:  # it is no text, or went away
                        yield _item(key, value)

    def _keys(self, client: Any) -> Iterator[str]:
        # The database has no order, and tells some keys twice while it grows.
        seen = set()
        for raw in client.scan_iter(match=_GLOB.sub(r"\\\1", self._path) + "*", count=1000):
            key = raw.decode("utf-8", "replace")
            if key not in seen and key.isprintable() and "\ufffd" not in key:
                seen.add(key)
                yield key

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        _check_key(key)
        with self._server.telling() as client:
            if not client.exists(key):
                raise self._missing(key)
            if end is not None and end <= start:
                return iter(())
            value = client.getrange(key, start, -1 if end is None else end - 1)
        return (value[at : at + _CHUNK_BYTES] for at in range(0, len(value), _CHUNK_BYTES))

    def find(self, key: str, version: str = "") -> Item:
        return _item(key, self._value(key))

    def read_item(self, item: Item, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        value = self._value(item.key)
        if item.etag and _item(item.key, value).etag != item.etag:
            raise changed(self.uri(item.key))
        return iter([value[start:end]])

    def _value(self, key: str) -> bytes:
        with self._server.telling() as client:
            value: bytes | None = client.get(_check_key(key))
        if value is None:
            raise self._missing(key)
        return value

    def _missing(self, key: str) -> NotFound:
        return NotFound("storage-item", f"{self.uri(key)} is not there (any more). Sync the storage.")

    def write(self, key: str, content: bytes) -> None:
        with self._server.telling() as client:
            client.set(_check_key(key), content)

    def delete(self, key: str) -> None:
        with self._server.telling() as client:
            client.delete(_check_key(key))

    def key(self, name: str) -> str:
        return _check_key(self._path + name)

    def uri(self, key: str) -> str:
        return self._server.url + key

    def key_of(self, uri: str) -> str | None:
        key = uri.removeprefix(self._server.url)
        is_key = (
            uri.startswith(self._server.url) and 0 < len(key.encode()) <= _KEY_BYTES and key.isprintable()
        )
        return key if is_key else None


def _item(key: str, value: bytes) -> Item:
    return Item(key, hashlib.sha256(value).hexdigest()[:32], len(value))


def _check_key(key: str) -> str:
    if not key or not key.isprintable() or len(key.encode()) > _KEY_BYTES:
        text = f"{key[:80]!r} is no key: at most 1,024 bytes, and no control characters."
        raise Invalid("storage-key", text)
    return key


def _wrong(field: str, text: str) -> Invalid:
    return Invalid("storage-refused", text, fields={field: [text]})
