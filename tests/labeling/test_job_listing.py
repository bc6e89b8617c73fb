"""What a job tells of its project, to whom."""

from __future__ import annotations

from sqlalchemy import delete

from tests.labeling.studio import Studio
from treadle.db.schema import memberships
from treadle.jobs import listing
from treadle.jobs.listing import JobFilter
from treadle.labeling.exports import ExportOrder, start_export
from treadle.permissions import Permission


def titles(studio: Studio, who: str, job_id: str) -> list[str | None]:
    with studio.database.read() as tx:
        actor = studio.people[who]
        job = listing.get_seen(tx, actor, job_id)
        _total, rows = listing.list_seen(tx, actor, JobFilter(), limit=9, offset=0)
        return [listing.read(tx, actor, job.id)["project_title"], *(row["project_title"] for row in rows)]


def test_a_job_tells_a_project_s_title_only_to_those_who_see_it(studio: Studio) -> None:
    with studio.database.write() as tx:
        job = start_export(tx, studio.grant(tx, "reviewer", Permission.EXPORT), ExportOrder("JSON"))
    assert titles(studio, "reviewer", job.id) == ["shapes", "shapes"]
    with studio.database.write() as tx:
        tx.execute(delete(memberships).where(memberships.c.user_id == studio.people["reviewer"].user_id))
    assert titles(studio, "reviewer", job.id) == [None, None]
    assert titles(studio, "manager", job.id) == ["shapes", "shapes"]
