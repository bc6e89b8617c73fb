"""Totals of a large project may be old, but not for one who asks for those of now."""

from __future__ import annotations

import pytest

from tests.labeling.studio import Studio
from treadle.labeling import task_list, totals
from treadle.labeling.filters import TaskQuery
from treadle.labeling.projects import Page
from treadle.permissions import Permission


def test_an_old_total_is_not_told_to_one_who_asks_anew(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("_LARGE", 0), ("_QUICK_S", 0.0), ("_PATIENCE", 10**9)):
        monkeypatch.setattr(totals, name, value)
    few = {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": 0}
    query = TaskQuery({"conjunction": "and", "items": [few]})

    def total(*, is_anew: bool) -> int:
        with studio.database.read() as tx:
            grant = studio.grant(tx, "editor", Permission.TASK_READ)
            page = task_list.read_page(tx, grant, query, Page(1, 10), is_whole=False, is_anew=is_anew)
        found = page["total"]
        assert isinstance(found, int)
        return found

    studio.add_tasks(2)
    assert total(is_anew=False) == 2
    studio.add_tasks(1)
    assert total(is_anew=False) == 2
    assert total(is_anew=True) == 3
    assert total(is_anew=False) == 3
