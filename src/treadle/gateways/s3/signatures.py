"""AWS Signature Version 4: who signed a request, and whether they did.

Header and query ("presigned"). The path is taken as it was sent, encoded once, and no slashes are
folded. A proxy in front may add or strip a prefix: what the client signed is then another path, and
each that it can have been is tried.
Source: AWS, "Signature Version 4 signing process" and "Authenticating Requests (Amazon S3)".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import quote_from_bytes, unquote_to_bytes

from treadle.gateways.s3.asked import Asked
from treadle.gateways.s3.errors import S3Error

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
MAX_SKEW = timedelta(minutes=15)
MAX_LIFE_S = 7 * 24 * 3600

_SIGNATURE_PAIR = b"X-Amz-Signature="
#: Anybody can send one. Without a dot it names no bucket, so that what was signed is about the same object.
_PREFIX = re.compile(rb"(/[A-Za-z0-9_-]+)+")
_SECONDS = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class Claim:
    """What a request says about its signature.

    payload: ``x-amz-content-sha256``: the body's SHA-256, or a word of S3's for none or a chunked one.
    """

    access_key_id: str
    day: str
    region: str
    amz_date: str
    signed_headers: tuple[str, ...]
    signature: str
    payload: str
    is_presigned: bool

    @property
    def scope(self) -> str:
        """What the signing key is good for."""
        return f"{self.day}/{self.region}/s3/aws4_request"


@dataclass(frozen=True)
class Signed:
    """A signature that was right: what the signatures of a chunked body continue from."""

    claim: Claim
    signing_key: bytes


def read_claim(asked: Asked, now: datetime) -> Claim:
    """The signature that ``asked`` carries, made within 15 minutes of ``now`` or not yet over.

    Raises S3Error("AccessDenied", "AuthorizationHeaderMalformed", "AuthorizationQueryParametersError",
    "InvalidRequest", "RequestTimeTooSkewed").
    """
    authorization = asked.header("authorization")
    if authorization:
        return _from_header(asked, authorization, now)
    if "X-Amz-Signature" in asked.query or "X-Amz-Algorithm" in asked.query:
        return _from_query(asked, now)
    if "Signature" in asked.query and "AWSAccessKeyId" in asked.query:
        raise _other_mechanism()
    raise S3Error(
        "AccessDenied", "The request is not signed. Sign it with an access key, made at /api/s3-keys."
    )


def check_signature(asked: Asked, claim: Claim, secret: str) -> Signed:
    """Raises S3Error("SignatureDoesNotMatch")."""
    key = signing_key(secret, claim.day, claim.region)
    middle = _canonical_middle(asked, claim)
    tried = set()
    for path in _signed_paths(asked):
        if path in tried:
            continue
        tried.add(path)
        canonical = b"\n".join((asked.method.encode(), path, middle))
        if hmac.compare_digest(_sign(key, claim, canonical).encode(), claim.signature.encode()):
            return Signed(claim, key)
    raise S3Error(
        "SignatureDoesNotMatch",
        "The signature does not fit the request. Look at the secret key, at the server's address in the "
        "client, and whether a proxy changes the path, the query or the Host header.",
    )


@lru_cache(maxsize=1024)
def signing_key(secret: str, day: str, region: str) -> bytes:
    """The key of one day and region."""
    key = f"AWS4{secret}".encode()
    for word in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, word.encode(), "sha256")
    return key


@lru_cache(maxsize=256)  # a client signs many requests in one second
def parse_amz_date(text: str) -> datetime | None:
    """20260102T030405Z as an instant; None when it is none."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def _from_header(asked: Asked, authorization: str, now: datetime) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise _other_mechanism()
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not fields.get(name)]
    if missing:
        raise S3Error("AuthorizationHeaderMalformed", f"The Authorization header lacks {missing[0]}.")
    amz_date = _header_date(asked)
    _check_skew(amz_date, now)
    payload = asked.header("x-amz-content-sha256")
    if not payload:
        raise S3Error("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    access_key_id, day, region = _read_credential(fields["Credential"], "AuthorizationHeaderMalformed")
    signed = tuple(fields["SignedHeaders"].split(";"))
    claim = Claim(access_key_id, day, region, amz_date, signed, fields["Signature"], payload, False)
    _check_signs_enough(asked, claim, "AuthorizationHeaderMalformed")
    return claim


def _from_query(asked: Asked, now: datetime) -> Claim:
    code = "AuthorizationQueryParametersError"
    query = asked.query
    names = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders")
    missing = [name for name in (*names, "X-Amz-Signature") if not query.get(name)]
    if missing:
        raise S3Error(code, f"The query lacks {missing[0]}. Make the address anew.")
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise S3Error(code, f"X-Amz-Algorithm only supports {ALGORITHM}.")
    _check_life(query["X-Amz-Date"], query["X-Amz-Expires"], now)
    access_key_id, day, region = _read_credential(query["X-Amz-Credential"], code)
    signed = tuple(query["X-Amz-SignedHeaders"].split(";"))
    payload = query.get("X-Amz-Content-Sha256") or asked.header("x-amz-content-sha256") or UNSIGNED_PAYLOAD
    claim = Claim(
        access_key_id, day, region, query["X-Amz-Date"], signed, query["X-Amz-Signature"], payload, True
    )
    _check_signs_enough(asked, claim, code)
    return claim


def _check_life(amz_date: str, expires: str, now: datetime) -> None:
    code = "AuthorizationQueryParametersError"
    made = parse_amz_date(amz_date)
    if made is None:
        raise S3Error(code, "X-Amz-Date must be in the ISO8601 Long Format, 20260102T030405Z.")
    if not _SECONDS.fullmatch(expires) or not 1 <= int(expires) <= MAX_LIFE_S:
        raise S3Error(
            "AccessDenied", f"X-Amz-Expires is a number of seconds from 1 to {MAX_LIFE_S} (seven days)."
        )
    if made - now > MAX_SKEW:
        raise S3Error("AccessDenied", "Request is not yet valid: X-Amz-Date is ahead of our clock.")
    if now > made + timedelta(seconds=int(expires)):
        raise S3Error("AccessDenied", "Request has expired. Make the address anew.")


def _header_date(asked: Asked) -> str:
    amz_date = asked.header("x-amz-date")
    if amz_date:
        return amz_date
    try:
        sent = parsedate_to_datetime(asked.header("date")).astimezone(timezone.utc)
    except (TypeError, ValueError, OverflowError) as error:
        raise S3Error(
            "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"
        ) from error
    return sent.strftime("%Y%m%dT%H%M%SZ")


def _check_skew(amz_date: str, now: datetime) -> None:
    sent = parse_amz_date(amz_date)
    if sent is None:
        raise S3Error("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
    if abs(sent - now) > MAX_SKEW:
        raise S3Error(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large: set the clock.",
            RequestTime=amz_date,
            ServerTime=now.strftime("%Y%m%dT%H%M%SZ"),
        )


def _read_credential(text: str, code: str) -> tuple[str, str, str]:
    parts = text.split("/")
    if len(parts) != 5 or parts[3] != "s3" or parts[4] != "aws4_request" or len(parts[1]) != 8:
        raise S3Error(
            code,
            f"The credential {text[:100]!r} is not of the form KEY/YYYYMMDD/REGION/s3/aws4_request.",
        )
    return parts[0], parts[1], parts[2]


def _check_signs_enough(asked: Asked, claim: Claim, code: str) -> None:
    if claim.amz_date[:8] != claim.day:
        raise S3Error(code, f"The credential is of {claim.day} and the request of {claim.amz_date[:8]}.")
    if "host" not in claim.signed_headers:
        raise S3Error(code, "The signature does not cover the Host header.")
    unsigned = [
        name for name in asked.headers if name.startswith("x-amz-") and name not in claim.signed_headers
    ]
    if unsigned:
        raise S3Error(
            "AccessDenied",
            "There were headers present in the request which were not signed",
            HeadersNotSigned=", ".join(sorted(unsigned)),
        )


def _signed_paths(asked: Asked) -> Iterator[bytes]:
    """What the client can have signed, the likeliest first."""
    forwarded = asked.headers.get("x-forwarded-prefix", b"").rstrip(b"/")
    sent = [asked.raw_path, asked.inner_path]
    if _PREFIX.fullmatch(forwarded):
        sent[1:1] = [forwarded + asked.raw_path, forwarded + asked.inner_path]
    if asked.prefix:
        sent.insert(0, asked.prefix + asked.raw_path)
    yield from sent
    for path in sent:  # Clients that send less than they sign.
        yield quote_from_bytes(unquote_to_bytes(path), safe="/-_.~").encode()


def _canonical_middle(asked: Asked, claim: Claim) -> bytes:
    """What stands in the canonical request behind the path."""
    lines = [
        name.encode() + b":" + b" ".join(asked.headers.get(name, b"").split())
        for name in claim.signed_headers
    ]
    names = ";".join(claim.signed_headers).encode()
    query = _canonical_query(asked.raw_query)
    return b"\n".join((query, *lines, b"", names, claim.payload.encode()))


def _canonical_query(raw: bytes) -> bytes:
    if not raw:
        return b""
    pairs = []
    for part in raw.split(b"&"):
        if part and not part.startswith(_SIGNATURE_PAIR):
            name, _, value = part.partition(b"=")
            pairs.append((_requote(name), _requote(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs)).encode()


def _requote(raw: bytes) -> str:
    return quote_from_bytes(unquote_to_bytes(raw), safe="-_.~")


def _sign(key: bytes, claim: Claim, canonical: bytes) -> str:
    return sign_text(key, claim, ALGORITHM, hashlib.sha256(canonical).hexdigest())


def sign_text(key: bytes, claim: Claim, algorithm: str, *lines: str) -> str:
    """The signature of ``lines`` under the scope and date of ``claim``."""
    text = "\n".join((algorithm, claim.amz_date, claim.scope, *lines))
    return hmac.digest(key, text.encode(), "sha256").hex()


def _other_mechanism() -> S3Error:
    return S3Error(
        "InvalidRequest",
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256 "
        "(boto3: signature_version s3v4).",
    )
