"""Requests to fuzz the S3 door with: right ones of every operation, each with something wrong in it.

A case is made by its number alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from random import Random
from urllib.parse import quote_from_bytes, unquote_to_bytes

from tests.security.in_process import Request
from treadle.gateways.s3 import chunked
from treadle.gateways.s3.signatures import ALGORITHM, Claim, Signed, sign_text, signing_key

_HOST = b"treadle.test"
_DELETE = (
    b'<?xml version="1.0"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>false</Quiet>'
    b"<Object><Key>a.txt</Key></Object><Object><Key>none</Key></Object></Delete>"
)
_COMPLETE = (
    b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;0&quot;</ETag></Part>"
    b"</CompleteMultipartUpload>"
)
_CREATE = (
    b"<CreateBucketConfiguration><LocationConstraint>us-east-1</LocationConstraint>"
    b"</CreateBucketConfiguration>"
)
#: Texts for names, values of queries and headers: encoded, as they stand on the wire.
_TEXTS: tuple[bytes, ...] = (
    *(
        b"",
        b"/",
        b"//",
        b"..",
        b"../..",
        b"%2e%2e%2f%2e%2e",
        b".",
        b"a%00b",
        b"%ff%fe",
        b"%",
        b"%zz",
        b"%C3%A9",
    ),
    *(
        b"%0d%0aX-Evil:%201",
        b"a" * 2_000,
        b"%F0%9F%98%80" * 300,
        b"0",
        b"-1",
        b"1",
        b"1e9",
        b"9" * 30,
        b"%D9%A1",
    ),
    *(
        b"true",
        b"null",
        b"*",
        b"url",
        b"<x>",
        b"&amp;",
        b"%22",
        b"a.txt",
        b"folder/",
        b"bytes=0-0",
        b"\xe9\xff",
    ),
)
_DATES = (
    *(
        b"Mon, 01 Jan 0001 00:00:00 +2359",
        b"Fri, 31 Dec 9999 23:59:59 -2359",
        b"nope",
        b"",
        b"0",
        b"20260230T250000Z",
    ),
    *(
        b"Mon, 01 Jan 99999999999999999999 00:00:00 +0000",
        b"99991231T235959Z",
        b"1 Jan 2020 0:0:0 +" + b"9" * 20,
    ),
)
_HEADERS: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (
        b"range",
        (b"bytes=0-3", b"bytes=-0", b"bytes=9-1", b"bytes=0-" + b"9" * 5_000, b"bytes=a-b", b"items=0-1"),
    ),
    (b"if-match", (b"*", b'""', b'W/"x"', b"\xff", b"," * 500)),
    (b"if-none-match", (b"*", b'"x"', b"\xff")),
    (b"if-modified-since", _DATES),
    (b"if-unmodified-since", _DATES),
    (b"if-range", _DATES),
    (b"date", _DATES),
    (b"x-amz-date", _DATES),
    (b"content-length", (b"0", b"-1", b"9" * 40, b"x", b"\xd9\xa1")),
    (b"content-md5", (b"", b"AAAA", b"1B2M2Y8AsgTpgAmyPhCfg==", b"\xff", b"=" * 50)),
    (b"content-type", (b"", b"text/html", b"\xff\xfe", b"a" * 3_000)),
    (b"content-encoding", (b"aws-chunked", b"gzip", b"aws-chunked,gzip")),
    (
        b"x-amz-content-sha256",
        (b"", b"UNSIGNED-PAYLOAD", b"0" * 64, b"\xff", *(x.encode() for x in chunked.STREAMING)),
    ),
    (b"x-amz-decoded-content-length", (b"0", b"-1", b"9" * 40, b"x", b"\xd9\xa1")),
    (b"x-amz-trailer", (b"x-amz-checksum-crc32", b"x-amz-checksum-nope", b"\xff")),
    (b"x-amz-checksum-crc32", (b"AAAAAA==", b"A", b"\xff", b"")),
    (b"x-amz-checksum-sha256", (b"AAAA", b"\xff")),
    (b"x-amz-sdk-checksum-algorithm", (b"CRC32", b"NOPE", b"\xc3\xa9")),
    (b"x-amz-checksum-algorithm", (b"CRC64NVME", b"x")),
    (b"x-amz-copy-source", (*_TEXTS, b"/master.nope/a", b"a.txt?versionId=x", b"%2Fx%2Fy")),
    (b"x-amz-copy-source-range", (b"bytes=0-1", b"bytes=1-0", b"bytes=0-" + b"9" * 5_000, b"0-1")),
    (b"x-amz-copy-source-if-modified-since", _DATES),
    (b"x-amz-metadata-directive", (b"COPY", b"REPLACE", b"x")),
    (b"x-amz-meta-a", (b"", b"\xff", b"a" * 3_000, b"=?utf-8?q?=00?=", b"\x01")),
    (b"x-amz-meta-\xff", (b"1",)),
    (b"x-amz-object-attributes", (b"ETag,Checksum,ObjectParts,StorageClass,ObjectSize", b"", b"x" * 500)),
    (b"x-amz-max-parts", (b"0", b"-1", b"9" * 40)),
    (b"x-amz-part-number-marker", (b"1", b"x")),
    (b"x-amz-storage-class", (b"STANDARD", b"x")),
    (b"x-amz-acl", (b"public-read",)),
    (b"x-treadle-message", (b"", b"a" * 5_000, b"\xff", b"a\x00b")),
    (b"x-forwarded-prefix", (b"/a", b"//", b"\xff", b"/s3")),
    (b"host", (b"", b"elsewhere", b"\xff")),
    (b"sec-fetch-dest", (b"script", b"image")),
)
_QUERIES = (
    *(
        b"acl",
        b"delete",
        b"uploads",
        b"uploadId",
        b"partNumber",
        b"versionId",
        b"list-type",
        b"prefix",
        b"delimiter",
    ),
    *(
        b"max-keys",
        b"marker",
        b"start-after",
        b"continuation-token",
        b"encoding-type",
        b"fetch-owner",
        b"attributes",
    ),
    *(
        b"key-marker",
        b"version-id-marker",
        b"upload-id-marker",
        b"part-number-marker",
        b"max-uploads",
        b"max-parts",
    ),
    *(
        b"location",
        b"versioning",
        b"versions",
        b"commit",
        b"tagging",
        b"select",
        b"X-Amz-Signature",
        b"X-Amz-Date",
    ),
    *(
        b"response-content-type",
        b"response-expires",
        b"response-content-disposition",
        b"\xff",
        b"X-Amz-Algorithm",
    ),
)


@dataclass(frozen=True)
class Key:
    """Who signs, and what there is: a bucket with ``a.txt`` and ``folder/b.bin``, and an upload in it."""

    id: str
    secret: str
    bucket: bytes
    upload: bytes


@dataclass(frozen=True)
class Draft:
    """A request before it is signed."""

    method: str
    path: bytes
    query: bytes = b""
    headers: Mapping[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


def drafts(key: Key) -> tuple[Draft, ...]:
    """A right request for every operation."""
    at, upload = b"/s3/" + key.bucket, b"uploadId=" + key.upload
    copy = {b"x-amz-copy-source": b"/" + key.bucket + b"/a.txt"}
    return (
        Draft("GET", b"/s3/"),
        Draft("HEAD", at),
        Draft("PUT", b"/s3/master.fresh-one", body=_CREATE),
        Draft("DELETE", b"/s3/master.nothing"),
        Draft("GET", at, b"location"),
        Draft("GET", at, b"versioning"),
        Draft("GET", at, b"uploads"),
        Draft("GET", at, b"versions&max-keys=2"),
        Draft("GET", at, b"list-type=2&max-keys=1&delimiter=%2F&prefix=&encoding-type=url&start-after=a"),
        Draft("GET", at, b"marker=a&max-keys=1&delimiter=%2F"),
        Draft("POST", at, b"delete", {b"content-md5": b""}, _DELETE),
        Draft("POST", at, b"commit", {b"x-treadle-message": b"m"}),
        Draft("GET", at + b"/up.bin", upload),
        Draft("GET", at + b"/a.txt", b"attributes", {b"x-amz-object-attributes": b"ETag,ObjectSize"}),
        Draft("GET", at + b"/a.txt", b"response-content-type=text%2Fhtml", {b"range": b"bytes=0-1"}),
        Draft("HEAD", at + b"/folder/b.bin"),
        Draft("PUT", at + b"/up.bin", upload + b"&partNumber=2", copy),
        Draft("PUT", at + b"/up.bin", upload + b"&partNumber=2", body=b"part" * 50),
        Draft("PUT", at + b"/copy.txt", b"", copy),
        Draft(
            "PUT", at + b"/new.txt", b"", {b"x-amz-meta-a": b"b", b"content-type": b"text/html"}, b"new" * 99
        ),
        Draft("PUT", at + b"/marker/", b""),
        Draft("POST", at + b"/up2.bin", b"uploads", {b"x-amz-checksum-algorithm": b"CRC32"}),
        Draft("POST", at + b"/up.bin", upload, body=_COMPLETE),
        Draft("DELETE", at + b"/up.bin", b"uploadId=none"),
        Draft("DELETE", at + b"/gone.txt"),
    )


def make_case(key: Key, number: int, now: datetime) -> Request:
    """The case of that number."""
    chance = Random(number)
    draft = chance.choice(drafts(key))
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        draft = chance.choice(_BEFORE)(draft, chance)
    how = chance.random()
    if how < 0.15:
        return _presigned(key, draft, now, chance)
    if how < 0.35:
        signed = _chunked(key, draft, now, chance)
    else:
        signed = sign(key, draft, now)
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        signed = chance.choice(_AFTER)(signed, chance)
    return signed


# What is changed before the signature is made, which is then right


def _change_path(draft: Draft, chance: Random) -> Draft:
    parts = draft.path.split(b"/")
    at = chance.randrange(2, max(3, len(parts)))
    parts[at:at] = [chance.choice(_TEXTS)]
    if chance.random() < 0.6:
        del parts[min(at + 1, len(parts) - 1)]
    return replace(draft, path=b"/".join(parts))


def _change_query(draft: Draft, chance: Random) -> Draft:
    pair = chance.choice(_QUERIES) + (b"=" + chance.choice(_TEXTS) if chance.random() < 0.8 else b"")
    pairs = [part for part in draft.query.split(b"&") if part]
    if pairs and chance.random() < 0.4:
        pairs.pop(chance.randrange(len(pairs)))
    return replace(draft, query=b"&".join([*pairs, pair]))


def _change_value(draft: Draft, chance: Random) -> Draft:
    pairs = [part for part in draft.query.split(b"&") if part]
    if not pairs:
        return draft
    at = chance.randrange(len(pairs))
    pairs[at] = pairs[at].partition(b"=")[0] + b"=" + chance.choice(_TEXTS)
    return replace(draft, query=b"&".join(pairs))


def _change_header(draft: Draft, chance: Random) -> Draft:
    name, values = chance.choice(_HEADERS)
    return replace(draft, headers={**draft.headers, name: chance.choice(values)})


def _change_method(draft: Draft, chance: Random) -> Draft:
    return replace(
        draft, method=chance.choice(("GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "LOCK"))
    )


def _change_body(draft: Draft, chance: Random) -> Draft:
    body = draft.body or chance.choice((_DELETE, _COMPLETE, _CREATE, b"x"))
    return replace(draft, body=chance.choice(_BODIES)(body, chance))


def _cut(body: bytes, chance: Random) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _flip(body: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]


def _say_encoding(body: bytes, chance: Random) -> bytes:
    name = chance.choice(
        (b"utf-16", b"utf-7", b"ebcdic-cp-us", b"shift_jis", b"nope", b"idna", b"UTF-32", b"\xff")
    )
    return b'<?xml version="1.0" encoding="' + name + b'"?>' + body.partition(b"?>")[2]


def _unfold(body: bytes, _chance: Random) -> bytes:
    bomb = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 12))
    return b'<!DOCTYPE x [<!ENTITY e0 "boom">' + bomb + b"]>" + body.replace(b"<Key>", b"<Key>&e11;")


def _nest(body: bytes, chance: Random) -> bytes:
    depth = chance.choice((10, 1_000, 60_000))
    return body.replace(b"<Object>", b"<Object>" + b"<a>" * depth + b"</a>" * depth, 1)


def _repeat(body: bytes, chance: Random) -> bytes:
    return body.replace(
        b"</Delete>", b"<Object><Key>k</Key></Object>" * chance.choice((999, 5_000)) + b"</Delete>"
    )


def _odd_values(body: bytes, chance: Random) -> bytes:
    odd = (
        b"",
        b"-1",
        b"0",
        b"9" * 5_000,
        b"&#x0;",
        b"&#1;",
        b"&lt;",
        b"/",
        b"../x",
        b"\xff",
        b"x" * 3_000,
        b"&#xD800;",
    )
    return body.replace(b"a.txt", chance.choice(odd)).replace(b">1<", b">" + chance.choice(odd) + b"<")


_BODIES: tuple[Callable[[bytes, Random], bytes], ...] = (
    _cut,
    _flip,
    _say_encoding,
    _unfold,
    _nest,
    _repeat,
    _odd_values,
)
_BEFORE: tuple[Callable[[Draft, Random], Draft], ...] = (
    _change_path,
    _change_query,
    _change_value,
    _change_value,
    _change_header,
    _change_header,
    _change_header,
    _change_method,
    _change_body,
    _change_body,
)


# What is changed after it


def _spoil_authorization(request: Request, chance: Random) -> Request:
    told = dict(request.headers).get(b"authorization", b"")
    odd = (
        told[:-1],
        told.replace(b"Signature=", b"Signature=\xc3\xa9"),
        told.replace(b"SignedHeaders=host", b"SignedHeaders=" + b";".join([b"host"] * 999)),
        told.replace(b"/us-east-1/", b"/" + b"r" * 5_000 + b"/"),
        told.replace(b"Credential=", b"Credential=x/"),
        b"AWS4-HMAC-SHA256 " + b"," * 5_000,
        b"Basic eDp5",
        b"\xff",
        b"AWS4-HMAC-SHA256",
    )
    return request.with_header(b"authorization", chance.choice(odd))


def _spoil_header(request: Request, chance: Random) -> Request:
    name, values = chance.choice(_HEADERS)
    return request.with_header(name, chance.choice(values))


def _lose_header(request: Request, chance: Random) -> Request:
    kept = list(request.headers)
    kept.pop(chance.randrange(len(kept)))
    return replace(request, headers=tuple(kept))


def _double_header(request: Request, chance: Random) -> Request:
    return replace(request, headers=(*request.headers, chance.choice(request.headers)))


def _spoil_body(request: Request, chance: Random) -> Request:
    return replace(request, body=(chance.choice((_cut, _flip))(b"".join(request.body), chance),))


def _break_up(request: Request, chance: Random) -> Request:
    body = b"".join(request.body)
    cuts = sorted(chance.randrange(len(body) + 1) for _ in range(5))
    edges = [0, *cuts, len(body)]
    return replace(request, body=tuple(body[a:b] for a, b in pairwise(edges)))


_AFTER: tuple[Callable[[Request, Random], Request], ...] = (
    _spoil_authorization,
    _spoil_header,
    _lose_header,
    _double_header,
    _spoil_body,
    _break_up,
)


# Signatures


def sign(key: Key, draft: Draft, now: datetime, payload: bytes = b"") -> Request:
    """The request with its signature; ``payload``: another word than the hash of the body."""
    payload = payload or hashlib.sha256(draft.body).hexdigest().encode()
    headers = {b"host": _HOST, b"x-amz-date": _stamp(now), b"x-amz-content-sha256": payload, **draft.headers}
    if draft.headers.get(b"content-md5") == b"":
        headers.pop(b"content-md5")
    names = tuple(sorted(name for name in headers if name == b"host" or name.startswith(b"x-amz-")))
    claim = _claim(key, headers, names)
    lines = [name + b":" + b" ".join(headers[name].split()) for name in names]
    payload = headers[b"x-amz-content-sha256"]
    canonical = b"\n".join(
        (draft.method.encode(), draft.path, _sorted(draft.query), *lines, b"", b";".join(names), payload)
    )
    day, region = claim.day, claim.region
    signature = sign_text(
        signing_key(key.secret, day, region), claim, ALGORITHM, hashlib.sha256(canonical).hexdigest()
    )
    told = f"{ALGORITHM} Credential={key.id}/{day}/{region}/s3/aws4_request, "
    told += f"SignedHeaders={_text(b';'.join(names))}, Signature={signature}"
    headers[b"authorization"] = told.encode()
    return Request(draft.method, draft.path, draft.query, tuple(headers.items()), (draft.body,))


def _presigned(key: Key, draft: Draft, now: datetime, chance: Random) -> Request:
    made = now + timedelta(seconds=chance.choice((0, 0, 0, -100_000, 100_000)))
    scope = f"{key.id}%2F{made:%Y%m%d}%2Fus-east-1%2Fs3%2Faws4_request".encode()
    life = chance.choice((b"60", b"604800", b"604801", b"0", b"-1", b"x", b"9" * 30, b"%D9%A1"))
    added = b"&".join(
        (
            b"X-Amz-Algorithm=AWS4-HMAC-SHA256",
            b"X-Amz-Credential=" + scope,
            b"X-Amz-Date="
            + chance.choice((_stamp(made), _stamp(made), chance.choice(_DATES).replace(b" ", b"%20"))),
            b"X-Amz-Expires=" + life,
            b"X-Amz-SignedHeaders=host",
        )
    )
    query = b"&".join(part for part in (draft.query, added) if part)
    plain = {name: value for name, value in draft.headers.items() if not name.startswith(b"x-amz-")}
    headers = {b"host": _HOST, **plain}
    host = b"host:" + b" ".join(headers[b"host"].split())
    canonical = b"\n".join(
        (draft.method.encode(), draft.path, _sorted(query), host, b"", b"host", b"UNSIGNED-PAYLOAD")
    )
    claim = _claim(key, {b"x-amz-date": _stamp(made)}, (b"host",))
    signature = sign_text(
        signing_key(key.secret, claim.day, claim.region),
        claim,
        ALGORITHM,
        hashlib.sha256(canonical).hexdigest(),
    )
    query += b"&X-Amz-Signature=" + chance.choice((signature.encode(), signature.encode(), b"%FF", b""))
    return Request(draft.method, draft.path, query, tuple(headers.items()), (draft.body,))


def _chunked(key: Key, draft: Draft, now: datetime, chance: Random) -> Request:
    """A body in chunks with a signature each, or with trailers; each right, or cut, or spoilt."""
    word = chance.choice(sorted(chunked.STREAMING))
    content = draft.body or b"content" * chance.choice((1, 40))
    more = {b"x-amz-decoded-content-length": str(len(content)).encode(), b"content-encoding": b"aws-chunked"}
    if word != chunked.SIGNED:
        more[b"x-amz-trailer"] = b"x-amz-checksum-crc32"
    draft = replace(draft, headers={**more, **draft.headers}, body=b"")
    request = sign(key, draft, now, word.encode())
    headers = dict(request.headers)
    names = tuple(sorted(name for name in headers if name == b"host" or name.startswith(b"x-amz-")))
    claim = replace(
        _claim(key, headers, names), signature=_text(headers[b"authorization"]).rpartition("Signature=")[2]
    )
    last, framed = claim.signature, []
    signed = Signed(claim, signing_key(key.secret, claim.day, claim.region))
    for piece in (content[: len(content) // 2], content[len(content) // 2 :], b""):
        line = b"%x" % len(piece)
        if word != chunked.UNSIGNED_WITH_TRAILER:
            hashes = (last, hashlib.sha256(b"").hexdigest(), hashlib.sha256(piece).hexdigest())
            last = sign_text(signed.signing_key, claim, "AWS4-HMAC-SHA256-PAYLOAD", *hashes)
            line += b";chunk-signature=" + last.encode()
        framed.append(line + b"\r\n" + piece + (b"\r\n" if piece else b""))
    if word != chunked.SIGNED:
        framed.append(chance.choice((b"x-amz-checksum-crc32:AAAAAA==\r\n", b"\xff:\r\n", b"a" * 20_000)))
    body = b"".join(framed)
    if chance.random() < 0.5:
        odd = (
            b"-5\r\n",
            b"9" * 9_000,
            b"ffffffffffffffff;\r\n",
            b"0_1\r\n",
            b";\r\n",
            b"\r\n",
            b"\xff\r\n",
            b"0x5\r\n",
        )
        body = (
            chance.choice(odd) + body if chance.random() < 0.5 else chance.choice((_cut, _flip))(body, chance)
        )
    return _break_up(replace(request, body=(body,)), chance)


def _claim(key: Key, headers: Mapping[bytes, bytes], names: tuple[bytes, ...]) -> Claim:
    stamp = _text(headers[b"x-amz-date"])
    day = stamp[:8] if len(stamp) == 16 else "20260101"
    return Claim(key.id, day, "us-east-1", stamp, tuple(map(_text, names)), "", "", False)


def _stamp(now: datetime) -> bytes:
    return now.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ").encode()


def _sorted(query: bytes) -> bytes:
    pairs = [part.partition(b"=")[::2] for part in query.split(b"&") if part]
    return "&".join(
        f"{name}={value}" for name, value in sorted((_again(a), _again(b)) for a, b in pairs)
    ).encode()


def _again(raw: bytes) -> str:
    return quote_from_bytes(unquote_to_bytes(raw), safe="-_.~")


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
