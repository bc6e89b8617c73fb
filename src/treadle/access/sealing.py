"""Secrets that must be read again (keys of the S3 gateway, credentials of storages), at rest.

AES-256-GCM under a key that HKDF (RFC 5869) derives from the installation's own: whoever has the
database without ``secret.key`` has nothing. Text in, text out; what is sealed begins with a version.
"""

from __future__ import annotations

import base64
import binascii
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from treadle.errors import Unavailable
from treadle.settings import Secret

_VERSION = "v1"
_NONCE_BYTES = 12


def seal(key: Secret, text: str) -> str:
    """``text`` for the database: readable again with the same installation's ``key``, by nobody else.

    Sealing twice gives two different texts.
    """
    nonce = os.urandom(_NONCE_BYTES)
    sealed = _cipher(key.reveal()).encrypt(nonce, text.encode(), _VERSION.encode())
    return f"{_VERSION}.{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"


def unseal(key: Secret, sealed: str) -> Secret:
    """What was sealed. Raises Unavailable("sealed-elsewhere") when ``key`` is another, or it was changed."""
    version, _, body = sealed.partition(".")
    try:
        raw = base64.urlsafe_b64decode(body)
        text = _cipher(key.reveal()).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], version.encode())
    except (InvalidTag, ValueError, binascii.Error) as error:
        raise Unavailable(
            "sealed-elsewhere",
            "A stored secret cannot be read with this installation's secret.key. Bring back the file that "
            "belongs to this database, or enter the secret again.",
        ) from error
    return Secret(text.decode())


@lru_cache(maxsize=4)
def _cipher(key: str) -> AESGCM:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"treadle sealing v1").derive(key.encode())
    return AESGCM(derived)
