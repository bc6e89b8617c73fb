"""Amazon S3, and what speaks like it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from obstore.store import S3Store

from treadle.connectors.bucket_place import (
    BucketPlace,
    Endpoint,
    Words,
    check_name,
    read_endpoint,
    wrong_option,
)
from treadle.connectors.places import BOTH, TARGET, Field, Options, Place, flag_of, text_of
from treadle.connectors.selecting import RECURSIVE, SOURCE_FIELDS, read_prefix, selector
from treadle.objects.buckets import RETRIES
from treadle.outbound import AllowList
from treadle.settings import Settings

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Credential

_REGION = re.compile(r"[a-z0-9-]{1,40}")


class S3Kind:
    """A bucket; without a key, a public one."""

    name = "s3"
    title = "Amazon S3"
    directions = BOTH
    fields = (
        Field("bucket", "Bucket Name", required=True),
        Field("prefix", "Bucket Prefix"),
        *SOURCE_FIELDS,
        Field("region_name", "Region Name", help="us-east-1 where it is left empty"),
        Field("s3_endpoint", "S3 Endpoint", names_host=True, help="Of a server other than Amazon's"),
        Field("aws_access_key_id", "Access Key ID", type="password", secret=True),
        Field("aws_secret_access_key", "Secret Access Key", type="password", secret=True),
        Field("aws_session_token", "Session Token", type="password", secret=True),
        RECURSIVE,
        Field("aws_sse_kms_key_id", "SSE KMS Key ID", directions=TARGET),
    )

    def open(self, settings: Settings, options: Options, secrets: Mapping[str, str]) -> Place:
        bucket = check_name(text_of(options, "bucket"), "bucket")
        region = text_of(options, "region_name") or "us-east-1"
        if not _REGION.fullmatch(region):
            raise wrong_option("region_name", f"{region!r} is no region, such as eu-central-1.")
        allowed = AllowList.parse(settings.outbound_allow)
        endpoint = read_endpoint(text_of(options, "s3_endpoint"), "s3_endpoint", allowed)
        key = _read_key(secrets)
        store = _open_store(bucket, region, endpoint, key, text_of(options, "aws_sse_kms_key_id"))
        return BucketPlace(
            store,
            endpoint,
            Words("s3", bucket, "bucket", "aws_access_key_id"),
            prefix=read_prefix(text_of(options, "prefix")),
            selects=selector(text_of(options, "regex_filter")),
            is_recursive=flag_of(options, "recursive_scan"),
        )


S3 = S3Kind()


def _read_key(secrets: Mapping[str, str]) -> tuple[str, str, str]:
    known, secret = secrets.get("aws_access_key_id", ""), secrets.get("aws_secret_access_key", "")
    if bool(known) != bool(secret):
        missing = "aws_access_key_id" if secret else "aws_secret_access_key"
        raise wrong_option(missing, "Give both, the access key and its secret, or none for a public bucket.")
    return known, secret, secrets.get("aws_session_token", "")


@lru_cache(maxsize=32)  # making a client takes longer than most calls of it
def _open_store(
    bucket: str, region: str, endpoint: Endpoint, key: tuple[str, str, str], kms_key: str
) -> S3Store:
    url = endpoint.url or f"https://s3.{region}.{_domain(region)}"
    known, secret, token = key
    # Everything is named, since what is not comes from the server's environment, which is nobody's to use.
    config: S3Config = {
        "endpoint": url,
        "aws_endpoint_url_s3": url,
        "region": region,
        "access_key_id": known or "none",
        "secret_access_key": secret or "none",
        "skip_signature": not known,
        "virtual_hosted_style_request": False,
    }
    if kms_key:
        config |= {"server_side_encryption": "aws:kms", "sse_kms_key_id": kms_key}

    def credential() -> S3Credential:
        return {
            "access_key_id": known,
            "secret_access_key": secret,
            "token": token or None,
            "expires_at": None,
        }

    return S3Store(
        bucket,
        config=config,
        client_options=endpoint.client_options,
        retry_config=RETRIES,
        credential_provider=credential if known else None,
    )


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
