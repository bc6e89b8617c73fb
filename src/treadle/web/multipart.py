"""Uploads as they arrive: files to disk, piece by piece, never whole in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from treadle.errors import Invalid

_MOST_FILES = 10_000
_MOST_IN_MEMORY_BYTES = 1024**2  # of all fields together; files lie on disk
_CHUNK_BYTES = 256 * 1024


@dataclass
class Part:
    """One part of a form: a file with its name and its place on disk, or a field with its bytes."""

    name: str
    file_name: str | None
    path: Path | None = None
    content: bytearray = field(default_factory=bytearray)

    def chunks(self) -> Iterator[bytes]:
        """The bytes of a file."""
        assert self.path is not None
        with self.path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk


class FormReceiver:
    """Takes a multipart body in pieces; its files lie in ``folder``, which the caller deletes."""

    def __init__(self, content_type: str, folder: Path, limit_bytes: int) -> None:
        _kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise _malformed("its Content-Type names no boundary")
        self.parts: list[Part] = []
        self._folder = folder
        self._left_bytes = limit_bytes
        self._left_in_memory_bytes = _MOST_IN_MEMORY_BYTES
        self._file: IO[bytes] | None = None
        self._name, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._is_over = False
        try:
            self._parser = MultipartParser(boundary, self._callbacks())
        except FormParserError as error:
            raise _malformed(str(error)) from error

    def feed(self, chunk: bytes) -> None:
        """Take the next piece. Raises Invalid("body-too-large"), Invalid("form-malformed")."""
        self._left_bytes -= len(chunk)
        if self._left_bytes < 0:
            raise Invalid(
                "body-too-large", "The upload is larger than the server takes (TREADLE_MAX_UPLOAD_BYTES)."
            )
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _malformed(str(error)) from error

    def finish(self) -> list[Part]:
        """The parts. Raises Invalid("form-malformed") when the body broke off."""
        if not self._is_over:
            raise _malformed("it broke off before its end")
        return self.parts

    def close(self) -> None:
        """Close a file that was being written."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._take_name,
            "on_header_value": self._take_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._open,
            "on_part_data": self._take_data,
            "on_part_end": self.close,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._headers = {}
        if len(self.parts) >= _MOST_FILES:
            raise _malformed(f"it has more than {_MOST_FILES} parts")

    def _take_name(self, piece: bytes, start: int, end: int) -> None:
        self._name += piece[start:end]

    def _take_value(self, piece: bytes, start: int, end: int) -> None:
        self._value += piece[start:end]

    def _end_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _open(self) -> None:
        _kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        given = options.get(b"filename")
        part = Part(name, None if given is None else given.decode("utf-8", "replace"))
        if part.file_name is not None:
            self._file = NamedTemporaryFile(dir=self._folder, delete=False)  # noqa: SIM115 - closed by `close`
            part.path = Path(self._file.name)
        self.parts.append(part)

    def _take_data(self, piece: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(piece[start:end])
            return
        self._left_in_memory_bytes -= end - start
        if self._left_in_memory_bytes < 0:
            raise _malformed(f"the field {self.parts[-1].name!r} and those before it are too long")
        self.parts[-1].content += piece[start:end]

    def _end(self) -> None:
        self._is_over = True


def _malformed(what: str) -> Invalid:
    return Invalid("form-malformed", f"The upload is malformed: {what}. Send it again.")
