"""Objects by boto3: put, read, listed, copied, deleted, in parts."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.gateways.conftest import Gateway
from treadle.gateways.s3.objects import PARTS_CHECKSUMS, with_parts

PART = 5 * 1024 * 1024


def refusal(call: Any, **arguments: Any) -> tuple[str, int]:
    """The code and status that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def fill(s3: Any, bucket: str, *keys: str) -> None:
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())


def keys_of(answer: Any) -> list[str]:
    return [found["Key"] for found in answer.get("Contents", [])]


def prefixes_of(answer: Any) -> list[str]:
    return [found["Prefix"] for found in answer.get("CommonPrefixes", [])]


# Put, get, head


def test_what_was_put_is_read_back_with_all_that_was_said_of_it(s3: Any, bucket: str) -> None:
    put = s3.put_object(
        Bucket=bucket,
        Key="a/ä b+c.txt",
        Body=b"hello",
        Metadata={"camera": "one"},
        ContentType="text/x-own",
        CacheControl="no-store",
        ContentDisposition="inline",
        ContentEncoding="br",
        ContentLanguage="de",
    )
    got = s3.get_object(Bucket=bucket, Key="a/ä b+c.txt")
    assert got["Body"].read() == b"hello"
    assert got["ETag"] == put["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
    assert got["Metadata"] == {"camera": "one"}
    told = [got[name] for name in ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding")]
    assert told == ["text/x-own", "no-store", "inline", "br"]
    head = s3.head_object(Bucket=bucket, Key="a/ä b+c.txt", ChecksumMode="ENABLED")
    assert (head["ContentLength"], head["ChecksumCRC32"], head["ContentLanguage"]) == (5, "NhCmhg==", "de")
    assert abs(head["LastModified"] - datetime.now(timezone.utc)) < timedelta(minutes=1)


@pytest.mark.parametrize("size_bytes", [0, 1, 70_000, 1024 * 1024, 3 * 1024 * 1024 + 1, 20 * 1024 * 1024])
def test_objects_of_every_size_come_back_whole(s3: Any, bucket: str, size_bytes: int) -> None:
    body = bytes(range(251)) * (size_bytes // 251 + 1)
    body = body[:size_bytes]
    put = s3.put_object(Bucket=bucket, Key="big", Body=body)
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="big")
    assert got["ContentLength"] == size_bytes
    assert got["Body"].read() == body


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=2-", 2, 9), ("bytes=-3", 7, 9), ("bytes=8-100", 8, 9), ("bytes=-99", 0, 9)],
)
def test_a_range_is_answered(s3: Any, bucket: str, asked: str, first: int, last: int) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="a", Range=asked)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert got["ContentRange"] == f"bytes {first}-{last}/10"
    assert got["Body"].read() == b"0123456789"[first : last + 1]
    assert "ChecksumCRC32" not in got


def test_a_range_that_is_none_gives_all_and_one_behind_the_end_is_refused(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"0123456789")
    for text in ("bytes=5-2", "bytes=x-y", "rows=1-2", "bytes=0-1,4-5"):
        assert s3.get_object(Bucket=bucket, Key="a", Range=text)["Body"].read() == b"0123456789"
    for text in ("bytes=10-", "bytes=-0"):
        assert refusal(s3.get_object, Bucket=bucket, Key="a", Range=text) == ("InvalidRange", 416)
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert refusal(s3.get_object, Bucket=bucket, Key="empty", Range="bytes=0-5")[0] == "InvalidRange"


def test_conditions_of_a_read_hold(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"x")["ETag"]
    past, future = (datetime.now(timezone.utc) + timedelta(hours=hours) for hours in (-1, 1))
    there = {"Bucket": bucket, "Key": "a"}
    for kept in ({"IfMatch": etag}, {"IfNoneMatch": '"x"'}, {"IfModifiedSince": past}):
        assert s3.get_object(**there, **kept)["Body"].read() == b"x"
    assert s3.get_object(**there, IfMatch=etag, IfUnmodifiedSince=past)["Body"].read() == b"x"
    for failed in ({"IfMatch": '"x"'}, {"IfUnmodifiedSince": past}):
        assert refusal(s3.get_object, **there, **failed) == ("PreconditionFailed", 412)
        assert refusal(s3.head_object, **there, **failed)[1] == 412
    for same in ({"IfNoneMatch": etag}, {"IfModifiedSince": future}):
        assert refusal(s3.get_object, **there, **same)[1] == 304


