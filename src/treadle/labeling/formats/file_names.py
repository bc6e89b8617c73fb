"""Names for pictures and their label files: safe on every system, and no two alike."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

#: Bytes a name may have, so that it fits every file system with an ending added.
_LONGEST_BYTES = 150
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_INLINE = re.compile(r"data:image/(\w+)")
_INLINE_ENDINGS = {
    "png": ".png",
    "jpeg": ".jpg",
    "jpg": ".jpg",
    "gif": ".gif",
    "webp": ".webp",
    "bmp": ".bmp",
}
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}")


def split_name(address: str, otherwise: str) -> tuple[str, str]:
    """Stem and ending of a picture's name from its address; ``otherwise`` where the address names none.

    No separator, control character, leading dot or reserved name of Windows gets through.
    """
    if inline := _INLINE.match(address):
        return otherwise, _INLINE_ENDINGS.get(inline[1].lower(), "")
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", _last_part(address))).strip(" .")
    path = PurePosixPath(name)
    stem, ending = (path.stem, path.suffix) if _ENDING.fullmatch(path.suffix) else (name, "")
    stem = stem.encode()[:_LONGEST_BYTES].decode(errors="ignore").strip(" .")
    if not stem:
        return otherwise, ending
    return (f"_{stem}" if _RESERVED.fullmatch(stem) else stem), ending


def _last_part(address: str) -> str:
    if address.startswith("data:"):
        return ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address.rsplit("/", 1)[-1]
    # Files on the server's own disk are named in the query: /data/local-files/?d=folder/a.jpg
    inside = parse_qs(parts.query).get("d", [""])[0]
    return unquote(parts.path).rsplit("/", 1)[-1] or inside.rsplit("/", 1)[-1]


class TakenNames:
    """The stems that are in use, on disk rather than in memory: a data set may have millions."""

    def __init__(self) -> None:
        # An empty name is a private database of SQLite's that lives in a temporary file.
        self._names = sqlite3.connect("", isolation_level=None)
        self._names.execute("PRAGMA journal_mode = OFF")
        self._names.execute("CREATE TABLE taken (name TEXT PRIMARY KEY) WITHOUT ROWID")
        self._names.execute("BEGIN")

    def take(self, stem: str, task_id: int) -> str:
        """This stem, or with the task's id behind it where somebody has it.  Case does not tell apart."""
        if self._is_free(stem):
            return stem
        numbered = f"{stem}-{task_id}"
        found, more = numbered, 1
        while not self._is_free(found):
            more += 1
            found = f"{numbered}-{more}"
        return found

    def _is_free(self, stem: str) -> bool:
        insert = "INSERT OR IGNORE INTO taken VALUES (?)"
        return self._names.execute(insert, (stem.casefold(),)).rowcount == 1

    def close(self) -> None:
        self._names.close()
