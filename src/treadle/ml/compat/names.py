"""The modules that are given where they are not installed, and what is in each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from treadle.errors import Unsupported
from treadle.ml import masks
from treadle.ml.compat import answers, calls, client, files, interface, model_class, parsed

Names = Mapping[str, object]


def init_app(*_given: Any, **_named: Any) -> Any:
    """There is no application to make: one server serves every model."""
    raise Unsupported(
        "api-init-app", "Serve the model itself: treadle ml serve model.py. _wsgi.py is not needed."
    )


def mask2rle(mask: Any) -> list[int]:
    """The bytes of a mask, height × width."""
    return masks.encode(mask)[0]


_IO = {
    "get_local_path": files.get_local_path,
    "get_data_dir": files.get_data_dir,
    "get_cache_dir": files.get_cache_dir,
}
_PARAMS = {"get_env": calls.get_env, "get_bool_env": calls.get_bool_env}
_CONFIG = {"parse_config": parsed.parse_config}
_RESPONSE = {"ModelResponse": answers.ModelResponse}
_BRUSH = {"mask2rle": mask2rle}
_CALLS = (
    "DATA_UNDEFINED_NAME", "get_single_tag_keys", "get_first_tag_keys", "is_skipped", "get_choice",
    "get_image_size", "match_labels", "is_valid_url", "is_preload_needed", "InMemoryLRUDictCache",
    "compare_nested_structures",
)  # fmt: skip
_MODEL = {
    "LabelStudioMLBase": model_class.LabelStudioMLBase,
    "predict_fn": model_class.predict_fn,
    "update_fn": model_class.update_fn,
    **_RESPONSE, **_CONFIG, **_IO, **_PARAMS,
}  # fmt: skip
_UTILS = {
    **{name: getattr(calls, name) for name in _CALLS},
    "get_image_local_path": files.get_image_local_path,
    **_IO, **_PARAMS,
}  # fmt: skip
_OBJECTS = {"PredictionValue": answers.PredictionValue}
_INTERFACE = {"LabelInterface": interface.LabelInterface}
_CLIENT = {"Client": client.Client}


def _tools(root: str) -> dict[str, Names]:
    return {
        root: {},
        f"{root}.core": {},
        f"{root}.core.label_config": _CONFIG,
        f"{root}.core.utils": {},
        f"{root}.core.utils.io": _IO,
        f"{root}.core.utils.params": _PARAMS,
    }


#: Every module that is given, by its full name.
GIVEN: dict[str, Names] = {
    "label_studio_ml": {},
    "label_studio_ml.model": _MODEL,
    "label_studio_ml.utils": _UTILS,
    "label_studio_ml.response": _RESPONSE,
    "label_studio_ml.api": {"init_app": init_app},
    **_tools("label_studio_tools"),
    "label_studio_converter": {},
    "label_studio_converter.brush": _BRUSH,
    "label_studio_sdk": _CLIENT,
    "label_studio_sdk.client": _CLIENT,
    "label_studio_sdk.converter": {},
    "label_studio_sdk.converter.brush": _BRUSH,
    "label_studio_sdk.label_interface": _INTERFACE,
    "label_studio_sdk.label_interface.objects": _OBJECTS,
    "label_studio_sdk.label_interface.control_tags": {
        "ControlTag": interface.ControlTag,
        "ObjectTag": interface.ObjectTag,
    },
    "label_studio_sdk.label_interface.object_tags": {"ObjectTag": interface.ObjectTag},
    "label_studio_sdk._extensions": {},
    **_tools("label_studio_sdk._extensions.label_studio_tools"),
}
#: Modules whose classes are made by the name that is asked for: ChoicesTag, ImageTag.
_BY_NAME: dict[str, Callable[[str], type]] = {
    "label_studio_sdk.label_interface.control_tags": interface.control_class,
    "label_studio_sdk.label_interface.object_tags": interface.object_class,
}


def contents(name: str) -> dict[str, object]:
    """What is in a module that is given."""
    found = dict(GIVEN[name])
    if (make := _BY_NAME.get(name)) is not None:
        found["__getattr__"] = _made_by(name, make)
    return found


def is_given(name: str) -> bool:
    """Whether a module of that full name is given."""
    return name in GIVEN


def is_package(name: str) -> bool:
    """Whether further modules lie in it."""
    return any(given.startswith(name + ".") for given in GIVEN)


def _made_by(module: str, make: Callable[[str], type]) -> Callable[[str], type]:
    def find(name: str) -> type:
        if not name.endswith("Tag"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return make(name)

    return find
