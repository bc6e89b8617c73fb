"""Labels become one commit when somebody says so, and a project can be opened as it was then."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.connectors.house import ON_SQLITE, House
from tests.labeling.studio import box, result
from treadle.access import RepoScope, allow
from treadle.connectors import committing, storages, tracing, versions
from treadle.connectors.committing import COMMIT_JOB, start_commit
from treadle.connectors.listed_tasks import TASK_LIST
from treadle.connectors.pending import count_pending
from treadle.connectors.storages import Storage
from treadle.connectors.tracing import Tracer
from treadle.connectors.versions import AsOfOrder
from treadle.db.repo_tables import repo_commits
from treadle.errors import Conflict, NotFound
from treadle.jobs import JobState, run_in_place
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import tasks as task_verbs
from treadle.labeling.config import parse_config
from treadle.labeling.filters import TaskQuery
from treadle.labeling.formats import EXPORT_FORMATS, Reason
from treadle.learning.connections import backends
from treadle.learning.connections.backends import NewBackend
from treadle.learning.training import gate, training_job, trainings
from treadle.learning.training.dataset import Reader
from treadle.learning.training.training_following import Pace
from treadle.learning.training.trainings import Spec, Training
from treadle.lineage import Edge, Node, add_edges
from treadle.lineage.edges import edges_of
from treadle.permissions import Permission
from treadle.repos import catalogue, commits, retention, tags
from treadle.repos.values import NewFile
from treadle.settings import Secret


@pytest.fixture
def source(house: House) -> Storage:
    images = house.make_repo("images")
    house.commit(images, {f"{n:03}.jpg": f"picture {n}".encode() for n in range(20)})
    source = house.add_storage("source", "repo", repo="images@master")
    house.sync(source)
    return source


@pytest.fixture
def target(house: House, source: Storage) -> Storage:
    house.make_repo("labels")
    return house.add_storage("target", "repo", repo="labels@master")


def label(house: House, count: int, start: int = 0) -> list[int]:
    ids = [task["id"] for task in house.tasks()][start : start + count]
    for task_id in ids:
        house.studio.submit("annotator", task_id)
    return ids


def repo_of(target: Storage) -> int:
    return int(target.options["repo_id"])


def pending(house: House, target: Storage) -> int:
    with house.database.read() as tx:
        return count_pending(tx, house.storage(target))


def test_many_saves_are_one_commit_by_its_author_with_its_source(
    house: House, source: Storage, target: Storage
) -> None:
    ids = label(house, 12)
    house.studio.submit("reviewer", ids[0])
    assert pending(house, target) == 12
    told = house.commit_labels(target, "First labels")
    assert (told["tasks"], pending(house, target)) == (12, 0)
    with house.database.read() as tx:
        commit = commits.get(tx, told["commit"])
    images = house.storage(source).head
    assert (commit.message, commit.parents, commit.provenance) == ("First labels", (), (images,))
    assert commit.author_id == house.studio.people["editor"].user_id
    files = house.files(repo_of(target), commit.id)
    assert sorted(files) == sorted(f"{task_id}.json" for task_id in ids)
    first = json.loads(files[f"{ids[0]}.json"])
    assert (first["id"], len(first["annotations"])) == (ids[0], 2)
    whole = commit.metadata["treadle"]
    assert isinstance(whole, dict)
    assert (whole["project"], whole["source_commits"], whole["version"]) == (target.project_id, [images], 1)
    assert whole["label_ids"] == {"Cat": 0, "Dög": 1}
    assert house.studio.project()["label_config"] == whole["label_config"]


def test_the_next_commit_holds_what_changed_alone(house: House, target: Storage) -> None:
    ids = label(house, 5)
    first = house.commit_labels(target)["commit"]
    with house.database.write() as tx:
        grant = house.grant(tx, Permission.ANNOTATION_WRITE)
        theirs = annotation_verbs.of_task(tx, grant, ids[1])[0]["id"]
        annotation_verbs.change(tx, grant, theirs, {"result": result(box("Dög"))})
        theirs = annotation_verbs.of_task(tx, grant, ids[2])[0]["id"]
        annotation_verbs.remove(tx, grant, theirs)
        task_verbs.remove(tx, house.grant(tx, Permission.TASK_WRITE), ids[3])
    label(house, 1, start=10)
    told = house.commit_labels(target)
    assert (told["tasks"], told["deleted"]) == (2, 2)
    before, after = (house.files(repo_of(target), each) for each in (first, told["commit"]))
    assert before.keys() - after.keys() == {f"{ids[2]}.json", f"{ids[3]}.json"}
    assert {path for path in after.keys() & before.keys() if after[path] != before[path]} == {
        f"{ids[1]}.json"
    }
    with house.database.read() as tx:
        assert commits.get(tx, told["commit"]).parents == (first,)


@ON_SQLITE
def test_a_target_that_is_moved_holds_everything_in_its_new_place(house: House, target: Storage) -> None:
    ids = label(house, 3)
    house.commit_labels(target)
    others = house.make_repo("others")
    house.change_storage(target, repo="others", commit_after_saves=5)
    assert pending(house, target) == 3
    commit = house.commit_labels(target)["commit"]
    assert sorted(house.files(others, commit)) == sorted(f"{task_id}.json" for task_id in ids)


def test_where_nothing_is_to_be_committed_that_is_said(house: House, target: Storage) -> None:
    with pytest.raises(Conflict, match="nothing to commit"):
        house.commit_labels(target)
    label(house, 1)
    house.commit_labels(target)
    with pytest.raises(Conflict, match="since commit"):
        house.commit_labels(target)


def test_of_two_who_commit_at_once_one_does_and_the_other_is_told(house: House, target: Storage) -> None:
    label(house, 3)
    with house.database.write() as tx:
        job = start_commit(tx, house.grant(tx), target.id, "mine")
    with pytest.raises(Conflict, match=job.id), house.database.write() as tx:
        start_commit(tx, house.grant(tx, who="manager"), target.id, "theirs")
    assert house.run(job)["tasks"] == 3


@ON_SQLITE
def test_a_job_that_died_behind_its_commit_makes_no_second_one(house: House, target: Storage) -> None:
    label(house, 3)
    with house.database.write() as tx:
        job = start_commit(tx, house.grant(tx), target.id, "once")
    ended = run_in_place(house.parts, COMMIT_JOB, job.id)
    assert ended.state is JobState.DONE
    head = house.head(repo_of(target))
    # As if the worker had died before it wrote down what it had made, and another took the job up.
    with house.database.read() as tx:
        assert committing._find_made(tx, job.id, head) == head
        assert committing._find_made(tx, "another", head) is None


@ON_SQLITE
def test_a_target_with_the_fields_of_the_grpc_integration_has_files_without_extension(
    house: House, source: Storage
) -> None:
    house.make_repo("labels")
    target = house.add_storage("target", "pachyderm", pach_repo="labels", pach_branch="master")
    ids = label(house, 2)
    commit = house.commit_labels(target)["commit"]
    assert sorted(house.files(repo_of(target), commit)) == [str(task_id) for task_id in ids]


@ON_SQLITE
def test_further_formats_lie_in_folders_of_the_commit(house: House, source: Storage) -> None:
    house.make_repo("labels")
    target = house.add_storage("target", "repo", repo="labels", formats="COCO, yolo")
    label(house, 2)
    house.commit_labels(target)
    label(house, 1, start=5)
    files = house.files(repo_of(target), house.commit_labels(target)["commit"])
    coco = json.loads(files["coco/result.json"])
    assert len(coco["annotations"]) == 3
    assert len([path for path in files if path.startswith("yolo/labels/")]) == 3


def export(house: House, ref: str, export_type: str, **more: Any) -> bytes:
    key = run_export(house, ref, export_type, **more)["object_key"]
    return b"".join(house.parts.objects.read(key))


def run_export(house: House, ref: str, export_type: str, **more: Any) -> dict[str, Any]:
    with house.database.write() as tx:
        grant = house.grant(tx, Permission.EXPORT)
        version = versions.find_version(tx, grant, ref)
        order = AsOfOrder(version.commit.id, export_type, **more)
        job = versions.start_export_as_of(tx, grant, version, order)
    return house.run(job)


def pictures_in(content: bytes) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    return {name: archive.read(name) for name in archive.namelist() if name.startswith("images/")}


def test_pictures_of_a_repo_lie_in_an_archive_as_they_were_then(
    house: House, source: Storage, target: Storage
) -> None:
    ids = label(house, 3)
    first = house.commit_labels(target)["commit"]
    names = [each.name for each in EXPORT_FORMATS if each.name.endswith("_WITH_IMAGES")]
    before = {name: export(house, f"labels@{first}", name) for name in names}
    assert pictures_in(before["YOLO_WITH_IMAGES"]) == {
        f"images/{n:03}.jpg": b"picture %d" % n for n in range(3)
    }
    images = int(source.options["repo_id"])
    house.commit(images, {"000.jpg": b"another picture"}, deletes=["001.jpg"])
    house.sync(source)
    assert {name: export(house, f"labels@{first}", name) for name in names} == before
    house.studio.submit("reviewer", ids[2])
    second = house.commit_labels(target)["commit"]
    house.commit(images, {"000.jpg": b"a third"})
    with house.database.write() as tx:  # what no commit of labels is made from goes with the next collection
        retention.change(tx, house.repo_grant(tx, images), retention.Rules(keep_days=1))
        old = update(repo_commits).where(repo_commits.c.repo_id == images)
        tx.execute(old.values(finished_at=tx.now - timedelta(days=2)))
        storages.remove(tx, house.grant(tx), house.storage(source))
    retention.drop_old(house.database, images)
    assert {name: export(house, f"labels@{first}", name) for name in names} == before
    assert pictures_in(export(house, f"labels@{second}", "YOLO_WITH_IMAGES")) == {
        "images/000.jpg": b"another picture",
        "images/001.jpg": b"picture 1",
        "images/002.jpg": b"picture 2",
    }


@ON_SQLITE
def test_a_picture_of_which_a_commit_does_not_tell_is_left_out(
    house: House, source: Storage, target: Storage
) -> None:
    label(house, 1)
    made = house.commit_labels(target)["commit"]
    with house.database.read() as tx:
        grant, metadata = house.repo_grant(tx, repo_of(target)), commits.get(tx, made).metadata
    listed = b"".join(house.parts.repos.at(repo_of(target), made).attachment(TASK_LIST))
    lines = [line.partition(b',"files":')[0] + b"}\n" for line in listed.splitlines()]
    files, beside = [NewFile("note", [b"older"])], {TASK_LIST: lines}
    house.parts.repos.commit_files(
        grant, "master", files, "older", metadata=metadata, provenance=(), attachments=beside
    )
    told = run_export(house, "labels@master", "YOLO_WITH_IMAGES")
    assert told["left_out"] == {Reason.PICTURE_NOT_TOLD.value: 1}
    assert pictures_in(b"".join(house.parts.objects.read(told["object_key"]))) == {}


def test_an_export_of_a_tag_is_the_same_for_good(house: House, target: Storage) -> None:
    ids = label(house, 6)
    commit = house.commit_labels(target)["commit"]
    with house.database.write() as tx:
        tags.create(tx, house.repo_grant(tx, repo_of(target)), "v1", commit)
    names = [each.name for each in EXPORT_FORMATS if each.name not in ("CONLL2003",)]
    before = {name: export(house, "labels@v1", name) for name in names}
    everything = export(house, "labels@v1", "JSON", with_all=True)
    house.studio.change_project(title="another", label_config=house.studio.project()["label_config"])
    for task_id in ids:
        house.studio.submit("reviewer", task_id, result=result(box("Dög"), box()))
    label(house, 8, start=6)
    house.commit_labels(target)
    assert {name: export(house, "labels@v1", name) for name in names} == before
    assert export(house, "labels@v1", "JSON", with_all=True) == everything
    tasks = json.loads(before["JSON"])
    assert [task["id"] for task in tasks] == ids
    assert [task["id"] for task in json.loads(everything)] == [task["id"] for task in house.tasks()]


def test_versions_outlive_their_target_and_its_options(house: House, target: Storage) -> None:
    label(house, 2)
    commit = house.commit_labels(target)["commit"]
    with house.database.write() as tx:
        tags.create(tx, house.repo_grant(tx, repo_of(target)), "v1", commit)
    before = export(house, "labels@v1", "JSON")
    house.change_storage(target, prefix="elsewhere")
    assert export(house, "labels@v1", "JSON") == before
    house.make_repo("other")
    other = house.add_storage("target", "repo", repo="other@master")
    house.commit_labels(other)
    with house.database.write() as tx:
        storages.remove(tx, house.grant(tx), house.storage(target))
        grant = house.grant(tx, Permission.EXPORT)
        assert sorted(each.repo.name for each in versions.list_versions(tx, grant)) == ["labels", "other"]
    assert export(house, "labels@v1", "JSON") == before
    with house.database.write() as tx:
        owner = house.studio.people["owner"]
        catalogue.delete(tx, allow(tx, owner, Permission.REPO_DELETE, RepoScope(repo_of(other))))
        assert [each.commit.id for each in versions.list_versions(tx, grant)] == [commit]


@ON_SQLITE
def test_what_others_put_beside_labels_is_passed_over(house: House, target: Storage) -> None:
    house.commit(repo_of(target), {"7.json": b"[]", "1000.json": b"no JSON"})
    ids = label(house, 2)
    house.commit_labels(target)
    assert [task["id"] for task in json.loads(export(house, "labels@master", "JSON"))] == ids


@ON_SQLITE
def test_a_commit_is_a_version_only_if_it_tells_all(house: House, target: Storage) -> None:
    with house.database.read() as tx:
        grant = house.repo_grant(tx, repo_of(target))
    files = [NewFile("1.json", [b"{}"])]
    forged = {"treadle": {"project": target.project_id}}
    house.parts.repos.commit_files(grant, "master", files, "forged", metadata=forged)
    with house.database.read() as tx, pytest.raises(NotFound):
        versions.find_version(tx, house.grant(tx, Permission.EXPORT), "labels@master")


@ON_SQLITE
@pytest.mark.long
def test_an_export_of_a_tag_is_the_same_after_ten_thousand_edits(house: House, target: Storage) -> None:
    ids = label(house, 20)
    commit = house.commit_labels(target)["commit"]
    with house.database.write() as tx:
        tags.create(tx, house.repo_grant(tx, repo_of(target)), "v1", commit)
    before = {name: export(house, "labels@v1", name) for name in ("JSON", "COCO", "YOLO")}
    with house.database.read() as tx:
        grant = house.grant(tx, Permission.ANNOTATION_WRITE)
        done = [annotation_verbs.of_task(tx, grant, task_id)[0]["id"] for task_id in ids]
    for edit in range(10_000):
        with house.database.write() as tx:
            changed = {"result": result(box("Dög", x=edit % 50))}
            annotation_verbs.change(tx, grant, done[edit % len(done)], changed)
        if edit % 2_500 == 0:
            house.commit_labels(target)
    assert {name: export(house, "labels@v1", name) for name in before} == before


def test_a_project_is_seen_as_it_was(house: House, target: Storage) -> None:
    ids = label(house, 2)
    commit = house.commit_labels(target)["commit"]
    house.studio.submit("reviewer", ids[0])
    with house.database.read() as tx:
        grant = house.grant(tx, Permission.EXPORT)
        (version,) = versions.list_versions(tx, grant)
        assert version.commit.id == commit
        assert versions.find_version(tx, grant, f"labels@{commit[:8]}").told.task_count == 20
        for ref in ("images@master", "labels@nothing", "nowhere"):
            with pytest.raises(NotFound):
                versions.find_version(tx, grant, ref)
    page = versions.read_as_of(house.parts.repos, version, after=ids[0], limit=3)
    assert [each["id"] for each in page] == [ids[0] + 1, ids[0] + 2, ids[0] + 3]
    (first,) = versions.read_as_of(house.parts.repos, version, after=0, limit=1)
    assert len(json.loads(bytes(first["annotations"]))) == 1


def test_a_model_learns_from_the_labels_of_a_commit_whatever_became_of_them(
    house: House, target: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = label(house, 3)
    commit = house.commit_labels(target)["commit"]
    with house.database.write() as tx:
        tags.create(tx, house.repo_grant(tx, repo_of(target)), "v1", commit)
        grant = house.grant(tx, Permission.ANNOTATION_WRITE)
        done = annotation_verbs.of_task(tx, grant, ids[0])[0]
        annotation_verbs.change(tx, grant, done["id"], {"result": result(box(x=70))})
    label(house, 2, start=5)
    house.commit_labels(target)
    with house.database.read() as tx:
        grant = house.grant(tx, Permission.PROJECT_WRITE)
    then = versions.labels_then(house.parts, grant, "labels@v1")
    reader = Reader(house.database, grant, parse_config(then.label_config), house.parts.objects)
    works = list(reader.read_then(then))
    assert [work.task.task_id for work in works] == ids
    assert all(json.loads(work.annotation.result_json)[0]["value"]["x"] != 70 for work in works)
    assert gate.look(house.database, grant, TaskQuery(), held_out=0.2, then=then).task_count == 3
    training = train_in_vain(house, Spec(as_of=then.ref), monkeypatch)
    assert training.task_count == 3
    with house.database.read() as tx:
        edges = edges_of(tx, Node("training", str(training.id)), up=True, limit=10)
    assert Node("commit", commit) in {edge.start for edge in edges}


def train_in_vain(house: House, spec: Spec, patch: pytest.MonkeyPatch) -> Training:
    """A training of a backend that is not there: the work is read, and it ends."""
    patch.setattr(training_job, "PACE", Pace(look_every_s=0.0, away_s=0.0))
    with house.database.write() as tx:
        grant = house.grant(tx, Permission.PROJECT_WRITE)
        backend = backends.add(tx, grant, NewBackend(title="Away", url="http://127.0.0.1:1"), Secret("key"))
        assert grant.project_id is not None
        ordered = trainings.start(tx, grant, grant.project_id, backend.id, spec=spec, cause="person")
    run_in_place(house.parts, training_job.training_job(versions.labels_then), str(ordered.job_id))
    with house.database.read() as tx:
        return trainings.get(tx, ordered.id)


def test_from_one_annotation_one_walks_to_the_picture_and_to_the_commit(
    house: House, source: Storage, target: Storage
) -> None:
    (task_id,) = label(house, 1)
    commit = house.commit_labels(target)["commit"]
    images = house.storage(source).head

    def trace(who: str, node: str, depth: int = 9) -> set[str]:
        with house.database.read() as tx:
            tracer = Tracer(tx, house.studio.people[who])
            _, told = tracer.trace(node, direction="both", depth=depth, limit=99)
        return {str(each.node) for each in told}

    annotation = next(
        iter(each for each in trace("editor", f"task:{task_id}") if each.startswith("annotation"))
    )
    found = trace("editor", annotation)
    assert found == {annotation, f"task:{task_id}", f"commit:{images}", f"commit:{commit}"}
    # An annotator reads no repo, and a task only in their hands: nothing else is named to them.
    assert trace("annotator", annotation) == {annotation}
    with pytest.raises(NotFound):
        trace("annotator", f"commit:{images}")


def test_what_one_may_not_see_takes_no_place_of_what_one_may(house: House, source: Storage) -> None:
    images, mine = house.storage(source).head, {f"task:{task['id']}" for task in house.tasks()}
    start = Node("commit", images or "")
    with house.database.write() as tx:
        # Of projects that are not the person's; in the order of edges they stand among theirs.
        add_edges(tx, [Edge(start, Node("task", str(number))) for number in range(10**6, 10**6 + 99)])
        tracer = Tracer(tx, house.studio.people["editor"])
        graph, _ = tracer.trace(str(start), direction="down", depth=1, limit=30)
    assert {str(node) for node in graph.nodes} == {str(start), *mine}
    assert not graph.more_down


@ON_SQLITE
def test_where_a_look_at_much_that_one_may_not_see_ended_it_goes_on(
    house: House, source: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "_PAGES", (10,))
    start, mine = Node("commit", house.storage(source).head or ""), [task["id"] for task in house.tasks()]
    with house.database.write() as tx:
        add_edges(tx, [Edge(start, Node("task", f"0{number:02}")) for number in range(99)])
    seen: list[set[str]] = []
    begin: tracing.Cuts = {}
    with house.database.read() as tx:
        while len(seen) < 9:
            tracer = Tracer(tx, house.studio.people["editor"], begin)
            graph, _ = tracer.trace(str(start), direction="down", depth=1, limit=29)
            seen.append({node.id for node in graph.nodes if node.kind == "task"})
            if not tracer.cuts:
                break
            begin = tracer.cuts
    assert seen[0] == set()
    assert sorted(each for page in seen for each in page) == sorted(str(task_id) for task_id in mine)
