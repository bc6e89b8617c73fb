"""Who asks, and of which bucket: found in one read transaction, and remembered until anything changes."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from treadle.access.s3_keys import KeyHolder, find_holder
from treadle.db import Tx
from treadle.db.remembered import Remembered
from treadle.errors import Forbidden
from treadle.gateways.s3.asked import Asked
from treadle.gateways.s3.buckets import Bucket, find_bucket
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.operations import Operation
from treadle.gateways.s3.signatures import Claim, Signed, check_signature
from treadle.gateways.s3.visit import S3Parts

_MOST_REMEMBERED = 1024


@dataclass(frozen=True)
class Admission:
    """A request whose signature was right; ``refusal``: what its holder may not do.

    version: `Database.version` from before anything was looked up.
    """

    holder: KeyHolder
    signed: Signed
    bucket: Bucket | None
    refusal: Forbidden | None
    version: int | None


@dataclass(frozen=True)
class _Known:
    holder: KeyHolder
    secret: str
    bucket: Bucket


class Entrance:
    """Lets requests in, for any number of threads."""

    def __init__(self, parts: S3Parts) -> None:
        self._parts = parts
        # Elsewhere a look at the version may wait for a lock.
        self._may_recall = parts.settings.has_wal
        self._known: Remembered[_Known] = Remembered(_MOST_REMEMBERED)

    def recall(self, asked: Asked, claim: Claim, operation: Operation) -> Admission | None:
        """As `admit`, where all was found before and nothing has changed since; it never waits.

        Raises S3Error("SignatureDoesNotMatch").
        """
        if not self._may_recall:
            return None
        return self._find_known(asked, claim, operation, self._parts.database.version())

    def admit(self, asked: Asked, claim: Claim, operation: Operation) -> Admission:
        """Who asks, what signed, and the bucket of an operation that has one.

        Raises S3Error("InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket").
        """
        version = self._parts.database.version()
        known = self._find_known(asked, claim, operation, version)
        if known is not None:
            return known
        with self._parts.database.read() as tx:
            holder = _find_holder(tx, claim.access_key_id)
            secret = holder.reveal_secret(self._parts.signing_key)
            signed = check_signature(asked, claim, secret)
            if not operation.has_bucket:
                return Admission(holder, signed, None, None, version)
            try:
                bucket = find_bucket(tx, holder, asked.bucket, operation.permission)
            except Forbidden as error:
                return Admission(holder, signed, None, error, version)
        if not holder.is_stale:
            self._known.keep(_place(asked, claim, operation), _Known(holder, secret, bucket), version)
        return Admission(holder, signed, bucket, None, version)

    def _find_known(
        self, asked: Asked, claim: Claim, operation: Operation, version: int | None
    ) -> Admission | None:
        known = self._known.get(_place(asked, claim, operation), version) if operation.has_bucket else None
        if known is None:
            return None
        signed = check_signature(asked, claim, known.secret)
        return Admission(known.holder, signed, known.bucket, None, version)


def _place(asked: Asked, claim: Claim, operation: Operation) -> Hashable:
    return (claim.access_key_id, asked.bucket, operation.permission)


def _find_holder(tx: Tx, access_key_id: str) -> KeyHolder:
    holder = find_holder(tx, access_key_id)
    if holder is None:
        raise S3Error(
            "InvalidAccessKeyId",
            "The access key is unknown here, or revoked. Make one at /api/s3-keys.",
            AWSAccessKeyId=access_key_id,
        )
    return holder
