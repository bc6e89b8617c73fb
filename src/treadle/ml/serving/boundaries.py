"""Where other people's code is called, and where a request ends: what goes wrong there becomes an answer."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from treadle.errors import Defect, TreadleError

logger = logging.getLogger("treadle.ml")
_SHOWN_CHARACTERS = 500

T = TypeVar("T")


@dataclass(frozen=True)
class Success(Generic[T]):
    """What the author's code returned."""

    value: T


@dataclass(frozen=True)
class Failure:
    """Why the author's code failed, in a line for a person."""

    reason: str


def attempt(what: str, call: Callable[[], T]) -> Success[T] | Failure:
    """Call code of a model's author; its traceback goes to the log, its reason to who asked."""
    try:
        return Success(call())
    except TreadleError as error:
        logger.warning("%s failed: %s", what, error.message)
        return Failure(error.message)
    except Exception as error:
        logger.exception("%s failed", what)
        return Failure(shown(error))


async def answered(call: Awaitable[T]) -> T:
    """What a handler returns. A bug of ours becomes Defect("internal-error"), its traceback is logged."""
    try:
        return await call
    except (TreadleError, ConnectionResetError):  # the latter: whoever asked is gone
        raise
    except Exception as error:
        number = secrets.token_hex(4)
        logger.exception("A request failed: error %s", number)
        text = f"The server failed to answer. Its log says why, under error {number}."
        raise Defect("internal-error", text) from error


def shown(error: BaseException) -> str:
    """An error as one line, without its traceback."""
    text = " ".join(str(error).split())
    kind = type(error).__name__
    return (f"{kind}: {text}" if text else kind)[:_SHOWN_CHARACTERS]
