"""Every operation of the gateway: how it is asked for, what one must be allowed to, and what answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from treadle.gateways.s3 import attributes, bucket_operations, multipart, reading, writing
from treadle.gateways.s3.asked import Asked
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.visit import Answer, Visit
from treadle.permissions import Permission

Level = Literal["service", "bucket", "object"]
_READ, _WRITE = Permission.REPO_READ, Permission.REPO_WRITE


@dataclass(frozen=True)
class Operation:
    """One operation.

    wants: names of the query, and ``header:`` ones, that must be there; the first that fits answers.
    has_bucket: the bucket is looked up before, with the permission.
    """

    name: str
    level: Level
    method: str
    answer: Callable[[Visit], Answer]
    permission: Permission
    wants: tuple[str, ...] = ()
    has_bucket: bool = True


_COPY = "header:x-amz-copy-source"
_B, _M, _R, _W = bucket_operations, multipart, reading, writing

OPERATIONS: tuple[Operation, ...] = (
    Operation("ListBuckets", "service", "GET", _B.get_buckets, _READ, has_bucket=False),
    Operation("HeadBucket", "bucket", "HEAD", _B.head_bucket, _READ),
    Operation("CreateBucket", "bucket", "PUT", _B.create_bucket, _WRITE, has_bucket=False),
    Operation("DeleteBucket", "bucket", "DELETE", _B.delete_bucket, _WRITE),
    Operation("GetBucketLocation", "bucket", "GET", _B.get_location, _READ, ("location",)),
    Operation("GetBucketVersioning", "bucket", "GET", _B.get_versioning, _READ, ("versioning",)),
    Operation("ListMultipartUploads", "bucket", "GET", _M.list_multipart_uploads, _READ, ("uploads",)),
    Operation("ListObjectVersions", "bucket", "GET", _B.list_versions, _READ, ("versions",)),
    Operation("ListObjectsV2", "bucket", "GET", _B.list_objects_v2, _READ, ("list-type",)),
    Operation("ListObjects", "bucket", "GET", _B.list_objects, _READ),
    Operation("DeleteObjects", "bucket", "POST", _W.delete_objects, _WRITE, ("delete",)),
    Operation("Commit", "bucket", "POST", _B.post_commit, _WRITE, ("commit",)),
    Operation("ListParts", "object", "GET", _M.list_upload_parts, _READ, ("uploadId",)),
    Operation("GetObjectAttributes", "object", "GET", attributes.get_attributes, _READ, ("attributes",)),
    Operation("GetObject", "object", "GET", _R.get_object, _READ),
    Operation("HeadObject", "object", "HEAD", _R.head_object, _READ),
    Operation(
        "UploadPartCopy", "object", "PUT", _M.upload_part_copy, _WRITE, ("uploadId", "partNumber", _COPY)
    ),
    Operation("UploadPart", "object", "PUT", _M.upload_part, _WRITE, ("uploadId", "partNumber")),
    Operation("CopyObject", "object", "PUT", _W.copy_object, _WRITE, (_COPY,)),
    Operation("PutObject", "object", "PUT", _W.put_object, _WRITE),
    Operation("CreateMultipartUpload", "object", "POST", _M.create_multipart_upload, _WRITE, ("uploads",)),
    Operation(
        "CompleteMultipartUpload", "object", "POST", _M.complete_multipart_upload, _WRITE, ("uploadId",)
    ),
    Operation("AbortMultipartUpload", "object", "DELETE", _M.abort_multipart_upload, _WRITE, ("uploadId",)),
    Operation("DeleteObject", "object", "DELETE", _W.delete_object, _WRITE),
)

#: What S3 has beside these, told apart from a wrong request.
ABSENT = frozenset(
    (
        "accelerate",
        "acl",
        "analytics",
        "cors",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "tagging",
        "torrent",
        "website",
    )
)


def find_operation(asked: Asked) -> Operation:
    """What is asked for. Raises S3Error("NotImplemented", "MethodNotAllowed")."""
    level = "object" if asked.key else "bucket" if asked.bucket else "service"
    absent = ABSENT.intersection(asked.query)
    if asked.method == "PUT" and level == "bucket" and "versioning" in asked.query:
        absent = frozenset({"versioning"})
    if absent:
        raise S3Error("NotImplemented", f"What you ask for is not implemented: {min(absent)}.")
    for operation in OPERATIONS:
        if (operation.level, operation.method) == (level, asked.method) and _fits(operation, asked):
            return operation
    raise S3Error("MethodNotAllowed", "The specified method is not allowed against this resource.")


def _fits(operation: Operation, asked: Asked) -> bool:
    return all(
        name.removeprefix("header:") in asked.headers if name.startswith("header:") else name in asked.query
        for name in operation.wants
    )
