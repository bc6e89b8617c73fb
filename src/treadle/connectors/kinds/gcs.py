"""Google Cloud Storage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from obstore.store import GCSStore

from treadle.connectors.bucket_place import (
    BucketPlace,
    Endpoint,
    Words,
    check_name,
    read_endpoint,
    wrong_option,
)
from treadle.connectors.places import BOTH, Field, Options, Place, flag_of, text_of
from treadle.connectors.selecting import RECURSIVE, SOURCE_FIELDS, read_prefix, selector
from treadle.objects.buckets import RETRIES
from treadle.objects.faults import BUCKET_ERRORS
from treadle.outbound import AllowList
from treadle.settings import Settings

_KEY_FIELD = "google_application_credentials"


class GcsKind:
    """A bucket; without the key of a service account, a public one."""

    name = "gcs"
    title = "Google Cloud Storage"
    directions = BOTH
    fields = (
        Field("bucket", "Bucket Name", required=True),
        Field("prefix", "Bucket Prefix"),
        *SOURCE_FIELDS,
        Field(
            _KEY_FIELD,
            "Google Application Credentials",
            type="textarea",
            secret=True,
            help="The JSON key of a service account",
        ),
        RECURSIVE,
    )

    def open(self, settings: Settings, options: Options, secrets: Mapping[str, str]) -> Place:
        bucket = check_name(text_of(options, "bucket"), "bucket")
        key = secrets.get(_KEY_FIELD, "")
        account = _read_account(key) if key else {}
        # A key may name another server, as keys of emulators do: it is called through the gate.
        named = str(account.get("gcs_base_url") or "")
        endpoint = read_endpoint(named, _KEY_FIELD, AllowList.parse(settings.outbound_allow))
        return BucketPlace(
            _open_store(bucket, endpoint, key),
            endpoint,
            Words("gs", bucket, "bucket", _KEY_FIELD),
            prefix=read_prefix(text_of(options, "prefix")),
            selects=selector(text_of(options, "regex_filter")),
            is_recursive=flag_of(options, "recursive_scan"),
        )


GCS = GcsKind()


def _read_account(key: str) -> dict[str, Any]:
    try:
        account = json.loads(key)
    except ValueError as error:
        raise wrong_option(_KEY_FIELD, f"The key is no JSON: {error}. Paste the whole key file.") from error
    if not isinstance(account, dict) or account.get("type", "service_account") != "service_account":
        raise wrong_option(_KEY_FIELD, "The key is none of a service account. Paste the key file of one.")
    return account


@lru_cache(maxsize=32)  # making a client takes longer than most calls of it
def _open_store(bucket: str, endpoint: Endpoint, key: str) -> GCSStore:
    try:
        return GCSStore(
            bucket,
            config={"service_account_key": key} if key else {"skip_signature": True},
            client_options=endpoint.client_options,
            retry_config=RETRIES,
        )
    except BUCKET_ERRORS as error:
        reason = str(error).partition("\n")[0].rpartition(": ")[2]
        raise wrong_option(
            _KEY_FIELD, f"The key cannot be used: {reason}. Paste the whole key file."
        ) from error
