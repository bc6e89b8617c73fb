"""What a labelling config says: objects that are shown, controls that label them, and their labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from treadle.labeling.config.catalogue import AttributeValue
from treadle.labeling.config.xml import Element, Problem

#: A variable of a config, as the editor finds it: ``$image``, ``$a.b[0].c``.
VARIABLE = re.compile(r"\$([\w\[\].{}]+)")


def as_index(written: str) -> int | None:
    """The number that is written, if it is one that a list or a class could have."""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None


@dataclass(frozen=True, slots=True)
class Label:
    """One value of a control.  ``key`` is what results hold: the alias where there is one."""

    value: str
    alias: str | None
    background: str | None
    hotkey: str | None
    #: The class number that exports use, where the config fixes it.
    category: int | None
    #: Where it stands below other choices: ``("Animal", "Dog")``; one entry for a label that is not nested.
    path: tuple[str, ...]
    element: Element

    @property
    def key(self) -> str:
        return self.alias or self.value

    def get(self, attribute: str) -> AttributeValue:
        return self.element.get(attribute)


@dataclass(frozen=True, slots=True)
class ObjectTag:
    """A tag that shows a part of the task's data."""

    name: str
    tag: str
    #: What ``value`` or ``valueList`` says: ``$image``, or a constant.
    value: str
    #: One value for each page (``valueList``).
    is_list: bool
    value_type: str | None
    #: Inside a Repeater: the name holds a flag such as ``{{idx}}``.
    repeated: str | None
    element: Element

    def get(self, attribute: str) -> AttributeValue:
        return self.element.get(attribute)

    @property
    def variables(self) -> tuple[str, ...]:
        """The paths into the task's data that it reads, without the dollar."""
        return tuple(VARIABLE.findall(self.value))


@dataclass(frozen=True)
class ControlTag:
    """A tag that writes results."""

    name: str
    tag: str
    to_names: tuple[str, ...]
    result_types: tuple[str, ...]
    labels: tuple[Label, ...]
    #: Labels come from the task's data or from elsewhere, so any label may be right.
    is_dynamic: bool
    repeated: str | None
    element: Element

    def get(self, attribute: str) -> AttributeValue:
        return self.element.get(attribute)

    @property
    def per_region(self) -> bool:
        return self.get("perRegion") is True

    @cached_property
    def label_keys(self) -> frozenset[str]:
        """What a result may name: aliases and values."""
        return frozenset(name for label in self.labels for name in (label.key, label.value))

    @cached_property
    def label_paths(self) -> frozenset[tuple[str, ...]]:
        """Every nested choice from the top: ``("Animal", "Dog")``."""
        return frozenset(label.path for label in self.labels)


@dataclass(frozen=True)
class LabelConfig:
    """A labelling config, checked.  Build it with ``parse_config``."""

    root: Element
    objects: tuple[ObjectTag, ...]
    controls: tuple[ControlTag, ...]
    #: Names that relations between regions may carry.
    relations: tuple[str, ...]
    #: Odd but allowed: tags that are not known here, controls on objects that they do not fit.
    warnings: tuple[Problem, ...]

    def object(self, name: str) -> ObjectTag | None:
        """The object of that name; in a Repeater ``page_{{idx}}`` also answers to ``page_3``."""
        return self._objects.get(name) or _match(name, self._repeated_objects)

    def control(self, name: str) -> ControlTag | None:
        """The control of that name; in a Repeater ``box_{{idx}}`` also answers to ``box_3``."""
        return self._controls.get(name) or _match(name, self._repeated_controls)

    def parsed(self) -> dict[str, Any]:
        """The config as Label Studio's ``parsed_label_config`` tells it, by name of control."""
        return {control.name: self._parsed_control(control) for control in self.controls}

    def _parsed_control(self, control: ControlTag) -> dict[str, Any]:
        said: dict[str, Any] = {"type": control.tag, "to_name": list(control.to_names)}
        if control.repeated:
            said["regex"] = {control.repeated: ".*"}
        if control.is_dynamic and "value" in control.element.attributes:
            said["dynamic_labels"] = True
        said["inputs"] = [_parsed_input(found) for name in control.to_names if (found := self.object(name))]
        attributes = {label.key: dict(label.element.written) for label in control.labels}
        said["labels"] = list(attributes)
        said["labels_attrs"] = attributes
        return said

    @cached_property
    def _objects(self) -> dict[str, ObjectTag]:
        return {tag.name: tag for tag in self.objects}

    @cached_property
    def _controls(self) -> dict[str, ControlTag]:
        return {tag.name: tag for tag in self.controls}

    @cached_property
    def _repeated_objects(self) -> list[tuple[re.Pattern[str], ObjectTag]]:
        return [(_template(tag.name, tag.repeated), tag) for tag in self.objects if tag.repeated]

    @cached_property
    def _repeated_controls(self) -> list[tuple[re.Pattern[str], ControlTag]]:
        return [(_template(tag.name, tag.repeated), tag) for tag in self.controls if tag.repeated]


def _template(name: str, flag: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in name.split(flag)]
    # Nobody nests deeper, and each further number multiplies what a regular expression may try.
    return re.compile(r"\d{1,9}".join(parts) if len(parts) <= 4 else r"(?!)")


def _match(name: str, templates: list[tuple[re.Pattern[str], Any]]) -> Any:
    return next((tag for pattern, tag in templates if pattern.fullmatch(name)), None)


def _parsed_input(tag: ObjectTag) -> dict[str, Any]:
    # Label Studio repeats the attribute as written here, so a default of ours is not a value.
    key = "valueList" if tag.is_list else "value"
    written = tag.element.attributes.get("valueType")
    return {"type": tag.tag, "valueType": written, key: tag.value.removeprefix("$")}
