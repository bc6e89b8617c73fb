"""The label page as a person uses it: real presses at real places of the screen."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.browser.pictures import Place


@dataclass(frozen=True)
class Spot:
    """A whole CSS pixel of the screen, and the picture pixel that lies under it."""

    screen: Place
    picture: Place


class LabelPage:
    """One label page; places are in pixels of the picture as it is shown."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, project_id: int, task_id: int | None = None) -> None:
        task = f"&task={task_id}" if task_id else ""
        self.page.goto(f"/projects/{project_id}/label?bench=1{task}")
        self.wait_until_ready()

    def wait_until_ready(self, task_id: int | None = None) -> None:
        """Until everything of the task (of this one, where it is named) is drawn."""
        self.page.wait_for_function(
            "task => window.__bench?.ready(0) && (task === null || window.__bench.task() === task)",
            arg=task_id,
        )

    @property
    def task_id(self) -> int:
        task_id = self.page.evaluate("window.__bench.task()")
        assert isinstance(task_id, int)
        return task_id

    # The picture

    def spot(self, x: float, y: float) -> Spot:
        """The whole screen pixel next to a place of the picture."""
        box, (width, height) = self.picture_box(), self.picture_size()
        left, top = box["x"], box["y"]
        screen = (round(left + x / width * box["width"]), round(top + y / height * box["height"]))
        picture = ((screen[0] - left) / box["width"] * width, (screen[1] - top) / box["height"] * height)
        return Spot((float(screen[0]), float(screen[1])), picture)

    def picture_box(self) -> dict[str, float]:
        """Where the browser has put the picture, in CSS px."""
        box = self._picture.evaluate("""img => {
          const { x, y, width, height } = img.getBoundingClientRect();
          return { x, y, width, height };
        }""")
        assert isinstance(box, dict)
        return box

    def picture_size(self) -> tuple[int, int]:
        width, height = self._picture.evaluate("img => [img.naturalWidth, img.naturalHeight]")
        return width, height

    @property
    def _picture(self) -> Locator:
        return self.page.get_by_test_id("stage").locator("img").first

    @property
    def zoom(self) -> float:
        """CSS px for one picture pixel."""
        return self.picture_box()["width"] / self.picture_size()[0]

    def zoom_at(self, x: float, y: float, *, to: float) -> None:
        """Ctrl and the wheel over a place, until one picture pixel is at least ``to`` CSS px."""
        self.page.mouse.move(*self.spot(x, y).screen)
        self.page.keyboard.down("Control")
        while self.zoom < to:
            before = self.picture_box()
            self.page.mouse.wheel(0, -20)
            self._wait_for_a_move(before)
        self.page.keyboard.up("Control")

    def pan(self, dx: float, dy: float) -> None:
        """Shift and a drag, by CSS px."""
        before = self.picture_box()
        middle_x, middle_y = self._middle_of_stage()
        self.page.keyboard.down("Shift")
        self.drag((middle_x, middle_y), (middle_x + dx, middle_y + dy))
        self.page.keyboard.up("Shift")
        self._wait_for_a_move(before)

    def _middle_of_stage(self) -> Place:
        box = self.page.get_by_test_id("stage").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def _wait_for_a_move(self, before: dict[str, float]) -> None:
        """Until the picture lies elsewhere, and in the same place for two frames."""
        self.page.wait_for_function(
            """([img, before]) => {
              const { x, y, width, height } = img.getBoundingClientRect();
              const [now, last] = [JSON.stringify({ x, y, width, height }), img.lastBox];
              img.lastBox = now;
              return now === last && now !== JSON.stringify(before);
            }""",
            arg=[self._picture.element_handle(), before],
        )

    # Presses

    def drag(self, start: Place, end: Place) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        mouse.move(*end)
        mouse.up()

    def draw(self, start: Spot, end: Spot) -> None:
        self.drag(start.screen, end.screen)

    def click(self, spot: Spot) -> None:
        self.page.mouse.click(*spot.screen)

    # What stands beside the picture

    def take_up(self, label: str, control: str | None = None) -> None:
        group = self.page.locator(f".palette [aria-label='{control}']") if control else self.page
        group.locator(f"[data-testid=label][data-label='{label}']").click()

    def choose(self, choice: str) -> None:
        self.page.locator(f"[data-testid=choice][data-choice='{choice}']").click()

    @property
    def rows(self) -> Locator:
        return self.page.get_by_test_id("region-row")

    def expect_regions(self, count: int) -> None:
        expect(self.page.get_by_test_id("region-count")).to_have_text(str(count))

    @property
    def save_state(self) -> Locator:
        return self.page.get_by_test_id("save-state")

    def expect_saved(self) -> None:
        expect(self.save_state).to_have_attribute("data-state", "saved")

    def submit(self) -> None:
        self.page.get_by_test_id("submit").click()

    def submit_and_wait_for(self, task_id: int) -> None:
        """Submits, and waits until another task stands there."""
        self.submit()
        self.wait_until_ready(task_id)
