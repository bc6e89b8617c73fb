"""What the label page costs the browser: main-thread CPU, heap and script, of Treadle and of Label Studio.

``python -m benchmarks.editor --url http://127.0.0.1:8080 --email E --password P --token T`` makes projects on
a running server and measures there (``--ui label-studio``: Label Studio); `measure_scenes` does the same for
a program, `measure_editor` measures a page that is there.

Only the CPU of the page's main thread is counted (the browser says it), so that other work on the machine
disturbs little; what an idle page costs in the same time is taken off gestures of many steps.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from playwright.sync_api import CDPSession, Page, ViewportSize, sync_playwright

from benchmarks.editor_scenes import SCENES, Scene, make_project, media_server
from benchmarks.editor_tasks import longest_task_ms
from benchmarks.editor_uis import LABEL_STUDIO, TREADLE, Ui

_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_FLAGS += ["--enable-precise-memory-info", "--js-flags=--expose-gc"]
_VIEW: ViewportSize = {"width": 1440, "height": 900}
_READY_S = 180
#: Mouse moves of a drag or pan, turns of the wheel of a zoom or scroll.
_STEPS = 60
#: As the browser's protocol counts the keys that are held.
_SHIFT = 8


@dataclass(frozen=True)
class EditorFigure:
    """``value``: a median of rounds, in ``unit``; of main-thread CPU where that is ms."""

    scene: str
    what: str
    unit: str
    value: float


def measure_editor(
    ui: Ui,
    base_url: str,
    label_url: str,
    scene: Scene,
    *,
    email: str,
    password: str,
    rounds: int = 3,
    before_round: Callable[[], object] = lambda: None,
) -> list[EditorFigure]:
    """What one scene costs in the label stream at ``label_url``, each round in a fresh browser.

    ``before_round`` puts the tasks back as they were. The last round submits, and so uses a task up.
    """
    found: list[dict[str, float]] = []
    units: dict[str, str] = {}
    for number in range(rounds):
        before_round()
        with _browser(base_url, ui, email, password) as (page, cdp):
            run = _Round(ui, page, cdp, scene, units, {})
            run.measure(label_url, is_last=number == rounds - 1)
            found.append(run.values)
    names = dict.fromkeys(name for values in found for name in values)
    values_of = {name: [values[name] for values in found if name in values] for name in names}
    return [EditorFigure(scene.name, name, units[name], median(each)) for name, each in values_of.items()]


@contextmanager
def _browser(base_url: str, ui: Ui, email: str, password: str) -> Iterator[tuple[Page, CDPSession]]:
    """A signed-in window of a browser that has not been here before."""
    with tempfile.TemporaryDirectory(prefix="editor-bench-") as folder, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=chromium(), headless=True, args=_FLAGS, viewport=_VIEW, base_url=base_url
        )
        entry = context.new_page()
        entry.goto(ui.sign_in)
        entry.fill("input[name=email]", email)
        entry.fill("input[name=password]", password)
        entry.click("button[type=submit]")
        entry.wait_for_url(lambda url: "login" not in url)
        page = context.new_page()
        entry.close()
        cdp = context.new_cdp_session(page)
        cdp.send("Network.enable")
        cdp.send("Network.clearBrowserCache")
        cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.set_default_timeout(_READY_S * 1000)
        yield page, cdp
        context.close()


def chromium() -> str:
    """The browser that the tests run too."""
    finder = Path(__file__).resolve().parents[1] / "scripts" / "find_chromium.py"
    found = subprocess.run([sys.executable, str(finder)], stdout=subprocess.PIPE, text=True, check=True)
    return found.stdout.strip()


@dataclass
class _Round:
    """One visit: load, then every gesture once (a few selections)."""

    ui: Ui
    page: Page
    cdp: CDPSession
    scene: Scene
    units: dict[str, str]
    values: dict[str, float]
    idle_share: float = 0.0

    def measure(self, label_url: str, *, is_last: bool) -> None:
        self._load(label_url)
        self._note("heap", "MB", self._heap_mb())
        self._note("nodes", "", self._metric("Nodes"))
        self.page.mouse.move(5, 5)
        self._learn_idle()
        points = self.scene.points(self._ask(self.ui.surface)) if self.scene.is_picture else []
        self._note("select", "ms", median(self._select(point) for point in self._targets(points)))
        if self.scene.is_picture:
            self._measure_picture(points)
        else:
            self._measure_text()
        if is_last:
            self._rest(800)
            self._note("submit to next", "ms", self._submit())

    # -- opening

    def _load(self, label_url: str) -> None:
        scripts = _Scripts()
        self.cdp.on("Network.responseReceived", scripts.answered)
        self.cdp.on("Network.dataReceived", scripts.received)
        self.page.goto(label_url, wait_until="commit")
        self._wait_ready()
        self._note("ready", "ms", self._cpu_ms())
        self._rest(1500)
        for name, size_bytes in scripts.totals().items():
            self._note(name, "KB", size_bytes / 1000)

    def _wait_ready(self) -> None:
        """Asks once a frame, then lets two more be painted."""
        self.page.evaluate(
            """([ready, n]) => new Promise((done) => {
              const ask = eval(`(${ready})`);
              const look = () => {
                let isReady = false;
                try { isReady = ask(n); } catch { /* the page is still being made */ }
                requestAnimationFrame(isReady ? () => requestAnimationFrame(done) : look);
              };
              look();
            })""",
            [self.ui.ready, self.scene.count],
        )

    def _heap_mb(self) -> float:
        for _ in range(2):
            self.cdp.send("HeapProfiler.collectGarbage")
        return float(self.cdp.send("Runtime.getHeapUsage")["usedSize"]) / 2**20

    # -- gestures

    def _measure_picture(self, points: Sequence[tuple[float, float]]) -> None:
        self._note("drag step", "ms", self._drag(points[0]) / _STEPS)
        self.page.keyboard.press("Escape")
        turn_ms, repaint_ms = self._turn_once()
        self._note("one turn of the wheel", "ms", turn_ms)
        self._note("full repaint", "ms", repaint_ms)
        self._note("zoom step", "ms", self._gesture(self._zoom) / _STEPS)
        self._rest(800)
        self._note("pan step", "ms", self._pan() / _STEPS)
        self._note("draw a box", "ms", self._draw())
        self._rest(800)
        self._note("undo it", "ms", self._undo())

    def _measure_text(self) -> None:
        box = self.page.evaluate_handle(f"({self.ui.scroller})()").as_element()
        place = box.bounding_box() if box else None
        assert place is not None, "the page has nothing that scrolls"
        self.page.mouse.move(place["x"] + place["width"] / 2, min(place["y"] + place["height"] / 2, 500))
        self._note("scroll step", "ms", self._gesture(self._scroll) / _STEPS)
        self._note("mark", "ms", self._mark())

    def _targets(self, points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
        if self.scene.is_picture:
            return points
        spans = [self._ask(self.ui.span_point, index) for index in range(0, 10, 2)]
        return [(span["x"], span["y"]) for span in spans if span]

    def _select(self, point: tuple[float, float]) -> float:
        """From the press until the page knows another selected region and a frame has shown it."""
        self.page.mouse.move(*point)
        self._rest(300)
        before = self._ask(self.ui.selected)
        changed = f"(now => now !== null && now !== {json.dumps(before)})(({self.ui.selected})())"
        return self._until(changed, self._press)

    def _press(self) -> None:
        self.page.mouse.down()
        self.page.mouse.up()

    def _drag(self, point: tuple[float, float]) -> float:
        self._select(point)
        self._rest(800)
        return self._gesture(lambda: self._circle(point, 60, 40))

    def _pan(self) -> float:
        middle = self._middle()
        self.page.keyboard.down("Control")
        self.page.mouse.move(*middle)
        for _ in range(12):
            self.page.mouse.wheel(0, -40)
        self.page.keyboard.up("Control")
        self._rest(1200)
        self.page.keyboard.down("Shift")
        cost_ms = self._gesture(lambda: self._circle(middle, 120, 80, _SHIFT))
        self.page.keyboard.up("Shift")
        self.page.keyboard.down("Control")
        for _ in range(20):
            self.page.mouse.wheel(0, 40)
        self.page.keyboard.up("Control")
        self._rest(800)
        return cost_ms

    def _circle(self, around: tuple[float, float], wide: float, high: float, modifiers: int = 0) -> None:
        self.page.mouse.move(*around)
        angles = [step / _STEPS * 2 * math.pi for step in range(_STEPS)]
        x, y = around
        self._drag_to(
            [around, *((x + wide * math.sin(angle), y + high * math.sin(2 * angle)) for angle in angles)],
            modifiers,
        )

    def _drag_to(self, places: Iterable[tuple[float, float]], modifiers: int = 0) -> None:
        """Along places with the button down, as a mouse does: Playwright would run scripts at each."""
        pressed = {"button": "left", "buttons": 1, "clickCount": 1, "modifiers": modifiers}
        for number, (x, y) in enumerate(places):
            kind = "mouseMoved" if number else "mousePressed"
            self.cdp.send("Input.dispatchMouseEvent", {**pressed, "type": kind, "x": x, "y": y})
        self.cdp.send(
            "Input.dispatchMouseEvent", {**pressed, "type": "mouseReleased", "buttons": 0, "x": x, "y": y}
        )

    def _zoom(self) -> None:
        self.page.mouse.move(*self._middle())
        self.page.keyboard.down("Control")
        for step in range(_STEPS):
            self.page.mouse.wheel(0, -40 if step < _STEPS / 2 else 40)
        self.page.keyboard.up("Control")

    def _turn_once(self) -> tuple[float, float]:
        """One turn of the wheel until all is sharp again, and its dearest task, which paints everything.

        The task is the middle one of three turns: once in a while a collection of garbage falls into one.
        """
        self.page.mouse.move(*self._middle())
        self._rest(500)
        self.page.keyboard.down("Control")
        turn_ms = self._gesture(self._turn)
        repaints_ms = []
        for _ in range(3):
            repaints_ms.append(longest_task_ms(self.cdp, self._turn))
            self.page.mouse.wheel(0, 40)
            self._rest(500)
        self.page.mouse.wheel(0, 40)
        self.page.keyboard.up("Control")
        self._rest(500)
        return turn_ms, median(repaints_ms)

    def _turn(self) -> None:
        self.page.mouse.wheel(0, -40)
        self._rest(400)

    def _scroll(self) -> None:
        for step in range(_STEPS):
            self.page.mouse.wheel(0, 120 if step < _STEPS / 2 else -120)

    def _draw(self) -> float:
        """A box in a gap between the others, with the first label."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("1")
        self._rest(400)
        x, y = self.scene.gap(self._ask(self.ui.surface))
        return self._until(self._grows(), lambda: self._sweep(x, y, (3, 2), 15))

    def _mark(self) -> float:
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("1")
        self._rest(400)
        point = self._ask(self.ui.text_point)
        return self._until(self._grows(), lambda: self._sweep(point["x"], point["y"], (12, 0), 11))

    def _sweep(self, x: float, y: float, by: tuple[int, int], count: int) -> None:
        self.page.mouse.move(x, y)
        self._drag_to((x + by[0] * step, y + by[1] * step) for step in range(count + 1))

    def _grows(self) -> str:
        return f"({self.ui.count})() > {self._ask(self.ui.count)}"

    def _undo(self) -> float:
        fewer = f"({self.ui.count})() < {self._ask(self.ui.count)}"
        return self._until(fewer, lambda: self.page.keyboard.press("Control+z"))

    def _submit(self) -> float:
        task = json.dumps(self._ask(self.ui.task))
        other = f"(now => now !== {task} && now !== '')(({self.ui.task})())"
        ready = f"({self.ui.ready})({self.scene.count})"
        self.page.keyboard.press("Escape")
        return self._until(f"{other} && {ready}", lambda: self.page.locator(self.ui.submit).first.click())

    # -- counting

    def _until(self, condition: str, act: Callable[[], object]) -> float:
        """Main-thread CPU of an act, ms, until a condition holds and a frame is out; asks once a frame."""
        before_ms = self._cpu_ms()
        self.page.evaluate(
            """(condition) => {
              const ask = eval(`() => ${condition}`); // now: later the page's own policy forbids it
              const holds = () => { try { return ask(); } catch { return false; } };
              window.__until = new Promise((done) => {
                const shown = () => setTimeout(done);
                const look = () => requestAnimationFrame(holds() ? shown : look);
                look();
              });
            }""",
            condition,
        )
        act()
        self.page.evaluate("() => window.__until")
        return self._cpu_ms() - before_ms

    def _gesture(self, act: Callable[[], object]) -> float:
        """Main-thread CPU of an act, ms, without what an idle page costs in that time."""
        cpu_ms, wall_ms = self._frames(act)
        return max(cpu_ms - self.idle_share * wall_ms, 0.0)

    def _learn_idle(self) -> None:
        """Until loading has settled, at most eight seconds."""
        for _ in range(8):
            cpu_ms, wall_ms = self._frames(lambda: self._rest(1000))
            self.idle_share = cpu_ms / wall_ms
            if self.idle_share < 0.06:
                return

    def _frames(self, act: Callable[[], object]) -> tuple[float, float]:
        """CPU and wall time of an act, ms, with frames asked for all the time, as on the idle page."""
        before_ms = self._cpu_ms()
        self.page.evaluate(
            """() => {
              const run = (window.__frames = { isOn: true, began: performance.now() });
              const again = () => run.isOn && requestAnimationFrame(again);
              again();
            }"""
        )
        act()
        wall_ms = self.page.evaluate(
            """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
              window.__frames.isOn = false;
              done(performance.now() - window.__frames.began);
            })))"""
        )
        return self._cpu_ms() - before_ms, wall_ms

    def _cpu_ms(self) -> float:
        return self._metric("TaskDuration") * 1000

    def _metric(self, name: str) -> float:
        metrics = self.cdp.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == name))

    def _note(self, what: str, unit: str, value: float) -> None:
        self.units[what] = unit
        self.values[what] = value

    def _ask(self, source: str, *values: object) -> Any:
        return self.page.evaluate(f"(values) => ({source})(...values)", list(values))

    def _middle(self) -> tuple[float, float]:
        place = self._ask(self.ui.surface)
        return place["x"] + place["w"] / 2, place["y"] + place["h"] / 2

    def _rest(self, ms: int) -> None:
        self.page.wait_for_timeout(ms)


