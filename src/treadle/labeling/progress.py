"""How far a project is: who did how much on which day, and when it will be done.

``work_sums`` holds what each person submitted and skipped in each quarter of an hour, so that a million
annotations are some thousand rows, and every zone's days are exact. What came with an import is nobody's
work here and is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.types import to_microseconds

_SLOT_US = 15 * 60 * 1_000_000
_NOBODY = 0
_LONGEST_LEAD_MS = 10_000_000_000  # what is longer is no time of work, and sums must stay 64-bit numbers
_NAMES = ("slot", "user_id", "submitted", "skipped", "timed", "lead_time_ms")
_UPSERT = (
    "ON CONFLICT (project_id, slot, user_id) DO UPDATE SET "
    "submitted = work_sums.submitted + excluded.submitted, "
    "skipped = work_sums.skipped + excluded.skipped, timed = work_sums.timed + excluded.timed, "
    "lead_time_ms = work_sums.lead_time_ms + excluded.lead_time_ms"
)
_INTO = f"INSERT INTO work_sums (project_id, {', '.join(_NAMES)}) SELECT :project_id, "
_FROM_SQLITE = ", ".join(f"json_extract(value, '$[{n}]')" for n in range(len(_NAMES)))
_FROM_POSTGRESQL = ", ".join(f"CAST(value ->> {n} AS BIGINT)" for n in range(len(_NAMES)))
_ADD = {
    "sqlite": Prepared(text(f"{_INTO} {_FROM_SQLITE} FROM json_each(:sums) WHERE true {_UPSERT}")),
    "postgresql": Prepared(
        text(f"{_INTO} {_FROM_POSTGRESQL} FROM json_array_elements(CAST(:sums AS JSON)) {_UPSERT}")
    ),
}

Row = Mapping[str, Any]


def add_work(tx: Tx, project_id: int, rows: Iterable[Row], *, sign: int = 1) -> None:
    """Count annotations that came (``sign`` 1) or go (-1), in the transaction they do.

    rows: with created_at (an instant, or as it is stored), completed_by, was_cancelled, lead_time, import_id.
    """
    sums: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        if row["import_id"] is None:
            place = (_microseconds(row["created_at"]) // _SLOT_US, row["completed_by"] or _NOBODY)
            found = sums.setdefault(place, [0, 0, 0, 0])
            for n, number in enumerate(_numbers(row)):
                found[n] += sign * number
    changed = [(*place, *numbers) for place, numbers in sorted(sums.items()) if any(numbers)]
    if changed:
        tx.execute(
            _ADD[tx.dialect], {"project_id": project_id, "sums": msgspec.json.encode(changed).decode()}
        )


def _microseconds(moment: datetime | int) -> int:
    return moment if isinstance(moment, int) else to_microseconds(moment)


def _numbers(row: Row) -> tuple[int, int, int, int]:
    if row["was_cancelled"]:
        return 0, 1, 0, 0
    if row["lead_time"] is None:
        return 1, 0, 0, 0
    return 1, 0, 1, int(min(max(row["lead_time"] * 1000, 0), _LONGEST_LEAD_MS))
