"""A label config as a model needs it: what is asked, of which data, and the labels in their order.

``read_labels`` reads the XML once per text and remembers it. What it refuses: XML that is none, and XML
with a document type, which could make a small text large.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import MappingProxyType
from xml.etree import ElementTree

from treadle.errors import Invalid

_LABEL_TAGS = ("label", "choice")
#: Have a name and a toName and yet write nothing.
_NOT_CONTROLS = ("filter",)
_VARIABLE = re.compile(r"\$([\w.\[\]]+)")
_REMEMBERED = 256
#: As deep as a config of the server may be.
_DEEPEST = 100

Attributes = Mapping[str, str]


@dataclass(frozen=True)
class Label:
    """One label or choice: the word that results carry, and its attributes as they were written."""

    #: The alias where it has one.
    value: str
    tag: str
    attributes: Attributes
    #: The labels that it stands in, and itself last: of nested choices.
    path: tuple[str, ...] = ()

    @property
    def predicted_values(self) -> tuple[str, ...]:
        """What a model may call it, by its attribute of that name."""
        written = self.attributes.get("predicted_values", "")
        return tuple(word for part in written.split(",") if (word := part.strip()))


@dataclass(frozen=True)
class Source:
    """What is shown and labelled: a picture, a text."""

    name: str
    tag: str
    #: As it is written: "$image".
    value: str
    attributes: Attributes

    @property
    def key(self) -> str:
        """The field of a task's data that it shows; "" where it shows no field."""
        found = _VARIABLE.search(self.value)
        return found.group(1) if found else ""


@dataclass(frozen=True)
class Control:
    """What writes results: a kind of shape or question, over one source or several."""

    name: str
    tag: str
    to_names: tuple[str, ...]
    sources: tuple[Source, ...]
    label_tags: tuple[Label, ...]
    attributes: Attributes

    @cached_property
    def kind(self) -> str:
        """The type of its results: "rectanglelabels"."""
        return self.tag.lower()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """In the order of the config: a label's place is the id of its class."""
        return tuple(dict.fromkeys(label.value for label in self.label_tags))

    @property
    def to_name(self) -> str:
        """The first of what it labels."""
        return self.to_names[0] if self.to_names else ""

    @property
    def value_key(self) -> str:
        """The field of a task's data that it is about."""
        return self.sources[0].key if self.sources else ""

    def class_id(self, label: str) -> int:
        """The place of ``label``. Raises Invalid("label-unknown"), which names those that there are."""
        try:
            return self.labels.index(label)
        except ValueError:
            raise unknown_label(label, self.labels, self.name) from None


@dataclass(frozen=True)
class LabelConfig:
    """A config: its controls and sources by name, in the order that they are written."""

    text: str
    controls: Mapping[str, Control] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)

    def control(self, name: str | None = None) -> Control:
        """The control of that name; without one, the only one. Raises Invalid, which names them all."""
        if name is not None and name in self.controls:
            return self.controls[name]
        if name is None and len(self.controls) == 1:
            return next(iter(self.controls.values()))
        wanted = f'no control "{name}"' if name is not None else f"{len(self.controls)} controls, not one"
        raise Invalid("control-unknown", f"The label config has {wanted}. It has: {listed(self.controls)}.")

    def of_kinds(self, kinds: Iterable[str]) -> tuple[Control, ...]:
        """The controls whose results are of one of these types."""
        wanted = {kind.lower() for kind in kinds}
        return tuple(control for control in self.controls.values() if control.kind in wanted)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label of every control, in order, once."""
        return tuple(dict.fromkeys(label for control in self.controls.values() for label in control.labels))


def unknown_label(label: str, known: Iterable[str], control: str) -> Invalid:
    """The error for a label that the config lacks."""
    return Invalid(
        "label-unknown",
        f'"{label}" is no label of the control "{control}". Its labels: {listed(known)}. Name one of these, '
        'or say what becomes of others by the setting unknown_labels: "unlabelled", "drop" or a mapping.',
    )


def listed(names: Iterable[str], most: int = 20) -> str:
    """Names for a message: the first of them, in quotes."""
    every = list(names)
    shown = ", ".join(f'"{name}"' for name in every[:most])
    return (shown + ", …" if len(every) > most else shown) or "none"


@lru_cache(maxsize=_REMEMBERED)
def read_labels(text: str) -> LabelConfig:
    """The config that ``text`` writes; an empty text is an empty config. Raises Invalid("config-xml")."""
    if not text.strip():
        return LabelConfig(text)
    return _assemble(text, parse_xml(text))


def parse_xml(text: str) -> ElementTree.Element:
    """The root of a config. Raises Invalid("config-xml")."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Invalid("config-xml", "The label config has a document type. Take it out.")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise Invalid("config-xml", f"The label config is not well-formed XML: {error}.") from error
    if _depth_of(root) > _DEEPEST:
        raise Invalid("config-xml", f"The label config nests elements deeper than {_DEEPEST}.")
    return root


