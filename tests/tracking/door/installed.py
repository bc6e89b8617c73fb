"""Every route of the MLflow that is installed, asked of it in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache

_ASK = r"""
import json, re
from mlflow.server import app as flask_app
from mlflow.server.fastapi_app import app as fastapi_app

found = set()
for rule in flask_app.url_map.iter_rules():
    for method in rule.methods - {"HEAD", "OPTIONS"}:
        text = re.sub(r"<path:(\w+)>", r"{\1:path}", rule.rule)
        found.add((method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text)))

def walk(routes, prefix):
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            walk(inner.routes, prefix + route.include_context.prefix)
        elif getattr(route, "methods", None):
            for method in route.methods - {"HEAD", "OPTIONS"}:
                native.add((method, prefix + route.path))

native = set()
walk(fastapi_app.routes, "")
print(json.dumps([sorted(found), sorted(native)]))
"""


@cache
def installed_routes() -> frozenset[tuple[str, str]]:
    """Method and path of each, the path with ``{name}`` for a segment and ``{name:path}`` for several."""
    flask, native = _ask()
    # Where both have one, the native one answers.
    shapes = {(method, shape(path)) for method, path in native}
    return frozenset((*native, *(one for one in flask if (one[0], shape(one[1])) not in shapes)))


def count_native() -> int:
    """How many of them are FastAPI's."""
    return len(_ask()[1])


def shape(path: str) -> str:
    """The path without the names of its parameters."""
    return re.sub(r"\{\w+(:path)?\}", r"{\1}", path)


@cache
def _ask() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    asked = subprocess.run(
        [sys.executable, "-c", _ASK], capture_output=True, check=True, text=True, timeout=120
    )
    flask, native = json.loads(asked.stdout.splitlines()[-1])
    return [(a, b) for a, b in flask], [(a, b) for a, b in native]
