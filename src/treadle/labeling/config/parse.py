"""From the XML of a labelling config to a ``LabelConfig``, with everything that is wrong in one error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

from treadle.labeling.config.model import VARIABLE, ControlTag, Label, LabelConfig, ObjectTag, as_index
from treadle.labeling.config.xml import Element, Problem, parse_xml, refuse


@lru_cache(maxsize=256)
def parse_config(xml: str) -> LabelConfig:
    """The config that the XML describes.  The same text gives the same value again without parsing.

    Accepted like Label Studio does: ``<View></View>``; tags and attributes in any case of letters; unknown
    ones, kept; a control without ``toName`` where the config has exactly one object.

    Raises Invalid("config-malformed"): all problems under the field ``label_config``, and as line, column
    and message under ``details["errors"]``.
    """
    root = parse_xml(xml)
    reader = _Reader(root)
    if reader.problems:
        raise refuse(sorted(reader.problems, key=lambda problem: (problem.line, problem.column)))
    return LabelConfig(
        root=root,
        objects=tuple(reader.objects),
        controls=tuple(reader.controls),
        relations=tuple(element.attributes["value"] for element in _relations(root)),
        warnings=tuple(_warnings(root, reader)),
    )


class _Reader:
    """Collects tags and problems in one walk; controls wait until all objects are known."""

    def __init__(self, root: Element) -> None:
        self.problems: list[Problem] = []
        self.objects: list[ObjectTag] = []
        self.controls: list[ControlTag] = []
        self._waiting: list[tuple[Element, str | None]] = []
        self._collect(root, flag=None)
        #: Names of objects, in their order.
        self._known = dict.fromkeys(tag.name for tag in self.objects)
        self._refuse_duplicates()
        for element, flag in self._waiting:
            self._control(element, flag)

    def _collect(self, element: Element, flag: str | None) -> None:
        kind = element.kind
        if element.tag == "Repeater":
            flag = str(element.get("indexFlag"))
        if kind and kind.role == "object":
            self._object(element, flag)
        if _is_control(element):
            self._waiting.append((element, flag))
        for child in element.children:
            self._collect(child, flag)

    def _wrong(self, element: Element, message: str) -> None:
        self.problems.append(element.problem(message))

    def _object(self, element: Element, flag: str | None) -> None:
        name = element.attributes.get("name", "")
        if not name:
            self._wrong(element, f'{element.tag} has no name: add name="…"')
            return
        listed = element.attributes.get("valueList")
        value = listed or element.attributes.get("value") or _inner_value(element)
        if not value and element.tag != "Chat":
            self._wrong(element, f'{element.tag} "{name}" shows nothing: add value="$…", a field of the data')
        value_type = element.get("valueType")
        self.objects.append(
            ObjectTag(
                name=name,
                tag=element.tag,
                value=value,
                is_list=bool(listed),
                value_type=None if value_type is None else str(value_type),
                repeated=flag,
                element=element,
            )
        )

    def _refuse_duplicates(self) -> None:
        # Chat stands in both lists under its one name.
        named = {id(element): element for element, _ in self._waiting}
        named.update({id(tag.element): tag.element for tag in self.objects})
        counts = Counter(element.attributes.get("name", "") for element in named.values())
        seen: set[str] = set()
        for element in sorted(named.values(), key=lambda element: (element.line, element.column)):
            name = element.attributes.get("name", "")
            if name and counts[name] > 1 and name in seen:
                self._wrong(element, f'the name "{name}" is used twice: names are unique in a config')
            seen.add(name)

    def _control(self, element: Element, flag: str | None) -> None:
        assert element.kind is not None
        name = element.attributes.get("name", "")
        if not name:
            if element.kind.role != "object":
                self._wrong(
                    element, f"{element.tag} has no name: add name=\"…\" ('name' is a required property)"
                )
            return
        labels = tuple(_labels(element))
        dynamic = _is_dynamic(element)
        for label in _own_labels(element):
            if not label.attributes.get("value"):
                self._wrong(label, f'{label.tag} of "{name}" has no value: add value="…"')
        if element.kind.needs_labels and not labels and not dynamic and not any(_own_labels(element)):
            self._wrong(element, f'{element.tag} "{name}" has no labels: add a tag with value="…" inside')
        self.controls.append(
            ControlTag(
                name=name,
                tag=element.tag,
                to_names=self._to_names(element, name),
                result_types=element.kind.result_types,
                labels=labels,
                is_dynamic=dynamic,
                repeated=flag,
                element=element,
            )
        )

    def _to_names(self, element: Element, name: str) -> tuple[str, ...]:
        if element.kind and element.kind.role == "object":
            return (name,)
        parts = element.attributes.get("toName", "").split(",")
        written = tuple(part.strip() for part in parts if part.strip())
        if not written:
            if len(self._known) != 1:
                self._wrong(element, f'{element.tag} "{name}" does not say what it labels: add toName="…"')
            return tuple(self._known)
        for missing in (part for part in written if part not in self._known):
            self._wrong(element, f'toName="{missing}" not found in names: {_some(self._known)}')
        if element.tag == "Pairwise" and len(written) != 2:
            self._wrong(element, f'Pairwise "{name}" compares two objects: write toName="first,second"')
        return written


def _some(names: Iterable[str]) -> str:
    # A config may have thousands; the error that names them must not.
    first = list(islice(names, 11))
    return str(first if len(first) <= 10 else [*first[:10], "…"])


def _inner_value(element: Element) -> str:
    # HyperText takes markup; the server needs only the variables in it.
    inside = element.walk() if element.tag == "HyperText" else (element,)
    return " ".join(part.text for part in inside if part.text)


def _is_label(element: Element) -> bool:
    return element.kind is not None and element.kind.role == "label"


def _own_labels(element: Element) -> Iterator[Element]:
    """The label tags of a control.  Another control inside of it keeps its own."""
    waiting = list(reversed(element.children))
    while waiting:
        inside = waiting.pop()
        if _is_label(inside):
            yield inside
        if not _is_control(inside):
            waiting.extend(reversed(inside.children))


def _is_control(element: Element) -> bool:
    return element.kind is not None and bool(element.kind.result_types)


def _is_dynamic(element: Element) -> bool:
    if element.tag == "TextArea":
        return False
    if element.tag == "Taxonomy" and (element.attributes.get("apiUrl") or element.get("legacy") is True):
        return True
    inside = (label.attributes.get("value", "") for label in _own_labels(element))
    values = (element.attributes.get("value", ""), *inside)
    return any(VARIABLE.search(value) for value in values)


def _labels(element: Element, above: tuple[str, ...] = ()) -> Iterator[Label]:
    for child in element.children:
        if _is_control(child):
            continue
        if not _is_label(child):
            yield from _labels(child, above)
        elif value := child.attributes.get("value"):
            label = _label(child, value, above)
            yield label
            yield from _labels(child, label.path)


def _label(element: Element, value: str, above: tuple[str, ...]) -> Label:
    attributes = element.attributes
    alias = attributes.get("alias") or None
    return Label(
        value=value,
        alias=alias,
        background=attributes.get("background"),
        hotkey=attributes.get("hotkey"),
        category=as_index(attributes.get("category", "")),
        path=(*above, alias or value),
        element=element,
    )


def _relations(root: Element) -> Iterator[Element]:
    return (element for element in root.walk() if element.tag == "Relation" and "value" in element.attributes)


def _warnings(root: Element, reader: _Reader) -> Iterator[Problem]:
    for element in root.walk():
        if element.kind is None:
            yield element.problem(f"the tag {element.tag} is not known here: it is kept as it is")
    tags = {tag.name: tag.tag for tag in reader.objects}
    for control in reader.controls:
        fits = control.element.kind.works_on if control.element.kind else ()
        for name in control.to_names:
            if fits and tags[name] not in fits:
                yield control.element.problem(
                    f'{control.tag} "{control.name}" labels {" or ".join(fits)}, not {tags[name]}'
                )
