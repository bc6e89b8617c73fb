"""What is asked of buckets: listed, made, deleted, committed."""

from __future__ import annotations

import base64
import binascii
from typing import get_args
from urllib.parse import quote

from treadle.access import RepoScope, WorkspaceScope
from treadle.access.s3_keys import allow_by_key, allow_by_key_anywhere, find_workspace_id
from treadle.db import Tx
from treadle.errors import Forbidden, NotFound
from treadle.gateways.s3 import xml
from treadle.gateways.s3.buckets import NameParts, find_repo_id, list_buckets, parse_name
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.listing import Entry, Page, list_page
from treadle.gateways.s3.objects import etag_of
from treadle.gateways.s3.staging import commit_staged
from treadle.gateways.s3.visit import Answer, Visit, xml_answer
from treadle.permissions import Permission
from treadle.repos import branches, catalogue
from treadle.repos.planning import Prefer

_MOST_KEYS = 1000
_MESSAGE, _PREFER = "x-treadle-message", "x-treadle-prefer"
_PREFERENCES: tuple[Prefer, ...] = get_args(Prefer)


def get_buckets(visit: Visit) -> Answer:
    """Every branch that the key reads."""
    with visit.parts.database.read() as tx:
        found = list_buckets(tx, visit.holder)
    listed = (
        xml.group("Bucket", xml.tag("Name", each.name), xml.tag("CreationDate", each.created_at))
        for each in found
    )
    inner = (_owner(visit), xml.group("Buckets", *listed))
    return xml_answer(xml.document("ListAllMyBucketsResult", *inner))


def head_bucket(visit: Visit) -> Answer:
    """Is it there, and may the key read it?"""
    assert visit.bucket
    return Answer(200, {"x-amz-bucket-region": visit.signed.claim.region})


def get_location(visit: Visit) -> Answer:
    """One region: the oldest, which has an empty name."""
    assert visit.bucket
    return xml_answer(xml.document("LocationConstraint"))


def get_versioning(visit: Visit) -> Answer:
    """Never on: what S3 calls versions are commits here."""
    assert visit.bucket
    return xml_answer(xml.document("VersioningConfiguration"))


def list_objects(visit: Visit) -> Answer:
    """Version 1 of the list."""
    query = _Query(visit)
    marker = visit.asked.query.get("marker", "")
    page = query.read_page(marker)
    inner = [
        xml.tag("Name", visit.asked.bucket),
        xml.tag("Prefix", _v1_prefix(query)),
        xml.tag("Marker", query.encode(marker)),
        *query.common(page),
        *query.listed(page, _owner(visit)),
    ]
    if page.next_after is not None and query.delimiter:
        inner.insert(3, xml.tag("NextMarker", query.encode(page.next_after)))
    return xml_answer(xml.document("ListBucketResult", *inner))


def list_objects_v2(visit: Visit) -> Answer:
    """Version 2 of the list."""
    query, asked = _Query(visit), visit.asked.query
    token = asked.get("continuation-token")
    after = _read_token(token) if token else asked.get("start-after", "")
    page = query.read_page(after)
    owner = _owner(visit) if asked.get("fetch-owner", "").lower() == "true" else ""
    inner = [
        xml.tag("Name", visit.asked.bucket),
        xml.tag("Prefix", query.encode(query.prefix)),
        xml.tag("KeyCount", len(page.entries)),
        *query.common(page),
        *query.listed(page, owner),
    ]
    if "start-after" in asked:
        inner.append(xml.tag("StartAfter", query.encode(asked["start-after"])))
    if token is not None:
        inner.append(xml.tag("ContinuationToken", token))
    if page.next_after is not None:
        inner.append(xml.tag("NextContinuationToken", _to_token(page.next_after)))
    return xml_answer(xml.document("ListBucketResult", *inner))


