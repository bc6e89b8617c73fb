"""JSON out of a stream of bytes, a window at a time: never the whole file in memory.

Where an item ends only a parser knows, and ours says so of the first value in its input. That is exact and
takes 2 µs an item; so the end of a window is first guessed by how the items before it were joined, and
the guess is proven by parsing: a list that is cut inside an item or a string never parses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from treadle.errors import Invalid

WINDOW_BYTES = 1024**2
#: The largest item; one that is larger is no task that a page could show.
MOST_ITEM_BYTES = 64 * 1024**2

_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"[ \t\r\n]*")
_JOINED = re.compile(rb"[}\]]\s*,\s*[{\[]\s*(?:\"[^\"\\]{0,64}\")?")
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)$")
_one = msgspec.json.Decoder(msgspec.Raw)
_many = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True)
class Window:
    """Some neighbouring items: a JSON list of them, and each by itself."""

    text: bytes
    items: list[msgspec.Raw]


class JsonStream:
    """Reads the JSON in a stream of bytes from the left; ``name`` is for the errors.

    Every method raises Invalid("file-malformed") naming the byte.
    """

    def __init__(self, chunks: Iterable[bytes], name: str) -> None:
        self._chunks = iter(chunks)
        self._name = name
        self._buffer = b""
        self._at = 0  # where in the buffer the next byte stands
        self._before = 0  # bytes that were read past
        self._is_over = False
        self._fill(WINDOW_BYTES)
        if self._buffer.startswith(_BOM):
            self._drop(len(_BOM))

    def peek(self) -> bytes:
        """The next byte that is no white space; empty at the end."""
        while True:
            self._drop(_after_space(self._buffer, self._at) - self._at)
            if self._at < len(self._buffer) or self._is_over:
                return self._buffer[self._at : self._at + 1]
            self._fill(WINDOW_BYTES)

    def take(self, wanted: bytes) -> None:
        """Go on behind a punctuation mark."""
        if (follows := self.peek()) != wanted:
            found = follows.decode("latin-1") or "its end"
            raise self.malformed(f"expected {wanted.decode()}, found {found}")
        self._drop(1)

    def take_value(self) -> bytes:
        """The next value, whatever it is."""
        self.peek()
        wanted = WINDOW_BYTES // 2
        while (end := self._end_of_value(self._at)) is None:
            wanted = self._more_than(wanted)
            self._fill(wanted)
        value = self._buffer[self._at : end]
        self._drop(len(value))
        return value

    def take_items(self) -> Iterator[Window]:
        """The items of the list that comes next, by windows."""
        self.take(b"[")
        if self.peek() == b"]":
            self._drop(1)
            return
        joint: bytes | None = None
        wanted = WINDOW_BYTES
        while True:
            self._cut()  # what follows counts from the first byte
            self._fill(wanted)
            if self._is_over and (whole := self._rest()) is not None:
                yield whole
                return
            joint = joint or self._learn_joint()
            window = self._guess(joint)
            if window is None:
                window, is_last = self._split()
                if window is None:
                    wanted = self._more_than(wanted)
                    continue
                yield window
                if is_last:
                    return
            else:
                yield window
            wanted = WINDOW_BYTES

    def malformed(self, what: str) -> Invalid:
        """The error for what stands here."""
        return not_json(self._name, f"{what} (byte {self._before})")

    def _rest(self) -> Window | None:
        """All that is left, if it is the rest of this list and nothing else."""
        text = b"[" + self._buffer
        try:
            items = _many.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return None
        self._drop(len(self._buffer))
        return Window(text, items)

    def _guess(self, joint: bytes | None) -> Window | None:
        """The items up to the last place where two seem to be joined, if it is one."""
        at = -1 if joint is None else self._buffer.rfind(joint)
        if at < 0:
            return None
        assert joint is not None
        text = b"[" + self._buffer[: at + 1] + b"]"
        try:
            items = _many.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return None
        self._drop(at + joint.index(b",") + 1)
        return Window(text, items)

    def _split(self) -> tuple[Window | None, bool]:
        """The whole items of the buffer, found one by one; None without any. Whether the list ends there."""
        ends = self._ends()
        if not ends:
            return None, False
        end = ends[-1]
        text = b"[" + self._buffer[:end] + b"]"
        is_last = self._buffer[_after_space(self._buffer, end) :][:1] == b"]"
        self._drop(_after_space(self._buffer, end) + 1)
        return Window(text, _many.decode(text)), is_last

    def _ends(self) -> list[int]:
        """Where each whole item of the buffer ends that is followed by its comma or by the list's end."""
        ends: list[int] = []
        at = 0
        while (end := self._end_of_value(at)) is not None:
            mark = _after_space(self._buffer, end)
            follows = self._buffer[mark : mark + 1]
            if follows not in (b",", b"]"):
                if follows or self._is_over:
                    self._drop(mark)
                    found = follows.decode("latin-1") or "its end"
                    raise self.malformed(f"expected , or ] behind an item, found {found}")
                break
            ends.append(end)
            at = mark + 1
            if follows == b"]":
                break
        return ends

    def _learn_joint(self) -> bytes | None:
        end = self._end_of_value(0)
        found = None if end is None else _JOINED.match(self._buffer, end - 1)
        return None if found is None else found.group()

    def _end_of_value(self, at: int) -> int | None:
        """Where the value that begins at ``at`` ends; None when the buffer does not hold all of it."""
        view = memoryview(self._buffer)[at:]
        try:
            _one.decode(view)
        except RecursionError as error:
            raise self.malformed("it is nested too deeply") from error
        except msgspec.DecodeError as error:
            found = _TRAILING.search(str(error))
            if found:
                return at + int(found[1]) - 1
            if not self._is_over and _is_cut(error):
                return None
            self._drop(at - self._at)
            raise self.malformed(f"{error}, counted from here") from error
        finally:
            view.release()
        return len(self._buffer) if self._is_over or self._buffer[-1:] in b"}]" else None

    def _more_than(self, wanted: int) -> int:
        if self._is_over:
            raise self.malformed("it ends within a value")
        if wanted >= MOST_ITEM_BYTES:
            raise self.malformed(f"an item has more than {MOST_ITEM_BYTES // 1024**2} MiB")
        return wanted * 2

    def _fill(self, wanted: int) -> None:
        pieces: list[bytes] = []
        size = len(self._buffer) - self._at
        while size < wanted and not self._is_over:
            piece = next(self._chunks, None)
            if piece is None:
                self._is_over = True
            else:
                pieces.append(piece)
                size += len(piece)
        if pieces:
            self._buffer = b"".join([self._buffer[self._at :], *pieces])
            self._at = 0

    def _cut(self) -> None:
        if self._at:
            self._buffer = self._buffer[self._at :]
            self._at = 0

    def _drop(self, count: int) -> None:
        # The bytes themselves go when more come in: a copy for each value would be quadratic.
        self._at += count
        self._before += count


