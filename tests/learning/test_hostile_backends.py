"""Backends that say what no database keeps: NULs, numbers beyond all, lists in lists without an end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.learning.prelabelling import connected, open_desk
from tests.learning.spoken import Spoken, cat
from treadle.db import Database
from treadle.jobs import run_in_place
from treadle.labeling.config import parse_config
from treadle.learning.connections import connecting
from treadle.learning.measures import answers, comparing
from treadle.learning.predictions import prelabel

DEEP = b"[" * 100_000 + b"]" * 100_000
BOX = b'[{"id":"r","from_name":"box","to_name":"img","type":"rectanglelabels","value":%s}]'
HOSTILE = {
    "a NUL in an error": (500, b'{"detail":"a\\u0000b"}'),
    "a NUL in a busy answer": (503, b'{"detail":"a\\u0000b"}'),
    "bytes that are no text": (500, b"\0\xff\0" * 9_000),
    "a NUL as the version": (200, b'{"results":[{"result":[],"model_version":"\\u0000"}]}'),
    "a NUL in the result": (200, b'{"results":[{"result":%s}]}' % (BOX % b'{"rectanglelabels":["\\u0000"]}')),
    "a NUL beside the result": (
        200,
        b'{"results":[{"result":%s}]}'
        % (BOX % b'{"x":1,"y":1,"width":1,"height":1,"rectanglelabels":["Cat"],"text":"\\u0000"}'),
    ),
    "a number beyond all": (
        200,
        b'{"results":[{"result":%s}]}'
        % (BOX % (b'{"x":%s,"y":1,"width":1,"height":1,"rectanglelabels":["Cat"]}' % (b"9" * 400))),
    ),
    "a score beyond all": (200, b'{"results":[{"result":[],"score":%s}]}' % (b"9" * 400)),
    "a deep result": (200, b'{"results":[{"result":%s}]}' % (b"[" * 900 + b"]" * 900)),
    "a bottomless result": (200, b'{"results":[{"result":%s}]}' % DEEP),
    "counts beyond all": (200, b'{"results":[{"result":[],"dropped":{"\\u0000":%s}}]}' % (b"9" * 400)),
    "an error of its own": (200, b'{"results":[{"result":[]}],"errors":[{"task":0,"detail":"\\u0000"}]}'),
}


class Rude(Spoken):
    """It says what it likes to everything."""

    everywhere: tuple[int, bytes] | None = None

    def answer(self, path: str, body: Any) -> tuple[int, bytes]:
        return self.everywhere or super().answer(path, body)


def _saying(said: tuple[int, bytes]) -> Callable[[Any], Any]:
    return lambda _body: said


def test_a_job_ends_whatever_a_backend_says(database: Database, tmp_path: Path) -> None:
    desk = open_desk(database, tmp_path / "data")
    rude = Rude()
    with connected(desk, rude) as backend:
        for name, said in HOSTILE.items():
            [task] = desk.studio.add_tasks(1)
            rude.predict = _saying(said)
            ended = run_in_place(desk.parts, prelabel.PRELABEL_JOB, desk.order(backend, task).id)
            told = str((ended.result, ended.error, ended.log))
            assert ("defect" in told, "\0" in told) == (False, False), (name, told)
        rude.predict = lambda body: [cat() for _ in body["tasks"]]
        assert desk.prelabel(backend)["failed"] == 0
        for said in [said for said in HOSTILE.values() if said[0] != 200] + [
            (200, b'{"server":"treadle","state":"failed","reason":"\\u0000"}'),
            (200, b'{"model_version":"\\u0000%s"}' % (b"v" * 9_000)),
            (200, DEEP),
        ]:
            rude.everywhere = said
            found = connecting.look(desk.parts, backend.id)
            assert ("\0" in found.problem, len(found.problem) < 600) == (False, True)


def test_what_lies_too_deep_says_nothing() -> None:
    config = parse_config('<View><Text name="t" value="$t"/></View>')
    assert comparing.judge(DEEP, b"[]") == {}
    assert list(answers.read_answers(config, DEEP).labels()) == []