def list_versions(visit: Visit) -> Answer:
    """The list as of a bucket without versions: each object has one, named null."""
    query = _Query(visit)
    marker = visit.asked.query.get("key-marker", "")
    page = query.read_page(marker)
    inner = [
        xml.tag("Name", visit.asked.bucket),
        xml.tag("Prefix", query.encode(query.prefix)),
        xml.tag("KeyMarker", query.encode(marker)),
        xml.tag("VersionIdMarker", ""),
        *query.common(page),
        *query.listed(page, _owner(visit), name="Version", version=_NULL_VERSION),
    ]
    if page.next_after is not None:
        inner.append(xml.tag("NextKeyMarker", query.encode(page.next_after)))
        inner.append(xml.tag("NextVersionIdMarker", "null"))
    return xml_answer(xml.document("ListVersionsResult", *inner))


def create_bucket(visit: Visit) -> Answer:
    """Make the branch, and the repo where there is none of that name.

    A body that names a region is taken; there is one.
    """
    name = visit.asked.bucket
    body = visit.read_document()
    if body:
        xml.parse(body, "CreateBucketConfiguration")
    with visit.parts.database.write() as tx:
        reading, repo_id = _read_new_name(tx, visit, name)
        if repo_id is None:
            repo_id = _create_repo(tx, visit, reading)
            if reading.ref == catalogue.FIRST_BRANCH:
                return _created(name)
        grant = allow_by_key(tx, visit.holder, Permission.REPO_WRITE, RepoScope(repo_id))
        branches.check_name(reading.ref)
        if any(branch.name == reading.ref for branch in branches.list_all(tx, repo_id)):
            raise S3Error("BucketAlreadyOwnedByYou", f"Bucket {name} is there already.")
        branches.create(tx, grant, reading.ref)
    return _created(name)


def delete_bucket(visit: Visit) -> Answer:
    """Delete an empty branch; its repo too where it was the last one and the key may do that."""
    bucket, repos = visit.bucket, visit.parts.repos
    with visit.parts.database.read() as tx:
        seen = branches.get(tx, bucket.repo_id, bucket.writable())
    commit = seen.open_commit or seen.head
    snapshot = repos.at(bucket.repo_id, commit) if commit else None
    if list_page(snapshot, prefix="", delimiter="", after="", limit=1).entries:
        raise S3Error("BucketNotEmpty", "The bucket you tried to delete is not empty")
    with visit.parts.database.write() as tx:
        catalogue.lock(tx, bucket.repo_id)  # nobody makes another branch meanwhile
        branches.delete_empty(tx, bucket.grant, seen)
        if not branches.list_all(tx, bucket.repo_id):
            _delete_repo(tx, visit)
    return Answer(204)


def post_commit(visit: Visit) -> Answer:
    """Ours: what is staged becomes one commit, with the message of ``x-treadle-message``.

    ``x-treadle-prefer``: whose files stay where the branch changed the same meanwhile: ours, what was put, or
    theirs, what the branch has; without it nothing is committed then.
    """
    commit_id = commit_staged(visit, visit.asked.header(_MESSAGE), _read_preference(visit))
    return xml_answer(xml.document("CommitResult", xml.tag("Commit", commit_id)))


_NULL_VERSION = xml.tag("VersionId", "null") + xml.tag("IsLatest", True)


class _Query:
    """What a list asks for."""

    def __init__(self, visit: Visit) -> None:
        query = visit.asked.query
        self._visit = visit
        self.prefix = query.get("prefix", "")
        self.delimiter = query.get("delimiter", "")
        self._limit = min(visit.query_count("max-keys", _MOST_KEYS), _MOST_KEYS)
        self._encoding = query.get("encoding-type", "")
        if self._encoding not in ("", "url"):
            raise S3Error("InvalidArgument", "Invalid Encoding Method specified in Request")

    def read_page(self, after: str) -> Page:
        return list_page(
            self._visit.snapshot,
            prefix=self.prefix,
            delimiter=self.delimiter,
            after=after,
            limit=self._limit,
        )

    def encode(self, text: str) -> str:
        return quote(text, safe="/") if self._encoding else text

    def common(self, page: Page) -> list[str]:
        found = [xml.tag("MaxKeys", self._limit), xml.tag("IsTruncated", page.next_after is not None)]
        if self.delimiter:
            found.append(xml.tag("Delimiter", self.encode(self.delimiter)))
        if self._encoding:
            found.append(xml.tag("EncodingType", self._encoding))
        return found

    def listed(self, page: Page, owner: str, *, name: str = "Contents", version: str = "") -> list[str]:
        return [self._listed(entry, owner, name, version) for entry in page.entries]

    def _listed(self, entry: Entry, owner: str, name: str, version: str) -> str:
        key, file = xml.tag("Key", self.encode(entry.key)), entry.file
        if file is None:
            return xml.group("CommonPrefixes", xml.tag("Prefix", self.encode(entry.key)))
        return xml.group(
            name,
            key,
            version,
            xml.tag("LastModified", file.modified_at),
            xml.tag("ETag", f'"{etag_of(file)}"'),
            xml.tag("Size", file.size_bytes),
            owner,
            xml.tag("StorageClass", "STANDARD"),
        )


