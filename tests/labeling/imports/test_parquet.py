"""Parquet: an extra; without it the error names it."""

from __future__ import annotations

import importlib.util
import io
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from tests.labeling.imports.importing import run_import
from tests.labeling.studio import Studio
from treadle.labeling.imports.parquet import read_parquet


def parquet(**columns: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), buffer, row_group_size=700)
    return buffer.getvalue()


def test_its_rows_are_tasks_with_their_kinds(studio: Studio, tmp_path: Path) -> None:
    count = 1_500
    content = parquet(
        image=[f"/{n}.jpg" for n in range(count)],
        share=[0.5, float("nan"), *[None] * (count - 2)],
        tags=[["a", "b"]] * count,
        at=[datetime(2026, 11, 21, tzinfo=timezone.utc)] * count,
    )
    found = run_import(studio, tmp_path, {"rows.parquet": content})
    assert found.result["task_count"] == count
    assert [task["data"]["share"] for task in found.tasks[:3]] == [0.5, None, None]
    last = found.tasks[-1]["data"]
    assert last == {"image": "/1499.jpg", "share": None, "tags": ["a", "b"], "at": "2026-11-21T00:00:00Z"}


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_texts_are_read_however_they_are_written(encoding: str) -> None:
    images = [f"/{n}.jpg" for n in range(1_500)]
    file = io.BytesIO()
    table = pyarrow.table({"image": images})
    pyarrow.parquet.write_table(table, file, use_dictionary=False, column_encoding={"image": encoding})
    pieces = list(read_parquet(file, "rows.parquet"))
    assert [row["image"] for piece in pieces for row in piece.rows] == images
    assert len(pieces) <= 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (parquet(image=["/a"])[:-10], "cannot be read as Parquet"),
        (b"PAR1" + b"\xff" * 40 + b"PAR1", "cannot be read as Parquet"),
        (parquet(image=[b"\xff"]), "holds bytes"),
        (parquet(nope=["/a"]), "line 1 of rows.parquet"),
        (parquet(**{f"c{n}": [1] for n in range(1_001)}), "1001 columns"),
        (parquet(image=["/a\0"]), "NUL"),
    ],
)
def test_a_broken_one_is_told(studio: Studio, tmp_path: Path, content: bytes, words: str) -> None:
    found = run_import(studio, tmp_path, {"rows.parquet": content})
    assert words in found.error
    assert found.tasks == []


def test_a_text_that_comes_again_and_again_is_unpacked_a_few_rows_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("treadle.labeling.imports.parquet._MOST_OBJECT_BYTES", 64 * 1024)
    content = io.BytesIO(parquet(image=["x" * 20 * 1024] * 7))
    pieces = list(read_parquet(content, "rows.parquet"))
    assert [len(piece.rows) for piece in pieces] == [3, 2, 2]
    assert [line for piece in pieces for line in piece.lines] == [*range(1, 8)]


def test_a_row_that_unpacks_to_more_than_memory_is_told(studio: Studio, tmp_path: Path) -> None:
    """Kilobytes in the file."""
    content = parquet(image=["/a", "/b"], more=[[], ["x" * 50_000] * 2_000])
    assert len(content) < 1024**2
    found = run_import(studio, tmp_path, {"rows.parquet": content})
    assert "row 2 unpacks to 100" in found.error


def test_without_the_extra_the_error_names_it(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert "treadle[parquet]" in run_import(studio, tmp_path, {"rows.parquet": b"PAR1"}).error
