"""The projects that a server knows: what their last /setup said, and which version serves.

What /setup says lies in ``MODEL_DIR/PROJECT/setup.json``, since Label Studio asks for predictions without a
/setup before, also after a restart, and of another replica.
"""

from __future__ import annotations

import logging
import secrets
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from treadle.ml.serving.frames import Project
from treadle.ml.versions import Versions, replace_file

logger = logging.getLogger("treadle.ml")
_FILE = "setup.json"
_REMEMBERED = 4096
_NOTHING = b"null"


class Setup(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a /setup said."""

    key: str
    label_config: str = ""
    hostname: str = ""
    access_token: str = ""
    extra_params: msgspec.Raw = msgspec.Raw(_NOTHING)
    #: The version that was asked for; "" for the one that serves.
    model_version: str = ""


class KnownProject:
    """One project: its setup and its versions, as they lie on disk, whoever wrote them."""

    def __init__(self, model_dir: Path, key: str) -> None:
        self.key = key
        self.versions = Versions(model_dir, key)
        self._path = self.versions.folder / _FILE
        self._seen = (0, 0)
        self._setup = Setup(key)
        self._settings = b"{}"

    @property
    def setup(self) -> Setup:
        """What its last /setup said. Costs one look at a file's head."""
        try:
            found = self._path.stat()
        except OSError:
            return self._setup
        if self._seen != (found.st_mtime_ns, found.st_ino):
            self._seen = (found.st_mtime_ns, found.st_ino)
            self._take(_read(self._path) or self._setup)
        return self._setup

    @property
    def settings(self) -> bytes:
        """The settings of the connection as a JSON object."""
        return self._settings

    def keep(self, setup: Setup) -> None:
        """Keep what a /setup said; a full disk does not keep it from holding here."""
        if setup == self.setup:
            return
        self._take(setup)
        try:
            replace_file(self._path, msgspec.json.encode(setup), is_durable=False)
        except OSError as error:
            logger.warning("%s cannot be written (%s): other replicas do not hear of it.", self._path, error)

    def _take(self, setup: Setup) -> None:
        self._setup = setup
        self._settings = settings_of(bytes(setup.extra_params))

    def version(self, setup: Setup, asked: str) -> str:
        """The version that a call means: the one that it or its /setup names, where there is such a one."""
        for name in (asked, setup.model_version):
            if name and name in self.versions.names():
                return name
        return self.versions.current()

    def project(self, setup: Setup, label_config: str, extra_params: bytes | None = None) -> Project:
        """The project as a model process hears of it."""
        extra = bytes(setup.extra_params) if extra_params is None else extra_params
        config = label_config or setup.label_config
        return Project(self.key, config, setup.hostname, setup.access_token, extra)


class Projects:
    """All projects of a model folder."""

    def __init__(self, model_dir: Path) -> None:
        self._model_dir = model_dir
        self._known: OrderedDict[str, KnownProject] = OrderedDict()
        self._keys_by_id: dict[str, str] = {}

    def get(self, key: str) -> KnownProject:
        """A project by the key of a call; a bare id means the project of that id that was set up last."""
        if "." not in key:
            key = self._keys_by_id.get(key, key)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = KnownProject(self._model_dir, key)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def note_key(self, key: str) -> None:
        """From now on its bare id means this project."""
        number, dot, _ = key.partition(".")
        if dot:
            self._keys_by_id[number] = key

    def remember(self) -> list[KnownProject]:
        """Those of former starts, the last one that was set up first."""
        found = []
        for path in self._model_dir.glob(f"*/{_FILE}"):
            setup = _read(path)
            if setup is not None:
                found.append((path.stat().st_mtime_ns, setup.key))
        for _, key in sorted(found):
            self.note_key(key)
        return [self.get(key) for _, key in sorted(found, reverse=True)]

    def known(self) -> list[KnownProject]:
        """Those that somebody has asked for."""
        return list(self._known.values())

    def duplicate(self, source: str, target: str) -> str:
        """Let a project begin with the model of another one; the version's name, "" for the untrained model.

        Raises Conflict("version-broken"), Unavailable("disk-full").
        """
        theirs, ours = self.get(source).versions, self.get(target).versions
        name = theirs.current()
        if name:
            theirs.copy(name, ours)
            ours.promote(name)
        return name

    def put_away(self, key: str) -> None:
        """Forget a project; its folder is kept below ``.deleted``, for the operator to remove."""
        project = self.get(key)
        self._known.pop(project.key, None)
        place = self._model_dir / ".deleted"
        place.mkdir(parents=True, exist_ok=True)
        folder = project.versions.folder
        with suppress(FileNotFoundError):
            folder.rename(place / f"{folder.name}-{secrets.token_hex(4)}")

    def folders(self) -> Iterator[Path]:
        """The folders of all projects."""
        for path in sorted(self._model_dir.glob("*/")):
            if path.name != "_author" and not path.name.startswith("."):
                yield path


def _read(path: Path) -> Setup | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Setup)
    except (OSError, msgspec.DecodeError) as error:
        logger.warning("%s cannot be read (%s). The next /setup writes it anew.", path, error)
        return None


def settings_of(extra_params: bytes) -> bytes:
    """The settings that ``extra_params`` hold, as a JSON object: itself, or what its text holds."""
    try:
        value = msgspec.json.decode(extra_params)
        if isinstance(value, str):
            value = msgspec.json.decode(value) if value.strip() else None
    except msgspec.DecodeError:
        return b"{}"
    return msgspec.json.encode(value) if isinstance(value, dict) else b"{}"
