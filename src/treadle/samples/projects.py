"""What a sample project is, before it is in a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SamplePicture:
    """A picture to upload: ``field`` of the task's data is to hold its address."""

    field: str
    file_name: str
    content: bytes


@dataclass(frozen=True)
class SamplePrediction:
    """What a method computed; ``result`` is in Label Studio's result format, in percent.

    ``score_0_1`` is None where the method has no doubt to tell of.
    """

    model_version: str
    score_0_1: float | None
    result: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class SampleTask:
    """One task: its data, and what goes with it."""

    data: Mapping[str, str]
    picture: SamplePicture | None = None
    prediction: SamplePrediction | None = None
    #: What was labelled, in Label Studio's result format; None where nobody labelled it.
    annotation: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True)
class SampleProject:
    """One project: all that is needed to make it."""

    title: str
    description: str
    instruction: str
    label_config: str
    color: str
    tasks: tuple[SampleTask, ...]
