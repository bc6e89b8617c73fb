"""Snapshots and their conversions, as they are ordered."""

from __future__ import annotations

import pytest

from tests.labeling.studio import Studio
from treadle.db.schema import export_conversions, exports
from treadle.errors import Conflict
from treadle.labeling.exports import NewSnapshot, convert_snapshot, start_snapshot
from treadle.permissions import Permission


def test_a_snapshot_that_is_not_written_cannot_be_converted(studio: Studio) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.EXPORT)
        export_id, _job = start_snapshot(tx, grant, NewSnapshot())
        with pytest.raises(Conflict, match="not written"):
            convert_snapshot(tx, grant, export_id, "COCO")


def test_a_conversion_that_failed_is_ordered_anew(studio: Studio) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.EXPORT)
        export_id, _job = start_snapshot(tx, grant, NewSnapshot())
        tx.execute(exports.update().values(status="completed"))
        _first, job = convert_snapshot(tx, grant, export_id, "COCO")
        assert job is not None
        assert convert_snapshot(tx, grant, export_id, "COCO")[1] is None
        tx.execute(export_conversions.update().values(status="failed"))
        assert convert_snapshot(tx, grant, export_id, "COCO")[1] is not None