class _Scripts:
    """Bytes of script and style that came before the first label, uncompressed."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        self._bytes: dict[str, int] = {}

    def answered(self, event: dict[str, Any]) -> None:
        self._kinds[event["requestId"]] = event["type"]

    def received(self, event: dict[str, Any]) -> None:
        self._bytes[event["requestId"]] = self._bytes.get(event["requestId"], 0) + event["dataLength"]

    def totals(self) -> dict[str, int]:
        scripts = self._of("Script")
        largest = max(scripts, default=0)
        return {"script": sum(scripts), "largest script": largest, "style": sum(self._of("Stylesheet"))}

    def _of(self, kind: str) -> list[int]:
        return [self._bytes.get(request, 0) for request, its in self._kinds.items() if its == kind]


def measure_scenes(
    ui: Ui,
    base_url: str,
    client: httpx.Client,
    scenes: Sequence[Scene],
    *,
    email: str,
    password: str,
    rounds: int = 3,
) -> list[EditorFigure]:
    """Makes a project for each scene on a running server, and measures its label stream.

    ``client``: of somebody who may make projects there, with the server's address as its base.
    """
    figures: list[EditorFigure] = []
    with media_server() as media_url:
        for scene in scenes:
            project_id = make_project(client, scene, media_url)
            figures += measure_editor(
                ui,
                base_url,
                base_url + ui.address.format(project=project_id),
                scene,
                email=email,
                password=password,
                rounds=rounds,
                before_round=lambda project_id=project_id: scene_as_new(client, project_id),  # type: ignore[misc]
            )
    return figures


def scene_as_new(client: httpx.Client, project_id: int) -> None:
    """Takes away the drafts that the last round left, lest the next one opens with them."""
    query: dict[str, int | str] = {"project": project_id, "page_size": 100, "fields": "all"}
    for task in client.get("/api/tasks/", params=query).raise_for_status().json()["tasks"]:
        for draft in client.get(f"/api/tasks/{task['id']}/drafts").raise_for_status().json():
            client.delete(f"/api/drafts/{draft['id']}/")


def main() -> None:
    """Measure a running server, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--url", required=True)
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", default=os.environ.get("BENCH_PASSWORD", ""))
    parser.add_argument("--token", default=os.environ.get("BENCH_TOKEN", ""))
    parser.add_argument("--ui", choices=["treadle", "label-studio"], default="treadle")
    parser.add_argument(
        "--scene", action="append", choices=[scene.name for scene in SCENES], help="default: all"
    )
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    ui = TREADLE if asked.ui == "treadle" else LABEL_STUDIO
    headers = {"Authorization": f"Token {asked.token}"}
    with httpx.Client(base_url=asked.url, headers=headers, trust_env=False, timeout=600) as client:
        scenes = [scene for scene in SCENES if not asked.scene or scene.name in asked.scene]
        figures = measure_scenes(
            ui, asked.url, client, scenes, email=asked.email, password=asked.password, rounds=asked.rounds
        )
    for figure in figures:
        print(f"{figure.scene:24} {figure.what:16} {figure.value:10.2f} {figure.unit}")


if __name__ == "__main__":
    main()
