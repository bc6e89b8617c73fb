"""The model backends that come with Treadle: which there are, which fit a label config, and their addresses.

Promises: `ensure` answers with the address of a process that runs, one of each kind for a data folder,
whoever asks, from however many processes at once, and after any of them was killed. It ends with the server,
or when nobody has asked for a while and nothing trains.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import treadle
from treadle.errors import NotFound, Unsupported
from treadle.labeling.config import ControlTag, LabelConfig, parse_config
from treadle.learning.connections.builtin_processes import Address, ask_for
from treadle.settings import Settings

__all__ = ["BUILTINS", "Address", "Builtin", "Parameter", "ensure", "find_builtin"]

_FOLDER = Path(treadle.__file__).parent / "ml" / "builtin"
#: The checkout, where it is one.
_ROOT = Path(treadle.__file__).parents[2]
_NAMES = ("yolo", "detector", "image_classifier", "text_classifier")


@dataclass(frozen=True)
class Parameter:
    """A setting of a connection or a field of the Train form. kind: int, float, choice or text."""

    name: str
    kind: str
    default: Any
    label: str
    help: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Builtin:
    """A kind of backend that comes with Treadle, as its folder tells of it."""

    name: str
    title: str
    description: str
    licence: str
    #: The extra of Treadle that brings what it needs, and the modules that it needs.
    extra: str
    needs: tuple[str, ...]
    #: The controls that it writes for, each with what it may be over.
    controls: dict[str, tuple[str, ...]]
    wants: str
    connection: tuple[Parameter, ...]
    training: tuple[Parameter, ...]
    starts: tuple[str, ...]

    @property
    def is_installed(self) -> bool:
        """Whether all that it needs is there."""
        return all(find_spec(module) is not None for module in self.needs)

    @property
    def install(self) -> str:
        """The command that brings what it needs: in the checkout that runs here, or of the package."""
        if (_ROOT / "pyproject.toml").is_file():
            return f".venv/bin/pip install '.[{self.extra}]'"
        return f"pip install 'treadle[{self.extra}]'"

    def fits(self, label_config: str) -> str:
        """ "" where it has something to predict; else why not, and what to add.

        Raises Invalid("config-malformed").
        """
        config = parse_config(label_config)
        found = [control for control in config.controls if self._is_for(control, config)]
        if not found:
            return f"The label config lacks {self.wants}."
        if not any(_has_labels(control, config) for control in found):
            names = ", ".join(f'"{control.name}"' for control in found)
            return f"The label config gives {names} no labels yet: add some."
        return ""

    def _is_for(self, control: ControlTag, config: LabelConfig) -> bool:
        over = self.controls.get(control.tag, ())
        shown = (config.object(name) for name in control.to_names)
        return not control.per_region and any(found is not None and found.tag in over for found in shown)


def _has_labels(control: ControlTag, config: LabelConfig) -> bool:
    """Of a plain shape: whether Labels over the same picture have some."""
    beside = [
        one for one in config.controls if one.tag == "Labels" and set(one.to_names) & set(control.to_names)
    ]
    return any(one.labels or one.is_dynamic for one in (control, *beside))


def find_builtin(name: str) -> Builtin:
    """The built-in backend of that name. Raises NotFound("builtin-not-found")."""
    for builtin in BUILTINS:
        if builtin.name == name:
            return builtin
    known = ", ".join(_NAMES)
    raise NotFound("builtin-not-found", f"There is no built-in backend {name!r}. There are: {known}.")


def ensure(settings: Settings, name: str) -> Address:
    """Where the built-in backend answers; it is started where it does not run.

    Raises NotFound("builtin-not-found"), Unsupported("builtin-not-installed", "builtins-off"),
    Unavailable("builtin-ended", "builtin-busy", "data-dir-unusable").
    """
    builtin = find_builtin(name)
    if not settings.builtin_backends:
        text = (
            f'"{builtin.title}" comes along, and what comes along is switched off on this server '
            "(TREADLE_BUILTIN_BACKENDS). Start a model server with it (treadle ml serve) and connect that by "
            "its address."
        )
        raise Unsupported("builtins-off", text)
    if not builtin.is_installed:
        text = (
            f'"{builtin.title}" needs more than is installed here. Let its administrator run '
            f"{builtin.install} where the server runs."
        )
        raise Unsupported("builtin-not-installed", text)
    return ask_for(settings, name)


def _read(name: str) -> Builtin:
    told = json.loads((_FOLDER / name / "about.json").read_text("utf-8"))
    return Builtin(
        name=told["name"],
        title=told["title"],
        description=told["description"],
        licence=told["licence"],
        extra=told["extra"],
        needs=tuple(told["needs"]),
        controls={control: tuple(over) for control, over in told["fits"].items()},
        wants=told["wants"],
        connection=tuple(map(_parameter, told["connection"])),
        training=tuple(map(_parameter, told["training"])),
        starts=tuple(told["starts"]),
    )


def _parameter(told: dict[str, Any]) -> Parameter:
    return Parameter(**{**told, "choices": tuple(told["choices"]) if "choices" in told else None})


#: Every built-in backend.
BUILTINS: tuple[Builtin, ...] = tuple(map(_read, _NAMES))