def _owner(visit: Visit) -> str:
    actor = visit.holder.actor
    return xml.group("Owner", xml.tag("ID", str(actor.user_id)), xml.tag("DisplayName", actor.email))


def _v1_prefix(query: _Query) -> str:
    """As it is: clients decode all of version 1 but this. What XML cannot hold is encoded none the less."""
    is_plain = all(character >= " " or character in "\t\n\r" for character in query.prefix)
    return query.prefix if is_plain else query.encode(query.prefix)


def _read_preference(visit: Visit) -> Prefer | None:
    asked = visit.asked.header(_PREFER)
    found = next((each for each in _PREFERENCES if each == asked), None)
    if asked and found is None:
        raise S3Error("InvalidArgument", f"{_PREFER} is {asked[:100]!r}: write ours or theirs.")
    return found


def _to_token(after: str) -> str:
    return base64.urlsafe_b64encode(after.encode()).decode("ascii")


def _read_token(token: str) -> str:
    try:
        found = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, ValueError):
        found = ""
    if not found:
        raise S3Error("InvalidArgument", "The continuation token provided is incorrect")
    return found


def _read_new_name(tx: Tx, visit: Visit, name: str) -> tuple[NameParts, int | None]:
    """The first reading whose repo is there, else the first; and that repo."""
    readings = [reading for reading in parse_name(name) if "." not in reading.ref]
    if not readings:
        raise S3Error(
            "InvalidBucketName",
            f"{name[:100]!r} names no branch of a repo. Write branch.repo, or branch.repo.workspace.",
        )
    for reading in readings:
        repo_id = find_repo_id(tx, visit.holder, reading)
        if repo_id is not None:
            return reading, repo_id
    return readings[0], None


def _create_repo(tx: Tx, visit: Visit, reading: NameParts) -> int:
    workspace_id = _choose_workspace(tx, visit, reading)
    grant = allow_by_key(tx, visit.holder, Permission.REPO_WRITE, WorkspaceScope(workspace_id))
    return catalogue.create(tx, grant, reading.repo).id


def _choose_workspace(tx: Tx, visit: Visit, reading: NameParts) -> int:
    grants = allow_by_key_anywhere(tx, visit.holder, Permission.REPO_WRITE)
    if reading.workspace is not None:
        found = find_workspace_id(tx, visit.holder.actor, reading.workspace)
        if visit.holder.workspace_id not in (None, found):
            raise NotFound("workspace-not-found", f"This key does not reach workspace {reading.workspace}.")
        return found
    if not grants:
        raise Forbidden("not-allowed", "This key may not make a repo in any workspace.")
    if len(grants) > 1:
        raise S3Error(
            "InvalidBucketName",
            f"The key reaches several workspaces. Say in which: {reading.ref}.{reading.repo}.WORKSPACE, or "
            "make a key for one workspace.",
        )
    return next(iter(grants))


def _delete_repo(tx: Tx, visit: Visit) -> None:
    try:
        grant = allow_by_key(tx, visit.holder, Permission.REPO_DELETE, RepoScope(visit.bucket.repo_id))
    except (Forbidden, NotFound):
        return  # an empty repo stays, whoever may will delete it
    catalogue.delete(tx, grant)


def _created(name: str) -> Answer:
    return Answer(200, {"Location": f"/{name}"})
