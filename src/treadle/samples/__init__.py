"""Sample projects on real data that arrives inside installed packages.

Promises: nothing is downloaded, nothing is invented; sources and licences stand in each task, and
every suggestion is computed from the data by the method that it names. Refuses: to work without
the extra ``[samples]``, with Unsupported("samples-not-installed").
"""

from __future__ import annotations

from treadle.samples.digits import digits_project
from treadle.samples.photographs import photographs_project
from treadle.samples.projects import SamplePicture, SamplePrediction, SampleProject, SampleTask
from treadle.samples.topics import topics_project

__all__ = [
    "SamplePicture",
    "SamplePrediction",
    "SampleProject",
    "SampleTask",
    "sample_projects",
]


def sample_projects() -> tuple[SampleProject, ...]:
    """All sample projects, in the order in which a newcomer meets them.

    Takes about three seconds, most of it to import scikit-image. Raises Unsupported("samples-not-installed").
    """
    return (photographs_project(), digits_project(), topics_project())
