"""Files of labels, of Label Studio and of Treadle, come in and go out again as they were.

What a file says about regions is compared with what the same format says of the project that was made of it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.peers.exporting import Files, export, export_all, made_picture, make_project
from tests.peers.facts import facts_of
from tests.peers.projects import BOXES, SHAPES, TEXTS, UPLOADS, PeerProject
from tests.peers.recording import RECORDED
from tests.working import serve_with_worker

CASES = [
    *((BOXES, name) for name in ("COCO", "YOLO", "YOLO_OBB", "VOC")),
    *((SHAPES, name) for name in ("COCO", "YOLO")),
    *((UPLOADS, name) for name in UPLOADS.formats),
    (TEXTS, "CONLL2003"),
]
_ID = re.compile(r"(?<=-annotation-)\d+")
each_case = pytest.mark.parametrize(
    ("project", "export_type"), CASES, ids=[f"{project.name} {name}" for project, name in CASES]
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serve_with_worker("", tmp_path_factory.mktemp("round")) as server, server.client() as opened:
        yield opened


@pytest.fixture(scope="module")
def our_files(client: httpx.Client) -> dict[str, dict[str, Files]]:
    """What Treadle exports, by project and format."""
    return {project.name: export_all(client, project) for project in (BOXES, SHAPES, UPLOADS, TEXTS)}


#: What is another when it comes out again, as patterns, with the reason.
MEANT = {
    r"^[-+] edge: ": "A region that leaves the picture is cut at its edge.",
    r"^[-+] twice(-\d+)?: \w+ bbox": "A second entry under images is a second task, with its own picture.",
    r"^[-+] ellipse: ": "An outline is a polygon, and the config has the label Ball for ellipses alone.",
    r"^[-+] text 4: (here\.?|\.) ": "A period ends every sentence, not the last of a text alone.",
}


@each_case
def test_files_of_label_studio_come_in_and_go_out_as_they_were(
    client: httpx.Client, project: PeerProject, export_type: str
) -> None:
    theirs = RECORDED[project.name][export_type]
    assert changed(export_type, theirs, again(client, project, export_type, theirs)) == set()


@each_case
def test_our_own_files_come_in_and_go_out_as_they_were(
    client: httpx.Client, our_files: dict[str, dict[str, Files]], project: PeerProject, export_type: str
) -> None:
    files = our_files[project.name][export_type]
    assert changed(export_type, files, again(client, project, export_type, files)) == set()


def again(client: httpx.Client, project: PeerProject, export_type: str, files: Files) -> Files:
    """Import files to a project of the same config, and export that."""
    project_id = make_project(client, project)
    sent = ("texts.conll", files[""]) if export_type == "CONLL2003" else ("labels.zip", packed(files))
    answer = client.post(f"/api/projects/{project_id}/import", files={"file": sent})
    assert answer.status_code == 201, answer.text
    return export(client, project_id, export_type)


def packed(files: Files) -> bytes:
    """An archive of the files, with pictures for those that say where they would lie."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, made_picture(path) if path.startswith("images/") else text)
        for path in missing_pictures(files):
            archive.writestr(path, made_picture(path))
    return written.getvalue()


def missing_pictures(files: Files) -> list[str]:
    """Where the pictures of labels without any would lie."""
    if any(path.startswith("images/") for path in files):
        return []
    if "result.json" in files:
        found = {
            part.split('"')[0] for part in files["result.json"].replace("\\/", "/").split('"images/')[1:]
        }
        return [f"images/{name}" for name in sorted(found)]
    stems = (path.partition("/")[2].rpartition(".")[0] for path in files if "/" in path)
    return [f"images/{stem}.jpg" for stem in stems if "-annotation-" not in stem]


def told_regions(export_type: str, files: Files) -> Counter[str]:
    """What the files say about regions, without how classes are numbered and where pictures lie."""
    about = ("class ", "notes ", "picture ", "file ", "head")
    facts = (each for each in facts_of(export_type, files).elements() if not each.startswith(about))
    kept = (fact for fact in facts if ": says " not in fact)
    # White space in a label is `_` in our CoNLL-2003.
    return Counter(_ID.sub("", fact).replace("Place Name", "Place_Name") for fact in kept)


def changed(export_type: str, told: Files, ours: Files) -> set[str]:
    """What the two say of regions that is another, but for what is meant."""
    before, after = told_regions(export_type, told), told_regions(export_type, ours)
    found = {*(f"- {fact}" for fact in before - after), *(f"+ {fact}" for fact in after - before)}
    return {fact for fact in found if not any(re.search(pattern, fact) for pattern in MEANT)}
