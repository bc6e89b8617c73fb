"""Versions on disk: whole or not there, and one name that serves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from treadle.errors import Conflict, Invalid, NotFound, Unavailable
from treadle.ml import versions as module
from treadle.ml.versions import UNTRAINED, Versions, folder_name


def stage(folder: Path, content: str = "weights") -> Path:
    staged = folder / f"staged-{content}"
    (staged / "below").mkdir(parents=True)
    (staged / "best.pt").write_text(content)
    (staged / "below" / "labels.txt").write_text("a b")
    return staged


def publish(versions: Versions, folder: Path, content: str = "weights") -> str:
    return versions.publish(
        stage(folder, content), {"file": "best.pt"}, job="j", label_config="<View/>", metrics={"loss": 0.5}
    )


def test_a_version_comes_back_as_it_was_and_serves_when_it_is_promoted(tmp_path: Path) -> None:
    versions, replica = Versions(tmp_path, "1.2"), Versions(tmp_path, "1.2")
    first = publish(versions, tmp_path)
    assert (versions.current(), replica.current()) == ("", "")
    versions.promote(first)
    assert replica.current() == first
    stored = replica.read(first)
    assert (stored.folder / "best.pt").read_text() == "weights"
    assert stored.outcome == {"file": "best.pt"}
    about = replica.about(first)
    assert [file.path for file in about.files] == ["below/labels.txt", "best.pt"]
    assert (about.parent, about.metrics) == ("", {"loss": 0.5})
    versions.promote(UNTRAINED)
    assert replica.current() == ""


def test_a_version_that_is_not_whole_does_not_serve(tmp_path: Path) -> None:
    versions = Versions(tmp_path, "1")
    name = publish(versions, tmp_path)
    (versions.folder / "versions" / name / "best.pt").write_text("cut")
    with pytest.raises(Conflict, match="has 3 bytes, not 7"):
        versions.promote(name)
    with pytest.raises(NotFound):
        versions.promote("20260101T000000Z-000000")
    with pytest.raises(NotFound):
        versions.read("../../etc")
    (versions.folder / "current").write_text("../../etc\n")
    assert versions.current() == ""


def test_what_is_no_json_or_finds_no_room_makes_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = Versions(tmp_path, "1")
    serving = publish(versions, tmp_path)
    versions.promote(serving)
    with pytest.raises(Invalid, match="JSON"):
        versions.publish(stage(tmp_path, "b"), {"x": object()}, job="", label_config="", metrics={})

    def no_room(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(Unavailable, match="disk is full"):
        publish(versions, tmp_path, "c")
    with pytest.raises(Unavailable, match="disk is full"):
        versions.promote(serving)
    assert versions.names() == [serving]
    assert versions.current() == serving


def test_killed_at_any_step_the_serving_version_is_whole(tmp_path: Path) -> None:
    serving = []
    for step in range(_STEPS):
        folder = tmp_path / str(step)
        versions = Versions(folder, "1")
        serving.append(publish(versions, folder))
        versions.promote(serving[-1])
        stage(folder, "new")
    told = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), str(_STEPS)], stdout=subprocess.PIPE)
    # The last ones had no more steps to take.
    killed = told.stdout.split().index(b"0")
    assert told.stdout.split()[:killed] == [b"9"] * killed
    assert killed > 12
    for step, name in enumerate(serving):
        found = Versions(tmp_path / str(step), "1")
        assert all(found.read(each) for each in found.names())
        content = (found.read(found.current()).folder / "best.pt").read_text()
        assert content == ("weights" if found.current() == name else "new")


_STEPS = 48
#: Publishes and promotes in many processes; the nth is killed before its nth call that changes the disk.
_KILLED = """
import os, signal, sys
from pathlib import Path
from treadle.ml.versions import Versions
def counted(call):
    def step(*given, **named):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return call(*given, **named)
    return step
for left in range(int(sys.argv[2])):
    if not (pid := os.fork()):
        folder = Path(sys.argv[1], str(left))
        for name in ("fsync", "rename", "replace", "open", "mkdir", "close"):
            setattr(os, name, counted(getattr(os, name)))
        versions = Versions(folder, "1")
        name = versions.publish(folder / "staged-new", {}, job="", label_config="", metrics={})
        versions.promote(name)
        os._exit(0)
    print(os.waitpid(pid, 0)[1], flush=True)
"""


def test_the_oldest_go_and_the_one_that_serves_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = Versions(tmp_path, "1")
    names = (f"20260101T00000{number}Z-000000" for number in range(9))
    monkeypatch.setattr(module, "_new_name", lambda: next(names))
    made = [publish(versions, tmp_path, str(number)) for number in range(5)]
    versions.promote(made[0])
    assert versions.prune(2, made[1]) == made[2:3]
    assert versions.names() == [*made[:2], *made[3:]]


def test_another_project_may_begin_with_a_copy(tmp_path: Path) -> None:
    versions, other = Versions(tmp_path, "1"), Versions(tmp_path, "2")
    name = publish(versions, tmp_path)
    versions.copy(name, other)
    versions.copy(name, other)
    other.promote(name)
    assert other.read(name).folder != versions.read(name).folder


def test_a_key_is_a_folder_within_and_no_other_ones() -> None:
    keys = ["", "1.1795265651", "../x", "a/b", "ü", ".hidden", "_author", "_", "x" * 300]
    names = [folder_name(key) for key in keys]
    assert len(set(names)) == len(names)
    assert all("/" not in name and not name.startswith(".") and len(name) < 90 for name in names)
    assert "_author" not in names
