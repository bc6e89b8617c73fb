"""An export over HTTP with the report of what it could not carry."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.labeling.studio import CONFIG, box
from tests.working import serve_with_worker


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_finished_export_is_fetched_with_its_report(database_url: str, tmp_path: Path) -> None:
    with serve_with_worker(database_url, tmp_path / "data") as server, server.client() as client:
        project = client.post("/api/projects/", json={"title": "cats", "label_config": CONFIG}).json()["id"]
        work = {"data": {"image": "a.jpg"}, "annotations": [{"result": [box(rotation=30)]}]}
        assert client.post(f"/api/projects/{project}/import", json=[work]).status_code == 201
        written = client.get(f"/api/projects/{project}/export", params={"exportType": "VOC"})
        assert (written.status_code, written.headers["content-type"]) == (200, "application/zip")
        job = written.headers["treadle-job"]
        snapshot = client.post(f"/api/projects/{project}/exports/", json={}).json()["id"]
        address = f"/api/projects/{project}/exports/{snapshot}"
        told = client.post(f"{address}/convert", json={"export_type": "VOC"}).json()
        reports = [
            client.get(f"/api/exports/files/{job}/report"),
            client.get(f"{address}/report", params={"exportType": "VOC"}),
            client.get(f"{address}/report"),
        ]
        (converted,) = client.get(address).json()["converted_formats"]
    assert told["loss_count"] == 1
    assert converted["report_url"] == told["report_url"]
    assert told["report_url"] == f"{address[1:]}/report?exportType=VOC"
    assert [[loss["region"] for loss in report.json()] for report in reports] == [["r-Cat"], ["r-Cat"], []]
    assert "-losses.json" in reports[0].headers["content-disposition"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_snapshot_tells_by_id_what_is_not_asked_for_in_full(database_url: str, tmp_path: Path) -> None:
    with serve_with_worker(database_url, tmp_path / "data") as server, server.client() as client:
        project = client.post("/api/projects/", json={"title": "cats", "label_config": CONFIG}).json()["id"]
        work = {"data": {"image": "a.jpg"}, "predictions": [{"result": [box()]}]}
        client.post(f"/api/projects/{project}/import", json=[work])
        task = client.get("/api/tasks/", params={"project": project}).json()["tasks"][0]["id"]
        client.post(f"/api/tasks/{task}/drafts", json={"result": [box()]})

        def told(**options: object) -> tuple[type, type]:
            asked = {"serialization_options": options} if options else {}
            made = client.post(f"/api/projects/{project}/exports/", json=asked).json()["id"]
            (written,) = client.get(f"/api/projects/{project}/exports/{made}/download").json()
            return type(written["drafts"][0]), type(written["predictions"][0])

        assert told() == (int, int)
        assert told(drafts={"only_id": False}, predictions={}) == (dict, dict)
        assert told(drafts={"only_id": True}, predictions={"only_id": True}) == (int, int)
