"""The table of what came from elsewhere: which row was which there."""

# Not from __future__: as in the schema that this continues.
from sqlalchemy import BigInteger, Column, Table, Text

from treadle.db.schema import metadata

# No foreign keys: what was brought and deleted since is not brought again.
moved_rows = Table(
    "moved_rows",
    metadata,
    Column("source", Text, primary_key=True),  # host, port and path
    Column("kind", Text, primary_key=True),
    Column("old_id", BigInteger, primary_key=True, autoincrement=False),
    Column("new_id", BigInteger, nullable=False),
)
