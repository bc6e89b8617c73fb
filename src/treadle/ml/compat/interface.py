"""``LabelInterface`` as models use it: the tags of a config as objects, found by name, by type, by what
they label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeAlias, cast

from treadle.errors import Invalid
from treadle.ml.labels import Control, Label, Source, read_labels

TypeName: TypeAlias = "str | tuple[str, ...]"
NameFilter: TypeAlias = "Callable[[str], bool] | None"


class Tag:
    """A tag: its name, its kind, and its attributes as they were written."""

    def __init__(self, tag: str, name: str, attr: Mapping[str, str]) -> None:
        self.tag = tag
        self.name = name
        self.attr = dict(attr)

    def get_attr(self, attr_name: str, default: Any = None) -> Any:
        """An attribute by name, whatever its case; ``default`` where it is missing or blank."""
        lowered = {key.lower(): value for key, value in self.attr.items()}
        value = self.attr.get(attr_name, lowered.get(attr_name.lower()))
        return default if value is None or not value.strip() else value

    def match(
        self,
        tag_type: TypeName,
        name: str | None = None,
        name_filter_fn: NameFilter = None,
        to_name: str | None = None,
        *,
        to_name_filter_fn: NameFilter = None,
    ) -> bool:
        """Whether it is of a type, of a name, and passes the filters."""
        kinds = {tag_type.lower()} if isinstance(tag_type, str) else {one.lower() for one in tag_type}
        lowered = self.name.lower()
        if self.tag.lower() not in kinds or (name and lowered != name.lower()):
            return False
        filters = [one for one in (name_filter_fn, to_name_filter_fn) if one is not None]
        return all(one(lowered) for one in filters)


class LabelTag(Tag):
    """A label or choice."""

    def __init__(self, label: Label, parent_name: str) -> None:
        super().__init__(label.tag, label.value, label.attributes)
        self.value = label.value
        self.parent_name = parent_name


class ObjectTag(Tag):
    """What is shown and labelled."""

    def __init__(self, source: Source) -> None:
        super().__init__(source.tag, source.name, source.attributes)
        self.value = source.value
        self.value_name = source.value.removeprefix("$")
        self.value_type = source.attributes.get("valueType")

    @property
    def value_is_variable(self) -> bool:
        """Whether it shows a field of the task's data."""
        return self.value.startswith("$") and not set(self.value) & {",", " "}


class ControlTag(Tag):
    """What writes results."""

    def __init__(self, control: Control, objects: list[ObjectTag]) -> None:
        super().__init__(control.tag, control.name, control.attributes)
        self.to_name = list(control.to_names)
        self.objects = objects
        self.labels = list(control.labels)
        self.labels_attrs = {label.value: LabelTag(label, control.name) for label in control.label_tags}
        self.dynamic_value = control.attributes.get("value", "").startswith("$")

    def get_object(self, name: str | None = None) -> ObjectTag:
        """The object of that name; without one, the only one."""
        found = [one for one in self.objects if name in (None, one.name)]
        if len(found) != 1:
            raise Invalid(
                "tag-unknown", f'The control "{self.name}" labels {len(found)} such objects, not one.'
            )
        return found[0]

    get_input = get_object

    def label(self, label: str | list[str] | None = None, **value: Any) -> dict[str, Any]:
        """A region of this control, as results have it."""
        labels = [] if label is None else [label] if isinstance(label, str) else list(label)
        kind = self.tag.lower()
        key = {"textarea": "text", "number": "number", "rating": "rating"}.get(kind, kind)
        given = {**value, key: labels} if labels else value
        return {"from_name": self.name, "to_name": self.to_name[0], "type": kind, "value": given}


class LabelInterface:
    """A label config, read."""

    def __init__(self, config: str, *_args: Any, **_more: Any) -> None:
        read = read_labels(config)
        self.config = config
        self._objects = {name: _object_tag(source) for name, source in read.sources.items()}
        self._controls = {
            name: _control_tag(control, [self._objects[one.name] for one in control.sources])
            for name, control in read.controls.items()
        }

    @property
    def controls(self) -> Iterable[ControlTag]:
        """In the order of the config."""
        return self._controls.values()

    @property
    def objects(self) -> Iterable[ObjectTag]:
        """In the order of the config."""
        return self._objects.values()

    @property
    def labels(self) -> Iterable[dict[str, LabelTag]]:
        """The labels of each control, by their value."""
        return [control.labels_attrs for control in self.controls]

    @property
    def control_tags(self) -> set[str]:
        """The names of the controls."""
        return set(self._controls)

    @property
    def object_tags(self) -> set[str]:
        """The names of the objects."""
        return set(self._objects)

    def get_tag(self, name: str) -> Tag:
        """The control or object of a name."""
        found = self._controls.get(name) or self._objects.get(name)
        if found is None:
            raise _unknown(name, [*self._controls, *self._objects])
        return found

    def get_control(self, name: str | None = None) -> ControlTag:
        """The control of a name; without one, the only one."""
        return cast(ControlTag, _named(self._controls, name))

    get_output = get_control

    def get_object(self, name: str | None = None) -> ObjectTag:
        """The object of a name; without one, the only one."""
        return cast(ObjectTag, _named(self._objects, name))

    get_input = get_object

    def find_tags(
        self, tag_type: str | None = None, match_fn: Callable[[Any], bool] | None = None
    ) -> list[Tag]:
        """The tags of "controls" or "objects", or all, that ``match_fn`` takes."""
        stores: dict[str | None, Iterable[Tag]] = {"controls": self.controls, "objects": self.objects}
        every = stores.get(tag_type, [*self.controls, *self.objects])
        return [tag for tag in every if match_fn is None or match_fn(tag)]

    def find_tags_by_class(self, tag_class: Any) -> list[Tag]:
        """The tags that are of a class, or of one of several."""
        classes = tuple(tag_class) if isinstance(tag_class, (list, tuple)) else (tag_class,)
        return [tag for tag in self.find_tags() if isinstance(tag, classes)]

    def get_first_tag_occurence(
        self,
        control_type: TypeName,
        object_type: TypeName,
        name_filter: NameFilter = None,
        to_name_filter: NameFilter = None,
    ) -> tuple[str, str, str]:
        """The names of the first control of a type and of its object, and the field that this shows."""
        for control in self.controls:
            if control.match(control_type, name_filter_fn=name_filter):
                for shown in control.objects:
                    if shown.match(object_type, to_name_filter_fn=to_name_filter):
                        return control.name, shown.name, shown.value_name
        raise Invalid("tag-unknown", f"The label config has no {control_type} over {object_type}.")


def _named(tags: Mapping[str, Any], name: str | None) -> Any:
    if name is None and len(tags) == 1:
        return next(iter(tags.values()))
    if name is None or name not in tags:
        raise _unknown(name, list(tags))
    return tags[name]


def _unknown(name: str | None, known: list[str]) -> Invalid:
    return Invalid("tag-unknown", f'The label config has no "{name}". It has: {", ".join(known)}.')


@cache
def control_class(name: str) -> type[ControlTag]:
    """The class of controls of a kind, as ``label_studio_sdk`` names it: ChoicesTag."""
    return type(name, (ControlTag,), {})


@cache
def object_class(name: str) -> type[ObjectTag]:
    """The class of objects of a kind: ImageTag."""
    return type(name, (ObjectTag,), {})


def _control_tag(control: Control, objects: list[ObjectTag]) -> ControlTag:
    return control_class(f"{control.tag}Tag")(control, objects)


def _object_tag(source: Source) -> ObjectTag:
    return object_class(f"{source.tag}Tag")(source)
