"""Azure's blobs."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from obstore.store import AzureStore

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
    from obstore.store import AzureAccessKey

_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")


class AzureKind:
    """A container; without a key, a public one."""

    name = "azure"
    title = "Azure Blob Storage"
    directions = BOTH
    fields = (
        Field("container", "Container Name", required=True),
        Field("prefix", "Container Prefix"),
        *SOURCE_FIELDS,
        Field("account_name", "Account Name", type="password", secret=True, names_host=True, required=True),
        Field("account_key", "Account Key", type="password", secret=True),
        Field("blob_endpoint", "Blob Endpoint", names_host=True, help="Of a server other than Azure's"),
        RECURSIVE,
    )

    def open(self, settings: Settings, options: Options, secrets: Mapping[str, str]) -> Place:
        container = check_name(text_of(options, "container"), "container")
        account = secrets.get("account_name", "")
        if not _ACCOUNT.fullmatch(account):
            raise wrong_option("account_name", "An account's name is 3 to 24 small letters and digits.")
        allowed = AllowList.parse(settings.outbound_allow)
        endpoint = read_endpoint(text_of(options, "blob_endpoint"), "blob_endpoint", allowed)
        return BucketPlace(
            _open_store(container, account, _check_key(secrets.get("account_key", "")), endpoint),
            endpoint,
            Words("azure-blob", container, "container", "account_key", "container"),
            prefix=read_prefix(text_of(options, "prefix")),
            selects=selector(text_of(options, "regex_filter")),
            is_recursive=flag_of(options, "recursive_scan"),
        )


AZURE = AzureKind()


@lru_cache(maxsize=32)  # making a client takes longer than most calls of it
def _open_store(container: str, account: str, key: str, endpoint: Endpoint) -> AzureStore:
    def credential() -> AzureAccessKey:
        # Given so, since a token in the server's environment would go before a key among the options.
        return {"access_key": key, "expires_at": None}

    return AzureStore(
        container,
        config={
            "account_name": account,
            "endpoint": endpoint.url or f"https://{account}.blob.core.windows.net",
            "use_emulator": False,
            "skip_signature": not key,
        },
        client_options=endpoint.client_options,
        retry_config=RETRIES,
        credential_provider=credential if key else None,
    )


def _check_key(key: str) -> str:
    try:
        base64.b64decode(key, validate=True)
    except ValueError as error:
        raise wrong_option("account_key", "The account key is not in base 64. Copy it whole.") from error
    return key
