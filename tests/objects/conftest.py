"""The clouds, each started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.objects.clouds import Cloud, serve_azure, serve_gcs, serve_s3


@pytest.fixture(scope="session")
def s3() -> Iterator[Cloud]:
    """A server of S3."""
    with serve_s3() as cloud:
        yield cloud


@pytest.fixture(scope="session")
def gcs() -> Iterator[Cloud]:
    """A server of Google Cloud Storage's XML."""
    with serve_gcs() as cloud:
        yield cloud


@pytest.fixture(scope="session")
def azure() -> Iterator[Cloud]:
    """A server of Azure's blobs."""
    with serve_azure() as cloud:
        yield cloud
