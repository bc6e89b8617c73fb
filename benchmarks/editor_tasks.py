"""The single tasks of a page's main thread, as the browser traces them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import CDPSession

_MAIN_THREAD = "CrRendererMain"
_TASK = "RunTask"
_TRACED = "-*,toplevel,disabled-by-default-devtools.timeline,__metadata"


def longest_task_ms(cdp: CDPSession, act: Callable[[], object]) -> float:
    """CPU of the dearest single task that the page's main thread did during an act, ms."""
    events: list[dict[str, Any]] = []
    is_over: list[bool] = []
    cdp.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    cdp.on("Tracing.tracingComplete", lambda _: is_over.append(True))
    cdp.send("Tracing.start", {"transferMode": "ReportEvents", "categories": _TRACED})
    act()
    cdp.send("Tracing.end")
    while not is_over:
        cdp.send("Runtime.evaluate", {"expression": "0"})  # Lets what was traced come in.
    mains = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == _MAIN_THREAD
    }
    tasks = [each for each in events if each["name"].endswith(_TASK) and (each["pid"], each["tid"]) in mains]
    return max(float(each.get("tdur", 0)) for each in tasks) / 1000
