"""Uploads that nobody completes, bodies that are cut, and a disk that is full."""

from __future__ import annotations

import errno
import socket
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import update

from tests.gateways.conftest import Gateway
from tests.gateways.test_objects import PART, begin, complete, keys_of, refusal, upload
from treadle.db.key_tables import s3_uploads
from treadle.gateways.s3.uploads import KEPT, PREFIX, sweep_uploads


def parts_lying(gateway: Gateway, upload_id: str = "") -> list[str]:
    return [stored.key for stored in gateway.server.parts.objects.list(PREFIX + upload_id)]


def test_what_nobody_completed_is_swept_and_what_goes_on_stays(fresh_gateway: Gateway) -> None:
    gateway, s3, bucket = fresh_gateway, fresh_gateway.client(), fresh_gateway.make_bucket()
    old, young = begin(s3, bucket), begin(s3, bucket)
    for upload_id in (old, young):
        upload(s3, bucket, upload_id, [b"x"])
    parts = gateway.server.parts
    parts.objects.put(f"{PREFIX}nobody/1-x", [b"left by a kill"])
    with parts.database.write() as tx:
        long_ago = tx.now - KEPT - timedelta(minutes=1)
        tx.execute(update(s3_uploads).where(s3_uploads.c.id == old).values(created_at=long_ago))
    assert sweep_uploads(parts.database, parts.objects) == 1
    assert parts_lying(gateway) == parts_lying(gateway, young) != []


@pytest.mark.parametrize("query", ["", "?partNumber=1&uploadId={upload_id}"])
@pytest.mark.parametrize("size_bytes", [1000, 3 * 1024 * 1024])
def test_a_body_that_is_cut_leaves_nothing(
    gateway: Gateway, s3: Any, bucket: str, query: str, size_bytes: int
) -> None:
    upload_id = begin(s3, bucket)
    kind = "upload_part" if query else "put_object"
    wanted = {"Bucket": bucket, "Key": "mp", **({"PartNumber": 1, "UploadId": upload_id} if query else {})}
    address = urlsplit(s3.generate_presigned_url(kind, wanted))
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = f"PUT {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        connection.sendall(f"{head}Content-Length: {size_bytes}\r\n\r\n".encode() + b"x" * (size_bytes - 1))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1000):
            pass
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == []
    assert "Parts" not in s3.list_parts(Bucket=bucket, Key="mp", UploadId=upload_id)
    assert parts_lying(gateway, upload_id) == []


def test_a_full_disk_is_told_and_leaves_nothing(
    gateway: Gateway, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = begin(s3, bucket)
    parts = upload(s3, bucket, upload_id, [b"a" * PART, b"b"])
    objects = gateway.server.parts.objects

    def find_no_room(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(objects, "begin", find_no_room)
        patch.setattr("treadle.objects.local.os.fsync", find_no_room)
        place = {"Bucket": bucket, "Key": "mp", "UploadId": upload_id}
        assert refusal(s3.upload_part, **place, PartNumber=3, Body=b"c") == ("ServiceUnavailable", 503)
        with pytest.raises(ClientError, match="disk is full"):
            s3.put_object(Bucket=bucket, Key="big", Body=b"x" * 3_000_000)
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == []
    complete(s3, bucket, upload_id, parts)
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == ["mp"]
