"""A labelling config as a tree of elements that know where they stand; hostile XML goes no further.

Refused, with line and column: a DOCTYPE (and with it every entity of one's own), more than 1 MB, elements
nested deeper than 100, and what is not well-formed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from treadle.errors import Invalid
from treadle.labeling.config.catalogue import AttributeValue, TagKind, attribute_name, find_tag

MAX_CONFIG_BYTES = 1_000_000
MAX_DEPTH = 100
#: Problems told at once.
MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong or odd at one place of a config: line and column count from 1."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.message}: line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Element:
    """One tag as it was written: names in the catalogue's spelling where it knows them."""

    tag: str
    kind: TagKind | None
    attributes: dict[str, str]
    #: The attributes exactly as they were written, for answers that repeat them.
    written: dict[str, str]
    children: tuple[Element, ...]
    #: The text directly inside, without that of children, trimmed.
    text: str
    line: int
    column: int

    def get(self, name: str) -> AttributeValue:
        """The attribute as its default's kind (switch, number, text), or the default where it is absent."""
        default = self.kind.defaults.get(name) if self.kind else None
        return _typed(self.attributes.get(name), default)

    def walk(self) -> Iterator[Element]:
        """This element and all below it, in document order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))

    def problem(self, message: str) -> Problem:
        """A problem at the place of this element."""
        return Problem(self.line, self.column, message)


def _typed(written: str | None, default: AttributeValue) -> AttributeValue:
    if written is None:
        return default
    if isinstance(default, bool):
        return written.strip().lower() == "true"
    if isinstance(default, float):
        try:
            return float(written)
        except ValueError:
            return default
    return written


def refuse(problems: list[Problem]) -> Invalid:
    """The error for a config with these problems; the caller raises it."""
    told = problems[:MAX_PROBLEMS]
    texts = [str(problem) for problem in told]
    positions = [{"line": p.line, "column": p.column, "message": p.message} for p in told]
    return Invalid(
        "config-malformed",
        f"The labelling config is not valid: {texts[0]}. Correct it there and save it again.",
        fields={"label_config": texts},
        details={"errors": positions},
    )


def parse_xml(text: str) -> Element:
    """The root element of a config.

    Raises Invalid("config-malformed") with ``details["errors"]``: a list of line, column and message.
    """
    builder = _Builder()
    parser = builder.parser
    try:
        encoded = text.encode()
        if len(encoded) > MAX_CONFIG_BYTES:
            raise refuse(
                [Problem(1, 1, f"a config may hold {MAX_CONFIG_BYTES:,} bytes, not {len(encoded):,}")]
            )
        # The declared encoding would be wrong: what arrives here is text, and expat is given UTF-8.
        parser.Parse(encoded, True)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        column = error.start - text.rfind("\n", 0, error.start)
        raise refuse([Problem(line, column, "a character that no encoding can write")]) from error
    except expat.ExpatError as error:
        raise refuse([Problem(error.lineno, error.offset + 1, expat.ErrorString(error.code))]) from error
    except _Refused as refused:
        raise refuse(
            [Problem(parser.CurrentLineNumber, parser.CurrentColumnNumber + 1, str(refused))]
        ) from None
    return builder.root()


class _Refused(Exception):
    """Raised inside expat's call-backs, to stop at the place where the reason stands."""


@dataclass(slots=True)
class _Open:
    name: str
    attributes: dict[str, str]
    line: int
    column: int
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def close(self) -> Element:
        kind = find_tag(self.name)
        known = {attribute_name(kind, name) if kind else name: text for name, text in self.attributes.items()}
        return Element(
            tag=kind.name if kind else self.name,
            kind=kind,
            attributes=known,
            written=self.attributes,
            children=tuple(self.children),
            text="".join(self.texts).strip(),
            line=self.line,
            column=self.column,
        )


class _Builder:
    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._root: Element | None = None
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def root(self) -> Element:
        assert self._root is not None, "expat refuses a document without an element"
        return self._root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise _Refused(f"elements nested deeper than {MAX_DEPTH}")
        place = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        self._stack.append(_Open(name, attributes, *place))

    def _end(self, _name: str) -> None:
        element = self._stack.pop().close()
        if self._stack:
            self._stack[-1].children.append(element)
        else:
            self._root = element

    def _text(self, text: str) -> None:
        self._stack[-1].texts.append(text)

    def _doctype(self, *_declaration: object) -> None:
        raise _Refused("a DOCTYPE is not allowed in a labelling config: remove it, and its entities")
