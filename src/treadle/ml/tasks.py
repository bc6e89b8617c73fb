"""A task as a model sees it: its data, and the files that its data names, fetched once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

from treadle.errors import Invalid
from treadle.ml.labels import LabelConfig, Source, listed
from treadle.ml.regions import Size

if TYPE_CHECKING:
    from PIL.Image import Image

_PICTURES = ("image",)
_TEXTS = ("text", "hypertext", "paragraphs")
#: The field of a task whose file was uploaded on its own, before a config named one.
UNDEFINED = "$undefined$"


class Files(Protocol):
    """Where files come from."""

    def path(self, address: str, task_id: object = None) -> Path: ...


class Task:
    """One task: ``data`` as it was imported, and what was said of it until now."""

    def __init__(self, wire: Mapping[str, object], config: LabelConfig, files: Files) -> None:
        self.wire = wire
        self._config = config
        self._files = files
        self._size: Size | None = None

    @property
    def id(self) -> object:
        return self.wire.get("id")

    @property
    def data(self) -> Mapping[str, object]:
        return cast("Mapping[str, object]", self.wire.get("data") or {})

    @property
    def annotations(self) -> Sequence[Mapping[str, object]]:
        return cast("Sequence[Mapping[str, object]]", self.wire.get("annotations") or ())

    @property
    def predictions(self) -> Sequence[Mapping[str, object]]:
        return cast("Sequence[Mapping[str, object]]", self.wire.get("predictions") or ())

    @property
    def meta(self) -> Mapping[str, object]:
        return cast("Mapping[str, object]", self.wire.get("meta") or {})

    def value(self, key: str | None = None, tags: Sequence[str] = ()) -> object:
        """The value of a field; without a key, of the one that the config shows. Raises Invalid("task-
        field").
        """
        name = self._key(key, tags)
        found: object = self.data
        for part in name.replace("[", ".").replace("]", "").split("."):
            found = _step(found, part)
        if found is None:
            found = self.data.get(UNDEFINED)
        if found is None:
            raise Invalid(
                "task-field", f'Task {self.id} has no data "{name}". It has: {listed(map(str, self.data))}.'
            )
        return found

    def address(self, key: str | None = None) -> str:
        """The address of the file that a field names; of the first page, where it names several."""
        return _first_text(self.value(key), self.id)

    def path(self, key: str | None = None) -> Path:
        """A file with what a field names; read it, and do not write to it."""
        return self._files.path(self.address(key), self.id)

    def open(self, key: str | None = None) -> IO[bytes]:
        """The bytes of what a field names."""
        return self.path(key).open("rb")

    def text(self, key: str | None = None) -> str:
        """The text of a field, or of the file that it names where the config says that it is an address."""
        value = self.value(key, _TEXTS)
        if not isinstance(value, str):
            raise Invalid("task-text", f"Task {self.id} has {type(value).__name__} where a text is wanted.")
        if self._is_address(key):
            return self._files.path(value, self.id).read_text("utf-8", errors="replace")
        return value

    def image(self, key: str | None = None) -> Image:
        """The picture of a field, upright, as RGB. Needs Pillow. Raises Invalid("picture-broken")."""
        from PIL import Image, ImageOps

        try:
            with Image.open(self._picture(key)) as opened:
                upright = ImageOps.exif_transpose(opened)
                picture = upright.convert("RGB")
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise _broken(self.id, error) from error
        self._size = self._size or picture.size
        return picture

    def size(self, key: str | None = None) -> Size:
        """Width and height of the picture of a field, upright, without decoding it. Needs Pillow."""
        if self._size is None:
            self._size = picture_size(self._picture(key), self.id)
        return self._size

    def _picture(self, key: str | None) -> Path:
        return self._files.path(_first_text(self.value(key, _PICTURES), self.id), self.id)

    def _is_address(self, key: str | None) -> bool:
        source = self._source(key, _TEXTS)
        return source is not None and source.attributes.get("valueType", "").lower() == "url"

    def _source(self, key: str | None, tags: Sequence[str]) -> Source | None:
        sources = self._config.sources.values()
        if key is not None:
            return next((source for source in sources if key in (source.key, source.name)), None)
        return next((one for one in sources if one.tag.lower() in tags or not tags), None)

    def _key(self, key: str | None, tags: Sequence[str]) -> str:
        if key is not None:
            return key
        source = self._source(None, tags)
        if source is not None and source.key:
            return source.key
        if len(self.data) == 1:
            return next(iter(self.data))
        raise Invalid(
            "task-field",
            f"The label config does not say which field of task {self.id} is meant. "
            f"Name one: {listed(map(str, self.data))}.",
        )


@dataclass(frozen=True)
class Context:
    """What a call says beside its tasks."""

    #: Regions that somebody has just drawn, when the call is interactive.
    result: Sequence[Mapping[str, object]] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    #: All that came with an interactive call.
    wire: Mapping[str, object] | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    #: The name of the version that answers; None where it is untrained.
    version: str | None = None

    @property
    def is_interactive(self) -> bool:
        """Somebody waits for the answer with the pointer in the hand."""
        return self.wire is not None


def picture_size(path: Path, name: object) -> Size:
    """Width and height of a picture as it is seen, without decoding it. Raises Invalid("picture-broken")."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            width, height = picture.size
            is_on_its_side = picture.getexif().get(0x0112) in (5, 6, 7, 8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _broken(name, error) from error
    return (height, width) if is_on_its_side else (width, height)


def _broken(name: object, error: Exception) -> Invalid:
    return Invalid("picture-broken", f"The picture of task {name} cannot be read: {error}.")


def _step(found: object, part: str) -> object:
    if isinstance(found, Mapping):
        return found.get(part)
    is_place = isinstance(found, Sequence) and not isinstance(found, str) and part.isdigit()
    return found[int(part)] if is_place and int(part) < len(found) else None  # type: ignore[index,arg-type]


def _first_text(value: object, task_id: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        value = value[0]
    if isinstance(value, str) and value:
        return value
    raise Invalid("task-address", f"Task {task_id} has no address where a file is wanted, but {value!r:.80}.")
