"""GetObjectAttributes: what is known of an object, of that what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from email.utils import format_datetime
from itertools import islice
from types import MappingProxyType

from treadle.gateways.s3 import checksums, objects, xml
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.reading import check_version, find_object
from treadle.gateways.s3.visit import XML, Answer, Visit
from treadle.repos.values import File

_MOST_PARTS = 1000


def get_attributes(visit: Visit) -> Answer:
    """What ``x-amz-object-attributes`` names. Raises S3Error("InvalidArgument", "NoSuchKey")."""
    asked = visit.asked
    check_version(asked.query.get("versionId", ""))
    wanted = [name.strip() for name in asked.header("x-amz-object-attributes").split(",") if name.strip()]
    if not wanted or not set(_ATTRIBUTES).issuperset(wanted):
        text = f"x-amz-object-attributes names some of {', '.join(_ATTRIBUTES)}."
        raise S3Error("InvalidArgument", text)
    file = find_object(visit.snapshot, asked.key)
    inner = [write(visit, file) for name, write in _ATTRIBUTES.items() if name in wanted]
    headers = {"Content-Type": XML, "Last-Modified": format_datetime(file.modified_at, usegmt=True)}
    return Answer(200, headers, xml.document("GetObjectAttributesResponse", *inner))


def _checksum(_visit: Visit, file: File) -> str:
    """Nothing where none is known."""
    told = objects.checksum_headers(file)
    kind = told.pop("x-amz-checksum-type", "")
    if not told:
        return ""
    values = (checksums.tag(name.removeprefix(checksums.HEADER), value) for name, value in told.items())
    return xml.group("Checksum", *values, xml.tag("ChecksumType", kind))


def _parts(visit: Visit, file: File) -> str:
    """A page of the parts, of an object that came in parts."""
    if objects.PARTS not in file.metadata:
        return ""
    sizes = objects.read_parts(file)
    most = min(_count(visit, "x-amz-max-parts", _MOST_PARTS), _MOST_PARTS)
    marker = _count(visit, "x-amz-part-number-marker", 0)
    page = list(islice(enumerate(sizes, 1), marker, marker + most))
    last = page[-1][0] if page else marker
    numbers = {"PartNumberMarker": marker, "NextPartNumberMarker": last, "MaxParts": most}
    return xml.group(
        "ObjectParts",
        xml.tag("PartsCount", len(sizes)),
        *(xml.tag(name, number) for name, number in numbers.items()),
        xml.tag("IsTruncated", last < len(sizes)),
        *_listed(page, objects.part_checksums(file)),
    )


def _listed(page: list[tuple[int, int]], known: tuple[str, list[str]] | None) -> Iterator[str]:
    for number, size_bytes in page:
        inner = [xml.tag("PartNumber", number), xml.tag("Size", size_bytes)]
        if known is not None:
            inner.append(checksums.tag(known[0], known[1][number - 1]))
        yield xml.group("Part", *inner)


def _count(visit: Visit, name: str, default: int) -> int:
    text = visit.asked.header(name).strip()
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        raise S3Error("InvalidArgument", f"Provided {name} not an integer or within integer range")
    return int(text)


#: By S3's name, in the order of its answer.
_ATTRIBUTES: Mapping[str, Callable[[Visit, File], str]] = MappingProxyType(
    {
        "ETag": lambda _visit, file: xml.tag("ETag", objects.etag_of(file)),
        "Checksum": _checksum,
        "ObjectParts": _parts,
        "StorageClass": lambda _visit, _file: xml.tag("StorageClass", "STANDARD"),
        "ObjectSize": lambda _visit, file: xml.tag("ObjectSize", file.size_bytes),
    }
)
