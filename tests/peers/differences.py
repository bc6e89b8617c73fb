"""Where the two programs' exports differ, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.peers.exporting import Files
from tests.peers.facts import facts_of


@dataclass(frozen=True)
class Difference:
    """One fact that only one of the two tells."""

    project: str
    export_type: str
    is_ours: bool
    fact: str

    def __str__(self) -> str:
        return f"{self.export_type} {'Treadle' if self.is_ours else 'Label Studio'}: {self.fact}"


@dataclass(frozen=True)
class Explanation:
    """Why differences of a kind are meant."""

    text: str
    #: What the difference reads like.
    pattern: str

    def covers(self, difference: Difference) -> bool:
        """Whether it is of this kind."""
        return re.search(self.pattern, str(difference), re.DOTALL) is not None


EXPLANATIONS = (
    Explanation(
        "Classes are numbered in the order of the config, so that a new label renumbers none, and "
        "choices are no classes. Label Studio sorts labels and choices by name.",
        r"^(COCO|YOLO)\S* .*: class \d+ = (?!default)",
    ),
    Explanation(
        "A turned box is the upright box around it as it is seen. Label Studio turns it in percent "
        "for COCO, and forgets the turn for YOLO and Pascal VOC.",
        r"^(COCO|YOLO|VOC) .*: turned: Ant ",
    ),
    Explanation(
        "Rows of YOLO and edges of Pascal VOC stay on the picture: trainers leave a picture out whose "
        "numbers do not.",
        r"^(YOLO|YOLO_OBB|VOC) .*: edge: Ant ",
    ),
    Explanation(
        "A region with two labels is there with both. Label Studio writes the first alone to COCO and "
        "Pascal VOC.",
        r"^(COCO|VOC) Treadle: labels: Zebra",
    ),
    Explanation(
        "Every annotation of a picture has a file. In Label Studio the one that is written last "
        "replaces the others.",
        r"^(YOLO|YOLO_OBB|VOC) Treadle: twice-annotation-\d+: ",
    ),
    Explanation(
        "Edges of Pascal VOC are rounded to the nearest pixel. Label Studio cuts the corner and the "
        "size down.",
        r"^VOC .*: (plain|answered|labels|twice|both): \w+ 84 12[12] 324 21[12] ",
    ),
    Explanation(
        "An ellipse is an outline, and in YOLO_OBB and Pascal VOC the box around it. Label Studio "
        "leaves it out.",
        r"^(COCO|YOLO|YOLO_OBB|VOC) .*(: ellipse: (Ball|a file without rows)|: picture ellipse: )",
    ),
    Explanation(
        "A polygon is the box around it in Pascal VOC, and the smallest turned box in YOLO_OBB, of "
        "which a row has four corners. Label Studio leaves it out of the one, and writes rows that no "
        "trainer reads to the other.",
        r"^(VOC Treadle: (polygon|both)|YOLO_OBB .*: polygon): Lake",
    ),
    Explanation(
        "The points of one object belong to its box, as COCO has it. Label Studio writes them as an "
        "object of a class `default`.",
        r"^COCO .*(: class 1 = default|: pose: \w+ (keypoints|bbox))",
    ),
    Explanation(
        "Label Studio's fixed words about a source and an owner on another site are left out.",
        r"^VOC Label Studio: .*: says (flickrid|name)$",
    ),
    Explanation(
        "The picture is named by its place in the archive. Label Studio names its own folder on the "
        "server, where the picture is not found after download.",
        r"^COCO_WITH_IMAGES .*: picture (first|second): lies in ",
    ),
    Explanation(
        "White space in a label is `_`: a line of CoNLL-2003 has four columns.",
        r"^CONLL2003 .* [BI]-Place[ _]Name$",
    ),
    Explanation(
        "A word is cut where a label begins. Label Studio labels the whole word.",
        r"^CONLL2003 Treadle: text 5: anti- ",
    ),
    Explanation(
        "A period ends every sentence. Label Studio leaves all but the last of a text on their words.",
        r"^CONLL2003 .*: text 4: (\.|here\.?) ",
    ),
    Explanation(
        "Whether a task is done and how many people it wants are told too.",
        r"^JSON Treadle: .*: (is_labeled|overlap|file_upload) = ",
    ),
    Explanation(
        "What an import brought is marked so, and its regions are counted. Label Studio does neither.",
        r"^JSON .*: annotations\[\]\.(bulk_created|import_id|result_count) = ",
    ),
    Explanation(
        "A field of the data whose name is taken is kept as `_data_<name>`. Label Studio drops it "
        "from JSON_MIN, and writes it in place of the task's number to tables.",
        r"^(JSON_MIN|CSV|TSV) .*_data_id",
    ),
    Explanation(
        "The columns of a table, without that field.",
        r"^(CSV|TSV) Label Studio: columns: annotation_id, annotator, ",
    ),
    Explanation(
        "Slashes in the JSON of a cell are not escaped, which means the same.",
        r'^(CSV|TSV) .*: obj = .*"a(\\\\)?/b"',
    ),
)


def differences(project: str, theirs: Mapping[str, Files], ours: Mapping[str, Files]) -> Iterator[Difference]:
    """Every fact of a project's exports that one of the two does not tell."""
    for export_type, files in theirs.items():
        expected, found = facts_of(export_type, files), facts_of(export_type, ours[export_type])
        for fact in sorted((expected - found).elements()):
            yield Difference(project, export_type, is_ours=False, fact=fact)
        for fact in sorted((found - expected).elements()):
            yield Difference(project, export_type, is_ours=True, fact=fact)


def explained(found: Iterable[Difference]) -> dict[Explanation | None, list[Difference]]:
    """The differences by why they are meant; None: nobody knows why."""
    by_reason: dict[Explanation | None, list[Difference]] = {each: [] for each in EXPLANATIONS}
    for difference in found:
        reason = next((each for each in EXPLANATIONS if each.covers(difference)), None)
        by_reason.setdefault(reason, []).append(difference)
    return by_reason
