"""Files of tasks for models that ask for local paths, and a folder of them under the names of addresses."""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from treadle.errors import TreadleError
from treadle.ml.calling import MEDIA_DIR
from treadle.ml.compat.present import Present, present
from treadle.ml.fetching import below

_log = logging.getLogger(__name__)
_UPLOADED = ("/data/upload/", "/upload/", "data/upload/", "upload/")


def get_local_path(
    url: str,
    cache_dir: str | None = None,
    project_dir: str | None = None,
    hostname: str | None = None,
    *places: object,
    image_dir: str | None = None,
    access_token: str | None = None,
    download_resources: bool = True,
    task_id: object = None,
) -> str:
    """The path of a file with what ``url`` names, fetched where it is not here yet."""
    image_dir = cast("str | None", places[0]) if places else image_dir
    for folder in (image_dir, project_dir and os.path.join(project_dir, "upload")):
        if folder and (found := below(Path(folder), _uploaded_name(url))) is not None:
            return str(found)
    path = present().files(hostname, access_token).path(url, task_id)
    return str(path if cache_dir is None else _copied(path, Path(cache_dir)))


def get_image_local_path(
    url: str,
    image_cache_dir: str | None = None,
    project_dir: str | None = None,
    image_dir: str | None = None,
) -> str:
    """As ``get_local_path``, for a picture."""
    return get_local_path(url, image_cache_dir, project_dir, image_dir=image_dir)


def get_data_dir() -> str:
    """The folder that Label Studio keeps its files in on this machine."""
    return _made(os.environ.get("XDG_DATA_HOME"), ".local/share")


def get_cache_dir() -> str:
    """The folder for files that can be fetched again."""
    return _made(os.environ.get("XDG_CACHE_HOME"), ".cache")


def fill_media(tasks: Iterable[Mapping[str, object]], around: Present) -> None:
    """Put the uploaded files of ``tasks`` into the media folder, where one is named.

    A file that cannot be fetched is left out and logged: the model tells by itself what it misses.
    """
    folder = around.environ.get(MEDIA_DIR)
    if not folder:
        return
    for task in tasks:
        data = task.get("data")
        for value in data.values() if isinstance(data, Mapping) else ():
            name = _media_name(value, around)
            if name is not None and below(Path(folder), name) is None:
                _fill(Path(folder), name, str(value), around)


def _fill(folder: Path, name: str, address: str, around: Present) -> None:
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()):
        return
    try:
        source = around.files().path(address)
    except TreadleError as error:
        _log.warning("%s is not in %s: %s", name, folder, error)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{uuid.uuid4().hex}")
    shutil.copyfile(source, part)
    os.replace(part, target)


def _media_name(value: object, around: Present) -> str | None:
    """Where a file lies below Label Studio's media folder; None where it does not lie there."""
    if not isinstance(value, str) or "upload/" not in value:
        return None
    path = around.files().server.path_of(value)
    if path is None or not path.startswith("/data/upload/"):
        return None
    return path.removeprefix("/data/").split("?", 1)[0]


def _uploaded_name(url: str) -> str:
    return next((url[len(start) :] for start in _UPLOADED if url.startswith(start)), url.lstrip("/"))


def _copied(path: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name
    if not target.exists():
        part = folder / f".{uuid.uuid4().hex}"
        shutil.copyfile(path, part)
        os.replace(part, target)
    return target


def _made(home: str | None, usual: str) -> str:
    folder = Path(home) if home else Path.home() / usual
    path = folder / "label-studio"
    path.mkdir(parents=True, exist_ok=True)
    return str(path)
