"""The functions of ``label_studio_ml.utils`` and of the tools beside it."""

from __future__ import annotations

import difflib
import math
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from treadle.ml.compat.present import present
from treadle.ml.tasks import UNDEFINED, picture_size

DATA_UNDEFINED_NAME = UNDEFINED

Parsed = Mapping[str, Mapping[str, Any]]


def get_single_tag_keys(
    parsed_label_config: Parsed, control_type: str, object_type: str
) -> tuple[str, str, str, list[str]]:
    """from_name, to_name, value and labels of the only control. Raises AssertionError where it is another."""
    assert len(parsed_label_config) == 1, (
        f"One control is expected, and there are {len(parsed_label_config)}."
    )
    from_name, control = next(iter(parsed_label_config.items()))
    assert control["type"] == control_type, f"<{control_type}> is expected, and there is <{control['type']}>."
    assert len(control["to_name"]) == 1
    assert len(control["inputs"]) == 1
    source = control["inputs"][0]
    assert source["type"] == object_type, f"<{object_type}> is expected, and there is <{source['type']}>."
    return from_name, control["to_name"][0], source["value"], control["labels"]


def get_first_tag_keys(
    parsed_label_config: Parsed, control_type: str, object_type: str
) -> tuple[str | None, Mapping[str, Any] | None]:
    """The first control of a type over a source of another, with its name."""
    for from_name, control in parsed_label_config.items():
        types = [source["type"] for source in control["inputs"]]
        if control["type"] == control_type and object_type in types:
            return from_name, control
    return None, None


def is_skipped(completion: Mapping[str, Any]) -> bool:
    """Whether the only annotation of a task was skipped or cancelled."""
    annotations = completion["annotations"]
    if len(annotations) != 1:
        return False
    return bool(annotations[0].get("skipped", False) or annotations[0].get("was_cancelled", False))


def get_choice(completion: Mapping[str, Any]) -> Any:
    """The first choice of the first annotation."""
    return completion["annotations"][0]["result"][0]["value"]["choices"][0]


def get_image_size(filepath: str) -> tuple[int, int]:
    """Width and height of a picture as it is seen."""
    return picture_size(Path(filepath), filepath)


def match_labels(input: str, labels: Sequence[str]) -> list[str]:
    """For each line of ``input`` the label that is most alike."""
    return [max(labels, key=lambda label: _likeness(line, label)) for line in input.splitlines()]


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def is_valid_url(path: str) -> bool:
    """Whether ``path`` has a scheme and a host."""
    try:
        parts = urlparse(path)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc)


def is_preload_needed(url: str) -> bool:
    """Whether a value of a task's data names a file rather than being the text itself."""
    if url.startswith(("upload", "/upload")):
        url = "/data/" + url.lstrip("/")
    is_of_server = url.startswith("/data/upload") or (url.startswith("/data/") and "?d=" in url)
    is_cloud = url.startswith(("s3:", "gs:", "azure-blob:"))
    return is_of_server or is_cloud or is_valid_url(url) or (len(url) < 1000 and os.path.exists(url))


class InMemoryLRUDictCache:
    """The last few values that were asked for."""

    def __init__(self, capacity: int = 1) -> None:
        self.capacity = capacity
        self.cache: OrderedDict[Any, Any] = OrderedDict()

    def __contains__(self, item: object) -> bool:
        return item in self.cache

    def __str__(self) -> str:
        return str(self.cache)

    def get(self, key: Any) -> Any:
        """The value, which is then the newest; None where there is none."""
        if key not in self.cache:
            return None
        self.cache.move_to_end(key)
        return self.cache[key]

    def put(self, key: Any, value: Any) -> None:
        """Keep a value, and let the oldest go where there are too many."""
        if key not in self.cache and len(self.cache) >= self.capacity:
            self.cache.popitem(last=False)
        self.cache[key] = value
        self.cache.move_to_end(key)


def compare_nested_structures(
    a: Any, b: Any, path: str = "", rel: float = 1e-4, *, abs: float | None = None
) -> None:
    """Raises AssertionError, which names the place, where two structures differ by more than a little."""
    if isinstance(a, dict) and isinstance(b, dict):
        assert a.keys() == b.keys(), f"Other keys at {path}: {sorted(a)} and {sorted(b)}"
        for key in a:
            compare_nested_structures(a[key], b[key], f"{path}.{key}", rel, abs=abs)
    elif isinstance(a, list) and isinstance(b, list):
        assert len(a) == len(b), f"Other lengths at {path}: {len(a)} and {len(b)}"
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            compare_nested_structures(one, other, f"{path}[{place}]", rel, abs=abs)
    elif isinstance(a, float) and isinstance(b, float):
        assert math.isclose(a, b, rel_tol=rel, abs_tol=abs or 1e-12), f"{a} and {b} at {path}"
    else:
        assert a == b, f"{a!r} and {b!r} at {path}"


def get_env(name: str, default: Any = None, is_bool: bool = False) -> Any:
    """A variable of the environment, also with LABEL_STUDIO_, LSE_ or HEARTEX_ before its name."""
    if name == "HOSTNAME":  # Label Studio's, where containers have another of that name
        return os.environ.get("LABEL_STUDIO_HOSTNAME") or present().project.hostname or default
    for start in ("", "LABEL_STUDIO_", "LSE_", "HEARTEX_"):
        value = os.environ.get(start + name)
        if value is not None:
            return _as_bool(value) if is_bool else value
    return default


def get_bool_env(key: str, default: Any = None) -> Any:
    """As ``get_env``, read as a switch."""
    return get_env(key, default, is_bool=True)


def _as_bool(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "yes", "on")
