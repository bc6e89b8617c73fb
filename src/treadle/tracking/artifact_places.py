"""Where MLflow's artifacts lie in the object store, and what names there say."""

from __future__ import annotations

import mimetypes
import posixpath
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PureWindowsPath
from urllib.parse import quote, unquote

from treadle.errors import Invalid, NotFound
from treadle.objects import ObjectStore
from treadle.tracking.names import internal_name
from treadle.tracking.paths import artifact_key

_MOST_DECODINGS = 10
_WORKSPACES = "workspaces"
#: What browsers are to show as text and never to run; those at the end are whole names.
_TEXT_ENDINGS = frozenset(
    (
        *("txt", "log", "err", "cfg", "conf", "cnf", "cf", "ini", "properties", "prop", "hocon", "toml"),
        *("yaml", "yml", "xml", "json", "js", "py", "py3", "csv", "tsv", "md", "rst", "ipynb"),
        *("MLmodel", "MLproject", "mlproject"),
    )
)
_BYTES_TYPE = "application/octet-stream"
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True)
class Entry:
    """A file or a folder directly below another folder; size_bytes: of a file."""

    name: str
    size_bytes: int | None

    @property
    def is_folder(self) -> bool:
        """Something lies below it."""
        return self.size_bytes is None


def find_place(workspace_id: int, text: str) -> str:
    """Where an artifact of a workspace lies: ``workspaces/ws-17/…``, from that or from the rest of it.

    text: as it stands in an address, decoded once; what is encoded further is decoded as MLflow does.
    Raises Invalid("artifact-path") for what could be another place than it shows,
    NotFound("artifact-not-found") for another workspace's.
    """
    path = _decode(text)
    if _is_unsafe(path):
        raise Invalid("artifact-path", f"Invalid path: {text[:200]!r}. Give plain names, joined by '/'.")
    names = [name for name in path.split("/") if name not in ("", ".")]
    own = internal_name(workspace_id)
    if names[:1] != [_WORKSPACES]:
        names = [_WORKSPACES, own, *names]
    elif names[1:2] != [own]:
        raise NotFound(
            "artifact-not-found",
            f"There is no artifact {text[:200]!r} in {own}, the workspace of this request. Another "
            "workspace's are reached by the header X-MLFLOW-WORKSPACE.",
        )
    return "/".join(names)


def list_folder(objects: ObjectStore, place: str) -> list[Entry]:
    """What lies directly in a folder, by name; nothing for a file, or where nothing is."""
    prefix = f"{artifact_key(place)}/"
    found: dict[str, Entry] = {}
    for stored in objects.list(prefix):
        name, separator, _ = stored.key[len(prefix) :].partition("/")
        found.setdefault(name, Entry(name, None if separator else stored.size_bytes))
    return [found[name] for name in sorted(found)]


def is_folder(objects: ObjectStore, place: str) -> bool:
    """Whether anything lies below it."""
    return next(iter(objects.list(f"{artifact_key(place)}/")), None) is not None


def is_there(objects: ObjectStore, place: str) -> bool:
    """Whether it is a file."""
    try:
        objects.stat(artifact_key(place))
    except NotFound:
        return False
    return True


def keys_at(objects: ObjectStore, place: str) -> Iterator[str]:
    """The keys of the file, and of everything below it."""
    key = artifact_key(place)
    yield key
    for stored in objects.list(f"{key}/"):
        yield stored.key


def media_type(place: str) -> str:
    """What a browser is told; nothing that is text is told to be something to run."""
    name = posixpath.basename(place)
    ending = posixpath.splitext(name)[1].replace(".", "") or name
    if ending in _TEXT_ENDINGS:
        return "text/plain"
    return mimetypes.guess_type(name)[0] or _BYTES_TYPE


def disposition(place: str) -> str:
    """The header by which a browser keeps the file instead of showing it."""
    name = posixpath.basename(place)
    if name.isascii():
        return f"attachment; filename={_quoted(name)}"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or "download"
    return f"attachment; filename={_quoted(plain)}; filename*=UTF-8''{quote(name, safe='!#$&+-.^_`|~')}"


def _decode(text: str) -> str:
    for _ in range(_MOST_DECODINGS):
        decoded = unquote(text)
        if decoded == text:
            return "".join(f"%{ord(one):02x}" if ord(one) < 32 or ord(one) == 127 else one for one in text)
        text = decoded
    raise Invalid("artifact-path", "Invalid path: it is encoded more often than anybody means.")


def _is_unsafe(path: str) -> bool:
    if "#" in path or "\\" in path or "\0" in path or path.startswith(("/", "file:")):
        return True
    return ".." in path.split("/") or PureWindowsPath(path).is_absolute()


def _quoted(name: str) -> str:
    if name and _TOKEN.issuperset(name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
