"""The parameters of a built-in model: what was given, over what its ``about.json`` has as default."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from treadle.errors import Invalid

_GROUPS = ("connection", "training")


class Given(Mapping[str, object]):
    """Settings as they were given, the rest by default; a value is checked when it is asked for."""

    def __init__(self, parameters: Mapping[str, Mapping[str, Any]], given: Mapping[str, object]) -> None:
        self._parameters = parameters
        defaults = {name: parameter["default"] for name, parameter in parameters.items()}
        self._values: dict[str, object] = {
            **defaults,
            **{name: value for name, value in given.items() if value is not None},
        }

    def __getitem__(self, name: str) -> object:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def number(self, name: str) -> float:
        """A number within its bounds. Raises Invalid("setting-value")."""
        value = self._values[name]
        try:
            number = float(value)  # type: ignore[arg-type] # whatever it is, it is told
        except (TypeError, ValueError) as error:
            raise self._wrong(name) from error
        least, most = self._bounds(name)
        if not least <= number <= most:
            raise self._wrong(name)
        return number

    def whole(self, name: str) -> int:
        """A whole number within its bounds. Raises Invalid("setting-value")."""
        number = self.number(name)
        if number != int(number):
            raise self._wrong(name)
        return int(number)

    def word(self, name: str) -> str:
        """One of the words that may be given. Raises Invalid("setting-value")."""
        value = self._values[name]
        choices = self._parameters[name].get("choices")
        if not isinstance(value, str) or (choices and value not in choices):
            raise self._wrong(name)
        return value

    def _bounds(self, name: str) -> tuple[float, float]:
        parameter = self._parameters[name]
        return parameter.get("least", float("-inf")), parameter.get("most", float("inf"))

    def _wrong(self, name: str) -> Invalid:
        parameter = self._parameters[name]
        if choices := parameter.get("choices"):
            wanted = f"one of {', '.join(choices)}"
        elif parameter["kind"] == "text":
            wanted = "a text"
        else:
            least, most = self._bounds(name)
            wanted = f"a {'whole ' if parameter['kind'] == 'int' else ''}number from {least:g} to {most:g}"
        return Invalid("setting-value", f"{name} is {self._values[name]!r:.80}; give {wanted}.")


class Parameters:
    """As the attribute ``settings`` of a model: what is set is filled up with defaults."""

    def __init__(self, model: str) -> None:
        """model: the path of the model's file; ``about.json`` lies beside it."""
        self._parameters = read_parameters(Path(model).with_name("about.json"))
        self._unset = Given(self._parameters, {})

    def __get__(self, instance: object, owner: type) -> Given:
        given: Given = self._unset if instance is None else vars(instance).get("_given", self._unset)
        return given

    def __set__(self, instance: object, given: Mapping[str, object]) -> None:
        vars(instance)["_given"] = Given(self._parameters, given)


@cache
def read_parameters(about: Path) -> Mapping[str, Mapping[str, Any]]:
    """The parameters of connection and training by name."""
    told = json.loads(about.read_text("utf-8"))
    return {parameter["name"]: parameter for group in _GROUPS for parameter in told[group]}
