"""An export goes on where ``kill -9`` found it, and nobody gets half a file."""

from __future__ import annotations

import json

from tests.faults.house import House, make_project
from tests.faults.test_import_kills import ROWS, ended, job_of, order_import
from tests.waiting import wait_until


def test_an_export_whose_worker_is_killed_goes_on_and_is_whole(house: House) -> None:
    house.start()
    with house.client() as client:
        project_id = make_project(client)
        imported = order_import(client, project_id, ROWS)
        wait_until(lambda: ended(client, imported), timeout_s=120)
        where = f"/api/projects/{project_id}/export?exportType=JSON_MIN&download_all_tasks=true"
        job_id = client.get(where, headers={"Prefer": "respond-async"}).json()["job"]
        wait_until(lambda: job_of(client, job_id)["message"].startswith("Read"), timeout_s=60)
        house.kill("worker")
        assert not ended(client, job_id), "the export ended before it could be disturbed"
        assert client.get(f"/api/exports/files/{job_id}").status_code == 503
        job = wait_until(lambda: ended(client, job_id), timeout_s=120)
        assert (job["state"], job["result"]["task_count"]) == ("done", ROWS)
        written = json.loads(client.get(f"/api/exports/files/{job_id}").content)
    assert [row["image"] for row in written] == [f"/{number}.jpg" for number in range(ROWS)]
    kept = [path.name for path in (house.data_dir / "objects" / "exports").iterdir()]
    assert kept == [job_id]
