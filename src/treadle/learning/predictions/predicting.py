"""Asking a backend about tasks: as it expects them, one batch at a time, and each answer checked once.

What a backend says is read as hostile: it must answer for the tasks that it was asked about, by the version
that was meant, and its results must fit the label config of this moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from treadle.db import Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import tasks
from treadle.errors import Conflict, Invalid, Unsupported
from treadle.labeling import projects, rendering
from treadle.labeling.config import parse_config, validate_result
from treadle.labeling.imports.quick_checks import result_type
from treadle.labeling.json_text import check_has_no_nul, one_line
from treadle.labeling.shorthand import complete_text
from treadle.labeling.visibility import visible_tasks
from treadle.learning.connections import backends
from treadle.learning.connections.backends import UNTRAINED, Backend
from treadle.learning.connections.client import BackendClient, Said, Told
from treadle.learning.connections.connecting import LearningParts, ready
from treadle.learning.connections.unknown_labels import Policy, policy_of, settle_labels
from treadle.learning.predictions import attempts
from treadle.learning.predictions.attempts import Answer, Asked, Written

#: What one request holds at most: a longer batch goes in several.
_MOST_REQUEST_BYTES = 8 * 1024 * 1024
_NOTHING = "[]"
_t = tasks.c
_ROWS = Prepared(
    select(tasks)
    .where(
        _t.project_id == bindparam("project_id"),
        one_of(_t.id, "task_ids"),
        visible_tasks(bindparam("project_id")),
    )
    .order_by(_t.id)
)


@dataclass(frozen=True)
class PredictWish:
    """How tasks are to be predicted.

    version: by its name; "" for the one that serves.  settings: over those of the connection.
    is_anew: what the version said before is replaced.
    """

    version: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    actor_id: int | None = None
    is_anew: bool = False


@dataclass(frozen=True)
class Batch:
    """The answers for some tasks. present: answered before, so not asked.  gone: no longer there."""

    answers: Sequence[Answer]
    present: int = 0
    gone: int = 0

    def dropped(self) -> Mapping[str, int]:
        """How often each class was left out that is no label."""
        sums: Counter[str] = Counter()
        for answer in self.answers:
            sums.update(answer.dropped)
        return sums


@dataclass(frozen=True)
class Outcome:
    """What came of a batch, in tasks, and by which version."""

    version: str
    written: Written
    dropped: Mapping[str, int]


def predict_tasks(
    parts: LearningParts,
    backend: Backend,
    task_ids: Sequence[int],
    *,
    version: str = "",
    settings: Mapping[str, Any] | None = None,
    actor_id: int | None = None,
) -> Outcome:
    """Ask about one batch of tasks of the backend's project, and keep what came of it.

    Raises as `BackendClient.predict`, and as `Predictor.ask`.
    """
    wish = PredictWish(version, settings or {}, actor_id)
    with open_predictor(parts, backend, wish) as predictor:
        batch = predictor.ask(task_ids)
        with parts.database.write() as tx:
            written = predictor.write(tx, batch)
    return Outcome(predictor.version, written, batch.dropped())


@contextmanager
def open_predictor(parts: LearningParts, backend: Backend, wish: PredictWish) -> Iterator[Predictor]:
    """A `Predictor` until the block ends, of a backend that has heard of its project. Raises as `ready`."""
    client, told = ready(parts, backend.id)
    try:
        with parts.database.read() as tx:
            known = backends.get(tx, backend.id)
            version = wish.version or version_now(tx, known)
        yield Predictor(parts, OpenBackend(known, client, told), wish, version=version)
    finally:
        client.close()


def version_now(tx: Tx, backend: Backend) -> str:
    """The version that predicts: of ours the one that serves, else what it said last; "" if nobody knows."""
    serving = backends.serving_version(tx, backend.id) if backend.can_follow else None
    return str(serving["name"]) if serving else backend.model_version


@dataclass(frozen=True)
class OpenBackend:
    """An open backend, and what it is told of its project."""

    backend: Backend
    client: BackendClient
    told: Told


class Predictor:
    """Asks one backend by one version; from several threads at once."""

    def __init__(self, parts: LearningParts, opened: OpenBackend, wish: PredictWish, *, version: str) -> None:
        """version: the one that is meant; "": nobody knows one, and the backend is asked."""
        self._parts = parts
        self._open = opened
        self._wish = wish
        self._pinned = version if opened.backend.can_follow else ""
        self._settings = {**opened.backend.settings, **wish.settings}
        self._heard = opened.told.label_config
        #: The version that answers are kept by.
        self.version = version

    @property
    def backend(self) -> Backend:
        """Which it asks."""
        return self._open.backend

    def find_version(self) -> str:
        """Ask the backend by which version it predicts, unless one is pinned; the version.

        Raises Unsupported("version-fixed") where another was asked for than it predicts by.
        """
        said = self._set_up()
        if self._pinned and (self._wish.version or self._pinned != UNTRAINED):
            return self._pinned
        if self._wish.version and self._wish.version != said:
            text = (
                f"{self.backend.name} predicts by {said or 'a version without a name'} and cannot be asked "
                f"for {self._wish.version}. Leave the version out."
            )
            raise Unsupported("version-fixed", text, details={"version": said})
        self.version = said or self.version
        self._pinned = self.version if self.backend.can_follow else ""
        return self.version

    def ask(self, task_ids: Sequence[int]) -> Batch:
        """What the backend says of the tasks; of those that its version answered before, nothing is asked.

        Raises what `BackendClient.predict` does, Conflict("version-not-there") when another version than the
        one that was meant answered, Invalid("version-unnamed").
        """
        if not self.version:
            self.find_version()
        with self._parts.database.read() as tx:
            wanted = self._wanted(tx, task_ids)
            found = read_tasks(tx, self.backend.project_id, wanted)
            config = projects.config_of(tx, self.backend.project_id)
        said = self._predict([text for _, text in found], self._told(config))
        check = _Check(config, self._policy())
        answers = [self._answer(check, task_id, each) for (task_id, _), each in zip(found, said, strict=True)]
        return Batch(answers, len(task_ids) - len(wanted), len(wanted) - len(found))

    def write(self, tx: Tx, batch: Batch) -> Written:
        """Keep a batch. Raises NotFound("backend-not-found") when the backend was removed meanwhile."""
        asked = Asked(
            self.backend.project_id,
            self.backend.id,
            self.version,
            msgspec.json.encode(self._settings).decode(),
            self._wish.actor_id,
            self._wish.is_anew,
            is_one_of_a_kind=self.backend.can_follow and self.version != UNTRAINED,
        )
        written = attempts.write(tx, asked, batch.answers)
        return replace(written, present=written.present + batch.present, gone=written.gone + batch.gone)

    def look_whether_well(self) -> None:
        """Nothing, when the backend answers again and was told of its project anew. Raises Unavailable."""
        self._open.client.health()
        self._set_up()

    def failed(self, task_id: int, problem: str) -> Answer:
        """The answer that stands for none."""
        return Answer(task_id, self.version, None, problem=problem)

    def break_off(self) -> None:
        """End what is asked just now; from any thread."""
        self._open.client.abort()

    def _set_up(self) -> str:
        return self._open.client.setup(self._open.told)

    def _wanted(self, tx: Tx, task_ids: Sequence[int]) -> Sequence[int]:
        if self._wish.is_anew:
            return task_ids
        return attempts.unanswered(tx, self.backend.id, self.version, task_ids)

    def _told(self, config: str) -> Told:
        """With the label config of this moment."""
        told = self._open.told
        if told.label_config == config:
            return told
        changed = replace(told, label_config=config)
        if self.backend.generation == "old" and config != self._heard:  # it reads the config of /setup alone
            self._open.client.setup(changed)
            self._heard = config
        return changed

    def _policy(self) -> Policy:
        # Ours have done what the connection says already; what is left to refuse is theirs to explain.
        return "error" if self.backend.can_follow else policy_of(self._settings)

    def _predict(self, texts: Sequence[bytes], told: Told) -> list[Said]:
        said: list[Said] = []
        for part in _parts(texts):
            said += self._open.client.predict(part, told, version=self._pinned, settings=self._settings)
        return said

    def _answer(self, check: _Check, task_id: int, said: Said) -> Answer:
        version = said.model_version
        if not version:
            text = (
                f"{self.backend.name} does not say by which version it predicts, neither with its "
                "predictions nor in answer to /setup. Let it answer a model_version."
            )
            raise Invalid("version-unnamed", text)
        if self._pinned and version != self._pinned:
            text = (
                f"{self.backend.name} answered by the version {version}, though {self._pinned} was asked "
                "for: it does not have that one, or another one serves by now. Start anew to predict by that."
            )
            raise Conflict("version-not-there", text, details={"version": version})
        if said.problem:
            return Answer(task_id, self.version or version, None, problem=said.problem)
        try:
            result, dropped = check.settle(said.result)
        except Invalid as error:
            return Answer(task_id, self.version or version, None, problem=error.message)
        return Answer(task_id, version, result, said.score, _told_of(dropped), {**dropped, **said.dropped})


def read_tasks(tx: Tx, project_id: int, task_ids: Sequence[int]) -> list[tuple[int, bytes]]:
    """Those of the tasks that are there, as Label Studio shows them to backends, without the work on them."""
    rows = tx.execute(_ROWS, {"project_id": project_id, "task_ids": id_list(task_ids)}).all()
    return [(row["id"], msgspec.json.encode({**rendering.task(row), **_NO_WORK})) for row in rows]


_NO_WORK: Mapping[str, list[object]] = {"annotations": [], "predictions": []}


class _Check:
    """Checks results against one label config, the usual ones by the parser alone."""

    def __init__(self, config: str, policy: Policy) -> None:
        self._config = parse_config(config)
        self._quick = _quick_decoder(config)
        self._policy = policy

    def settle(self, result: bytes) -> tuple[str, Mapping[str, int]]:
        """The result as it is stored, and what was left out of it. Raises Invalid."""
        check_has_no_nul(result)
        try:
            text = one_line(result)
            if self._quick is not None:
                is_any = bool(self._quick.decode(result))
                return text if is_any else _NOTHING, {}
        except UnicodeDecodeError as error:
            raise Invalid("result-malformed", "The result is no text in UTF-8.") from error
        except (msgspec.DecodeError, RecursionError):
            pass  # It may be right all the same.
        return self._settle_slowly(result)

    def _settle_slowly(self, result: bytes) -> tuple[str, Mapping[str, int]]:
        try:
            whole = complete_text(self._config, result)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Invalid("result-malformed", f"The result is no JSON: {error}.") from error
        kept, dropped = settle_labels(self._config, whole, self._policy)
        count = validate_result(self._config, kept).result_count
        return one_line(kept) if count else _NOTHING, dropped


@lru_cache(maxsize=16)
def _quick_decoder(config: str) -> msgspec.json.Decoder[Any] | None:
    kind = result_type(parse_config(config))
    return None if kind is None else msgspec.json.Decoder(kind)


def _told_of(dropped: Mapping[str, int]) -> str:
    if not dropped:
        return ""
    named = ", ".join(f"{label} ({number})" for label, number in dropped.items())
    return f"Left out what is no label here: {named}."


def _parts(texts: Sequence[bytes]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    size = 0
    for text in texts:
        if part and size + len(text) > _MOST_REQUEST_BYTES:
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        yield part
