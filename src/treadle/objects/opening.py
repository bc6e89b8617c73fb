"""The object store that the settings name."""

from __future__ import annotations

from treadle.late import late
from treadle.objects.local import LocalObjects
from treadle.objects.store import ObjectStore
from treadle.settings import Settings

open_bucket = late("treadle.objects.bucket_opening:open_bucket")


def open_store(settings: Settings) -> ObjectStore:
    """The data folder's objects, or a bucket's, which is tried.

    Raises Invalid("setting") and Unavailable saying what to mend.
    """
    url = settings.objects_url.strip()
    if not url:
        return LocalObjects(settings.data_dir / "objects")
    bucket: ObjectStore = open_bucket(url)
    return bucket
