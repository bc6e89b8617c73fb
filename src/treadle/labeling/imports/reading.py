"""Which files hold rows, and which are a task by themselves."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from treadle.errors import Invalid
from treadle.labeling.config import LabelConfig, data_keys

#: Extensions of files whose content is rows; every other file is a task by itself.
TABULAR = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".parquet", ".conll")
LINES = (".jsonl", ".ndjson")
ARCHIVES = (".zip",)
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".avif", ".tif", ".tiff")
_KINDS = {
    "Image": PICTURES,
    "Audio": (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac"),
    "Video": (".mp4", ".webm", ".mov", ".ogv"),
    "HyperText": (".html", ".htm", ".xml"),
    "Pdf": (".pdf",),
}
#: Files that are a task by themselves, and no picture.
MEDIA = tuple(extension for kind in _KINDS for extension in _KINDS[kind] if kind != "Image")
#: What a browser shows besides, though an import takes it for a task of no kind.
_ALSO_SHOWN = {
    "Image": (".svg", ".apng", ".jfif", ".ico"),
    "Audio": (".opus", ".oga", ".weba", ".aif", ".aiff"),
    "Video": (".m4v", ".mkv", ".ogg"),
}
_DEFAULT_KEYS = {"Image": "image", "Audio": "audio", "Video": "video", "HyperText": "html", "Pdf": "pdf"}


def extension_of(name: str) -> str:
    """``.jpg`` of ``A.JPG``."""
    return PurePosixPath(name).suffix.lower()


def is_tabular(name: str) -> bool:
    """Whether a file's content is rows."""
    return extension_of(name) in TABULAR


def file_row(url: str, name: str, config: LabelConfig) -> dict[str, Any]:
    """The row of a file that is a task by itself."""
    extension = extension_of(name)
    kind = next((kind for kind, known in _KINDS.items() if extension in known), None)
    if kind is None:
        key = _first_key(config) or "file"
    else:
        key = key_for(config, kind, _DEFAULT_KEYS[kind])
    return {key: url}


def can_show(config: LabelConfig, name: str) -> bool:
    """Whether an object of the config can show a file of that name; of one without an extension it may."""
    extension = extension_of(name)
    tags = {tag.tag for tag in config.objects}
    if not extension or not tags:
        return True
    return any(
        extension in (*_KINDS[tag], *_ALSO_SHOWN.get(tag, ())) if tag in _KINDS else not _is_media(extension)
        for tag in tags
    )


def _is_media(extension: str) -> bool:
    return extension in PICTURES or extension in MEDIA


def key_for(config: LabelConfig, kind: str, default: str) -> str:
    """The key of the data that an object of that kind shows, or else the first that any shows."""
    of_kind = [key.root for key in data_keys(config) if key.tag == kind and key.required]
    return of_kind[0] if of_kind else _first_key(config) or default


def _first_key(config: LabelConfig) -> str | None:
    return next((key.root for key in data_keys(config) if key.required), None)


def malformed(name: str, what: str) -> Invalid:
    """The error for a file that cannot be read as what it says it is."""
    sentence = f"{name}: {what}"
    return Invalid("file-malformed", sentence, fields={name: [sentence]})
