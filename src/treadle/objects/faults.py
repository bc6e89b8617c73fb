"""What went wrong at a bucket, told apart by what somebody can do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

#: What calls of a bucket raise. A missing key is a FileNotFoundError, a key that cannot be sent a ValueError.
BUCKET_ERRORS = (BaseError, FileNotFoundError, ValueError)

_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"})
_OTHER_REGION = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraint"})
_REFUSED = frozenset({"401", "403"})


class Fault(Enum):
    """Whom it is for to mend."""

    NO_KEY = auto()
    NO_BUCKET = auto()
    REFUSED = auto()
    OTHER_REGION = auto()
    UNREACHABLE = auto()
    SLOW = auto()
    OUT_OF_RANGE = auto()
    ODD_KEY = auto()
    OTHER = auto()


@dataclass(frozen=True)
class Diagnosis:
    """A fault, and the few words that a person needs of what was answered."""

    fault: Fault
    detail: str


def diagnose(error: Exception) -> Diagnosis:
    """What an error of `BUCKET_ERRORS` means."""
    text = str(error)
    code, status = _first(_CODE, text), _first(_STATUS, text)
    return Diagnosis(_fault(error, text, code, status), _detail(text, code, status))


def _fault(error: Exception, text: str, code: str, status: str) -> Fault:
    if code in _NO_BUCKET:
        return Fault.NO_BUCKET
    if code in _OTHER_REGION or "configured region" in text:
        return Fault.OTHER_REGION
    if isinstance(error, FileNotFoundError):
        return Fault.NO_KEY
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError)) or status in _REFUSED:
        return Fault.REFUSED
    if status == "416" or "StartTooLarge" in text:
        return Fault.OUT_OF_RANGE
    if "arse path" in text or "invalid path" in text:
        return Fault.ODD_KEY
    return _network_fault(text, status)


def _network_fault(text: str, status: str) -> Fault:
    if "kind: Timeout" in text or "timed out" in text:
        return Fault.SLOW
    if "kind: Connect" in text or "kind: Request" in text or "error sending request" in text:
        return Fault.UNREACHABLE
    # It answered, again and again, that it cannot.
    return Fault.UNREACHABLE if status.startswith("5") else Fault.OTHER


def _detail(text: str, code: str, status: str) -> str:
    if code or status:
        return " ".join(filter(None, ("it answered", status, code)))
    if "ConnectionRefused" in text:
        return "the connection was refused"
    if "dns error" in text or "lookup address" in text:
        return "its name stands for no address"
    if "timed out" in text or "kind: Timeout" in text:
        return "it did not answer in time"
    return text.partition("\n")[0].rpartition(": ")[2].strip() or "no reason was given"


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else ""
