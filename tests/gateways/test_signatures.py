"""Signatures of requests and of bodies, with botocore as the one who signs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from treadle.gateways.s3 import chunked
from treadle.gateways.s3.asked import Asked, read_request
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.intake import Intake
from treadle.gateways.s3.signatures import Signed, check_signature, read_claim, sign_text

KEY_ID, SECRET = "TDLEXAMPLE", "a secret of forty characters, or thereby"
HOST = "http://127.0.0.1:8080"
LIMIT = 1000


class ChunkedAuth(S3SigV4Auth):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """Signs a body that is not there yet."""

    word = ""

    def payload(self, request: AWSRequest) -> str:
        return self.word


def now() -> datetime:
    return datetime.now(timezone.utc)


def signed_request(
    method: str = "GET",
    path: str = "/s3/master.images/a%20b//c",
    *,
    presigned_s: int | None = None,
) -> AWSRequest:
    request = AWSRequest(method, HOST + path)
    credentials = Credentials(KEY_ID, SECRET)
    if presigned_s is None:
        S3SigV4Auth(credentials, "s3", "us-east-1").add_auth(request)
    else:
        S3SigV4QueryAuth(credentials, "s3", "us-east-1", expires=presigned_s).add_auth(request)
    return request


def received(request: AWSRequest, **changed: bytes) -> Asked:
    parts = urlsplit(request.url)
    headers = {name.lower().encode(): value.encode() for name, value in request.headers.items()}
    headers.setdefault(b"host", parts.netloc.encode())
    path = changed.pop("path", parts.path.encode())
    headers |= {name.replace("_", "-").encode(): value for name, value in changed.items()}
    return read_request(request.method, path, parts.query.encode(), headers.items())


def listed(asked: Asked) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value) for name, value in asked.headers.items()]


def verify(asked: Asked, secret: str = SECRET, at: datetime | None = None) -> Signed:
    claim = read_claim(asked, at or now())
    assert claim.access_key_id == KEY_ID
    return check_signature(asked, claim, secret)


def refusal(asked: Asked, secret: str = SECRET, at: datetime | None = None) -> str:
    with pytest.raises(S3Error) as caught:
        verify(asked, secret, at)
    return caught.value.code


@pytest.mark.parametrize(
    "path",
    [
        "/s3/",
        "/s3/master.images?list-type=2&prefix=a%2Fb%20c&delimiter=%2F&empty=&flag",
        "/s3/master.images/a%20b//c%2Bd/%C3%A4~-_.",
        "/s3/master.images//",
        "/s3/master.images/x?partNumber=1&uploadId=abc%3D%3D",
    ],
)
@pytest.mark.parametrize("presigned_s", [None, 60])
def test_what_botocore_signs_is_verified(path: str, presigned_s: int | None) -> None:
    verify(received(signed_request(path=path, presigned_s=presigned_s)))


def test_names_are_read_from_the_path_as_it_was_sent() -> None:
    asked = received(signed_request(path="/s3/master.images//a%20b%2Fc//d+e/"))
    assert (asked.bucket, asked.key) == ("master.images", "/a b/c//d+e/")


def test_a_proxy_may_strip_or_add_a_prefix() -> None:
    stripped = signed_request(path="/tools/s3/master.images/a")
    verify(received(stripped, path=b"/s3/master.images/a", x_forwarded_prefix=b"/tools"))
    added = signed_request(path="/master.images/a")
    verify(received(added, path=b"/s3/master.images/a"))


def test_a_forwarded_prefix_makes_no_signature_fit_another_object() -> None:
    harmless = signed_request(path="/s3/master.images/s3/master.secrets/a", presigned_s=60)
    other = b"/s3/master.secrets/a"
    for prefix in (b"/s3/master.images", b"/s3/master%2Eimages/", b"/s3/master.images/s3"):
        assert refusal(received(harmless, path=other, x_forwarded_prefix=prefix)) == "SignatureDoesNotMatch"


def test_what_was_changed_on_the_way_is_refused() -> None:
    asked = received(signed_request(path="/s3/master.images/a?prefix=x"))
    wrong = "SignatureDoesNotMatch"
    assert refusal(asked, secret=SECRET + "x") == wrong
    assert refusal(received(signed_request(), path=b"/s3/master.images/other")) == wrong
    assert refusal(received(signed_request(), host=b"elsewhere")) == wrong
    assert refusal(read_request("PUT", asked.raw_path, asked.raw_query, listed(asked))) == wrong
    assert refusal(read_request("GET", asked.raw_path, b"prefix=y", listed(asked))) == wrong
    assert refusal(received(signed_request(), x_amz_meta_new=b"1")) == "AccessDenied"


def test_a_request_is_good_for_a_quarter_of_an_hour() -> None:
    asked = received(signed_request())
    verify(asked, at=now() + timedelta(minutes=14))
    for away in (16, -16):
        assert refusal(asked, at=now() + timedelta(minutes=away)) == "RequestTimeTooSkewed"


def test_a_presigned_address_is_good_until_it_is_over() -> None:
    asked = received(signed_request(presigned_s=3600))
    verify(asked, at=now() + timedelta(minutes=59))
    assert refusal(asked, at=now() + timedelta(minutes=61)) == "AccessDenied"
    for seconds in (8 * 24 * 3600, 1999999999999, -1):
        assert refusal(received(signed_request(presigned_s=seconds))) == "AccessDenied"
    asked = received(signed_request(presigned_s=60))
    for text in (b"0000000001999999999999", b"00006048000000", "\u0661".encode()):
        query = asked.raw_query.replace(b"X-Amz-Expires=60", b"X-Amz-Expires=" + text)
        assert refusal(read_request("GET", asked.raw_path, query, listed(asked))) == "AccessDenied"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "AccessDenied"),
        ("AWS KEY:signature", "InvalidRequest"),
        ("AWS4-HMAC-SHA256 Credential=K/20260101/r/s3/aws4_request", "AuthorizationHeaderMalformed"),
        ("AWS4-HMAC-SHA256 Credential=K, SignedHeaders=host, Signature=é", "AuthorizationHeaderMalformed"),
    ],
)
def test_a_malformed_signature_says_what_is_wrong(header: str, code: str) -> None:
    assert refusal(received(signed_request(), authorization=header.encode())) == code


# Bodies


def put(payload: str, **headers: str) -> tuple[Asked, Signed]:
    """A signed PUT whose body is not there yet."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest("PUT", HOST + "/s3/master.images/a", headers=named)
    signer = ChunkedAuth(Credentials(KEY_ID, SECRET), "s3", "us-east-1")
    signer.word = payload
    signer.add_auth(request)
    asked = received(request)
    return asked, verify(asked)


