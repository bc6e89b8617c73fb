"""What a form may hold in memory; its files lie on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.errors import Invalid
from treadle.web.multipart import FormReceiver

_PART = b"--b\r\nContent-Disposition: form-data; name=%b\r\n\r\n%b\r\n"


def receive(folder: Path, *pieces: bytes) -> None:
    receiver = FormReceiver("multipart/form-data; boundary=b", folder, 10 * 1024**2)
    for piece in pieces:
        receiver.feed(piece)


def test_many_short_fields_are_bounded_together(tmp_path: Path) -> None:
    fields = [_PART % (b"f%d" % number, b"x" * 600_000) for number in range(2)]
    with pytest.raises(Invalid, match="'f1' and those before it are too long"):
        receive(tmp_path, *fields)


def test_a_header_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="header size"):
        receive(tmp_path, b"--b\r\nContent-Disposition: ", *(b"x" * 10_000 for _ in range(5)))
