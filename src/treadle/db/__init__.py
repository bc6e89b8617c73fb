"""The database: one face over SQLite and PostgreSQL.

Promises: a write transaction is serialised on SQLite (it takes the write lock when it begins) and
read-committed on PostgreSQL; what was committed survives ``kill -9``; time is one instant for the
whole transaction. Refuses: another kind of database; a schema newer than this code.
"""

from __future__ import annotations

from treadle.db.engine import Database, Tx, connect_url
from treadle.db.migrate import migrate
from treadle.db.types import Instant

__all__ = ["Database", "Instant", "Tx", "connect_url", "migrate"]
