"""Bodies and queries, parsed at the door."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from treadle.errors import Invalid
from treadle.labeling.json_text import check_has_no_nul

T = TypeVar("T")

#: The largest body that is read into memory.
MAX_BODY_BYTES = 64 * 1024**2
_TRUE = frozenset({"1", "true", "yes", "on", "t"})
_FALSE = frozenset({"0", "false", "no", "off", "f", ""})
_MISSING = re.compile(r"Object missing required field `(.+?)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.+?)`")
_PLACE = re.compile(r"(.*) - at `\$(?:\.([^`\[.]+))?.*`")
_WHOLE = re.compile(r"-?\d{1,18}")


async def read_whole(chunks: AsyncIterator[bytes], most_bytes: int) -> bytes:
    """A body that is small enough to lie in memory. Raises Invalid("body-too-large")."""
    pieces, size_bytes = [], 0
    async for piece in chunks:
        size_bytes += len(piece)
        if size_bytes > most_bytes:
            raise Invalid(
                "body-too-large",
                f"The body is over {most_bytes // 1024**2} MiB. Send less at once, or upload a file.",
            )
        pieces.append(piece)
    return b"".join(pieces)


def parse_json(body: bytes) -> Any:
    """The JSON value of ``body``, {} for an empty one. Raises Invalid("json-invalid") saying where."""
    if not body.strip():
        return {}
    check_has_no_nul(body)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _json_error(body) from error


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object of ``body``. Raises Invalid("json-invalid")."""
    value = parse_json(body)
    if isinstance(value, dict):
        return value
    text = f"Invalid data. Expected a dictionary, but got {type(value).__name__}."
    raise Invalid("json-invalid", text, fields={"non_field_errors": [text]})


def decode(body: bytes, kind: type[T]) -> T:
    """The JSON of ``body`` as a ``kind``. Raises Invalid("json-invalid", "body-invalid") naming the field."""
    check_has_no_nul(body)
    try:
        return msgspec.json.decode(body.strip() or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise _field_error(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _json_error(body) from error


def convert(value: object, kind: type[T]) -> T:
    """``value`` as a ``kind``, texts of a form read as numbers and flags. Raises Invalid("body-invalid")."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _field_error(error) from error


def parse_form(body: bytes, content_type: str) -> dict[str, Any]:
    """The texts of an HTML form by name. Raises Invalid("form-invalid")."""
    if content_type.startswith("multipart/"):
        raise Invalid(
            "form-invalid", "Send application/json or application/x-www-form-urlencoded here, no files."
        )
    try:
        found = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=1000))
    except (UnicodeDecodeError, ValueError) as error:
        raise Invalid("form-invalid", f"The form cannot be read: {error}. Send it in UTF-8.") from error
    if any("\0" in text for pair in found.items() for text in pair):
        raise Invalid("form-invalid", "The form holds the character NUL, which no text here keeps.")
    return found


def whole_number(name: str, text: str | None, default: int | None) -> int | None:
    """``text`` as a whole number, ``default`` when absent. Raises Invalid("query-invalid")."""
    if text is None or text == "":
        return default
    if _WHOLE.fullmatch(text):
        return int(text)
    raise Invalid(
        "query-invalid",
        f"{name} is {text[:40]!r}; give a whole number.",
        fields={name: ["A valid integer is required."]},
    )


def flag(name: str, text: str | None, default: bool) -> bool:
    """``text`` as a yes or no, ``default`` when absent. Raises Invalid("query-invalid")."""
    if text is None:
        return default
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise Invalid(
        "query-invalid",
        f"{name} is {text[:40]!r}; give true or false.",
        fields={name: ["Must be a valid boolean."]},
    )


def _json_error(body: bytes) -> Invalid:
    """msgspec knows the byte only; the standard library says line and column, as Label Studio does."""
    try:
        json.loads(body)
    except (ValueError, RecursionError) as error:
        return Invalid("json-invalid", f"JSON parse error - {error}")
    return Invalid("json-invalid", "JSON parse error - numbers and texts must be plain JSON in UTF-8")


def _field_error(error: msgspec.ValidationError) -> Invalid:
    text = str(error)
    missing, unknown, placed = _MISSING.search(text), _UNKNOWN.search(text), _PLACE.fullmatch(text)
    if missing:
        field, reason = missing.group(1), "This field is required."
    elif unknown:
        field, reason = unknown.group(1), "There is no such field."
    elif placed:
        field, reason = placed.group(2) or "non_field_errors", placed.group(1)
    else:
        field, reason = "non_field_errors", text
    return Invalid("body-invalid", f"{field}: {reason}", fields={field: [reason]})
