"""Tables of who asks: service accounts, links for a new password, failed sign-ins."""

# No annotations import from __future__ here: a table has that name.
from sqlalchemy import Column, ForeignKey, Table, Text

from treadle.db.schema import _count, _text, _to, metadata
from treadle.db.types import Instant

# A row of `users` that a program is: no password, no sign-in, one workspace.
service_accounts = Table(
    "service_accounts",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    _to("workspaces", "workspace_id", index=True),
    _text("description"),
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

# A link by which a person sets a password, once.
password_links = Table(
    "password_links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    _to("users", "user_id", index=True),
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

# Who failed to sign in lately; see access/sign_in_limits.py. Several web processes share it.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("key", Text, primary_key=True),  # what is counted, and a hash of whose
    _count("failures"),
    Column("last_at", Instant, nullable=False, index=True),
)

# From which addresses a person came in lately: what others do to their account does not keep them out there.
sign_in_places = Table(
    "sign_in_places",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("address_hash", Text, primary_key=True),
    Column("last_at", Instant, nullable=False),
)