def take(asked: Asked, signed: Signed, pieces: Iterable[bytes]) -> tuple[bytes, Intake]:
    intake = Intake(asked, signed, LIMIT)
    return b"".join(intake.chunks(pieces)), intake


def sent_in_chunks(signed: Signed, contents: list[bytes], trailers: dict[str, str] | None = None) -> bytes:
    """The body as a client sends it that signs each chunk, and the trailers if there are some."""
    last, body = signed.claim.signature, b""
    nothing = hashlib.sha256(b"").hexdigest()
    for content in [*contents, b""]:
        lines = (last, nothing, hashlib.sha256(content).hexdigest())
        last = sign_text(signed.signing_key, signed.claim, "AWS4-HMAC-SHA256-PAYLOAD", *lines)
        body += b"%x;chunk-signature=%s\r\n" % (len(content), last.encode())
        body += content + b"\r\n" if content else b""
    if trailers is None:
        return body + b"\r\n"
    text = "".join(f"{name}:{value}\n" for name, value in trailers.items())
    hashed = hashlib.sha256(text.encode()).hexdigest()
    last = sign_text(signed.signing_key, signed.claim, "AWS4-HMAC-SHA256-TRAILER", last, hashed)
    return body + f"{text}\r\nx-amz-trailer-signature:{last}\r\n\r\n".encode()


def body_refusal(asked: Asked, signed: Signed, *pieces: bytes) -> str:
    with pytest.raises(S3Error) as caught:
        take(asked, signed, pieces)
    return caught.value.code


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_signed_chunks_are_taken_however_they_arrive(step: int) -> None:
    asked, signed = put(chunked.SIGNED, x_amz_decoded_content_length="15")
    body = sent_in_chunks(signed, [b"0123456789", b"abcde"])
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    content, intake = take(asked, signed, pieces)
    assert content == b"0123456789abcde"
    assert intake.md5 == hashlib.md5(content).hexdigest()


