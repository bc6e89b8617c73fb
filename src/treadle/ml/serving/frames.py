"""What the front process and its children say to each other: frames over a socket, one message each.

A frame is its length in four bytes and a message in MessagePack. Tasks, contexts and answers stay the JSON
that they came or will go out as: the front passes them on and never opens them.
"""

from __future__ import annotations

import socket
import struct
import threading
from typing import Generic, TypeVar

import msgspec

from treadle.ml.calling import ProjectCall

_LENGTH = struct.Struct(">I")
HEAD_BYTES = _LENGTH.size
_RECEIVED_BYTES = 1024 * 1024
#: The context of a prediction that nobody draws for.
NO_CONTEXT = b"null"


class _Message(msgspec.Struct, array_like=True, tag=True, frozen=True):
    pass


class Project(msgspec.Struct, array_like=True, frozen=True):
    """A project as a call names it; ``extra_params`` is JSON."""

    key: str
    label_config: str = ""
    hostname: str = ""
    access_token: str = ""
    extra_params: bytes = b"null"

    def call(self, about: dict[str, object] | None = None) -> ProjectCall:
        """The same for an author. about: what a webhook told."""
        extra = msgspec.json.decode(self.extra_params)
        return ProjectCall(self.key, self.label_config, self.hostname, self.access_token, extra, about)


# To a model process.


class Load(_Message, frozen=True):
    """Make a project's version ready; "" is the untrained model."""

    project: Project
    version: str


class Predict(_Message, frozen=True):
    """Predict the tasks of several requests; each part is a JSON list of tasks."""

    project: Project
    #: What the answers are stamped with.
    version: str
    context: bytes
    settings: bytes
    #: How many tasks the author is given at once.
    size: int
    parts: list[bytes]


# From a model process.


class Ready(_Message, frozen=True):
    """The file was imported, its model found."""

    name: str
    train_events: list[str]


class Broken(_Message, frozen=True):
    """The file has no model that can be served."""

    reason: str


class Loaded(_Message, frozen=True):
    """A version is ready, or could not be made so: ``error`` says why."""

    key: str
    version: str
    error: str
    seconds: float


class PartAnswer(msgspec.Struct, array_like=True, frozen=True):
    """The answer to one part: items as JSON without the brackets, and which of them failed."""

    items: bytes
    errors: list[tuple[int, str]]


class Predicted(_Message, frozen=True):
    """The answers to a `Predict`, part by part."""

    parts: list[PartAnswer]


# To a training process.


class Stop(_Message, frozen=True):
    """End the training soon; ``is_kept``: what it has learnt makes a version all the same."""

    is_kept: bool


# From a training process.


class Metric(_Message, frozen=True):
    """A value that the training logged."""

    name: str
    value: float
    step: int | None


class Progress(_Message, frozen=True):
    """So much of so much is done."""

    done: float
    total: float


class Stored(_Message, frozen=True):
    """The training is over: the version that came of it, "" for none."""

    version: str


class Failed(_Message, frozen=True):
    """The training failed."""

    reason: str


ToModel = Load | Predict
FromModel = Ready | Broken | Loaded | Predicted
ToTrainer = Stop
FromTrainer = Metric | Progress | Stored | Failed
M = TypeVar("M")


def packed(message: _Message) -> bytes:
    """A message as a frame."""
    buffer = bytearray(HEAD_BYTES)
    _encoder.encode_into(message, buffer, HEAD_BYTES)
    _LENGTH.pack_into(buffer, 0, len(buffer) - HEAD_BYTES)
    return bytes(buffer)


_encoder = msgspec.msgpack.Encoder()


class Unpacker(Generic[M]):
    """Messages out of bytes as they come."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[M]) -> None:
        self._decoder = decoder
        self._buffer = bytearray()

    def feed(self, received: bytes) -> list[M]:
        """What is complete now."""
        self._buffer += received
        found: list[M] = []
        at = 0
        while len(self._buffer) - at >= HEAD_BYTES:
            (length,) = _LENGTH.unpack_from(self._buffer, at)
            end = at + HEAD_BYTES + length
            if len(self._buffer) < end:
                break
            found.append(self._decoder.decode(memoryview(self._buffer)[at + HEAD_BYTES : end]))
            at = end
        if at:
            del self._buffer[:at]
        return found


class Line(Generic[M]):
    """A child's end of the socket: it waits for messages, and sends from any thread."""

    def __init__(self, descriptor: int, decoder: msgspec.msgpack.Decoder[M]) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._unpacker = Unpacker(decoder)
        self._waiting: list[M] = []
        self._sending = threading.Lock()

    def receive(self) -> M | None:
        """The next message; None when the front is gone."""
        while not self._waiting:
            received = self._socket.recv(_RECEIVED_BYTES)
            if not received:
                return None
            self._waiting = self._unpacker.feed(received)
        return self._waiting.pop(0)

    def send(self, message: _Message) -> None:
        """Send a message. Raises OSError when the front is gone."""
        frame = packed(message)
        with self._sending:
            self._socket.sendall(frame)
