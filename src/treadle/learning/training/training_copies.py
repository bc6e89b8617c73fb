"""What a backend tells of a training, copied as it comes: figures, log, progress.

Only what is new is written, and nothing where nothing is: a training that is quiet costs one read a second.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, select

from treadle.db import Tx
from treadle.db.learning_tables import training_figures, training_log
from treadle.db.prepared import Prepared
from treadle.learning.connections.client import RemoteJob
from treadle.learning.training import trainings
from treadle.learning.training.trainings import Training

_MOST_FIGURES = 100
_MOST_POINTS = 20_000
_LONGEST_NAME = 200
_MOST_LOG_BYTES = 16 * 1024**2
_LARGEST_STEP = 2**31 - 1
_CUT_OFF = "\n… The log is longer; the rest stays with the backend.\n"
_f, _l = training_figures.c, training_log.c
_KNOWN = Prepared(select(_f.name, _f.step).where(_f.training_id == bindparam("training_id")))
_END = (
    select(_l.start_byte, _l.text)
    .where(_l.training_id == bindparam("training_id"))
    .order_by(_l.start_byte.desc())
    .limit(1)
)


def _same_length(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "?" * (error.end - error.start), error.end


# What is no text is as long afterwards, so that a byte of ours is that byte of the backend's.
codecs.register_error("treadle-same-length", _same_length)


@dataclass
class Copy:
    """What is known of one training already. The log's bytes are counted as the backend does."""

    training_id: int
    log_end: int = 0
    _points: set[tuple[str, int]] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)
    _told: tuple[object, ...] = ()

    @classmethod
    def read(cls, tx: Tx, training: Training) -> Copy:
        """What was copied until now, by an earlier run of the job too."""
        points = {(row["name"], row["step"]) for row in tx.rows(_KNOWN, {"training_id": training.id})}
        last = tx.rows(_END, {"training_id": training.id})
        end = last[0]["start_byte"] + len(last[0]["text"].encode()) if last else 0
        return cls(training.id, end, points, {name for name, _ in points})

    @property
    def is_log_full(self) -> bool:
        """No more of the log is kept."""
        return self.log_end >= _MOST_LOG_BYTES

    def is_new(self, remote: RemoteJob, piece: bytes) -> bool:
        """Whether there is anything to write."""
        return bool(decode_piece(piece)) or self._told != _told_by(remote)

    def write(self, tx: Tx, remote: RemoteJob, piece: bytes) -> None:
        """Write what is new; a piece of the log may end within a letter, which comes with the next one."""
        points: list[dict[str, Any]] = [
            {"training_id": self.training_id, "name": name, "step": step, "value": value, "at": tx.now}
            for name, step, value in self._fresh(remote)
        ]
        if points:
            tx.execute(insert(training_figures), points)
        self._points |= {(point["name"], point["step"]) for point in points}
        self._names |= {point["name"] for point in points}
        self._write_log(tx, piece)
        self._told = _told_by(remote)
        trainings.note(tx, self.training_id, done=_finite(remote.done), total=_finite(remote.total))

    def _write_log(self, tx: Tx, piece: bytes) -> None:
        text = decode_piece(piece)
        if not text:
            return
        start, end = self.log_end, self.log_end + len(text.encode())
        if end >= _MOST_LOG_BYTES:
            text += _CUT_OFF
        row = {"training_id": self.training_id, "start_byte": start, "text": text}
        tx.execute(insert(training_log), row)
        self.log_end = end

    def _fresh(self, remote: RemoteJob) -> Iterator[tuple[str, int, float]]:
        """The points that were not known; the first steps of a name that stays short enough."""
        room = _MOST_POINTS - len(self._points)
        names, seen = set(self._names), set()
        for full_name, points in remote.figures.items():
            name = full_name[:_LONGEST_NAME].replace("\0", "")
            if name not in names and len(names) >= _MOST_FIGURES:
                continue
            names.add(name)
            for step, value in points:
                key = (name, step)
                is_known = key in self._points or key in seen
                if is_known or room <= 0 or not math.isfinite(value) or abs(step) > _LARGEST_STEP:
                    continue
                seen.add(key)
                room -= 1
                yield name, step, value


def decode_piece(piece: bytes) -> str:
    """The text of a piece, as many bytes long as in the backend; without the part of a letter at its end."""
    decoder = codecs.getincrementaldecoder("utf-8")("treadle-same-length")
    return decoder.decode(piece).replace("\0", " ")


def _told_by(remote: RemoteJob) -> tuple[Any, ...]:
    lengths = tuple((name, len(points)) for name, points in remote.figures.items())
    return remote.state, remote.done, remote.total, remote.version, remote.message, lengths


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
