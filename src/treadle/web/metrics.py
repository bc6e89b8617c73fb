"""What the process counts of its requests, in the text format of Prometheus.

Written by ourselves: the package prometheus_client takes 60 to 80 ms of a start and 4 MB, for what are three
dictionaries here. Format: https://prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Upper bounds of durations, in seconds.
_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True)
class Family:
    """Figures of one name: each by its labels."""

    name: str
    kind: str
    about: str
    samples: Iterable[tuple[Mapping[str, str], float]]


@dataclass
class Metrics:
    """Counts of one process; one thread writes, any may read."""

    #: By route (as the table of routes has it), method and status.
    _requests: dict[tuple[str, str, int], int] = field(default_factory=dict)
    #: By door: how many took up to each bound, and all seconds.
    _durations: dict[str, list[int]] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)
    in_flight: int = 0

    def count(self, door: str, route: str, method: str, *, status: int, duration_s: float) -> None:
        """A request was answered."""
        key = (route, method, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        durations = self._durations.get(door)
        if durations is None:
            durations = self._durations[door] = [0] * (len(_BOUNDS_S) + 1)
        durations[bisect_left(_BOUNDS_S, duration_s)] += 1
        self._seconds[door] = self._seconds.get(door, 0.0) + duration_s

    def lines(self) -> Iterator[str]:
        """What was counted."""
        requests = [
            ({"route": route, "method": method, "status": str(status)}, float(count))
            for (route, method, status), count in sorted(self._requests.copy().items())
        ]
        yield from write(
            Family("treadle_http_requests_total", "counter", "Requests that were answered.", requests)
        )
        being = Family(
            "treadle_http_requests_in_flight",
            "gauge",
            "Requests that are being answered.",
            [({}, float(self.in_flight))],
        )
        yield from write(being)
        yield from self._histogram()

    def _histogram(self) -> Iterator[str]:
        name = "treadle_http_request_duration_seconds"
        yield f"# HELP {name} How long answers took, streams included."
        yield f"# TYPE {name} histogram"
        for door, durations in sorted(self._durations.copy().items()):
            total = 0
            for bound, count in zip((*_BOUNDS_S, "+Inf"), list(durations), strict=True):
                total += count
                yield f'{name}_bucket{{door="{door}",le="{bound}"}} {total}'
            yield f'{name}_sum{{door="{door}"}} {self._seconds.get(door, 0.0):.6f}'
            yield f'{name}_count{{door="{door}"}} {total}'


def write(family: Family) -> Iterator[str]:
    """The lines of a family."""
    yield f"# HELP {family.name} {family.about}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value in family.samples:
        yield f"{family.name}{_shown(labels)} {_number(value)}"


def _shown(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    inner = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
    return f"{{{inner}}}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.6f}"