def test_conditions_of_a_write_are_decided_by_what_is_there(s3: Any, bucket: str) -> None:
    there = {"Bucket": bucket, "Key": "a"}
    etag = s3.put_object(**there, Body=b"1", IfNoneMatch="*")["ETag"]
    assert refusal(s3.put_object, **there, Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert refusal(s3.put_object, **there, Body=b"2", IfMatch='"x"') == ("PreconditionFailed", 412)
    assert refusal(s3.put_object, Bucket=bucket, Key="none", Body=b"2", IfMatch=etag) == ("NoSuchKey", 404)
    s3.put_object(**there, Body=b"2", IfMatch=etag)
    s3.delete_object(**there)
    s3.put_object(**there, Body=b"3", IfNoneMatch="*")
    assert s3.get_object(**there)["Body"].read() == b"3"


def test_a_wrong_checksum_keeps_nothing(s3: Any, bucket: str) -> None:
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    for size_bytes in (5, 3 * 1024 * 1024):
        body = b"x" * size_bytes
        assert refusal(s3.put_object, Bucket=bucket, Key="a", Body=body, ContentMD5=wrong)[0] == "BadDigest"
        sha = {"ChecksumSHA256": base64.b64encode(b"x" * 32).decode()}
        assert refusal(s3.put_object, Bucket=bucket, Key="a", Body=body, **sha)[0] == "BadDigest"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_each_checksum_is_taken_and_told_again(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"123", ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    assert s3.get_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")["Body"].read() == b"123"


def test_keys_that_no_file_can_have_are_refused_by_name(s3: Any, bucket: str) -> None:
    for key in ("a//b", "/a", "../a", "a/./b"):
        assert refusal(s3.put_object, Bucket=bucket, Key=key, Body=b"")[0] == "InvalidArgument", key
        assert refusal(s3.get_object, Bucket=bucket, Key=key)[0] == "NoSuchKey", key
        s3.delete_object(Bucket=bucket, Key=key)
    assert refusal(s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"")[0] == "KeyTooLongError"
    s3.put_object(Bucket=bucket, Key="k" * 1024, Body=b"")
    assert refusal(s3.put_object, Bucket=bucket, Key="a", Body=b"", Metadata={"a": "x" * 3000}) == (
        "MetadataTooLarge",
        400,
    )


def test_errors_say_what_is_not_there(s3: Any, bucket: str) -> None:
    assert refusal(s3.get_object, Bucket=bucket, Key="none") == ("NoSuchKey", 404)
    assert refusal(s3.head_object, Bucket=bucket, Key="none") == ("404", 404)
    assert refusal(s3.get_object, Bucket="master.none", Key="a") == ("NoSuchBucket", 404)
    assert refusal(s3.head_bucket, Bucket="nodots") == ("404", 404)
    assert refusal(s3.get_bucket_policy, Bucket=bucket) == ("NotImplemented", 501)
    assert refusal(s3.get_object, Bucket=bucket, Key="a", VersionId="7") == ("NoSuchVersion", 404)


# Lists


def test_a_list_is_in_the_order_of_bytes_and_rolled_up(s3: Any, bucket: str) -> None:
    names = ["z", "a/1", "a/2", "a-b", "B", "ä", "a/c/3", "\U0001f600", "\uffee"]
    fill(s3, bucket, *names)
    found = s3.list_objects_v2(Bucket=bucket)
    assert keys_of(found) == sorted(names, key=str.encode)
    assert [item["Size"] for item in found["Contents"]] == [len(key.encode()) for key in keys_of(found)]
    rolled = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert prefixes_of(rolled) == ["a/"]
    assert "a-b" in keys_of(rolled)
    inner = s3.list_objects(Bucket=bucket, Prefix="a/", Delimiter="/")
    assert (keys_of(inner), prefixes_of(inner)) == (["a/1", "a/2"], ["a/c/"])
    assert prefixes_of(s3.list_objects_v2(Bucket=bucket, Delimiter="c")) == ["a/c"]
    assert keys_of(s3.list_objects_v2(Bucket=bucket, Prefix="none")) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_give_everything_once(s3: Any, bucket: str, limit: int) -> None:
    names = ["a", "b/1", "b/2", "b/3", "c", "d/", "d/1", "e/1", "f"]
    fill(s3, bucket, *names)
    for verb, delimiter in (("list_objects", ""), ("list_objects_v2", ""), ("list_objects_v2", "/")):
        pages = s3.get_paginator(verb).paginate(
            Bucket=bucket, Delimiter=delimiter, PaginationConfig={"PageSize": limit}
        )
        found = [name for page in pages for name in (*keys_of(page), *prefixes_of(page))]
        assert sorted(found) == (["a", "b/", "c", "d/", "e/", "f"] if delimiter else names)
    first = s3.list_objects(Bucket=bucket, Delimiter="/", MaxKeys=2)
    assert first["NextMarker"] == "b/"
    after = s3.list_objects(Bucket=bucket, Delimiter="/", MaxKeys=2, Marker="b/")
    assert (keys_of(after), prefixes_of(after)) == (["c"], ["d/"])


def test_a_folder_marker_is_an_entry_and_the_first_of_its_folder(s3: Any, bucket: str) -> None:
    fill(s3, bucket, "a/-1", "a/(2)", "a/", "a/b/", "b")
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == ["a/", "a/(2)", "a/-1", "a/b/", "b"]
    inner = s3.list_objects_v2(Bucket=bucket, Prefix="a/", Delimiter="/")
    assert (keys_of(inner), prefixes_of(inner)) == (["a/", "a/(2)", "a/-1"], ["a/b/"])
    assert s3.get_object(Bucket=bucket, Key="a/")["Body"].read() == b"a/"
    s3.delete_object(Bucket=bucket, Key="a/")
    assert keys_of(s3.list_objects_v2(Bucket=bucket, StartAfter="a/(2)")) == ["a/-1", "a/b/", "b"]


def test_lists_refuse_nonsense_and_take_zero(s3: Any, bucket: str) -> None:
    fill(s3, bucket, "a")
    assert keys_of(s3.list_objects_v2(Bucket=bucket, MaxKeys=0)) == []
    assert refusal(s3.list_objects_v2, Bucket=bucket, ContinuationToken="%")[0] == "InvalidArgument"
    assert [found["VersionId"] for found in s3.list_object_versions(Bucket=bucket)["Versions"]] == ["null"]


# Copies and deletions


def test_a_copy_keeps_or_replaces_what_was_said(gateway: Gateway, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a ä+", Body=b"x", Metadata={"m": "1"}, ContentType="text/x-own")
    source = {"Bucket": bucket, "Key": "a ä+"}
    other = gateway.make_bucket()
    for place in (bucket, other):
        copied = s3.copy_object(Bucket=place, Key="kept", CopySource=source)
        assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"x").hexdigest()}"'
        assert s3.head_object(Bucket=place, Key="kept")["Metadata"] == {"m": "1"}
    replaced = {"MetadataDirective": "REPLACE", "Metadata": {"n": "2"}}
    s3.copy_object(Bucket=bucket, Key="a ä+", CopySource=source, **replaced)
    head = s3.head_object(Bucket=bucket, Key="a ä+")
    assert (head["Metadata"], head["ContentType"]) == ({"n": "2"}, "binary/octet-stream")
    copy = {"Bucket": bucket, "Key": "a ä+", "CopySource": source}
    assert refusal(s3.copy_object, **copy)[0] == "InvalidRequest"
    assert refusal(s3.copy_object, **copy, CopySourceIfMatch='"x"', **replaced)[0] == "PreconditionFailed"
    assert refusal(s3.copy_object, Bucket=bucket, Key="b", CopySource=f"{bucket}/none")[0] == "NoSuchKey"


def test_deletions_are_quiet_about_what_is_not_there(s3: Any, bucket: str) -> None:
    fill(s3, bucket, "a", "b/1", "b/2", "c<&>")
    s3.delete_object(Bucket=bucket, Key="none")
    wanted = [{"Key": key} for key in ("a", "none", "b/", "c<&>")]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert answer["Deleted"] == wanted
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == ["b/1", "b/2"]
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b/1"}], "Quiet": True})
    assert "Deleted" not in quiet


# In parts


def begin(s3: Any, bucket: str, key: str = "mp", **more: Any) -> str:
    upload_id: str = s3.create_multipart_upload(Bucket=bucket, Key=key, **more)["UploadId"]
    return upload_id


def upload(s3: Any, bucket: str, upload_id: str, bodies: list[bytes]) -> list[dict[str, Any]]:
    place = {"Bucket": bucket, "Key": "mp", "UploadId": upload_id}
    return [
        {"PartNumber": number, "ETag": s3.upload_part(**place, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate(bodies, 1)
    ]


def complete(s3: Any, bucket: str, upload_id: str, parts: list[dict[str, Any]], **more: Any) -> Any:
    place = {"Bucket": bucket, "Key": "mp", "UploadId": upload_id}
    return s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, **more)


@pytest.mark.parametrize(("algorithm", "kind"), [("SHA256", "COMPOSITE"), ("CRC32C", "FULL_OBJECT")])
def test_the_checksum_of_each_part_is_kept_and_checked(
    s3: Any, bucket: str, algorithm: str, kind: str
) -> None:
    name = f"Checksum{algorithm}"
    upload_id = begin(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    place = {"Bucket": bucket, "Key": "mp"}
    parts, bodies = [], [b"a" * PART, b"b" * PART, b"c"]
    for number, body in enumerate(bodies, 1):
        put = s3.upload_part(
            **place, UploadId=upload_id, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm
        )
        parts.append({"PartNumber": number, "ETag": put["ETag"], name: put[name]})
    listed = s3.list_parts(**place, UploadId=upload_id)
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (algorithm, kind)
    assert [part[name] for part in listed["Parts"]] == [part[name] for part in parts]
    mixed = [{**parts[0], name: parts[1][name]}, *parts[1:]]
    assert refusal(complete, s3=s3, bucket=bucket, upload_id=upload_id, parts=mixed) == ("InvalidPart", 400)
    whole = complete(s3, bucket, upload_id, parts)
    head = s3.head_object(**place, ChecksumMode="ENABLED")
    assert (head[name], head["ChecksumType"]) == (whole[name], kind)
    for part, body in zip(parts, bodies, strict=True):
        got = s3.get_object(**place, PartNumber=part["PartNumber"], ChecksumMode="ENABLED")
        assert (got[name], got["ChecksumType"]) == (part[name], kind)
        assert got["Body"].read() == body
    told = s3.get_object_attributes(**place, ObjectAttributes=["ObjectParts"], PartNumberMarker=1)
    assert [part[name] for part in told["ObjectParts"]["Parts"]] == [part[name] for part in parts[1:]]


@pytest.mark.parametrize(("count", "is_kept"), [(90, True), (1_400, False)])
def test_a_listing_carries_the_checksums_of_few_parts_alone(count: int, is_kept: bool) -> None:
    told = [base64.b64encode(bytes(32)).decode()] * count
    metadata = with_parts({}, [PART] * count, told)
    assert (PARTS_CHECKSUMS in metadata) == is_kept
    assert sum(map(len, metadata.values())) < 4_200


@pytest.mark.parametrize(("algorithm", "kind"), [("SHA1", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")])
def test_a_kind_of_checksum_that_its_algorithm_has_not_is_refused(
    s3: Any, bucket: str, algorithm: str, kind: str
) -> None:
    asked = {"Bucket": bucket, "Key": "mp", "ChecksumAlgorithm": algorithm, "ChecksumType": kind}
    assert refusal(s3.create_multipart_upload, **asked) == ("InvalidRequest", 400)


def test_parts_become_one_object_once(s3: Any, bucket: str) -> None:
    upload_id = begin(s3, bucket, Metadata={"m": "1"}, ContentType="text/x-own")
    bodies = [b"a" * PART, b"b" * (PART + 1), b"c"]
    parts = upload(s3, bucket, upload_id, bodies)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    whole = hashlib.md5(b"".join(hashlib.md5(body).digest() for body in bodies)).hexdigest()
    assert complete(s3, bucket, upload_id, parts)["ETag"] == f'"{whole}-3"'
    s3.put_object(Bucket=bucket, Key="mp", Body=b"later")
    # A client that lost the answer asks again, and brings nothing old back.
    assert complete(s3, bucket, upload_id, parts)["ETag"] == f'"{whole}-3"'
    assert s3.get_object(Bucket=bucket, Key="mp")["Body"].read() == b"later"


def test_an_object_of_parts_reads_back_whole(s3: Any, bucket: str) -> None:
    upload_id = begin(s3, bucket, Metadata={"m": "1"})
    bodies = [b"a" * PART, b"b" * 9_000_000, b"c"]
    complete(s3, bucket, upload_id, upload(s3, bucket, upload_id, bodies))
    got = s3.get_object(Bucket=bucket, Key="mp")
    assert got["Body"].read() == b"".join(bodies)
    assert got["Metadata"] == {"m": "1"}
    part = s3.get_object(Bucket=bucket, Key="mp", Range=f"bytes={PART - 2}-{PART + 1}")
    assert part["Body"].read() == b"aabb"


def test_a_list_of_parts_that_does_not_fit_is_refused(s3: Any, bucket: str) -> None:
    upload_id = begin(s3, bucket)
    parts = upload(s3, bucket, upload_id, [b"a" * PART, b"b", b"c"])
    done = {"s3": s3, "bucket": bucket, "upload_id": upload_id}
    assert refusal(complete, **done, parts=[parts[1], parts[0]])[0] == "InvalidPartOrder"
    assert refusal(complete, **done, parts=[{"PartNumber": 9, "ETag": "x"}])[0] == "InvalidPart"
    assert refusal(complete, **done, parts=[{**parts[0], "ETag": parts[1]["ETag"]}])[0] == "InvalidPart"
    assert refusal(complete, **done, parts=parts)[0] == "EntityTooSmall"
    assert refusal(complete, **done, parts=[])[0] == "MalformedXML"
    complete(s3, bucket, upload_id, parts[:2])
    assert s3.head_object(Bucket=bucket, Key="mp")["ContentLength"] == PART + 1


def test_a_part_is_replaced_copied_and_listed(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload_id = begin(s3, bucket)
    place = {"Bucket": bucket, "Key": "mp", "UploadId": upload_id}
    s3.upload_part(**place, PartNumber=1, Body=b"old")
    copied = s3.upload_part_copy(
        **place, PartNumber=1, CopySource=f"{bucket}/source", CopySourceRange="bytes=2-4"
    )["CopyPartResult"]
    assert copied["ETag"] == f'"{hashlib.md5(b"234").hexdigest()}"'
    s3.upload_part(**place, PartNumber=3, Body=b"three")
    listed = s3.list_parts(**place, MaxParts=1)
    assert [part["Size"] for part in listed["Parts"]] == [3]
    assert (listed["IsTruncated"], listed["NextPartNumberMarker"]) == (True, 1)
    assert [part["PartNumber"] for part in s3.list_parts(**place, PartNumberMarker=1)["Parts"]] == [3]
    wrong = {"CopySource": f"{bucket}/source", "CopySourceRange": "bytes=2-40"}
    assert refusal(s3.upload_part_copy, **place, PartNumber=2, **wrong)[0] == "InvalidRange"
    complete(s3, bucket, upload_id, [{"PartNumber": 1, "ETag": copied["ETag"]}])
    assert s3.get_object(Bucket=bucket, Key="mp")["Body"].read() == b"234"


def test_attributes_of_an_object_are_told_as_asked(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="one", Body=b"hello", ChecksumAlgorithm="CRC32")
    told = s3.get_object_attributes(
        Bucket=bucket, Key="one", ObjectAttributes=["ETag", "Checksum", "ObjectParts", "ObjectSize"]
    )
    assert (told["ETag"], told["ObjectSize"]) == (put["ETag"].strip('"'), 5)
    assert told["Checksum"] == {"ChecksumCRC32": "NhCmhg==", "ChecksumType": "FULL_OBJECT"}
    assert not {"ObjectParts", "StorageClass"}.intersection(told)
    upload_id = begin(s3, bucket)
    complete(s3, bucket, upload_id, upload(s3, bucket, upload_id, [b"a" * PART, b"b"]))
    of_parts = {"Bucket": bucket, "Key": "mp", "ObjectAttributes": ["ObjectParts"]}
    parts = s3.get_object_attributes(**of_parts, MaxParts=1)["ObjectParts"]
    assert (parts["TotalPartsCount"], parts["IsTruncated"], parts["NextPartNumberMarker"]) == (2, True, 1)
    rest = s3.get_object_attributes(**of_parts, PartNumberMarker=1)["ObjectParts"]
    assert [(part["PartNumber"], part["Size"]) for part in rest["Parts"]] == [(2, 1)]
    nowhere = {"Bucket": bucket, "Key": "nowhere", "ObjectAttributes": ["ETag"]}
    assert refusal(s3.get_object_attributes, **nowhere) == ("NoSuchKey", 404)
    unknown = {"Bucket": bucket, "Key": "one", "ObjectAttributes": ["Colour"]}
    assert refusal(s3.get_object_attributes, **unknown) == ("InvalidArgument", 400)


def test_an_aborted_upload_is_gone_with_its_parts(gateway: Gateway, s3: Any, bucket: str) -> None:
    upload_id, other = begin(s3, bucket), begin(s3, bucket, "other/x")
    upload(s3, bucket, upload_id, [b"a"])
    found = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(each["Key"], each["UploadId"]) for each in found] == [("mp", upload_id), ("other/x", other)]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix="none")
    s3.abort_multipart_upload(Bucket=bucket, Key="mp", UploadId=upload_id)
    place = {"Bucket": bucket, "Key": "mp", "UploadId": upload_id}
    assert refusal(s3.upload_part, **place, PartNumber=1, Body=b"a") == ("NoSuchUpload", 404)
    assert refusal(s3.list_parts, **place)[0] == "NoSuchUpload"
    assert refusal(s3.abort_multipart_upload, **place)[0] == "NoSuchUpload"
    assert list(gateway.server.parts.objects.list(f"s3-uploads/{upload_id}/")) == []
    assert (
        refusal(s3.upload_part, **{**place, "UploadId": other}, PartNumber=1, Body=b"")[0] == "NoSuchUpload"
    )
    bad = {"Bucket": bucket, "Key": "other/x", "UploadId": other, "Body": b""}
    assert refusal(s3.upload_part, **bad, PartNumber=10_001)[0] == "InvalidArgument"


# Signed addresses


def test_what_no_header_holds_is_left_out_of_it(gateway: Gateway, s3: Any, bucket: str) -> None:
    fill(s3, bucket, "a")
    got = gateway.ask("GET", f"{bucket}/a?response-content-disposition=inline%3B%00%0D%0A%7Fx")
    assert (got.content, got.headers["content-disposition"]) == (b"a", "inline;    x")


def test_a_signed_address_works_without_a_key_and_for_what_it_was_made(s3: Any, bucket: str) -> None:
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "a b"}, ExpiresIn=60)
    assert httpx.put(put, content=b"hello", trust_env=False).status_code == 200
    wanted = {"Bucket": bucket, "Key": "a b", "ResponseContentType": "text/plain"}
    address = s3.generate_presigned_url("get_object", wanted, ExpiresIn=60)
    got = httpx.get(address, headers={"Range": "bytes=1-2", "Origin": "https://b.example"}, trust_env=False)
    assert (got.status_code, got.content, got.headers["content-type"]) == (206, b"el", "text/plain")
    assert got.headers["access-control-allow-origin"] == "*"
    assert "sandbox" in got.headers["content-security-policy"]
    for wrong in (address.replace("a%20b", "other"), address + "0"):
        refused = httpx.get(wrong, trust_env=False)
        assert (refused.status_code, "SignatureDoesNotMatch" in refused.text) == (403, True)
    assert httpx.delete(address, trust_env=False).status_code == 403
    assert httpx.get(address.partition("?")[0], trust_env=False).status_code == 403
