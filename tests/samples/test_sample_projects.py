"""The sample projects, as they are before a database holds them."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from treadle.errors import TreadleError, Unsupported
from treadle.labeling.config import parse_config, validate_result
from treadle.samples import SAMPLES, SampleProject, SampleTask
from treadle.samples.sources import package_folder

pytest.importorskip("skimage")


@pytest.fixture(scope="module")
def projects() -> dict[str, SampleProject]:
    return {project.title: project for project in (make() for _, make in SAMPLES)}


@pytest.fixture(scope="module")
def tasks(projects: dict[str, SampleProject]) -> list[SampleTask]:
    return [task for project in projects.values() for task in project.tasks]


def test_every_suggestion_and_label_fits_the_config_of_its_project(
    projects: dict[str, SampleProject],
) -> None:
    for project in projects.values():
        config = parse_config(project.label_config)
        for task in project.tasks:
            if task.prediction:
                validate_result(config, json.dumps(task.prediction.result).encode())
            if task.annotation:
                validate_result(config, json.dumps(task.annotation).encode())


def test_every_task_names_its_source_its_author_and_its_licence(tasks: list[SampleTask]) -> None:
    for task in tasks:
        assert task.data["source"]
        assert task.data["credit"]
        assert task.data["licence"]


def test_every_picture_opens_and_has_the_size_that_its_suggestions_were_measured_on(
    tasks: list[SampleTask],
) -> None:
    for task in tasks:
        if task.picture is None:
            continue
        with Image.open(io.BytesIO(task.picture.content)) as picture:
            picture.load()
            for region in task.prediction.result if task.prediction else ():
                assert (region["original_width"], region["original_height"]) == picture.size


def test_every_coin_of_the_photograph_gets_an_ellipse(projects: dict[str, SampleProject]) -> None:
    coins = _task(projects["Garage and things"], "Greek coins from Pompeii")
    assert coins.prediction is not None
    assert len(coins.prediction.result) == 24


def test_the_box_of_the_motorcycle_lies_around_it(projects: dict[str, SampleProject]) -> None:
    motorcycle = _task(projects["Garage and things"], "Motorcycle, left eye")
    assert motorcycle.prediction is not None
    value = motorcycle.prediction.result[0]["value"]
    # Read off the photograph: from the tail lamp at 91 to the front tyre at 685, mirror to tyre 81 to 447.
    assert value["x"] / 100 * 741 == pytest.approx(91, abs=5)
    assert value["y"] / 100 * 500 == pytest.approx(81, abs=5)
    assert (value["x"] + value["width"]) / 100 * 741 == pytest.approx(685, abs=5)
    assert (value["y"] + value["height"]) / 100 * 500 == pytest.approx(447, abs=5)


def test_sixty_digits_are_labelled_as_they_were_written(projects: dict[str, SampleProject]) -> None:
    written = _last_column(package_folder("sklearn") / "datasets" / "data" / "digits.csv.gz")
    digits = projects["Handwritten digits"].tasks
    labelled = {
        int(task.data["number"]): task.annotation[0]["value"]["choices"][0]
        for task in digits
        if task.annotation
    }
    assert len(digits) == 300
    assert len(labelled) == 60
    assert {number: written[number] for number in labelled} == labelled
    assert min(Counter(labelled.values()).values()) >= 4


def test_a_box_of_a_coin_moves_with_the_turn_of_its_picture(projects: dict[str, SampleProject]) -> None:
    """Coins are brighter than what lies around them: inside a box more than beside all boxes."""
    tasks = [task for task in projects["Coins"].tasks if task.annotation]
    assert len(tasks) == 54
    for task in tasks:
        assert task.picture is not None
        with Image.open(io.BytesIO(task.picture.content)) as picture:
            outside, inside = picture.copy(), []
            for region in task.annotation or ():
                box = _pixels(region["value"], picture.size)
                inside.append(ImageStat.Stat(picture.crop(box)).mean[0])
                outside.paste(0, box)
                assert 0 <= box[0] < box[2] <= picture.width
                assert 0 <= box[1] < box[3] <= picture.height
            histogram = outside.histogram()
            beside = sum(value * count for value, count in enumerate(histogram)) / sum(histogram[1:])
            assert min(inside) > beside + 20, task.picture.file_name


def test_the_coins_that_nobody_labelled_stand_in_no_labelled_picture(
    projects: dict[str, SampleProject],
) -> None:
    rows = {bool(task.annotation): set[str]() for task in projects["Coins"].tasks}
    for task in projects["Coins"].tasks:
        rows[bool(task.annotation)].add(task.data["row"])
    assert rows == {True: {"1", "2", "3"}, False: {"4"}}


def test_spans_stand_where_their_text_stands(projects: dict[str, SampleProject]) -> None:
    for task in projects["Python topics"].tasks:
        for span in task.prediction.result if task.prediction else ():
            value = span["value"]
            assert task.data["text"][value["start"] : value["end"]] == value["text"]


def test_a_missing_package_says_what_to_install() -> None:
    with pytest.raises(Unsupported, match=r"\[samples\]") as raised:
        package_folder("a_package_that_is_nowhere")
    assert isinstance(raised.value, TreadleError)
    assert raised.value.code == "samples-not-installed"


def _task(project: SampleProject, title: str) -> SampleTask:
    return next(task for task in project.tasks if task.data["title"] == title)


def _pixels(value: Mapping[str, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top = value["x"] / 100 * size[0], value["y"] / 100 * size[1]
    right, bottom = left + value["width"] / 100 * size[0], top + value["height"] / 100 * size[1]
    return round(left), round(top), round(right), round(bottom)


def _last_column(path: Path) -> list[str]:
    with gzip.open(path, "rt") as file:
        return [line.strip().rsplit(",", 1)[1] for line in file]