def _depth_of(root: ElementTree.Element) -> int:
    depth, level = 0, [root]
    while level and depth <= _DEEPEST:
        depth, level = depth + 1, [child for element in level for child in element]
    return depth


def _assemble(text: str, root: ElementTree.Element) -> LabelConfig:
    found = [_Tag(element, _lowered(element)) for element in root.iter()]
    sources = {tag.name: _source(tag) for tag in found if tag.is_source}
    labels = {name: tuple(group) for name, group in _labels(root).items()}
    controls = {tag.name: _control(tag, sources, labels.get(tag.name, ())) for tag in found if tag.is_control}
    return LabelConfig(text, MappingProxyType(controls), MappingProxyType(sources))


@dataclass(frozen=True)
class _Tag:
    element: ElementTree.Element
    #: By lower-case name, as tags are read.
    lowered: Attributes

    @property
    def name(self) -> str:
        return self.lowered.get("name", "")

    @property
    def value(self) -> str:
        return self.lowered.get("value") or self.lowered.get("valuelist") or (self.element.text or "").strip()

    @property
    def is_control(self) -> bool:
        is_judge = self.element.tag.lower() not in _NOT_CONTROLS
        return bool(self.name and "toname" in self.lowered and is_judge)

    @property
    def is_source(self) -> bool:
        return bool(self.name and self.value and "toname" not in self.lowered)


def _lowered(element: ElementTree.Element) -> Attributes:
    return {name.lower(): value for name, value in element.attrib.items()}


def _source(tag: _Tag) -> Source:
    return Source(tag.name, tag.element.tag, tag.value, MappingProxyType(dict(tag.element.attrib)))


def _control(tag: _Tag, sources: Mapping[str, Source], labels: tuple[Label, ...]) -> Control:
    names = tuple(name.strip() for name in tag.lowered["toname"].split(",") if name.strip())
    attributes = MappingProxyType(dict(tag.element.attrib))
    seen = tuple(sources[name] for name in names if name in sources)
    return Control(tag.name, tag.element.tag, names, seen, labels, attributes)


def _labels(root: ElementTree.Element) -> dict[str, list[Label]]:
    """Labels by the name of the control that they stand in, however deep."""
    found: dict[str, list[Label]] = {}
    for owner, path, element in _owned(root, "", ()):
        if owner:
            label = Label(path[-1], element.tag, MappingProxyType(dict(element.attrib)), path)
            found.setdefault(owner, []).append(label)
    return found


def _owned(
    element: ElementTree.Element, owner: str, path: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...], ElementTree.Element]]:
    lowered = _lowered(element)
    if "toname" in lowered:
        owner, path = lowered.get("name", ""), ()
    value = lowered.get("alias") or lowered.get("value")
    if element.tag.lower() in _LABEL_TAGS and value:
        path = (*path, value)
        yield owner, path, element
    for child in element:
        yield from _owned(child, owner, path)
