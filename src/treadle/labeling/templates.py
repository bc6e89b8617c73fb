"""Configs to begin with. Each uses only what the label page draws."""

from __future__ import annotations

from dataclasses import dataclass

IMAGES = "Pictures"
TEXTS = "Texts"


@dataclass(frozen=True)
class Template:
    """A config with a name, and the key by which the page finds its drawing."""

    key: str
    title: str
    group: str
    description: str
    config: str


def _picture(*controls: str) -> str:
    return "\n".join(("<View>", '  <Image name="image" value="$image"/>', *controls, "</View>"))


def _text(*controls: str) -> str:
    return "\n".join(("<View>", '  <Text name="text" value="$text"/>', *controls, "</View>"))


def _labels(tag: str, name: str, target: str, *labels: str, attributes: str = "") -> str:
    inner = "\n".join(f'    <Label value="{label}"/>' for label in labels)
    return f'  <{tag} name="{name}" toName="{target}"{attributes}>\n{inner}\n  </{tag}>'


def _choices(name: str, target: str, *choices: str, choice: str = "single") -> str:
    inner = "\n".join(f'    <Choice value="{value}"/>' for value in choices)
    return f'  <Choices name="{name}" toName="{target}" choice="{choice}">\n{inner}\n  </Choices>'


TEMPLATES: tuple[Template, ...] = (
    Template(
        "boxes",
        "Object detection with boxes",
        IMAGES,
        "Draw a box around every object. Trains detectors such as YOLO.",
        _picture(_labels("RectangleLabels", "label", "image", "Car", "Person", "Bicycle")),
    ),
    Template(
        "rotated-boxes",
        "Rotated boxes from above",
        IMAGES,
        "Boxes that turn with the object: aerial pictures, parts on a belt.",
        _picture(_labels("RectangleLabels", "label", "image", "Ship", "Plane", "Container")),
    ),
    Template(
        "polygons",
        "Outlines with polygons",
        IMAGES,
        "Trace the outline of every object, for segmentation.",
        _picture(_labels("PolygonLabels", "label", "image", "Building", "Road", "Water")),
    ),
    Template(
        "ellipses",
        "Round objects with ellipses",
        IMAGES,
        "Cells, coins, fruit: one ellipse each.",
        _picture(_labels("EllipseLabels", "label", "image", "Cell", "Debris")),
    ),
    Template(
        "points",
        "Keypoints",
        IMAGES,
        "Mark landmarks of a face, a body or a part.",
        _picture(_labels("KeyPointLabels", "label", "image", "Eye", "Nose", "Mouth")),
    ),
    Template(
        "counting",
        "Counting with points",
        IMAGES,
        "One click for every item that counts.",
        _picture(_labels("KeyPointLabels", "label", "image", "Item")),
    ),
    Template(
        "all-shapes",
        "Every shape in one picture",
        IMAGES,
        "Boxes, outlines, ellipses and points side by side.",
        _picture(
            _labels("RectangleLabels", "box", "image", "Object"),
            _labels("PolygonLabels", "outline", "image", "Surface"),
            _labels("EllipseLabels", "ellipse", "image", "Wheel"),
            _labels("KeyPointLabels", "point", "image", "Corner"),
        ),
    ),
    Template(
        "boxes-and-condition",
        "Boxes and the state of the picture",
        IMAGES,
        "Boxes, and one answer about the whole picture.",
        _picture(
            _labels("RectangleLabels", "label", "image", "Object"),
            _choices("condition", "image", "sharp", "blurred", "dark"),
        ),
    ),
    Template(
        "picture-class",
        "Which one is it?",
        IMAGES,
        "One class for every picture.",
        _picture(_choices("class", "image", "Cat", "Dog", "Other")),
    ),
    Template(
        "picture-tags",
        "What is in the picture?",
        IMAGES,
        "Any number of tags for every picture.",
        _picture(_choices("tags", "image", "Indoor", "Outdoor", "People", "Text", choice="multiple")),
    ),
    Template(
        "defects",
        "Visual inspection",
        IMAGES,
        "Mark every defect and say whether the part passes.",
        _picture(
            _labels("RectangleLabels", "defect", "image", "Scratch", "Dent", "Stain"),
            _choices("verdict", "image", "pass", "rework", "reject"),
        ),
    ),
    Template(
        "page-layout",
        "Layout of a page",
        IMAGES,
        "Titles, paragraphs, tables and pictures of a scanned page.",
        _picture(_labels("RectangleLabels", "label", "image", "Title", "Paragraph", "Table", "Picture")),
    ),
    Template(
        "entities",
        "Names in a text",
        TEXTS,
        "Mark people, places and organisations.",
        _text(_labels("Labels", "label", "text", "Person", "Place", "Organisation")),
    ),
    Template(
        "text-class",
        "What is the text about?",
        TEXTS,
        "One topic for every text.",
        _text(_choices("topic", "text", "News", "Opinion", "Advertisement")),
    ),
    Template(
        "sentiment",
        "How does it sound?",
        TEXTS,
        "Positive, neutral or negative.",
        _text(_choices("sentiment", "text", "positive", "neutral", "negative")),
    ),
    Template(
        "entities-and-class",
        "Names and a topic",
        TEXTS,
        "Spans in the text, and one answer about all of it.",
        _text(
            _labels("Labels", "label", "text", "Product", "Price", "Date"),
            _choices("intent", "text", "Order", "Complaint", "Question"),
        ),
    ),
)

GROUPS = (IMAGES, TEXTS)


def list_templates() -> dict[str, object]:
    """All templates and their groups, as the page and Label Studio's clients read them."""
    return {
        "templates": [
            {
                "key": template.key,
                "title": template.title,
                "type": "community",
                "group": template.group,
                "details": template.description,
                "image": f"templates/{template.key}.svg",
                "config": template.config,
            }
            for template in TEMPLATES
        ],
        "groups": list(GROUPS),
    }
