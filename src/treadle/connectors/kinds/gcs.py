"""Google Cloud Storage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jwt
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
from treadle.outbound import AllowList
from treadle.settings import Settings

if TYPE_CHECKING:
    from obstore.store import GCSCredential

_GOOGLE = "https://storage.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
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
        account = _read_account(secrets[_KEY_FIELD]) if secrets.get(_KEY_FIELD) else {}
        # A key may name another server, as keys of emulators do: it is called through the gate.
        named = str(account.get("gcs_base_url") or "")
        endpoint = read_endpoint(named, _KEY_FIELD, AllowList.parse(settings.outbound_allow))
        return BucketPlace(
            _open_store(bucket, endpoint, _read_signer(account), not account),
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


def _read_signer(account: dict[str, Any]) -> _Signer | None:
    if not account or account.get("disable_oauth") is True:
        return None
    wanted = [account.get(name) for name in ("client_email", "private_key_id", "private_key")]
    if not all(isinstance(value, str) and value for value in wanted):
        raise wrong_option(_KEY_FIELD, "The key lacks its account or private key. Paste the whole key file.")
    signer = _Signer(*map(str, wanted))
    try:
        signer.token()
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise wrong_option(_KEY_FIELD, "The private key cannot be read. Paste the whole key file.") from error
    return signer


@dataclass(frozen=True)
class _Signer:
    """Tokens that a service account signs for itself.

    They are made here since the client of the bucket would prefer what the server's environment holds.
    """

    account: str
    key_id: str
    private_key: str = field(repr=False)

    def token(self) -> GCSCredential:
        now = datetime.now(timezone.utc)
        claims = {
            "iss": self.account,
            "sub": self.account,
            "scope": _SCOPE,
            "iat": now,
            "exp": now + timedelta(hours=1),
        }
        token = jwt.encode(claims, self.private_key, "RS256", headers={"kid": self.key_id})
        return {"token": token, "expires_at": now + timedelta(minutes=50)}


def _no_token() -> GCSCredential:
    return {"token": "none", "expires_at": None}


@lru_cache(maxsize=32)  # making a client takes longer than most calls of it
def _open_store(bucket: str, endpoint: Endpoint, signer: _Signer | None, is_public: bool) -> GCSStore:
    return GCSStore(
        bucket,
        config={"base_url": endpoint.url or _GOOGLE, "skip_signature": is_public},
        client_options=endpoint.client_options,
        retry_config=RETRIES,
        credential_provider=None if is_public else (signer.token if signer else _no_token),
    )
