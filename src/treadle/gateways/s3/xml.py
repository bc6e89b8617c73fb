"""S3's XML: answers written, requests read."""

from __future__ import annotations

from datetime import datetime
from xml.etree.ElementTree import Element, ParseError, XMLParser

from treadle.gateways.s3.errors import S3Error

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ESCAPES = str.maketrans(
    {
        **{chr(code): f"&#x{code:x};" for code in range(32) if code not in (9, 10)},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
    }
)


def tag(name: str, value: str | int | bool | datetime) -> str:
    """An element that holds a value; an instant in UTC to the millisecond."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, datetime):
        text = value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    else:
        text = str(value).translate(_ESCAPES)
    return f"<{name}>{text}</{name}>"


def group(name: str, *inner: str) -> str:
    """An element that holds elements."""
    return f"<{name}>{''.join(inner)}</{name}>"


def document(name: str, *inner: str) -> bytes:
    """A whole answer."""
    return f'{_DECLARATION}<{name} xmlns="{NAMESPACE}">{"".join(inner)}</{name}>'.encode(
        "utf-8", "surrogatepass"
    )


def error_document(error: S3Error, *, resource: str, request_id: str) -> bytes:
    """The answer that tells of an error, which has no namespace."""
    more = "".join(tag(name, value) for name, value in error.more.items())
    inner = tag("Code", error.code) + tag("Message", error.message) + more
    inner += tag("Resource", resource) + tag("RequestId", request_id)
    return (_DECLARATION + group("Error", inner)).encode("utf-8", "surrogatepass")


class _Refusing:
    """Builds elements without their namespaces, and takes no document type: nothing may unfold."""

    def __init__(self) -> None:
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._root: Element | None = None
        self._last: Element | None = None

    def doctype(self, *_names: object) -> None:
        raise S3Error("MalformedXML", "The body declares a document type. Leave it out.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(name.rpartition("}")[2], attributes)
        if self._open:
            self._open[-1].append(element)
        elif self._root is None:
            self._root = element
        self._open.append(element)
        self._texts.append([])

    def end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def data(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def close(self) -> Element | None:
        return self._root


def parse(body: bytes, root: str) -> Element:
    """The root element, of that name, without namespaces. Raises S3Error("MalformedXML")."""
    parser = XMLParser(target=_Refusing())
    try:
        parser.feed(body)
        element = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise S3Error("MalformedXML", f"The body is no XML: {error}.") from error
    if not isinstance(element, Element) or element.tag != root:
        raise S3Error("MalformedXML", f"The XML you provided was not well-formed: it is to be a {root}.")
    return element


def text_of(element: Element, name: str) -> str:
    """The text of a child, "" when there is none."""
    return (element.findtext(name) or "").strip()
