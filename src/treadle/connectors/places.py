"""What every kind of storage is: the fields of its form, and the place that they open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from treadle.errors import Conflict, Invalid
from treadle.settings import Settings

#: A project reads tasks from a source and writes annotations to a target.
Direction: TypeAlias = Literal["source", "target"]
#: How a form asks for it, in the words of Label Studio's forms.
FieldType: TypeAlias = Literal["text", "textarea", "password", "toggle", "counter", "select"]
Options: TypeAlias = Mapping[str, object]

BOTH: frozenset[Direction] = frozenset({"source", "target"})
SOURCE: frozenset[Direction] = frozenset({"source"})
TARGET: frozenset[Direction] = frozenset({"target"})

_TRUE = frozenset({"true", "1", "on", "yes"})
_FALSE = frozenset({"false", "0", "off", "no"})


@dataclass(frozen=True)
class Field:
    """One field of a storage's form.

    default: its type is the type of the value; None: a text or nothing.
    secret: kept sealed, and never sent back.
    names_host: what is kept sealed goes to the host that it names, and to no other.
    choices: value and label of each, of a select.
    """

    name: str
    label: str
    type: FieldType = "text"
    required: bool = False
    secret: bool = False
    names_host: bool = False
    default: object = ""
    help: str = ""
    choices: tuple[tuple[object, str], ...] = ()
    directions: frozenset[Direction] = BOTH


@dataclass(frozen=True)
class Item:
    """What lies at a key.

    etag: differs where the content does; "" where the place cannot tell.
    size_bytes, modified_at: None where the place does not tell before it is read.
    version: by which the place keeps this content though another is put over it; "" where it does not.
    """

    key: str
    etag: str = ""
    size_bytes: int | None = None
    modified_at: datetime | None = None
    version: str = ""


class Place(Protocol):
    """An opened storage. Its keys are whole: they begin with the prefix that its options name.

    Every method may raise Unavailable("storage-unreachable") and Invalid("storage-refused"), which say what
    to mend.
    """

    def check(self, direction: Direction) -> None:
        """Nothing, when the place can be listed and read, and written where it is to be a target.

        Writing is tried with a small object, which is removed. Raises Invalid and Unavailable saying what is
        wrong and how to mend it.
        """

    def list(self, after: str | None = None) -> Iterator[Item]:
        """What the options select, in the order of keys, from the first one behind ``after``."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` up to, not including, ``end``, in chunks.

        Raises, at the call, NotFound("storage-item") and Invalid("storage-key").
        """

    def find(self, key: str, version: str = "") -> Item:
        """What is at the key now, or was with the version.

        Raises NotFound("storage-item") and Invalid("storage-key").
        """

    def read_item(self, item: Item, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """As `read`, of this very content. Raises, at the call, Conflict("storage-item-changed"), too.

        An item without an etag is never found changed.
        """

    def write(self, key: str, content: bytes) -> None:
        """Store ``content`` at the key, whole or not at all. Raises Unsupported where nothing is written."""

    def delete(self, key: str) -> None:
        """Remove what is at the key; nothing happens where nothing is."""

    def key(self, name: str) -> str:
        """The key of what is to be called ``name``: below the prefix. Raises Invalid("storage-key")."""

    def uri(self, key: str) -> str:
        """The address of a key for people and other programs, such as ``s3://bucket/key``."""

    def key_of(self, uri: str) -> str | None:
        """The key that ``uri`` is the address of; None where it is not of this place."""


class Formed(Protocol):
    """What has a name and a form."""

    @property
    def name(self) -> str:
        """As the API calls it: ``s3``."""

    @property
    def title(self) -> str:
        """As people call it."""

    @property
    def directions(self) -> frozenset[Direction]:
        """What it can be."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Of its form, in order; the storage's own title is not among them."""


class Kind(Formed, Protocol):
    """A kind of storage; one file each."""

    def open(self, settings: Settings, options: Options, secrets: Mapping[str, str]) -> Place:
        """The place, which is not called before it is used.

        options, secrets: as `read_form` gave them.  Raises Invalid("storage-options", "storage-refused") and
        Unsupported.
        """


def changed(uri: str) -> Conflict:
    """The error for an item whose key holds another content by now."""
    return Conflict("storage-item-changed", f"{uri} is not what it was: something else lies there now.")


@dataclass(frozen=True)
class Form:
    """A filled form: what may be shown, and what is to be sealed."""

    options: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def fields_for(kind: Formed, direction: Direction) -> tuple[Field, ...]:
    """The fields of the form of a source or of a target."""
    return tuple(each for each in kind.fields if direction in each.directions)


def read_form(
    kind: Formed,
    direction: Direction,
    given: Options,
    *,
    before: Form | None = None,
    only_given: bool = False,
) -> Form:
    """What was filled in, each value of its field's type; what is no field of the form is left out.

    before: the form as it was; a secret that is left empty stays what it is there, unless another host is
    named: whoever changes the host gives the secrets again.
    only_given: what is not given stays as in ``before``, too, instead of falling to its default.
    Raises Invalid("storage-options"), naming every field that is wrong.
    """
    before = before or Form()
    options: dict[str, object] = {}
    secrets: dict[str, str] = {}
    wrong: dict[str, list[str]] = {}
    for each in fields_for(kind, direction):
        try:
            value = _value(each, given, before, only_given)
        except ValueError as error:
            wrong[each.name] = [str(error)]
            continue
        if each.secret:
            secrets.update({each.name: str(value)} if value else {})
        else:
            options[each.name] = value
    if wrong:
        told = " ".join(f"{name}: {text}" for name, (text,) in wrong.items())
        raise Invalid("storage-options", f"The storage is not right yet. {told}", fields=wrong)
    form = Form(options, secrets)
    if before.secrets and _host(kind, form) != _host(kind, before):
        bare = Form(before.options)
        return read_form(kind, direction, given, before=bare, only_given=only_given)
    return form


def _host(kind: Formed, form: Form) -> list[object]:
    """The values of the fields that name the host."""
    known: Mapping[str, object] = {**form.options, **form.secrets}
    return [known.get(each.name, each.default) for each in kind.fields if each.names_host]


def text_of(options: Options, name: str) -> str:
    """A text among the options; "" where there is none."""
    return str(options.get(name) or "")


def flag_of(options: Options, name: str) -> bool:
    """A flag among the options."""
    return bool(options.get(name))


def number_of(options: Options, name: str, otherwise: int) -> int:
    """A whole number among the options."""
    value = options.get(name)
    return value if isinstance(value, int) else otherwise


def _value(wanted: Field, given: Options, before: Form, only_given: bool) -> object:
    kept = before.secrets.get(wanted.name) if wanted.secret else before.options.get(wanted.name)
    value = given.get(wanted.name)
    if isinstance(value, str):
        value = value.strip()
    if value in (None, ""):
        stays = wanted.secret or (only_given and wanted.name not in given)
        value = kept if stays and kept is not None else wanted.default
    if wanted.required and value in (None, ""):
        raise ValueError("Fill this in.")
    return _converted(wanted, value)


def _converted(wanted: Field, value: object) -> object:
    if isinstance(wanted.default, bool):
        return _flag(value)
    if isinstance(wanted.default, int):
        return _number(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError("Give a text.")
    text = str(value)
    if "\0" in text:
        raise ValueError("Leave out the NUL character.")
    return text


def _flag(value: object) -> bool:
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("Give true or false.")
    return word in _TRUE


def _number(value: object) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise ValueError("Give a whole number.") from error
