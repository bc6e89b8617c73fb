"""The kinds of storage that lie outside of Treadle, one file each."""

from __future__ import annotations

from treadle.connectors.kinds.azure import AZURE
from treadle.connectors.kinds.gcs import GCS
from treadle.connectors.kinds.http import HTTP
from treadle.connectors.kinds.localfiles import LOCAL_FILES
from treadle.connectors.kinds.redis import REDIS
from treadle.connectors.kinds.s3 import S3
from treadle.connectors.places import Kind

KINDS: tuple[Kind, ...] = (LOCAL_FILES, S3, GCS, AZURE, REDIS, HTTP)

__all__ = ["KINDS"]
