"""Every object store keeps the same promises."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
import pytest
from obstore.store import AzureStore, GCSStore, S3Store

from tests.objects.clouds import AZURE_ACCOUNT, AZURE_KEY, BUCKET, Cloud, free_port
from treadle.errors import Invalid, NotFound, Unavailable
from treadle.objects import LocalObjects, MemoryObjects, ObjectStore, open_store
from treadle.objects.buckets import BucketObjects
from treadle.repos.contents import Contents
from treadle.repos.tree import Entry, Tree, build
from treadle.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

LARGE = 17 * 1024**2
ODD_KEYS = (
    "a b/c%41",
    "#?&=+*'\"<>|^`{}[]~$!;,",
    "ü/e\u0301/\U0001f600",
    "..a/...",
    "a:b",
    "-",
    "/".join(["n" * 255] * 4),
)
NO_KEYS = ("", "/", "a//b", "../a", "a/..", "./a", "a\\b", "a\0b", "a\nb", "a/", "/a", "\ud800")
TOO_LONG = ("n" * 256, "/".join(["n" * 200] * 6))
PLAIN: ClientConfig = {"allow_http": True}
QUICK: RetryConfig = {"max_retries": 0}


def in_local(tmp_path: Path, _request: pytest.FixtureRequest) -> ObjectStore:
    return LocalObjects(tmp_path / "objects")


def in_memory(_tmp_path: Path, _request: pytest.FixtureRequest) -> ObjectStore:
    return MemoryObjects()


def in_s3(_tmp_path: Path, request: pytest.FixtureRequest) -> BucketObjects:
    return open_s3(request.getfixturevalue("s3"))


def in_gcs(_tmp_path: Path, request: pytest.FixtureRequest) -> BucketObjects:
    cloud: Cloud = request.getfixturevalue("gcs")
    key = cloud.google_key
    return BucketObjects(
        GCSStore(BUCKET, prefix=new_prefix(), service_account_key=key, client_options=PLAIN), "g"
    )


def in_azure(_tmp_path: Path, request: pytest.FixtureRequest) -> BucketObjects:
    return open_azure(request.getfixturevalue("azure"))


def open_s3(cloud: Cloud, bucket: str = BUCKET) -> BucketObjects:
    store = S3Store(
        bucket,
        prefix=new_prefix(),
        endpoint=cloud.url,
        access_key_id="key",
        secret_access_key="secret",
        region="us-east-1",
        client_options=PLAIN,
        retry_config=QUICK,
    )
    return BucketObjects(store, f"s3://{bucket}")


def open_azure(cloud: Cloud, container: str = BUCKET, key: str = AZURE_KEY) -> BucketObjects:
    store = AzureStore(
        container,
        prefix=new_prefix(),
        endpoint=cloud.url,
        account_name=AZURE_ACCOUNT,
        account_key=key,
        client_options=PLAIN,
        retry_config=QUICK,
    )
    return BucketObjects(store, f"az://{container}")


def new_prefix() -> str:
    return f"tests/{uuid.uuid4().hex}"


@pytest.fixture(
    params=[in_local, in_memory, in_s3, in_gcs, in_azure], ids=lambda opener: str(opener.__name__)
)
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """An empty store of each kind."""
    store: ObjectStore = request.param(tmp_path, request)
    return store


def test_what_is_put_is_read_told_and_listed_in_order_until_it_is_deleted(objects: ObjectStore) -> None:
    content = {"b": b"1", "a/2": b"", "a/10": b"three", "a-b": b"x", "ab": b"y", "a/2x/y": b"z"}
    for key, each in content.items():
        assert objects.put(key, [each[:1], each[1:]]).size_bytes == len(each)
    assert [(each.key, each.size_bytes) for each in objects.list()] == sorted(
        (key, len(each)) for key, each in content.items()
    )
    assert {key: b"".join(objects.read(key)) for key in content} == content
    assert [each.key for each in objects.list("a/2")] == ["a/2", "a/2x/y"]
    assert [each.key for each in objects.list("a/")] == ["a/10", "a/2", "a/2x/y"]
    assert list(objects.list("nothing/")) == []
    objects.put("b", [b"again"])
    assert (objects.stat("b").size_bytes, b"".join(objects.read("b"))) == (5, b"again")
    for key in [*content, "b"]:
        objects.delete(key)
    assert list(objects.list()) == []


def test_a_large_object_goes_in_parts_and_any_part_of_it_is_read(objects: ObjectStore) -> None:
    piece = bytes(range(256)) * 256
    pieces = LARGE // len(piece)
    assert objects.put("large", (piece for _ in range(pieces))).size_bytes == LARGE
    whole = piece * pieces
    assert b"".join(objects.read("large")) == whole
    for start, end in [(0, 1), (8_388_607, 8_388_610), (LARGE - 5, None), (LARGE - 5, LARGE + 5), (7, 7)]:
        assert b"".join(objects.read("large", start, end)) == whole[start:end]
    assert b"".join(objects.read("large", LARGE, None)) == b""
    assert b"".join(objects.read("large", LARGE + 9, LARGE + 10)) == b""
    objects.put("empty", [])
    assert b"".join(objects.read("empty", 0, 10)) == b""


@pytest.mark.parametrize("size_bytes", [10, LARGE])
def test_what_breaks_off_leaves_what_was_there(objects: ObjectStore, size_bytes: int) -> None:
    objects.put("kept", [b"before"])
    for key in ("kept", "new"):
        with pytest.raises(FileNotFoundError, match="the source went away"):
            objects.put(key, break_off(size_bytes))
    assert b"".join(objects.read("kept")) == b"before"
    assert [each.key for each in objects.list()] == ["kept"]


def break_off(size_bytes: int) -> Iterator[bytes]:
    yield b"x" * size_bytes
    raise FileNotFoundError("the source went away")


def test_keys_stay_as_they_are(objects: ObjectStore) -> None:
    for key in ODD_KEYS:
        objects.put(key, [key.encode()])
    assert [each.key for each in objects.list()] == sorted(ODD_KEYS)
    assert [b"".join(objects.read(key)).decode() for key in ODD_KEYS] == list(ODD_KEYS)


def test_what_is_no_key_is_refused(objects: ObjectStore) -> None:
    for key in (*NO_KEYS, *TOO_LONG, ".partial/a"):
        for call in (lambda key=key: objects.put(key, [b"x"]), lambda key=key: objects.read(key)):
            with pytest.raises(Invalid) as caught:
                call()
            assert caught.value.code == "object-key"
        with pytest.raises(Invalid):
            objects.stat(key)
        with pytest.raises(Invalid):
            objects.delete(key)


def test_what_is_missing_is_told_at_the_call(objects: ObjectStore) -> None:
    objects.put("folder/file", [b"x"])
    for key in ("missing", "folder", "folder/file/below"):
        for call in (lambda key=key: objects.read(key), lambda key=key: objects.stat(key)):
            with pytest.raises(NotFound) as caught:
                call()
            assert caught.value.code == "object-not-found"
        objects.delete(key)
    with pytest.raises(NotFound):
        objects.read("missing", 5, 5)


def test_a_bucket_that_is_missing_or_refuses_is_told(s3: Cloud, azure: Cloud) -> None:
    for missing in (open_s3(s3, "nobodys-bucket"), open_azure(azure, "nobodys-container")):
        assert codes_of(missing) == ["objects-missing"] * 3
    assert codes_of(open_azure(azure, key="bm9wZQ==")) == ["objects-refused"] * 3


def test_a_server_that_refuses_the_connection_or_stays_silent_is_told(s3: Cloud) -> None:
    refusing = open_s3(Cloud(f"http://127.0.0.1:{free_port()}"))
    assert codes_of(refusing) == ["objects-unreachable"] * 3
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = S3Store(
            BUCKET,
            endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}",
            access_key_id="key",
            secret_access_key="secret",
            client_options={**PLAIN, "timeout": "200ms"},
            retry_config=QUICK,
        )
        with pytest.raises(Unavailable, match="does not answer in time"):
            BucketObjects(store, "s3://silent").stat("a")


def codes_of(objects: ObjectStore) -> list[str]:
    codes = []
    for call in (
        lambda: objects.put("a", [b"x"]),
        lambda: b"".join(objects.read("a")),
        lambda: list(objects.list()),
    ):
        with pytest.raises(Unavailable) as caught:
            call()
        codes.append(caught.value.code)
    return codes


def test_the_setting_names_the_store(
    s3: Cloud, gcs: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "ACCESS_KEY_ID": "key",
        "SECRET_ACCESS_KEY": "secret",
        "ENDPOINT_URL": s3.url,
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    assert isinstance(open_store(Settings(data_dir=tmp_path)), LocalObjects)
    opened = open_store(Settings(objects_url=f"s3://{BUCKET}/{new_prefix()}"))
    assert list(opened.list()) == []
    with pytest.raises(Unavailable, match="no bucket s3://nobodys-bucket"):
        open_store(Settings(objects_url="s3://nobodys-bucket"))
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", gcs.google_key)
    other = open_store(Settings(objects_url=f"gs://{BUCKET}/other"))
    other.put("a", [b"x"])
    whole = S3Store(BUCKET, endpoint=s3.url, access_key_id="key", secret_access_key="s", client_options=PLAIN)
    assert obstore.head(whole, "other/a")["size"] == 1


@pytest.mark.parametrize(
    "url", ["photographs", "ftp://photographs", "s3://", "s3://key@bucket", "s3://b/../a"]
)
def test_a_setting_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="TREADLE_OBJECTS_URL"):
        open_store(Settings(objects_url=url))


def test_a_repo_lives_in_each(objects: ObjectStore) -> None:
    small, large = b'{"label": "cat"}', bytes(range(256)) * 4_000 + b"end"
    writer = Contents(objects, "repos/1").writer()
    ids = [writer.put(small), writer.put(large)]
    tree = build(Contents(objects, "repos/1"), writer, [Entry(f"{n}.json", ids[0], 16, 0) for n in range(9)])
    (pack,) = writer.publish()
    contents = Contents(objects, "repos/1")
    contents.use_packs([pack.name])
    assert contents.read_many(ids) == [small, large]
    assert b"".join(contents.read(ids[1], 300_000, 900_000)) == large[300_000:900_000]
    assert [entry.path for entry in Tree(contents, tree.root, tree.height).scan("3")] == ["3.json"]
    (rewritten,) = contents.rewrite([pack.name], {ids[1]})
    contents.use_packs([rewritten.name])
    contents.delete_pack(pack.name)
    assert contents.read_whole(ids[1]) == large
    assert list(contents.check_pack(rewritten.name)) == []
    (chunk,) = contents.chunk_objects()
    objects.put(chunk.key, [large])
    error = contents.check_large(ids[1])
    assert error is not None
    assert chunk.key in error.message
