"""What looks again and again outlives each look."""

from __future__ import annotations

import threading

from treadle.errors import Unavailable
from treadle.events.repeating import start_repeating


def test_no_fault_of_a_look_keeps_the_next_from_coming() -> None:
    faults: list[Exception] = [ValueError("a defect"), Unavailable("backend-down", "away"), OSError("full")]
    is_well = threading.Event()

    def look() -> None:
        if faults:
            raise faults.pop()
        is_well.set()

    start_repeating("a test", 0.001, look)
    assert is_well.wait(30)
