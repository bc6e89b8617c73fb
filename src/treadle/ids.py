"""How things are named: integer ids from the database, random ids and secrets made here."""

from __future__ import annotations

import re
import secrets
import uuid

WORKSPACE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

#: MLflow's own workspace of that name would be everybody's.
RESERVED_WORKSPACE_NAMES = frozenset({"default"})

#: The end of the addresses of service accounts, which nobody signs up with: no domain ends in it (RFC 2606).
SERVICE_DOMAIN = "service.invalid"


def new_uuid() -> str:
    """A random identifier that nobody has to keep secret."""
    return str(uuid.uuid4())


def new_secret(length_bytes: int = 32) -> str:
    """An unguessable URL-safe text of ``length_bytes`` random bytes."""
    return secrets.token_urlsafe(length_bytes)


def new_legacy_token() -> str:
    """40 hexadecimal characters, the form of Label Studio's legacy tokens."""
    return secrets.token_hex(20)
