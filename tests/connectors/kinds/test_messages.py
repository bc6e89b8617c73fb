"""What a check of each kind says is wrong."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import httpx
import jwt
import pytest
import redis
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.connectors.kinds.grounds import (
    Ground,
    on_azure,
    on_gcs,
    on_http,
    on_localfiles,
    on_redis,
    on_s3,
)
from tests.objects.clouds import BUCKET, Cloud, free_port
from treadle.connectors import bucket_place
from treadle.errors import Forbidden, Invalid, NotFound, TreadleError, Unavailable
from treadle.objects import buckets
from treadle.settings import Settings

MAY_READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}],
}


def told(ground: Ground, **options: object) -> TreadleError:
    with pytest.raises(TreadleError) as caught:
        ground.open(**options).check("source")
    return caught.value


def told_of_writing(ground: Ground, **options: object) -> TreadleError:
    with pytest.raises(TreadleError) as caught:
        ground.open(**options).check("target")
    return caught.value


@pytest.fixture
def key_that_reads(s3: Cloud) -> Iterator[dict[str, str]]:
    """A key that may not write, while the server checks keys."""
    client = boto3.client(
        "iam",
        endpoint_url=s3.url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.create_user(UserName="reader")
    client.put_user_policy(UserName="reader", PolicyName="reads", PolicyDocument=json.dumps(MAY_READ))
    key = client.create_access_key(UserName="reader")["AccessKey"]
    httpx.post(f"{s3.url}/moto-api/reset-auth", content=b"0", trust_env=False)
    yield {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    httpx.post(f"{s3.url}/moto-api/reset-auth", content=b"inf", trust_env=False)


def test_a_key_of_s3_that_is_unknown_wrong_or_may_not_write_is_told(
    request: pytest.FixtureRequest, key_that_reads: dict[str, str]
) -> None:
    ground = on_s3(request)
    unknown = told(ground)
    assert "InvalidAccessKeyId" in unknown.message
    assert list(unknown.fields) == ["aws_access_key_id"]
    reading = {**key_that_reads, "prefix": ""}
    assert "SignatureDoesNotMatch" in told(ground, **{**reading, "aws_secret_access_key": "wrong"}).message
    ground.open(**reading).check("source")
    refused = told_of_writing(ground, **reading)
    assert "to write was refused" in refused.message
    assert "lacks this permission" in refused.message


def test_half_a_key_and_odd_names_are_told_before_anything_is_called(request: pytest.FixtureRequest) -> None:
    ground = on_s3(request)
    for field, value in {
        "bucket": "a/../b",
        "region_name": "eu.example.com/",
        "s3_endpoint": "ftp://files",
        "prefix": "a/../b",
    }.items():
        error = told(ground, **{field: value})
        assert (error.code, list(error.fields)) == ("storage-options", [field])
    half = replace(ground, form={**ground.form, "aws_secret_access_key": ""})
    assert "both" in told(half).message


def test_a_bucket_of_s3_without_a_key_is_read_as_a_public_one(
    request: pytest.FixtureRequest, s3: Cloud
) -> None:
    ground = on_s3(request)
    key = ground.put("a.jpg", b"x")
    public = replace(ground, form={**ground.form, "aws_access_key_id": "", "aws_secret_access_key": ""})
    assert told(public).code == "storage-refused"
    client = boto3.client("s3", endpoint_url=s3.url, aws_access_key_id="a", aws_secret_access_key="b")
    client.put_object_acl(Bucket=BUCKET, Key=key, ACL="public-read")
    assert b"".join(public.open().read(key)) == b"x"


def test_what_does_not_answer_is_told(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    error = told(on_s3(request), s3_endpoint=nobody)
    assert (error.code, type(error)) == ("storage-unreachable", Unavailable)
    unknown = told(on_s3(request), s3_endpoint="http://nowhere.invalid")
    assert "stands for no address" in unknown.message
    monkeypatch.setitem(buckets.PATIENCE, "timeout", "200ms")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = told(on_s3(request), s3_endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert "did not answer in time" in slow.message


def test_a_prefix_that_holds_nothing_is_told_of_a_source(request: pytest.FixtureRequest) -> None:
    ground = on_s3(request)
    assert list(told(ground).fields) == ["prefix"]
    ground.open().check("target")


def test_without_a_recursive_scan_sub_folders_are_passed_over(
    request: pytest.FixtureRequest, s3: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = on_s3(request)
    monkeypatch.setattr(bucket_place, "_PASSED_OVER", 2)
    for name in ("a", "b/1", "b/2", "b/3", "b/4", "b/c/5", "b.x", "d", "e/1"):
        ground.put(name, b"x")
    client = boto3.client("s3", endpoint_url=s3.url, aws_access_key_id="a", aws_secret_access_key="b")
    client.put_object(Bucket=BUCKET, Key=ground.open().key("folder") + "/", Body=b"")
    place = ground.open(recursive_scan=False)
    assert [item.key for item in place.list()] == [place.key(name) for name in ("a", "b.x", "d")]


def test_a_key_that_no_client_reads_is_named(request: pytest.FixtureRequest, s3: Cloud) -> None:
    ground = on_s3(request)
    client = boto3.client("s3", endpoint_url=s3.url, aws_access_key_id="a", aws_secret_access_key="b")
    client.put_object(Bucket=BUCKET, Key=ground.open().key("a") + "//b", Body=b"x")
    with pytest.raises(Invalid, match="//b"):
        list(ground.open().list())


def test_wrong_keys_of_azure_and_google_are_told(request: pytest.FixtureRequest) -> None:
    azure = on_azure(request)
    assert list(told(azure, account_key="bm9wZQ==").fields) == ["account_key"]
    assert "base 64" in told(azure, account_key="%%%").message
    assert list(told(azure, account_name="Not One").fields) == ["account_name"]
    gcs = on_gcs(request)
    broken = json.dumps({"client_email": "a@b", "private_key_id": "1", "private_key": "-----BEGIN"})
    for key in ("{", '{"type": "authorized_user"}', '{"type": "service_account"}', broken):
        error = told(gcs, google_application_credentials=key)
        assert (error.code, list(error.fields)) == ("storage-options", ["google_application_credentials"])


def test_nothing_of_the_servers_environment_reaches_an_endpoint(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SESSION_TOKEN", "GOOGLE_BEARER_TOKEN", "AZURE_STORAGE_TOKEN", "AZURE_STORAGE_SAS_KEY"):
        monkeypatch.setenv(name, "of-the-server")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with serve_heads() as (url, heads):
        pem, public = make_key_pair()
        account = {"client_email": "a@b.example", "private_key_id": "7", "private_key": pem}
        key = json.dumps({"type": "service_account", "gcs_base_url": url, **account})
        places = [
            on_s3(request).open(s3_endpoint=url),
            on_azure(request).open(blob_endpoint=url),
            on_gcs(request).open(google_application_credentials=key),
        ]
        for place in places:
            with pytest.raises(NotFound):
                place.read(place.key(f"only-{uuid.uuid4().hex}"))
    assert len(heads) == 3
    assert "of-the-server" not in str(heads)
    token = heads[2]["authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, public, ["RS256"])["sub"] == "a@b.example"


@contextmanager
def serve_heads() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that has nothing, and the headers that it was sent."""
    heads: list[dict[str, str]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heads.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heads
    server.shutdown()
    server.server_close()


def make_key_pair() -> tuple[str, str]:
    """A private key and its public half, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def test_what_redis_refuses_is_told(request: pytest.FixtureRequest) -> None:
    ground = on_redis(request)
    assert list(told(ground, password="wrong").fields) == ["password"]
    assert told(ground, port=free_port()).code == "storage-unreachable"
    assert list(told(ground, port=0).fields) == ["port"]
    place = ground.open()
    key = place.key("a list")
    client = redis.Redis(port=int(str(ground.form["port"])), db=3, password="sesame")
    client.lpush(key, "x")
    assert list(place.list()) == []
    with pytest.raises(Invalid, match="WRONGTYPE"):
        place.read(key)


def test_lists_of_addresses_are_read_as_text_and_json(request: pytest.FixtureRequest) -> None:
    ground = on_http(request)
    site = ground.site
    assert site is not None
    urls = [site.put(name, b"x") for name in ("b.jpg", "a.jpg")]
    site.put("list.json", json.dumps(urls).encode())
    site.put("page.html", b"<html>")
    of_json = ground.open(list_url=f"{site.url}/list.json")
    typed = ground.open(list_url="", urls=f"\n {urls[0]}\r\n{urls[1]}\n{urls[0]}")
    for place in (of_json, typed):
        assert [item.key for item in place.list()] == sorted(urls)
    assert "no list of addresses" in told(ground, list_url=f"{site.url}/page.html").message
    assert list(told(ground, list_url="", urls="ftp://a").fields) == ["urls"]
    assert "either" in told(ground, urls=urls[0]).message
    with pytest.raises(NotFound):
        typed.read(f"{site.url}/missing")


def test_no_link_leads_out_of_the_shared_folders(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    ground = on_localfiles(request)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text("[]")
    inside = Path(str(ground.form["path"]))
    (inside / "link.json").symlink_to(outside / "secret.json")
    (inside / "folder").symlink_to(outside)
    (inside / "round").symlink_to(inside)
    (inside / "own.json").write_text("[]")
    (inside / "kept.json").symlink_to(inside / "own.json")
    place = ground.open()
    assert [item.key for item in place.list()] == ["kept.json", "own.json"]
    for key in ("link.json", "folder/secret.json"):
        with pytest.raises(NotFound):
            place.read(key)
    for key in ("folder/new.json", "folder/below/new.json"):
        with pytest.raises(Invalid, match="outside"):
            place.write(key, b"x")
    with pytest.raises(Invalid, match="outside"):
        place.delete("folder/secret.json")
    place.write("link.json", b"mine")
    assert (outside / "secret.json").read_text() == "[]"
    assert sorted(each.name for each in outside.iterdir()) == ["secret.json"]


def test_a_folder_that_is_not_shared_is_told(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    ground = on_localfiles(request)
    assert "lies outside" in told(ground, path="/etc").message
    assert "lies outside" in told(ground, path=f"{ground.form['path']}/../..").message
    assert "no absolute path" in told(ground, path="photographs").message
    with pytest.raises(Forbidden, match="TREADLE_LOCAL_FILES_ROOTS"):
        ground.but(Settings()).open().check("source")
    relative = (tmp_path / "shared/photographs/a.jpg").as_uri()
    assert ground.open().key_of(relative) == "a.jpg"
    assert ground.open().key_of("/data/local-files/?d=photographs/a%20b.jpg") == "a b.jpg"
    assert ground.open().key_of("/data/local-files/?d=photographs/../../x") is None
