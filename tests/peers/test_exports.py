"""Treadle's exports beside those that a Label Studio 1.23.2 wrote of the same projects."""

from __future__ import annotations

import pytest

from tests.peers.differences import EXPLANATIONS, Difference, differences, explained
from tests.peers.exporting import export_all
from tests.peers.projects import PROJECTS
from tests.peers.recording import RECORDED
from tests.working import serve_with_worker


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Difference]:
    """Where the exports differ."""
    folder = tmp_path_factory.mktemp("peer")
    with serve_with_worker("", folder) as server, server.client() as client:
        ours = {project.name: export_all(client, project) for project in PROJECTS}
    return [each for name in RECORDED for each in differences(name, RECORDED[name], ours[name])]


def test_every_difference_is_explained(found: list[Difference]) -> None:
    assert [str(each) for each in explained(found).get(None, [])] == []


def test_every_explanation_still_explains_something(found: list[Difference]) -> None:
    told = explained(found)
    assert [each.text for each in EXPLANATIONS if not told[each]] == []


def test_nothing_of_json_min_and_tables_differs_but_what_is_explained(found: list[Difference]) -> None:
    flat = [each for each in found if each.export_type in ("JSON_MIN", "CSV", "TSV")]
    assert {each.project for each in flat} == {"answers"}
