"""Keys of S3 as paths of files, and back.

S3 takes any text for a key. A repo holds files that can lie in folders: a key with empty parts, ``.`` or
``..`` has no path. One kind of them is in daily use, the *folder marker*: an empty object whose key ends
in a slash. It is kept as a file of a fixed name in that folder, so that the folder survives everywhere.
"""

from __future__ import annotations

from treadle.errors import Invalid
from treadle.gateways.s3.errors import S3Error
from treadle.repos.values import MAX_PATH_BYTES, check_path

MARKER_NAME = ".s3-folder"
_MARKER_END = "/" + MARKER_NAME


def to_path(key: str) -> str:
    """The path at which an object of that key lies.

    Raises S3Error("KeyTooLongError", "InvalidArgument") for a key that no file can have.
    """
    if len(key.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
        raise S3Error("KeyTooLongError", f"Your key is too long: it may have {MAX_PATH_BYTES} bytes.")
    path = key + MARKER_NAME if key.endswith("/") else key
    try:
        check_path("/" + path)
    except Invalid as error:
        raise S3Error("InvalidArgument", f"A repo holds files in folders. {error.message}") from error
    return path


def find_path(key: str) -> str:
    """As `to_path`, to look something up. Raises S3Error("NoSuchKey") for a key that no file can have."""
    try:
        return to_path(key)
    except S3Error as error:
        raise no_such_key(key) from error


def to_key(path: str) -> str:
    """The key of the object that lies at a path."""
    return path.removesuffix(MARKER_NAME) if is_marker(path) else path


def is_marker(path: str) -> bool:
    """Does a folder marker lie there?"""
    return path.endswith(_MARKER_END)


def no_such_key(key: str) -> S3Error:
    """The error of a key that is not there."""
    return S3Error("NoSuchKey", "The specified key does not exist.", Key=key)
