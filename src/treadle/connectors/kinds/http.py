"""Files at addresses of the web: a list of them, or an address that has the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

import msgspec

from treadle.connectors.places import SOURCE, Direction, Field, Item, Options, Place, text_of
from treadle.connectors.selecting import SOURCE_FIELDS, Selects, selector
from treadle.errors import Invalid, NotFound, Unavailable, Unsupported
from treadle.outbound import Gate, open_gate
from treadle.settings import Settings

_LIST_BYTES = 256 * 1024**2
_URL_BYTES = 8000
_GONE = (404, 410)
_SCHEMES = ("https://", "http://")


class HttpKind:
    """Addresses; their files are read and never written."""

    name = "http"
    title = "Web addresses"
    directions = SOURCE
    fields = (
        Field("urls", "Addresses", type="textarea", help="One in a line"),
        Field("list_url", "Address of a list", help="A text with an address in each line, or a JSON list"),
        *SOURCE_FIELDS,
    )

    def open(self, settings: Settings, options: Options, secrets: Mapping[str, str]) -> Place:
        urls, list_url = text_of(options, "urls"), text_of(options, "list_url")
        if bool(urls) == bool(list_url):
            text = "Give either addresses, one in a line, or the address of a list."
            raise Invalid("storage-options", text, fields={"urls": [text]})
        try:
            addresses = _read_lines(urls)
        except ValueError as error:
            raise Invalid("storage-options", f"{error}.", fields={"urls": [f"{error}."]}) from error
        selects = selector(text_of(options, "regex_filter"))
        return _Addresses(open_gate(settings), urls=addresses, list_url=list_url, selects=selects)


HTTP = HttpKind()


class _Addresses:
    """The files at addresses; a key is an address. Their content may change without being noticed."""

    def __init__(self, gate: Gate, *, urls: Sequence[str], list_url: str, selects: Selects) -> None:
        self._gate, self._urls, self._list_url, self._selects = gate, urls, list_url, selects

    def check(self, direction: Direction) -> None:
        if direction == "target":
            raise _read_only()
        first = next(self.list(), None)
        if first is None:
            text = (
                f"{self._list_url or 'The list'} holds no address that is selected. Check it and the filter."
            )
            raise Invalid("storage-refused", text)
        b"".join(self.read(first.key, 0, 1))

    def list(self, after: str | None = None) -> Iterator[Item]:
        urls = self._urls or self._fetch_list()
        for url in sorted(set(urls)):
            if url > (after or "") and self._selects(url):
                yield Item(url)

    def _fetch_list(self) -> Sequence[str]:
        with self._gate.fetch(self._list_url, 0, _LIST_BYTES + 1) as fetched:
            content = b"".join(fetched.chunks)
        if len(content) > _LIST_BYTES:
            raise _no_list(self._list_url, f"it has more than {_LIST_BYTES} bytes")
        try:
            if content.lstrip()[:1] == b"[":
                return [_check_url(each) for each in msgspec.json.decode(content, type=list[str])]
            return _read_lines(content.decode("utf-8-sig"))
        except ValueError as error:  # of JSON and of UTF-8, too
            raise _no_list(self._list_url, str(error)) from error

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        try:
            _check_url(key)
        except ValueError as error:
            raise Invalid("storage-key", f"{key[:200]!r} is no key here: {error}.") from error
        if end is not None and end <= start:
            return iter(())
        call = ExitStack()
        try:
            fetched = call.enter_context(self._gate.fetch(key, start, end))
        except Unavailable as error:
            if error.details.get("status") not in _GONE:
                raise
            raise NotFound("storage-item", f"{key} is not there (any more). Check the address.") from error
        return _chunks(call, fetched.chunks)

    def find(self, key: str, version: str = "") -> Item:
        for chunk in self.read(key, 0, 1):  # to be told where it is not there
            del chunk
        return Item(key)

    def read_item(self, item: Item, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        return self.read(item.key, start, end)

    def write(self, key: str, content: bytes) -> None:
        raise _read_only()

    def delete(self, key: str) -> None:
        raise _read_only()

    def key(self, name: str) -> str:
        raise _read_only()

    def uri(self, key: str) -> str:
        return key

    def key_of(self, uri: str) -> str | None:
        return None  # an address of the web is for the browser to call


def _chunks(call: ExitStack, chunks: Iterator[bytes]) -> Iterator[bytes]:
    with call:
        yield from chunks


def _read_lines(text: str) -> Sequence[str]:
    """Raises ValueError."""
    return [_check_url(line.strip()) for line in text.splitlines() if line.strip()]


def _check_url(url: str) -> str:
    """Raises ValueError."""
    if not url.startswith(_SCHEMES) or not url.isprintable() or " " in url or len(url.encode()) > _URL_BYTES:
        raise ValueError(f"{url[:200]!r} is no http or https address")
    return url


def _no_list(url: str, reason: str) -> Invalid:
    text = f"{url} has no list of addresses: {reason}. It should be a text with one in each line, or JSON."
    return Invalid("storage-refused", text, fields={"list_url": [text]})


def _read_only() -> Unsupported:
    return Unsupported(
        "storage-read-only", "Nothing can be written to addresses of the web: choose another kind."
    )