def test_a_changed_swapped_or_missing_chunk_is_refused() -> None:
    asked, signed = put(chunked.SIGNED)
    body = sent_in_chunks(signed, [b"0123456789", b"abcde"])
    wrong = "SignatureDoesNotMatch"
    assert body_refusal(asked, signed, body.replace(b"abcde", b"abcdX")) == wrong
    first, second = sent_in_chunks(signed, [b"0123456789"]), sent_in_chunks(signed, [b"abcde"])
    assert body_refusal(asked, signed, first[: first.rindex(b"0;")] + second) == wrong
    assert body_refusal(asked, signed, body[: body.rindex(b"0;")]) == "IncompleteBody"
    assert body_refusal(asked, signed, body[:-60]) == "IncompleteBody"
    assert body_refusal(asked, signed, b"no chunks at all\r\n") == "InvalidRequest"
    assert body_refusal(asked, signed, b"x" * 10_000) == "InvalidRequest"


def test_a_signed_trailer_is_checked() -> None:
    asked, signed = put(chunked.SIGNED_WITH_TRAILER, x_amz_trailer="x-amz-checksum-sha256")
    right = {"x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(b"abc").digest()).decode()}
    assert take(asked, signed, [sent_in_chunks(signed, [b"abc"], right)])[0] == b"abc"
    body = sent_in_chunks(signed, [b"abc"], right)
    assert body_refusal(asked, signed, body.replace(b"trailer-signature:", b"trailer-signature:0")) == (
        "SignatureDoesNotMatch"
    )
    other = {"x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(b"abd").digest()).decode()}
    assert body_refusal(asked, signed, sent_in_chunks(signed, [b"abc"], other)) == "BadDigest"


@pytest.mark.parametrize(
    ("algorithm", "value"),
    # Of "123456789", as the catalogue of CRCs gives them.
    [("crc32", "y/Q5Jg=="), ("crc32c", "4waSgw=="), ("crc64nvme", "rosUhgp5mIg=")],
)
def test_an_unsigned_trailer_is_checked(algorithm: str, value: str) -> None:
    asked, signed = put(chunked.UNSIGNED_WITH_TRAILER, x_amz_trailer=f"x-amz-checksum-{algorithm}")
    body = f"9\r\n123456789\r\n0\r\nx-amz-checksum-{algorithm}:{value}\r\n\r\n".encode()
    content, intake = take(asked, signed, [body])
    assert content == b"123456789"
    assert intake.checksum == (algorithm, value)
    assert body_refusal(asked, signed, body.replace(b"9\r\n1", b"9\r\n2", 1)) == "BadDigest"


def test_a_plain_body_is_checked_against_all_that_was_said_of_it() -> None:
    sha256 = hashlib.sha256(b"abc").hexdigest()
    md5 = base64.b64encode(hashlib.md5(b"abc").digest()).decode()
    asked, signed = put(sha256, content_md5=md5, x_amz_checksum_crc32="NSRBwg==")
    assert take(asked, signed, [b"a", b"bc"])[1].checksum == ("crc32", "NSRBwg==")
    assert body_refusal(asked, signed, b"abd") == "XAmzContentSHA256Mismatch"
    unsigned = "UNSIGNED-PAYLOAD"
    assert body_refusal(*put(unsigned, content_md5=md5), b"abd") == "BadDigest"
    assert body_refusal(*put(unsigned, x_amz_checksum_crc32="NSRBwg=="), b"abd") == "BadDigest"
    assert body_refusal(*put(unsigned, x_amz_checksum_crc32="NSR"), b"abc") == "BadDigest"
    assert body_refusal(*put(unsigned, content_md5="YWJj"), b"abc") == "InvalidDigest"
    assert body_refusal(*put("sha256 of it"), b"abc") == "InvalidArgument"
    assert body_refusal(*put(unsigned), b"x" * (LIMIT + 1)) == "EntityTooLarge"
