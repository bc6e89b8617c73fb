"""Buckets that the settings name; apart, since their library is large and most servers keep a folder."""

from __future__ import annotations

import uuid
from urllib.parse import unquote, urlsplit

from obstore.store import AzureStore, GCSStore, S3Store

from treadle.errors import Invalid
from treadle.objects.buckets import PATIENCE, RETRIES, Bucket, BucketObjects
from treadle.objects.faults import BUCKET_ERRORS

_STORES: dict[str, type[S3Store] | type[GCSStore] | type[AzureStore]] = {
    "s3": S3Store,
    "gs": GCSStore,
    "az": AzureStore,
}


def open_bucket(url: str) -> BucketObjects:
    """The bucket at ``url``, which is tried: listed, written, read, and cleaned again.

    The credentials of a bucket and its endpoint stand in the environment, in the variables that its other
    clients read, too.  Raises Invalid("setting") and Unavailable saying what to mend.
    """
    objects = BucketObjects(_bucket(url), url)
    _try(objects)
    return objects


def _bucket(url: str) -> Bucket:
    parts = urlsplit(url)
    if parts.scheme not in _STORES or not parts.netloc or "@" in parts.netloc or parts.query:
        raise _wrong("give s3://bucket/prefix, gs://bucket/prefix or az://container/prefix.")
    try:
        return _STORES[parts.scheme](
            parts.netloc,
            prefix=unquote(parts.path).strip("/") or None,
            # Whoever sets the server's environment may choose an endpoint of their own network.
            client_options={**PATIENCE, "allow_http": True},
            retry_config=RETRIES,
        )
    except BUCKET_ERRORS as error:
        raise _wrong(f"the bucket cannot be opened: {str(error).partition(chr(10))[0]}.") from error


def _try(objects: BucketObjects) -> None:
    key = f"checks/{uuid.uuid4().hex}"
    objects.put(key, [b"treadle"])
    try:
        b"".join(objects.read(key))
        next(objects.list("checks/"), None)
    finally:
        objects.delete(key)


def _wrong(what: str) -> Invalid:
    return Invalid("setting", f"TREADLE_OBJECTS_URL: {what}")
