"""Which of our reads answers a request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from math import ceil, floor
from typing import Any

import msgspec

from treadle.errors import Invalid
from treadle.settings import Settings
from treadle.tracking.names import internal_name
from treadle.tracking.reads import questions, stock
from treadle.tracking.reads.curves import Curve, Window, read_curve, visible_runs
from treadle.tracking.reads.deleters import read_deleters
from treadle.tracking.reads.experiments import read_deleted, read_experiments
from treadle.tracking.reads.request import ReadAnswer, ReadRequest
from treadle.tracking.reads.runs import OddRow
from treadle.tracking.reads.table import read_columns, read_groups, read_page
from treadle.tracking.reads.tables import Reader, Tables
from treadle.tracking.reads.upkeep import Upkeep

OWN_PATHS = "/treadle/"

_LOG = logging.getLogger(__name__)
_Stock = Callable[[Reader, str, ReadRequest], ReadAnswer | None]
_STOCK: dict[str, _Stock] = {
    **dict.fromkeys(stock.GET_RUN, stock.get_run),
    **dict.fromkeys(stock.SEARCH_RUNS, stock.search_runs),
}


class Reads:
    """Our own reads of the tables, for the life of one tracking process; may be asked from any thread."""

    def __init__(self, database_url: str, settings: Settings) -> None:
        self._tables = Tables(database_url, may_map=settings.has_wal)
        self._upkeep = Upkeep(self._tables, has_wal=settings.has_wal)
        self._upkeep.begin()
        self._own: dict[str, Callable[[Reader, str, bytes], Any]] = {
            "experiments": _asks(questions.ExperimentsQuestion, self._experiments),
            "runs": _asks(questions.RunsQuestion, read_page),
            "runs/groups": _asks(questions.GroupsQuestion, _groups),
            "columns": _asks(questions.ColumnsQuestion, read_columns),
            "curves": _asks(questions.CurvesQuestion, self._curves),
            "deleted": _asks(questions.DeletedQuestion, self._deleted),
        }

    def answer(self, request: ReadRequest) -> ReadAnswer | None:
        """What MLflow would answer, or what one of our screens asks; None: MLflow is to answer it itself."""
        stock_read = _STOCK.get(request.path)
        if request.path.startswith(OWN_PATHS):
            return self._answer_screen(request)
        if stock_read is None or request.visitor.workspace_id is None:
            return None
        try:
            if not self._tables.are_there():
                return None
            with self._tables.read() as reader:
                return stock_read(reader, internal_name(request.visitor.workspace_id), request)
        except OddRow:
            return None
        except self._tables.errors:
            _LOG.warning("A read of MLflow's tables failed: MLflow answers it", exc_info=True)
            return None

    def is_quick(self, request: ReadRequest) -> bool:
        """Is it a look at one run that waits for nobody: in a file of this machine with a write-ahead log?"""
        return request.path in stock.GET_RUN and self._upkeep.has_log

    def after(self, request: ReadRequest, status: int) -> None:
        """Look at what MLflow has answered to a request that was handed on to it; the answer stands."""
        if not 200 <= status < 300:
            return
        # RuntimeError: there is no thread to be had.
        passing: tuple[type[Exception], ...] = (RuntimeError, *self._tables.errors)
        try:
            self._upkeep.notice(request)
        except passing:
            _LOG.warning("A roll-up of a metric was left for later", exc_info=True)

    def close(self) -> None:
        """Give all connections back."""
        self._upkeep.close()
        self._tables.close()

    def _answer_screen(self, request: ReadRequest) -> ReadAnswer:
        name = request.path.removeprefix(OWN_PATHS).strip("/")
        ask = self._own.get(name)
        if ask is None or request.visitor.workspace_id is None:
            return _refusal(404, "not-found", f"The tracking process has nothing at {request.path}.", {})
        try:
            if not self._tables.are_begun():
                return _refusal(404, "tracking-empty", "Nobody has tracked anything on this server yet.", {})
            with self._tables.read() as reader:
                answered = ask(reader, internal_name(request.visitor.workspace_id), request.body)
        except Invalid as error:
            return _refusal(400, error.code, error.message, error.details)
        except msgspec.DecodeError as error:
            return _refusal(400, "invalid-body", str(error), {})
        except self._tables.errors as error:
            return self._not_answered(error)
        return ReadAnswer(200, msgspec.json.encode(answered))

    def _not_answered(self, error: Exception) -> ReadAnswer:
        """The database said no: to this question, or to every one."""
        if self._tables.is_refused(error):
            why = str(error).strip().partition("\n")[0]
            _LOG.info("The database refused a read of MLflow's tables: %s", why)
            text = f"The database cannot answer this ({why}). Ask for less, or ask it otherwise."
            return _refusal(400, "tracking-question", text, {})
        _LOG.warning("A read of MLflow's tables failed", exc_info=error)
        return _refusal(503, "tracking-database", "The database of experiments is away. Try again.", {})

    def _experiments(
        self, reader: Reader, workspace: str, question: questions.ExperimentsQuestion
    ) -> dict[str, Any]:
        found = read_experiments(reader, workspace, question)
        if question.deleted and self._upkeep.is_prepared:
            by = read_deleters(reader, "experiment", [each.id for each in found])
            for each in found:
                each.deleted_by = by.get(each.id)
        return {"results": found}

    def _deleted(self, reader: Reader, workspace: str, question: questions.DeletedQuestion) -> dict[str, Any]:
        found = read_deleted(reader, workspace, question)
        if self._upkeep.is_prepared:
            by = read_deleters(reader, "run", [each.run_id for each in found["results"]])
            gone = {each.experiment_id for each in found["results"] if each.is_experiment_deleted}
            by_whole = read_deleters(reader, "experiment", sorted(gone))
            for each in found["results"]:
                each.deleted_by = by.get(each.run_id) or by_whole.get(each.experiment_id)
        return found

    def _curves(
        self, reader: Reader, workspace: str, question: questions.CurvesQuestion
    ) -> dict[str, list[Curve]]:
        low = None if question.low is None else floor(question.low)
        high = None if question.high is None else ceil(question.high)
        window = Window(question.x, question.buckets, low, high)
        run_ids = visible_runs(reader, workspace, question.run_ids)
        has_rollups = self._upkeep.is_prepared
        curves = [
            read_curve(reader, run_id, question.key, window, has_rollups=has_rollups) for run_id in run_ids
        ]
        for curve, is_rolled in curves:
            if not is_rolled:
                self._upkeep.notice_curve(curve.run_id, question.key, curve.points)
        return {"curves": [curve for curve, _ in curves]}


def _asks(kind: type[Any], read: Callable[..., Any]) -> Callable[[Reader, str, bytes], Any]:
    decoder = msgspec.json.Decoder(kind)
    return lambda reader, workspace, body: read(reader, workspace, decoder.decode(body or b"{}"))


def _groups(reader: Reader, workspace: str, question: questions.GroupsQuestion) -> dict[str, Any]:
    return {"results": read_groups(reader, workspace, question)}


def _refusal(status: int, code: str, message: str, details: dict[str, object]) -> ReadAnswer:
    return ReadAnswer(status, msgspec.json.encode({"code": code, "message": message, "details": details}))
