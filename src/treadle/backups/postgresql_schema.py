"""What a schema of PostgreSQL is made of, as statements that make it again.

Of our own tables, MLflow's and those of the jobs' memory: each stands as its maker left it, and is brought
to a newer version by its maker at the next start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from psycopg import Connection

from treadle.tracking.paths import SCHEMA as TRACKING

OWN = "public"
#: Where the memory of jobs lies: `treadle.jobs.durable`.
_JOBS = "treadle_jobs"
SCHEMAS = (OWN, TRACKING, _JOBS)


class Table(msgspec.Struct, frozen=True):
    """A table with its columns, in their order, as they are written in statements."""

    name: str
    columns: list[str]

    @property
    def file_name(self) -> str:
        """Of its rows, in the backup."""
        return f"{self.name.replace(chr(34), '')}.copy"


class Structure(msgspec.Struct, frozen=True):
    """Statements before the rows, the tables, and statements after them."""

    before: list[str]
    tables: list[Table]
    after: list[str]


@dataclass(frozen=True)
class _Found:
    oid: int
    schema: str
    table: str

    @property
    def name(self) -> str:
        """As statements have it."""
        return f'"{self.schema}"."{self.table}"'


_TABLES = """
    SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname = ANY(%(schemas)s)
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY n.nspname, c.relname
"""
_COLUMNS = """
    SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = %(oid)s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
# Those that a column counts by. What it is called is made by its table's maker, as it stands.
_SEQUENCES = """
    SELECT format('%%I.%%I', n.nspname, s.relname), format_type(q.seqtypid, NULL), quote_ident(a.attname)
    FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_namespace n ON n.oid = s.relnamespace JOIN pg_sequence q ON q.seqrelid = s.oid
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.refobjid = %(oid)s AND d.deptype = 'a' AND d.classid = 'pg_class'::regclass
"""
_CONSTRAINTS = """
    SELECT quote_ident(conname), pg_get_constraintdef(oid), contype::text FROM pg_constraint
    WHERE conrelid = %(oid)s AND contype IN ('p', 'u', 'c', 'f') ORDER BY contype = 'f', conname
"""
_INDEXES = """
    SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
    WHERE i.indrelid = %(oid)s AND NOT EXISTS (
      SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
    )
    ORDER BY 1
"""
_TRIGGERS = (
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %(oid)s AND NOT tgisinternal ORDER BY 1"
)
_FUNCTIONS = """
    SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY(%(schemas)s) AND n.nspname <> %(own)s AND p.prokind IN ('f', 'p') ORDER BY 1
"""
_NAMES = {"schemas": list(SCHEMAS), "own": OWN}


def list_tables(connection: Connection[Any]) -> list[str]:
    """The tables that there are where a Treadle's are."""
    return [found.name for found in _find(connection)]


def read_structure(connection: Connection[Any]) -> Structure:
    """What the schemas are made of, inside a transaction whose search path is empty: every name is whole."""
    found = _find(connection)
    schemas = sorted({each.schema for each in found} - {OWN})
    before = [f'CREATE SCHEMA IF NOT EXISTS "{schema}"' for schema in schemas]
    after: list[str] = []
    tables = []
    for each in found:
        table, made = _table(connection, each)
        tables.append(table)
        before += made
    functions = _column(connection, _FUNCTIONS, _NAMES)
    for statement in (_CONSTRAINTS, _INDEXES, _TRIGGERS):
        for each in found:
            after += _rest(connection, each, statement)
    # A foreign key needs what it points at to be unique already.
    after.sort(key=lambda text: "FOREIGN KEY" in text or text.startswith("CREATE TRIGGER"))
    return Structure(before, tables, [*functions, *after])


def _find(connection: Connection[Any]) -> list[_Found]:
    return [_Found(*row) for row in connection.execute(_TABLES, _NAMES).fetchall()]


def _table(connection: Connection[Any], found: _Found) -> tuple[Table, list[str]]:
    asked = {"oid": found.oid}
    rows = connection.execute(_COLUMNS, asked).fetchall()
    sequences = connection.execute(_SEQUENCES, asked).fetchall()
    made = [f"CREATE SEQUENCE {name} AS {kind}" for name, kind, _column_name in sequences]
    made.append(f"CREATE TABLE {found.name} ({', '.join(_described(*row) for row in rows)})")
    made += [f"ALTER SEQUENCE {name} OWNED BY {found.name}.{column}" for name, _kind, column in sequences]
    return Table(found.name, [row[0] for row in rows if not row[5]]), made


def _described(
    name: str, kind: str, is_needed: bool, default: str | None, identity: str, generated: str
) -> str:
    words = [name, kind]
    if generated:
        words.append(f"GENERATED ALWAYS AS ({default}) STORED")
    elif identity:
        words.append(f"GENERATED {'ALWAYS' if identity == 'a' else 'BY DEFAULT'} AS IDENTITY")
    elif default is not None:
        words.append(f"DEFAULT {default}")
    if is_needed:
        words.append("NOT NULL")
    return " ".join(words)


def _rest(connection: Connection[Any], found: _Found, statement: str) -> list[str]:
    rows = connection.execute(statement, {"oid": found.oid}).fetchall()
    if statement is _CONSTRAINTS:
        return [f"ALTER TABLE {found.name} ADD CONSTRAINT {row[0]} {row[1]}" for row in rows]
    return [row[0] for row in rows]


def _column(connection: Connection[Any], statement: str, asked: dict[str, Any]) -> list[str]:
    return [row[0] for row in connection.execute(statement, asked).fetchall()]
