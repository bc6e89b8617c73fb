"""The OpenAPI description, from the same tuple that is served."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from treadle import __version__
from treadle.permissions import Permission
from treadle.web.query_names import describe_query
from treadle.web.routing import JSON, PUBLIC, Route

_REF = "#/components/schemas/{name}"
_SECURITY: list[dict[str, list[str]]] = [
    {name: []} for name in ("token", "bearer", "basic", "beside", "session")
]
_SCHEMES = {
    "token": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Token <token>"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "beside": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Treadle-Token",
        "description": "A token, where a platform before the server has Authorization for itself",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
}
_ERROR = {
    "type": "object",
    "required": ["id", "status_code", "version", "detail", "code"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "status_code": {"type": "integer"},
        "version": {"type": "string"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "exc_info": {"type": "null"},
        "validation_errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
#: Numbers in paths that are not called an id, and what is called one and is a text.
_NUMBERS = frozenset(("backend", "delivery", "storage", "version"))
_TEXTS = frozenset(("access_key_id",))
_TEXT_IDS = "/api/jobs/"
_OBJECT = {"type": "object"}
_BYTES: dict[str, Any] = {}
_FILE = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
_TASKS = {
    "type": "array",
    "items": {"type": "object", "properties": {"data": _OBJECT, "annotations": {"type": "array"}}},
}
_IMPORT = {
    JSON: {"schema": {"anyOf": [_TASKS, _OBJECT]}},
    "multipart/form-data": {"schema": _FILE},
    "application/x-www-form-urlencoded": {
        "schema": {"type": "object", "properties": {"url": {"type": "string"}}}
    },
}
_SELECTION = {
    "type": "object",
    "required": ["selectedItems"],
    "properties": {
        "selectedItems": {
            "type": "object",
            "properties": {
                "all": {"type": "boolean"},
                "included": {"type": "array", "items": {"type": "integer"}},
                "excluded": {"type": "array", "items": {"type": "integer"}},
            },
        },
        "filters": _OBJECT,
        "ordering": {"type": "array", "items": {"type": "string"}},
        "users": {"type": "array", "items": {"type": "integer"}},
        "model_version": {"type": "string"},
        "annotator": {"type": "integer"},
    },
}
#: Bodies that are read as they come, by their kinds of content; those of the others are Structs.
_BODIES: dict[str, dict[str, Any]] = {
    "POST /api/projects/{id}/import/": _IMPORT,
    "POST /api/projects/{id}/tasks/bulk/": _IMPORT,
    "POST /api/dm/actions/": {JSON: {"schema": _SELECTION}},
    "DELETE /api/dm/views/reset/": {
        JSON: {"schema": {"type": "object", "properties": {"project": {"type": "integer"}}}}
    },
    "POST /api/projects/{id}/sample-task/": {
        JSON: {"schema": {"type": "object", "properties": {"label_config": {"type": "string"}}}}
    },
    "POST /api/users/{id}/avatar/": {"multipart/form-data": {"schema": _FILE}},
    "PUT /api/repos/{id}/files/{path...}": {"application/octet-stream": {"schema": _BYTES}},
    "POST /api/repos/{id}/archive/": {"application/octet-stream": {"schema": _BYTES}},
    "POST /api/admin/doctor/upload/": {"application/octet-stream": {"schema": _BYTES}},
    "PUT /api/admin/appearance/logo": {"multipart/form-data": {"schema": _FILE}},
}


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """OpenAPI 3.1 of ``routes``."""
    listed = list(routes)
    types = [kind for route in listed for kind in (route.request, route.response) if kind is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    named = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        request = next(named) if route.request is not None else None
        response = next(named) if route.response is not None else None
        path = route.path.replace("...}", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, request, response)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Treadle", "version": __version__},
        "paths": paths,
        "components": {"schemas": {**components, "Error": _ERROR}, "securitySchemes": _SCHEMES},
    }


def describe_as_page(routes: Iterable[Route]) -> str:
    """The operations as a page that needs nothing but itself."""
    rows = "".join(
        f"<tr><td><code>{route.method}</code></td><td><code>{html.escape(route.path)}</code></td>"
        f"<td>{html.escape(route.summary)}</td><td>{_who(route)}</td></tr>"
        for route in sorted(routes, key=lambda route: (route.path, route.method))
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>API · Treadle</title>'
        '<meta name="color-scheme" content="light dark">'
        "<style>body{font:15px system-ui;margin:2rem}td,th{padding:.2rem .8rem;text-align:left}</style>"
        '</head><body><h1>API</h1><p><a href="schema/json/">OpenAPI</a></p>'
        "<table><thead><tr><th>Method</th><th>Path</th><th>What</th><th>Who</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></body></html>"
    )


def _operation(route: Route, request: Any, response: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": route.summary}
    if response is not None:
        answer["content"] = {JSON: {"schema": response}}
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.path.strip("/").split("/")[1 if route.path.startswith("/api/") else 0]],
        "x-access": _who(route),
        "responses": {
            str(route.status): answer,
            "default": {
                "description": "Error",
                "content": {JSON: {"schema": {"$ref": _REF.format(name="Error")}}},
            },
        },
    }
    parameters = [_parameter(route, name) for name in route.parameters]
    parameters += describe_query(route.method, route.path)
    if parameters:
        operation["parameters"] = parameters
    content = {JSON: {"schema": request}} if request is not None else _BODIES.get(_name(route))
    if content is not None:
        operation["requestBody"] = {"required": request is not None, "content": content}
    if route.access is not PUBLIC:
        operation["security"] = _SECURITY
    return operation


def _name(route: Route) -> str:
    return f"{route.method} {route.path}"


def _parameter(route: Route, name: str) -> dict[str, Any]:
    is_id = name == "id" or name.endswith(("_id", "_pk"))
    is_text = name in _TEXTS or route.path.startswith(_TEXT_IDS)
    kind = "integer" if (is_id or name in _NUMBERS) and not is_text else "string"
    return {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def _operation_id(route: Route) -> str:
    words = re.findall(r"[A-Za-z0-9]+", route.path)
    return "_".join([route.method.lower(), *words])


def _who(route: Route) -> str:
    return str(route.access.value) if isinstance(route.access, Permission) else route.access.value
