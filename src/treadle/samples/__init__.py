"""Sample projects on real data that arrives inside installed packages.

Promises: nothing is downloaded, nothing is invented; sources and licences stand in each task, and
every suggestion is computed from the data by the method that it names. Refuses: to work without
the extra ``[samples]``, with Unsupported("samples-not-installed").
"""

from __future__ import annotations

from treadle.samples.adding import SAMPLES, add_samples
from treadle.samples.projects import SamplePicture, SamplePrediction, SampleProject, SampleTask
from treadle.samples.repos import add_sample_repos

__all__ = [
    "SAMPLES",
    "SamplePicture",
    "SamplePrediction",
    "SampleProject",
    "SampleTask",
    "add_sample_repos",
    "add_samples",
]
