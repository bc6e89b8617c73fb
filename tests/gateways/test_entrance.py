"""What the gateway remembers of a request is never older than the database."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.gateways.conftest import Gateway
from treadle.db import Database


def test_what_changes_is_seen_by_the_next_request(fresh_gateway: Gateway) -> None:
    bucket = fresh_gateway.make_bucket()
    own = fresh_gateway.client()
    key_id, secret = fresh_gateway.make_key(name="phone")
    other = fresh_gateway.client(key_id, secret)
    for content in (b"one", b"two"):
        own.put_object(Bucket=bucket, Key="a", Body=content)
        assert [_read(other, bucket), _read(other, bucket)] == [content, content]
        fresh_gateway.commit(bucket)
        assert [_read(other, bucket), _read(other, bucket)] == [content, content]
    with fresh_gateway.server.client() as client:
        keys = client.get("/api/s3-keys").json()["results"]
        mine = next(key["id"] for key in keys if key["access_key_id"] == key_id)
        assert client.delete(f"/api/s3-keys/{mine}").is_success
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        _read(other, bucket)
    assert _read(own, bucket) == b"two"
    with fresh_gateway.server.client() as client:
        assert client.delete(fresh_gateway.repo_path(bucket) + "/").is_success
    with pytest.raises(ClientError, match="NoSuchBucket"):
        _read(own, bucket)


def test_another_process_changes_the_version_too(fresh_gateway: Gateway) -> None:
    database = fresh_gateway.server.database
    before = database.version()
    assert database.version() == before
    elsewhere = Database.open(database.url)  # as another process would have it open
    with elsewhere.write() as tx:
        tx.connection.exec_driver_sql("UPDATE users SET email = email")
    elsewhere.close()
    assert (database.version() != before) is (database.dialect == "sqlite")


def _read(client: Any, bucket: str) -> bytes:
    content: bytes = client.get_object(Bucket=bucket, Key="a")["Body"].read()
    return content
