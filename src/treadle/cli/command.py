"""What a command is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

from treadle.settings import Settings


@dataclass(frozen=True)
class Command:
    """A command: ``name`` may be several words, ``options`` are names of settings."""

    name: str
    help: str
    run: Callable[[Settings, Namespace], int]
    options: tuple[str, ...] = ()
    #: Further arguments of its own.
    add_arguments: Callable[[ArgumentParser], None] | None = None
