"""Buckets: branches, tags and commits of repos; who may; and what is staged until it is committed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.gateways.conftest import Gateway
from tests.gateways.test_objects import fill, keys_of, refusal
from treadle.db.repo_tables import repo_commits
from treadle.gateways.s3 import bucket_operations, staging
from treadle.gateways.s3.listing import Page, list_page
from treadle.gateways.s3.operations import OPERATIONS
from treadle.permissions import Permission
from treadle.repos import branches, commits, publishing
from treadle.repos.auto_commits import commit_due


def commits_of(gateway: Gateway, bucket: str) -> list[dict[str, Any]]:
    """The commits of the branch in our own API, the newest first."""
    with gateway.server.client() as client:
        branch = bucket.split(".")[0]
        answer = client.get(f"{gateway.repo_path(bucket)}/commits/", params={"ref": branch})
    found: list[dict[str, Any]] = answer.json()["results"] if answer.status_code == 200 else []
    return found


NEVER = {"after_files": 0, "after_minutes": 0}


def set_auto_commit(gateway: Gateway, bucket: str, **setting: int) -> None:
    with gateway.server.client() as client:
        answer = client.put(f"{gateway.repo_path(bucket)}/auto-commit/", json={**NEVER, **setting})
    assert answer.status_code == 200, answer.text


def test_what_is_staged_is_read_at_once_and_one_commit_later(gateway: Gateway, s3: Any, bucket: str) -> None:
    fill(s3, bucket, "a", "b/1")
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == ["a", "b/1"]
    assert commits_of(gateway, bucket) == []
    first = gateway.commit(bucket, "the first")
    s3.delete_object(Bucket=bucket, Key="a")
    second = gateway.commit(bucket)
    found = commits_of(gateway, bucket)
    assert [(each["id"], each["message"]) for each in found] == [(second, "by hand"), (first, "the first")]
    assert found[0]["author"]["email"] == "admin@example.com"
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == ["b/1"]
    assert "Nothing is staged" in gateway.ask("POST", f"{bucket}?commit").text


def test_a_commit_and_a_tag_are_buckets_that_nobody_writes_to(gateway: Gateway, s3: Any, bucket: str) -> None:
    fill(s3, bucket, "a")
    commit_id = gateway.commit(bucket)
    fill(s3, bucket, "b")
    repo = bucket.split(".")[1]
    with gateway.server.client() as client:
        made = {"name": "v1.0", "at": commit_id}
        answer = client.post(f"{gateway.repo_path(bucket)}/tags/", json=made)
        assert answer.status_code == 201, answer.text
    for name in (f"{commit_id}.master.{repo}", f"{commit_id}.{repo}", f"v1.0.{repo}", f"v1.0.{repo}.main"):
        assert keys_of(s3.list_objects_v2(Bucket=name)) == ["a"], name
        assert s3.get_object(Bucket=name, Key="a")["Body"].read() == b"a"
        for write in (s3.put_object, s3.delete_object, s3.create_multipart_upload):
            assert refusal(write, Bucket=name, Key="a")[0] == "AccessDenied", name
        assert refusal(s3.delete_bucket, Bucket=name)[0] == "AccessDenied"
    assert refusal(s3.list_objects_v2, Bucket=f"{'0' * 32}.master.{repo}")[0] == "NoSuchBucket"


@pytest.mark.parametrize(("prefer", "kept"), [("ours", b"put"), ("theirs", b"branch")])
def test_a_commit_that_collides_says_how_to_choose_and_takes_the_choice(
    gateway: Gateway, s3: Any, bucket: str, prefer: str, kept: bytes
) -> None:
    fill(s3, bucket, "a")
    gateway.commit(bucket)
    s3.put_object(Bucket=bucket, Key="a", Body=b"put")
    with gateway.server.client() as client:
        moved = client.put(f"{gateway.repo_path(bucket)}/files/a?branch=master", content=b"branch")
    assert moved.status_code == 201, moved.text
    refused = gateway.ask("POST", f"{bucket}?commit")
    assert (refused.status_code, "x-treadle-prefer" in refused.text) == (409, True)
    assert gateway.ask("POST", f"{bucket}?commit", x_treadle_prefer="mine").status_code == 400
    s3.put_object(Bucket=bucket, Key="b", Body=b"b")
    answer = gateway.ask("POST", f"{bucket}?commit", x_treadle_prefer=prefer)
    assert answer.status_code == 200, answer.text
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == kept


def test_a_put_waits_a_little_for_who_finishes(
    gateway: Gateway, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(s3, bucket, "a")
    parts, repo_id = gateway.server.parts, int(gateway.repo_path(bucket).rpartition("/")[2])
    with parts.repos.leases.hold(repo_id) as lease:
        with parts.database.write() as tx:
            opened = commits.get(tx, str(branches.get(tx, repo_id, "master").open_commit))
            seal = publishing.seal(tx, opened, lease)

        def unseal(_pause_s: float) -> None:
            with parts.database.write() as tx:
                publishing.unseal(tx, opened, seal)

        monkeypatch.setattr(staging, "sleep", unseal)
        fill(s3, bucket, "b")
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == ["a", "b"]


def test_buckets_are_made_listed_and_deleted(gateway: Gateway, s3: Any, bucket: str) -> None:
    repo = bucket.split(".")[1]
    assert s3.head_bucket(Bucket=bucket)
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert refusal(s3.create_bucket, Bucket=bucket)[0] == "BucketAlreadyOwnedByYou"
    for name in ("nodots", f"a..{repo}", f"main.{'x' * 70}"):
        assert refusal(s3.create_bucket, Bucket=name)[1] == 400, name
    other = f"dev.{repo}"
    s3.create_bucket(Bucket=other)
    listed = [found["Name"] for found in s3.list_buckets()["Buckets"]]
    assert {bucket, other} <= set(listed)
    fill(s3, other, "a")
    assert refusal(s3.delete_bucket, Bucket=other)[0] == "BucketNotEmpty"
    s3.delete_object(Bucket=other, Key="a")
    for name in (other, bucket):
        s3.delete_bucket(Bucket=name)
        assert refusal(s3.head_bucket, Bucket=name)[1] == 404
    with gateway.server.client() as client:
        assert client.get("/api/repos/", params={"name": repo}).json()["results"] == []


def test_a_bucket_that_something_comes_into_while_it_is_deleted_stays(
    fresh_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, bucket = fresh_gateway, fresh_gateway.make_bucket()
    s3 = gateway.client()
    fill(s3, bucket, "a")
    gateway.commit(bucket)
    s3.delete_object(Bucket=bucket, Key="a")

    def look_then(change: Callable[[], object]) -> None:
        def look(*arguments: Any, **named: Any) -> Page:
            page = list_page(*arguments, **named)
            change()
            return page

        monkeypatch.setattr(bucket_operations, "list_page", look)

    look_then(lambda: s3.put_object(Bucket=bucket, Key="new", Body=b"precious"))
    assert refusal(s3.delete_bucket, Bucket=bucket)[0] == "OperationAborted"
    assert s3.get_object(Bucket=bucket, Key="new")["Body"].read() == b"precious"
    s3.delete_object(Bucket=bucket, Key="new")
    look_then(lambda: gateway.commit(bucket))
    assert refusal(s3.delete_bucket, Bucket=bucket)[0] == "OperationAborted"
    look_then(lambda: None)
    s3.delete_bucket(Bucket=bucket)
    assert refusal(s3.head_bucket, Bucket=bucket)[1] == 404


def test_a_key_reaches_as_far_as_its_person_and_its_role(fresh_gateway: Gateway) -> None:
    gateway, bucket = fresh_gateway, fresh_gateway.make_bucket()
    admin = gateway.client()
    fill(admin, bucket, "a")
    viewer = gateway.server.member("viewer@example.com", "viewer")
    annotator = gateway.server.member("annotator@example.com", "annotator")
    stranger = gateway.server.sign_up("stranger@example.com")
    for keys in (gateway.make_key(viewer.token), gateway.make_key(role="viewer")):
        client = gateway.client(*keys)
        assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"a"
        assert refusal(client.put_object, Bucket=bucket, Key="b", Body=b"") == ("AccessDenied", 403)
        assert refusal(client.create_bucket, Bucket="master.new") == ("AccessDenied", 403)
    for person, code in ((annotator, "AccessDenied"), (stranger, "NoSuchBucket")):
        client = gateway.client(*gateway.make_key(person.token))
        assert refusal(client.get_object, Bucket=bucket, Key="a")[0] == code
        assert client.list_buckets()["Buckets"] == []
    with gateway.server.client() as client:
        log = client.get("/api/workspaces/1/audit-log", params={"outcome": "refused"}).json()["results"]
        assert {line["actor"] for line in log} >= {viewer.email, annotator.email}
        assert bucket in {line["detail"]["bucket"] for line in log}
        key = client.get("/api/s3-keys").json()["results"][-1]
        assert client.delete(f"/api/s3-keys/{key['id']}").status_code == 204
    assert refusal(admin.get_object, Bucket=bucket, Key="a") == ("InvalidAccessKeyId", 403)


def test_a_name_that_two_workspaces_have_is_told_apart_by_the_workspace(fresh_gateway: Gateway) -> None:
    gateway, s3 = fresh_gateway, fresh_gateway.client()
    with gateway.server.client() as client:
        client.post("/api/workspaces", json={"name": "team"})
    assert refusal(s3.create_bucket, Bucket="master.images")[0] == "InvalidBucketName"
    for workspace in ("main", "team"):
        s3.create_bucket(Bucket=f"master.images.{workspace}")
        fill(s3, f"master.images.{workspace}", workspace)
    listed = [found["Name"] for found in s3.list_buckets()["Buckets"]]
    assert listed == ["master.images.main", "master.images.team"]
    assert refusal(s3.list_objects_v2, Bucket="master.images")[0] == "NoSuchBucket"
    assert keys_of(s3.list_objects_v2(Bucket="master.images.team")) == ["team"]
    held = gateway.client(*gateway.make_key(workspace="team"))
    assert keys_of(held.list_objects_v2(Bucket="master.images")) == ["team"]
    assert refusal(held.list_objects_v2, Bucket="master.images.main")[0] == "NoSuchBucket"


def test_a_setting_commits_at_once_or_after_so_many_files(gateway: Gateway, s3: Any, bucket: str) -> None:
    set_auto_commit(gateway, bucket, after_files=1)
    fill(s3, bucket, "a", "b")
    s3.delete_object(Bucket=bucket, Key="a")
    assert [each["file_count"] for each in commits_of(gateway, bucket)] == [1, 2, 1]
    fill(s3, bucket, "b")  # says nothing new, and stays staged
    assert len(commits_of(gateway, bucket)) == 3
    s3.delete_object(Bucket=bucket, Key="none")
    set_auto_commit(gateway, bucket, after_files=3)
    fill(s3, bucket, "c")
    assert len(commits_of(gateway, bucket)) == 3
    fill(s3, bucket, "d")
    newest = commits_of(gateway, bucket)[0]
    assert (newest["file_count"], newest["message"]) == (3, "3 files")
    with gateway.server.client() as client:
        path = f"{gateway.repo_path(bucket)}/auto-commit/"
        assert client.get(path).json() == {"after_files": 3, "after_minutes": 0}
        assert client.put(path, json={"after_files": -1}).status_code == 400


def test_no_put_keeps_others_from_their_commits(gateway: Gateway, s3: Any, bucket: str) -> None:
    set_auto_commit(gateway, bucket, after_files=1)
    fill(s3, bucket, "a/b", "c/d/e")
    for key in ("a", "a/b/x", "c/d", "c/d/e/f/g"):
        assert refusal(s3.put_object, Bucket=bucket, Key=key, Body=b"")[0] == "InvalidRequest"
    set_auto_commit(gateway, bucket)
    fill(s3, bucket, "a", "x")
    set_auto_commit(gateway, bucket, after_files=1)
    fill(s3, bucket, "y")  # cannot be committed, since another's cannot, and is there
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == ["a", "a/b", "c/d/e", "x", "y"]
    s3.delete_object(Bucket=bucket, Key="a")
    assert [each["file_count"] for each in commits_of(gateway, bucket)] == [4, 2, 1]


def test_a_setting_commits_after_so_many_minutes(fresh_gateway: Gateway) -> None:
    gateway, bucket = fresh_gateway, fresh_gateway.make_bucket()
    set_auto_commit(gateway, bucket, after_minutes=10)
    parts = gateway.server.parts
    stuck = gateway.make_bucket()
    set_auto_commit(gateway, stuck, after_minutes=10)
    fill(gateway.client(), stuck, "a")
    with gateway.server.client() as client:
        elsewhere = client.put(
            f"{gateway.repo_path(stuck)}/files/a", params={"branch": "master"}, content=b"b"
        )
    assert elsewhere.status_code == 201
    fill(gateway.client(), bucket, "a")
    assert commit_due(parts.database, parts.repos) == 0
    with parts.database.write() as tx:
        tx.execute(update(repo_commits).values(created_at=tx.now - timedelta(minutes=11)))
    assert commit_due(parts.database, parts.repos) == 1
    (made,) = commits_of(gateway, bucket)
    assert (made["message"], made["author"]["email"]) == ("Staged for 10 minutes", "admin@example.com")


def test_a_branch_that_is_deleted_under_an_upload_is_told_and_stays_gone(
    gateway: Gateway, s3: Any, bucket: str
) -> None:
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    place = {"Bucket": bucket, "Key": "a", "UploadId": upload_id}
    etag = s3.upload_part(**place, PartNumber=1, Body=b"x")["ETag"]
    with gateway.server.client() as client:
        path = gateway.repo_path(bucket)
        assert client.post(f"{path}/branches/", json={"name": "other"}).status_code == 201
        assert client.delete(f"{path}/branches/master/").status_code == 204
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    assert refusal(s3.complete_multipart_upload, **place, MultipartUpload=parts)[0] == "NoSuchBucket"
    assert refusal(s3.put_object, Bucket=bucket, Key="b", Body=b"")[0] == "NoSuchBucket"
    assert refusal(s3.head_bucket, Bucket=bucket)[1] == 404


def test_every_operation_looks_its_bucket_up_with_its_permission() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert {operation.name for operation in OPERATIONS if not operation.has_bucket} == {
        "ListBuckets",
        "CreateBucket",
    }
    reading = {operation.name for operation in OPERATIONS if operation.permission is Permission.REPO_READ}
    assert all(name.startswith(("Get", "Head", "List")) for name in reading)


@pytest.mark.parametrize("name", ["a.b", "master.images^", "x.y.z.w", "a.b.c.d.e"])
def test_what_names_no_bucket_is_not_there(gateway: Gateway, name: str) -> None:
    answer = gateway.ask("GET", name)
    assert (answer.status_code, "NoSuchBucket" in answer.text) == (404, True)
