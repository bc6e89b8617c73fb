"""What a training learns from is fetched from the project's server, with what may be shown to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ml.author.studio import Studio, jwt, serve
from treadle.errors import Forbidden, Invalid, Unavailable
from treadle.ml.calling import ProjectCall
from treadle.ml.serving.exporting import fetch_tasks

EXPORT = "/api/projects/7/export"
TASKS = b'[{"id": 1, "data": {"text": "a"}, "annotations": []}]'


def test_tasks_come_with_a_personal_token_that_is_exchanged(tmp_path: Path) -> None:
    personal, access = jwt("refresh"), jwt("access")
    studio = Studio({EXPORT: TASKS}, accepted={f"Bearer {access}"}, exchanges={personal: access})
    with serve(studio):
        environment = {
            "LABEL_STUDIO_URL": studio.url,
            "TREADLE_TOKEN": personal,
            "TREADLE_ML_CACHE": str(tmp_path),
        }
        call = ProjectCall(key="7.123", hostname="http://127.0.0.1:9", access_token="dead")
        (task,) = fetch_tasks(call, environment)
    assert task["data"] == {"text": "a"}


def test_the_operators_token_is_shown_to_no_server_that_a_setup_names(tmp_path: Path) -> None:
    with serve(Studio({EXPORT: TASKS}, accepted=set())) as anybody:
        call = ProjectCall(key="7.123", hostname=anybody.url, access_token="theirs")
        for secret in ("operators", jwt("operators")):
            with pytest.raises(Forbidden, match="shown to no server that a call names"):
                fetch_tasks(call, {"TREADLE_TOKEN": secret, "TREADLE_ML_CACHE": str(tmp_path)})
        assert {shown for _, shown in anybody.asked} == {"Token theirs", "Bearer theirs", None}


def test_what_cannot_be_learnt_from_is_told(tmp_path: Path) -> None:
    environment = {"TREADLE_ML_CACHE": str(tmp_path)}
    for call in (ProjectCall(key="7.1"), ProjectCall(hostname="http://127.0.0.1:9")):
        with pytest.raises(Invalid, match="nothing to learn from"):
            fetch_tasks(call, environment)
    studio = Studio({EXPORT: b'{"detail": "sign in"}'})
    with serve(studio), pytest.raises(Unavailable, match="no list of tasks"):
        fetch_tasks(ProjectCall(key="7.1", hostname=studio.url), environment)
