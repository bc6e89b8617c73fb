"""Pre-trained weights: which are taken, and what is said of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from treadle.errors import Invalid
from treadle.ml.builtin.yolo import weights
from treadle.ml.builtin.yolo.weights import find_weights


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What their publisher has, in a folder instead of a site."""
    place = tmp_path / "published"
    place.mkdir()
    (place / "small.pt").write_bytes(b"weights")
    monkeypatch.setattr(weights, "_ADDRESS", f"{place.as_uri()}/")
    monkeypatch.setattr(weights, "_not_there", set())
    monkeypatch.setenv("TREADLE_ML_WEIGHTS", str(tmp_path / "kept"))
    monkeypatch.delenv("TREADLE_ML_OFFLINE", raising=False)
    return place


def test_what_is_fetched_is_named_by_its_hash_and_never_changes_unsaid(
    published: Path, tmp_path: Path
) -> None:
    found = find_weights("small")
    assert found == tmp_path / "kept" / "small.pt"
    note = found.with_name("small.pt.sha256")
    assert note.read_text("utf-8") == f"{hashlib.sha256(b'weights').hexdigest()}  small.pt\n"
    found.write_bytes(b"other weights")
    with pytest.raises(Invalid, match="names another"):
        find_weights("small")
    found.unlink()
    assert find_weights("small") == found
    assert found.read_bytes() == b"weights"


def test_a_note_that_is_there_before_says_what_may_come(published: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "small.pt.sha256").write_text(f"{hashlib.sha256(b'those').hexdigest()}  small.pt\n")
    with pytest.raises(Invalid, match="names another"):
        find_weights("small")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["small.pt.sha256"]


def test_weights_that_somebody_put_there_need_no_note(published: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "own.pt").write_bytes(b"own")
    assert find_weights("own") == tmp_path / "kept" / "own.pt"
    assert find_weights("absent") is None