def read_json_lines(chunks: Iterable[bytes], name: str) -> Iterator[tuple[Window, list[int]]]:
    """The values of a file of one JSON value a line, by windows, and the line of each; blank lines count."""
    rest, first = b"", 1
    for chunk in _in_windows(chunks):
        whole, _, rest = (rest + chunk).rpartition(b"\n")
        if len(rest) > MOST_ITEM_BYTES:
            raise not_json(name, f"line {first} has more than {MOST_ITEM_BYTES // 1024**2} MiB")
        if whole:
            lines = whole.split(b"\n")
            yield from _of_lines(lines, first, name)
            first += len(lines)
    if rest:
        yield from _of_lines([rest], first, name)


def _of_lines(lines: list[bytes], first: int, name: str) -> Iterator[tuple[Window, list[int]]]:
    if first == 1:
        lines[0] = lines[0].removeprefix(_BOM)
    numbers = [number for number, line in enumerate(lines, first) if line and not line.isspace()]
    if not numbers:
        return
    whole = lines if len(numbers) == len(lines) else [lines[number - first] for number in numbers]
    text = b"[" + b",".join(whole) + b"]"
    try:
        items = _many.decode(text)
    except (msgspec.DecodeError, RecursionError):
        items = []
    if len(items) != len(whole):
        raise _bad_line(whole, numbers, name)
    yield Window(text, items), numbers


def _bad_line(lines: list[bytes], numbers: list[int], name: str) -> Invalid:
    for number, line in zip(numbers, lines, strict=True):
        if wrong := _wrong_with(line):
            return not_json(name, f"line {number}: {wrong}")
    return not_json(name, f"lines {numbers[0]} to {numbers[-1]}: one value each is expected")


def _wrong_with(line: bytes) -> str:
    try:
        _one.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        return str(error)
    return ""


def _in_windows(chunks: Iterable[bytes]) -> Iterator[bytes]:
    pieces: list[bytes] = []
    size = 0
    for chunk in chunks:
        pieces.append(chunk)
        size += len(chunk)
        if size >= WINDOW_BYTES:
            yield b"".join(pieces)
            pieces, size = [], 0
    yield b"".join(pieces)


def not_json(name: str, what: str) -> Invalid:
    """The error for a file that is no JSON."""
    sentence = f"{name}: is no JSON: {what}. Correct it and send it again."
    return Invalid("file-malformed", sentence, fields={name: [sentence]})


def _is_cut(error: msgspec.DecodeError) -> bool:
    return "truncated" in str(error)


def _after_space(text: bytes, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]
