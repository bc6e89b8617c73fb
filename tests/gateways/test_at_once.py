"""A GET that is answered without a thread says what the thread said, to whom it may."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.gateways.conftest import Gateway
from treadle.gateways.s3 import at_once
from treadle.gateways.s3.asked import Asked
from treadle.gateways.s3.at_once import AtOnce
from treadle.gateways.s3.visit import Answer
from treadle.repos.shelf import LocalShelf

CONTENT = bytes(range(256)) * 2_000


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that were answered at once; every file lies in memory here."""
    keys: list[str] = []
    answer = AtOnce.answer

    def note(self: AtOnce, asked: Asked) -> Answer | None:
        found = answer(self, asked)
        if found is not None:
            keys.append(asked.key)
        return found

    def read(self: LocalShelf, key: str, start: int, view: memoryview, stamp: object) -> bool:
        view[:] = self.read(key, start, start + len(view))
        return self.stamp(key) == stamp

    monkeypatch.setattr(AtOnce, "answer", note)
    monkeypatch.setattr(LocalShelf, "read_at_once", read)
    return keys


def test_the_second_answer_is_the_first(gateway: Gateway, s3: Any, bucket: str, ready: list[str]) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=CONTENT, ContentType="image/png", Metadata={"k": "v"})
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == CONTENT
    assert _answers(s3, bucket)[0] == _answers(s3, bucket)[0]
    assert ready == [], "what is staged may change"
    gateway.commit(bucket)
    first, second = _answers(s3, bucket), _answers(s3, bucket)
    assert first == second
    assert first[0][1] == CONTENT
    assert first[1][1] == CONTENT[300_000:300_010]
    assert ready == ["a"] * 3  # the range of the first pair already
    etag = s3.head_object(Bucket=bucket, Key="a")["ETag"]
    for condition, code in (({"IfNoneMatch": etag}, "304"), ({"IfMatch": '"x"'}, "PreconditionFailed")):
        with pytest.raises(ClientError, match=code):
            s3.get_object(Bucket=bucket, Key="a", **condition)
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket=bucket, Key="a", Range="bytes=999999-")
    assert ready == ["a"] * 3


def test_what_changes_is_seen_by_the_next_request(fresh_gateway: Gateway, ready: list[str]) -> None:
    bucket = fresh_gateway.make_bucket()
    own = fresh_gateway.client()
    key_id, secret = fresh_gateway.make_key(name="phone")
    other = fresh_gateway.client(key_id, secret)
    for content in (CONTENT, CONTENT[::-1]):
        own.put_object(Bucket=bucket, Key="a", Body=content)
        fresh_gateway.commit(bucket)
        assert [_read(other, bucket) for _ in range(3)] == [content] * 3
    is_sqlite = fresh_gateway.server.database.dialect == "sqlite"
    # The first use of a key is written down, and nothing is remembered of that; where the database
    # tells of no changes, nothing ever is.
    assert ready == (["a"] * 3 if is_sqlite else [])
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        _read(fresh_gateway.client(key_id, "wrong"), bucket)
    with fresh_gateway.server.client() as client:
        keys = client.get("/api/s3-keys").json()["results"]
        mine = next(key["id"] for key in keys if key["access_key_id"] == key_id)
        assert client.delete(f"/api/s3-keys/{mine}").is_success
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        _read(other, bucket)


def _answers(client: Any, bucket: str) -> list[tuple[dict[str, Any], bytes]]:
    """An object and a range of it: the headers but for those of the moment, and the bytes."""
    answers = []
    for part in ({}, {"Range": "bytes=300000-300009"}):
        answer = client.get_object(Bucket=bucket, Key="a", **part)
        headers = dict(answer["ResponseMetadata"]["HTTPHeaders"])
        assert headers.pop("x-amz-request-id") == headers.pop("x-request-id")
        assert headers.pop("date")
        answers.append((headers, answer["Body"].read()))
    return answers


def _read(client: Any, bucket: str) -> bytes:
    content: bytes = client.get_object(Bucket=bucket, Key="a")["Body"].read()
    return content


def test_what_is_remembered_is_bounded(
    gateway: Gateway, s3: Any, bucket: str, ready: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "_MOST", 2)
    for key in "abc":
        s3.put_object(Bucket=bucket, Key=key, Body=CONTENT)
    gateway.commit(bucket)
    for key in "abcca":
        s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert ready == ["c"], "of a there was no room"
    s3.get_object(Bucket=bucket, Key="a")["Body"].read()
    assert ready == ["c", "a"]
