"""Errors as S3 says them: a code that clients know, a status, a sentence.

Source: Amazon S3 API Reference, "Error Responses".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from treadle.errors import (
    Conflict,
    Defect,
    Forbidden,
    Invalid,
    NotFound,
    TreadleError,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "AccessDenied": 403,
        "AuthorizationHeaderMalformed": 400,
        "AuthorizationQueryParametersError": 400,
        "BadDigest": 400,
        "BucketAlreadyExists": 409,
        "BucketAlreadyOwnedByYou": 409,
        "BucketNotEmpty": 409,
        "EntityTooLarge": 400,
        "EntityTooSmall": 400,
        "IncompleteBody": 400,
        "InternalError": 500,
        "InvalidAccessKeyId": 403,
        "InvalidArgument": 400,
        "InvalidBucketName": 400,
        "InvalidChunkSizeError": 400,
        "InvalidDigest": 400,
        "InvalidPart": 400,
        "InvalidPartOrder": 400,
        "InvalidRange": 416,
        "InvalidRequest": 400,
        "InvalidURI": 400,
        "KeyTooLongError": 400,
        "MalformedXML": 400,
        "MetadataTooLarge": 400,
        "MethodNotAllowed": 405,
        "MissingContentLength": 411,
        "NoSuchBucket": 404,
        "NoSuchKey": 404,
        "NoSuchUpload": 404,
        "NoSuchVersion": 404,
        "NotImplemented": 501,
        "NotModified": 304,
        "OperationAborted": 409,
        "PreconditionFailed": 412,
        "RequestTimeTooSkewed": 403,
        "RequestTimeout": 400,
        "ServiceUnavailable": 503,
        "SignatureDoesNotMatch": 403,
        "SlowDown": 503,
        "XAmzContentSHA256Mismatch": 400,
    }
)


class S3Error(Exception):
    """A refusal that an S3 client understands. ``more``: further elements of the answer, by name."""

    def __init__(self, code: str, message: str, **more: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.more = more

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUSES[self.code]


#: Codes of ours that S3 has a word for; the others go by their class.
_BY_CODE: Mapping[str, str] = MappingProxyType(
    {
        "branch-not-found": "NoSuchBucket",
        "repo-not-found": "NoSuchBucket",
        "ref-not-found": "NoSuchBucket",
        "workspace-not-found": "NoSuchBucket",
        "file-not-found": "NoSuchKey",
        "path": "InvalidArgument",
        "branch-moved": "OperationAborted",
        "body-stalled": "RequestTimeout",
    }
)
_BY_CLASS: Mapping[type[TreadleError], str] = MappingProxyType(
    {
        Invalid: "InvalidRequest",
        NotFound: "NoSuchKey",
        Conflict: "OperationAborted",
        Forbidden: "AccessDenied",
        Unauthenticated: "AccessDenied",
        Unsupported: "NotImplemented",
        Unavailable: "ServiceUnavailable",
        Defect: "InternalError",
    }
)


def to_s3_error(error: TreadleError) -> S3Error:
    """The same in S3's words; the sentence stays."""
    by_class = next(code for kind, code in _BY_CLASS.items() if isinstance(error, kind))
    return S3Error(_BY_CODE.get(error.code, by_class), error.message)
