"""Names that come from outside: none of them leaves its folder, and no two are the same."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.labeling.formats.file_names import TakenNames, split_name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://example.com/a/photo.jpg?x=1#y", "photo.jpg"),
        ("/data/upload/1/ab12-photo one.png", "ab12-photo one.png"),
        ("/data/upload/1/caf%C3%A9%20%F0%9F%98%80.jpg", "café 😀.jpg"),
        ("/data/local-files/?d=folder/b.tif", "b.tif"),
        ("s3://bucket/key/c.JPG", "c.JPG"),
        ("d.tar.gz", "d.tar.gz"),
        ("/x/..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("..%5C..%5Cwindows.png", "_.._windows.png"),
        ("/x/.hidden.jpg", "hidden.jpg"),
        ("/x/CON.png", "_CON.png"),
        ("/x/a:b*c?.png", "a_b_c"),
        ("/x/a\x00b.png", "a_b.png"),
        ("/x/", "task-1"),
        ("", "task-1"),
        ("..", "task-1"),
        ("data:image/png;base64,iVBOR/x.png", "task-1.png"),
        ("http://[bad/e.png", "e.png"),
        ("\ud800.png", "_.png"),
    ],
)
def test_a_name_comes_from_the_last_part_of_an_address(address: str, name: str) -> None:
    stem, ending = split_name(address, "task-1")
    assert stem + ending == name


@given(st.text(max_size=300))
def test_no_name_leaves_its_folder_or_is_too_long(address: str) -> None:
    stem, ending = split_name(address, "task-1")
    name = stem + ending
    assert name.encode()
    assert len(name.encode()) <= 160
    assert name not in (".", "..")
    assert PurePosixPath(name).name == name
    assert PureWindowsPath(name).name == name
    assert not any(ord(letter) < 32 for letter in name)


def test_a_taken_name_gets_the_number_of_its_task() -> None:
    names = TakenNames()
    assert [names.take(stem, 7) for stem in ("a", "A", "a", "a-7", "b")] == [
        "a",
        "A-7",
        "a-7-2",
        "a-7-7",
        "b",
    ]
    names.close()
