"""MLflow's own routes that we answer: a run, and a search of runs."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import parse_qs

import msgspec

from treadle.tracking.reads.finding import Search, find_runs
from treadle.tracking.reads.ordering import Order, plain_order
from treadle.tracking.reads.request import ReadAnswer, ReadRequest
from treadle.tracking.reads.runs import fill, read_run
from treadle.tracking.reads.tables import Reader

GET_RUN = frozenset({"/api/2.0/mlflow/runs/get", "/ajax-api/2.0/mlflow/runs/get"})
SEARCH_RUNS = frozenset({"/api/2.0/mlflow/runs/search", "/ajax-api/2.0/mlflow/runs/search"})

#: As nearly all ask.
_PLAIN_QUERY = re.compile(r"run_id=([0-9a-f]{32})", re.ASCII)
_RUN_PARAMETERS = frozenset({"run_id", "run_uuid"})
_SEARCH_FIELDS = frozenset(
    {"experiment_ids", "filter", "run_view_type", "max_results", "order_by", "page_token"}
)
_STAGES = {"ACTIVE_ONLY": ("active",), "DELETED_ONLY": ("deleted",), "ALL": ("active", "deleted")}
_MOST_RESULTS = 50_000
_MOST_OFFSET = 10**9
_ID_DIGITS = 9  # MLflow's ids are 32-bit numbers


def get_run(reader: Reader, workspace: str, request: ReadRequest) -> ReadAnswer | None:
    """MLflow's ``runs/get``; None where it is asked oddly, or the run is not there. Raises OddRow."""
    run_id = _run_id(request.query) if request.method == "GET" else None
    run = None if run_id is None else read_run(reader, workspace, run_id)
    return None if run is None else ReadAnswer(200, msgspec.json.encode({"run": run}))


def _run_id(query: str) -> str | None:
    plain = _PLAIN_QUERY.fullmatch(query)
    if plain is not None:
        return plain[1]
    asked = parse_qs(query, keep_blank_values=True)
    if not asked.keys() <= _RUN_PARAMETERS or "run_id" not in asked:
        return None
    return asked["run_id"][0] if all(len(values) == 1 for values in asked.values()) else None


def search_runs(reader: Reader, workspace: str, request: ReadRequest) -> ReadAnswer | None:
    """MLflow's ``runs/search`` without a filter; None where there is more to understand. Raises OddRow."""
    asked = _read_search(request)
    if asked is None:
        return None
    search, limit = asked
    rows = find_runs(reader, workspace, search, limit + 1)
    answer: dict[str, Any] = {}
    if rows:
        answer["runs"] = fill(reader, rows[:limit])
    if len(rows) > limit:
        answer["next_page_token"] = _page_token(search.offset + limit)
    return ReadAnswer(200, msgspec.json.encode(answer))


def _read_search(request: ReadRequest) -> tuple[Search, int] | None:
    if request.method != "POST":
        return None
    try:
        body = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(body, dict) or not body.keys() <= _SEARCH_FIELDS or body.get("filter", "") != "":
        return None
    ids, limit = _experiment_ids(body.get("experiment_ids")), body.get("max_results", 1000)
    stages = _STAGES.get(view) if isinstance(view := body.get("run_view_type", "ACTIVE_ONLY"), str) else None
    orders, offset = _orders(body.get("order_by", [])), _offset(body.get("page_token", ""))
    if ids is None or stages is None or orders is None or offset is None:
        return None
    if type(limit) is not int or not 1 <= limit <= _MOST_RESULTS:
        return None
    return Search(ids, stages, orders=orders, offset=offset), limit


def _experiment_ids(value: Any) -> tuple[int, ...] | None:
    if not isinstance(value, list) or not value:
        return None
    if "0" in value:  # MLflow's clients say so who name none, and its store knows which one is meant
        return None
    if all(
        isinstance(one, str) and one.isascii() and one.isdecimal() and len(one) <= _ID_DIGITS for one in value
    ):
        return tuple(dict.fromkeys(int(one) for one in value))
    return None


def _orders(value: Any) -> tuple[Order, ...] | None:
    if not isinstance(value, list):
        return None
    orders = [plain_order(text) if isinstance(text, str) else None for text in value]
    known = tuple(order for order in orders if order is not None)
    is_clear = len(known) == len(orders) == len({(order.kind, order.key) for order in known})
    return known if is_clear else None


def _offset(token: Any) -> int | None:
    """What a page token of MLflow's says; None: it is none."""
    if token == "":
        return 0
    try:
        told = msgspec.json.decode(base64.b64decode(token, validate=True))
    except (TypeError, ValueError, binascii.Error, msgspec.DecodeError):
        return None
    offset = told.get("offset") if isinstance(told, dict) and told.keys() == {"offset"} else None
    return offset if type(offset) is int and 0 < offset <= _MOST_OFFSET else None


def _page_token(offset: int) -> str:
    return base64.b64encode(b'{"offset": %d}' % offset).decode()
