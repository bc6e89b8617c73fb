"""What YOLO is asked for by a label config."""

from __future__ import annotations

import pytest

from tests.ml.builtin.cases import BOX_CONFIG, IMAGE_CONFIG
from treadle.errors import Invalid
from treadle.ml.builtin.yolo.tasks import asked_of
from treadle.ml.labels import read_labels

POINTS = """</RectangleLabels><KeyPointLabels name="point" toName="image">
  <Label value="left"/><Label value="right"/></KeyPointLabels>"""
OUTLINE_CONFIG = BOX_CONFIG.replace("RectangleLabels", "PolygonLabels")
POSE_CONFIG = BOX_CONFIG.replace("</RectangleLabels>", POINTS)
OBB_CONFIG = BOX_CONFIG.replace('name="box"', 'name="box" model_obb="true"')


@pytest.mark.parametrize(
    ("config", "wanted", "kind"),
    [
        (BOX_CONFIG, "by config", "detect"),
        (OBB_CONFIG, "by config", "obb"),
        (BOX_CONFIG, "obb", "obb"),
        (OUTLINE_CONFIG, "by config", "segment"),
        (BOX_CONFIG.replace("RectangleLabels", "BrushLabels"), "by config", "segment"),
        (POSE_CONFIG, "by config", "pose"),
        (POSE_CONFIG, "detect", "detect"),
        (IMAGE_CONFIG, "by config", "classify"),
    ],
)
def test_the_label_config_says_what_is_asked_for(config: str, wanted: str, kind: str) -> None:
    assert asked_of(read_labels(config), wanted).kind == kind


def test_a_plain_shape_has_the_labels_beside_it() -> None:
    config = """<View><Image name="image" value="$image"/><Rectangle name="shape" toName="image"/>
      <Labels name="kind" toName="image"><Label value="Disc"/></Labels></View>"""
    asked = asked_of(read_labels(config))
    assert (asked.control.name, asked.shape.name, asked.kind) == ("kind", "shape", "detect")


@pytest.mark.parametrize(
    ("config", "wanted"), [(IMAGE_CONFIG, "detect"), (BOX_CONFIG, "pose"), (BOX_CONFIG, "segment")]
)
def test_what_the_config_cannot_say_is_refused(config: str, wanted: str) -> None:
    with pytest.raises(Invalid, match=f"over an Image, which {wanted} needs"):
        asked_of(read_labels(config), wanted)
