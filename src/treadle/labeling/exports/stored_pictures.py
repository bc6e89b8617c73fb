"""Pictures for an archive: those that lie in this installation. Nothing is fetched from elsewhere."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from treadle.access import Grant
from treadle.db import Database
from treadle.errors import NotFound
from treadle.labeling import uploads
from treadle.labeling.formats import OpenPicture, Reason
from treadle.objects import ObjectStore

_UPLOAD = re.compile(r"/?data/upload/(\d{1,18})/([^/?#]+)")


def stored_pictures(
    database: Database, objects: ObjectStore, grant: Grant, in_repos: OpenPicture
) -> OpenPicture:
    """What opens pictures that were uploaded to the grant's project, stand in its data or lie in a repo."""

    def open_picture(address: str, task_id: int) -> Iterator[bytes] | Reason:
        if address.startswith("data:"):
            return _read_inline(address)
        found = _UPLOAD.fullmatch(address)
        if found is None:
            return in_repos(address, task_id)
        if int(found[1]) != grant.project_id:  # Another project's files are not this project's to give away.
            return Reason.PICTURE_MISSING
        return _read_upload(database, objects, grant, unquote_to_bytes(found[2]).decode(errors="replace"))

    return open_picture


def _read_upload(
    database: Database, objects: ObjectStore, grant: Grant, file_name: str
) -> Iterator[bytes] | Reason:
    try:
        with database.read() as tx:
            key = uploads.find(tx, grant, file_name)["object_key"]
        return objects.read(key)
    except NotFound:
        return Reason.PICTURE_MISSING


def _read_inline(address: str) -> Iterator[bytes] | Reason:
    head, _, text = address.partition(",")
    try:
        content = base64.b64decode(text) if head.endswith(";base64") else unquote_to_bytes(text)
    except (binascii.Error, ValueError):
        return Reason.PICTURE_MISSING
    return iter([content])
