"""Which work counts as finished, how it is split, and what is found before a model learns from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from tests.learning.training import CONFIG, School, answer, open_school
from treadle.db import Database, schema
from treadle.db.storage_tables import storage_items, storages
from treadle.errors import Conflict
from treadle.labeling import uploads
from treadle.labeling.config import parse_config
from treadle.labeling.filters import TaskQuery
from treadle.labeling.formats import ExportAnnotation, ExportTask
from treadle.learning.training import gate
from treadle.learning.training.dataset import Reader, Work, held_out_of, settle_groups
from treadle.learning.training.gate import Finding, Gate
from treadle.permissions import Permission


@pytest.fixture
def school(database: Database, tmp_path: Path) -> School:
    return open_school(database, tmp_path / "data")


def read(school: School, query: TaskQuery | None = None) -> list[Work]:
    with school.database.read() as tx:
        grant = school.studio.grant(tx, "editor", Permission.PROJECT_WRITE)
    reader = Reader(school.database, grant, parse_config(CONFIG), school.parts.objects)
    return list(reader.read(query or TaskQuery()))


def set_annotation(school: School, annotation_id: int, **values: Any) -> None:
    with school.database.write() as tx:
        tx.execute(
            update(schema.annotations).where(schema.annotations.c.id == annotation_id).values(**values)
        )


def test_the_ground_truth_counts_else_the_newest_that_is_neither_cancelled_nor_rejected(
    school: School,
) -> None:
    judged, newest, unfinished = school.studio.add_tasks(3, text="a")
    truth = school.studio.submit("annotator", judged, result=answer("Bad"))
    school.studio.submit("reviewer", judged, result=answer("Good"))
    set_annotation(school, truth["id"], ground_truth=True)
    school.studio.submit("annotator", newest, result=answer("Good"))
    second = school.studio.submit("reviewer", newest, result=answer("Bad"))
    rejected = school.studio.submit("editor", newest, result=answer("Good"))
    set_annotation(school, rejected["id"], last_action="rejected")
    school.studio.submit("manager", newest, result=answer("Good"), was_cancelled=True)
    school.studio.submit("annotator", unfinished, result=answer("Good"), was_cancelled=True)
    found = read(school)
    assert [(work.task.task_id, work.annotation.annotation_id) for work in found] == [
        (judged, truth["id"]),
        (newest, second["id"]),
    ]
    assert found[1].others == (answer("Good"),)
    told = json.loads(found[1].to_wire())
    assert (told["id"], told["data"]["text"], told["predictions"]) == (newest, "a", [])
    assert [each["result"] for each in told["annotations"]] == [json.loads(answer("Bad"))]


def test_tasks_of_the_same_text_and_files_of_the_same_content_are_told_to_be_the_same(school: School) -> None:
    texts = [school.studio.add_tasks(1, text=text)[0] for text in ("one", "two", "one")]
    stored = [school.studio.add_tasks(1, text=f"stored {number}")[0] for number in range(3)]
    with school.database.write() as tx:
        add_items(school, tx, {stored[0]: "e1", stored[1]: "e2", stored[2]: "e1"})
        files = {name: add_file(school, tx, name, content) for name, content in FILES.items()}
    uploaded = [school.studio.add_tasks(1, text=url)[0] for url in files.values()]
    for task_id in (*texts, *stored, *uploaded):
        school.studio.submit("annotator", task_id, result=answer("Good"))
    works = read(school)
    groups = {work.task.task_id: work.group for work in works}
    assert groups[texts[0]] == groups[texts[2]] != groups[texts[1]]
    assert groups[stored[0]] == groups[stored[2]] != groups[stored[1]]
    first, same, alike, other = (groups[task_id] for task_id in uploaded)
    assert first == same
    assert len({first, alike, other}) == 3
    settled = settle_groups([(work.group, work.named) for work in works])
    sides = {work.task.task_id: group for work, group in zip(works, settled, strict=True)}
    named = {work.task.task_id: work.named for work in works}
    assert sides[uploaded[0]] == sides[uploaded[1]] == first
    changed = {task_id for task_id in sides if sides[task_id] != named[task_id]}
    assert changed == set(uploaded[:2]), "what is there once stays where it was told to be"


#: The first two are the same, the third is as long, and differs in the middle.
FILES = {
    "a.png": b"a" * 200_000,
    "b.png": b"a" * 200_000,
    "c.png": b"a" * 100_000 + b"b" + b"a" * 99_999,
    "d.png": b"d",
}


def add_file(school: School, tx: Any, name: str, content: bytes) -> str:
    project_id = school.studio.project_id
    kept = uploads.store(school.parts.objects, project_id, name, [content])
    uploads.add(tx, project_id, None, kept)
    return uploads.url_of(project_id, kept.file_name)


def add_items(school: School, tx: Any, etags: dict[int, str]) -> None:
    values = {
        "project_id": school.studio.project_id,
        "direction": "source",
        "kind": "localfiles",
        "title": "",
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    storage_id = tx.execute(insert(storages).returning(storages.c.id), values).scalar_one()
    for task_id, etag in etags.items():
        item = {"storage_id": storage_id, "key": f"{task_id}.png", "place": 0, "etag": etag}
        tx.execute(insert(storage_items), {**item, "task_id": task_id, "state": "new"})


def test_a_split_is_the_same_for_a_seed_and_never_parts_what_shows_the_same() -> None:
    groups = [b"%d" % (number // 3) for number in range(300)]
    held = held_out_of(groups, 0.2, 7)
    assert held == held_out_of(groups[::-1], 0.2, 7) != held_out_of(groups, 0.2, 8)
    assert 40 <= sum(group in held for group in groups) <= 80
    assert held_out_of(groups[:150], 0.2, 7) == held.intersection(groups[:150]), "what comes changes no side"
    assert held_out_of(groups, 0.1, 7) < held < held_out_of(groups, 0.3, 7)
    assert held_out_of([b"a", b"a", b"b"], 0.01, 0) in ({b"a"}, {b"b"})
    assert held_out_of([b"a", b"b"], 0.9, 0) != {b"a", b"b"}
    assert held_out_of([b"a", b"a"], 0.5, 0) == held_out_of([b"a", b"b"], 0, 0) == set()


def looked_at(*works: tuple[str | bytes, bytes], held_out: float = 0.2) -> dict[str, Finding]:
    """What the gate finds of works, each a text with its result; several of a text are of several people."""
    looking = Gate(parse_config(CONFIG), held_out=held_out)
    for number, (text, result) in enumerate(works):
        annotation = ExportAnnotation(number, b"{}", result, 1, False, False, "", "", None)
        task = ExportTask(number, 1, b"{}", b"{}", (annotation,))
        group = text.encode() if isinstance(text, str) else text
        looking.add(Work(task, annotation, group))
    return {finding.code: finding for finding in looking.findings()}


def test_work_that_is_well_is_let_through() -> None:
    found = looked_at(*[(f"{n}", answer("Good" if n % 2 else "Bad")) for n in range(60)])
    assert {finding.severity for finding in found.values()} == {"ok"}


def test_what_is_wanting_is_found() -> None:
    found = looked_at(("a", answer("Good")), ("a", answer("Good")), ("b", answer("Poor")), held_out=0)
    assert {code: finding.severity for code, finding in found.items()} == {
        "schema": "stop",
        "few-tasks": "look",
        "held-out": "look",
        "duplicates": "look",
        "label-missing": "look",
        "label-rare": "look",
    }
    assert found["schema"].tasks == [2]
    assert 'has no choice "Poor"' in found["schema"].text
    assert (found["duplicates"].count, found["duplicates"].tasks) == (1, [1])
    assert looked_at(("a", answer("Good")), ("a", answer("Bad")))["few-tasks"].severity == "stop"
    assert looked_at(("a", answer("Good")), ("b", answer("Good")))["one-answer"].severity == "stop"
    assert list(looked_at()) == ["nothing"]


@pytest.mark.parametrize(("count", "severity"), [(0, "ok"), (4, "look"), (8, "stop")])
def test_people_who_do_not_agree_are_found(count: int, severity: str) -> None:
    looking = Gate(parse_config(CONFIG), held_out=0.2)
    for number in range(10):
        annotation = ExportAnnotation(number, b"{}", answer("Good"), 1, False, False, "", "", None)
        other = answer("Bad" if number < count else "Good")
        task = ExportTask(number, 1, b"{}", b"{}", (annotation,))
        looking.add(Work(task, annotation, b"%d" % number, (other,)))
    found = next(finding for finding in looking.findings() if finding.code == "agreement")
    assert (found.severity, found.tasks) == (severity, list(range(count)))
    assert f"agree: {1 - count / 10:.2f} on 10 tasks" in found.text


def test_regions_without_end_are_not_compared_while_somebody_waits() -> None:
    looking = Gate(parse_config(CONFIG), held_out=0.2, compared=10)
    for number in range(3):
        result = answer(*["Good"] * (1 if number else 1_000))
        annotation = ExportAnnotation(number, b"{}", result, 1, False, False, "", "", None)
        task = ExportTask(number, 1, b"{}", b"{}", (annotation,))
        looking.add(Work(task, annotation, b"%d" % number, (result,)))
    assert "agreement" not in {finding.code for finding in looking.findings()}


def test_a_look_while_somebody_waits_is_at_some_of_very_many(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "LOOKED_AT", 4)
    school.label(6)
    with school.database.read() as tx:
        grant = school.studio.grant(tx, "editor", Permission.PROJECT_WRITE)
    found = gate.look(school.database, grant, TaskQuery(), held_out=0.5)
    assert (found.task_count, found.held_out_count) == (6, 3)
    assert {finding.code for finding in found.findings} == {
        "partly-looked",
        "schema",
        "few-tasks",
        "duplicates",
    }


def test_only_a_reason_lets_what_is_wrong_through_and_none_what_is_not_there() -> None:
    stop, nothing = Finding("schema", "stop", "Wrong."), Finding("nothing", "stop", "None.")
    gate.check_passes([stop], "We know.")
    gate.check_passes([Finding("balance", "look", "Few.")], "")
    for findings, reason in (([stop], ""), ([nothing], "We know."), ([stop, nothing], "We know.")):
        with pytest.raises(Conflict) as refused:
            gate.check_passes(findings, reason)
        assert refused.value.code == "gate"
