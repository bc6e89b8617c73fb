"""By what runs are ordered, in MLflow's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from treadle.errors import Invalid

Kind = Literal["attribute", "metric", "parameter", "tag", "dataset"]

KINDS: dict[str, Kind] = {
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), "attribute"),
    **dict.fromkeys(("metric", "metrics"), "metric"),
    **dict.fromkeys(("parameter", "parameters", "param", "params"), "parameter"),
    **dict.fromkeys(("tag", "tags"), "tag"),
    **dict.fromkeys(("dataset", "datasets"), "dataset"),
}
#: What a run has of its own, by the column that holds it.
ATTRIBUTES = {
    "run_id": "run_uuid",
    "run_name": "name",
    "user_id": "user_id",
    "status": "status",
    "start_time": "start_time",
    "end_time": "end_time",
    "artifact_uri": "artifact_uri",
}
ALIASES = {
    "created": "start_time",
    "Created": "start_time",
    "run name": "run_name",
    "Run name": "run_name",
    "Run Name": "run_name",
}
_PLAIN = re.compile(r"([a-z]+)\.([A-Za-z_]\w*)(?: +(ASC|DESC|asc|desc))?", re.ASCII)
_ORDER = re.compile(
    r"""\s*(?:(\w+)\.)?(?:`([^`]+)`|"([^"]+)"|'([^']+)'|([^\s`"']+))(?:\s+(asc|desc))?\s*""", re.IGNORECASE
)


@dataclass(frozen=True)
class Order:
    """One thing to order by."""

    kind: Kind
    key: str
    is_ascending: bool


def plain_order(text: str) -> Order | None:
    """An order that MLflow reads as we do, beyond doubt; None: it may read it otherwise."""
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    kind, key = KINDS.get(found[1]), found[2]
    if kind is None or kind == "dataset" or (kind == "attribute" and key not in ATTRIBUTES):
        return None
    return Order(kind, key, (found[3] or "asc").lower() == "asc")


def read_order(text: str) -> Order:
    """An order as a screen asks for it, ``metrics.loss DESC``. Raises Invalid("run-order")."""
    found = _ORDER.fullmatch(text)
    kind = KINDS.get((found[1] or "attribute").lower()) if found else None
    if found is None or kind is None or kind == "dataset":
        raise Invalid(
            "run-order",
            f"{text!r} is nothing to order runs by. Write metrics.NAME, params.NAME, tags.NAME "
            "or attributes.NAME, then ASC or DESC.",
        )
    key = next(name for name in found.group(2, 3, 4, 5) if name)
    if kind == "attribute":
        key = ALIASES.get(key, key)
        if key not in ATTRIBUTES:
            raise Invalid("run-order", f"Runs have no attribute {key!r}; there are {', '.join(ATTRIBUTES)}.")
    return Order(kind, key, (found[6] or "asc").lower() == "asc")
