"""CoNLL-2003: one word on each line with its label, an empty line behind each text.

``word -X- _ B-Label``: ``B-`` begins a label, ``I-`` continues it, ``O`` is without.
As Label Studio writes it, with these differences, each of which loses less:
- a word is cut where a label begins or ends, so that what was marked comes back exactly; Label Studio labels
  whole words;
- white space in a label is ``_``, since it would begin another column, and two labels that come to the same
  are told apart;
- the labels of every ``Labels`` control are there, where Label Studio takes those of the first;
- a period at the end of every sentence is a word, where Label Studio leaves all but the last on their words;
- annotations stand oldest first behind the ground truth, and what overlaps is reported.
Source: Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 Shared Task", 2003.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from treadle.labeling.config import LabelConfig
from treadle.labeling.config.model import ObjectTag
from treadle.labeling.config.shapes import DECODERS, Span, find_geometry
from treadle.labeling.config.task_data import look_up
from treadle.labeling.formats.classes import PlainNames
from treadle.labeling.formats.losses import Lose, Reason
from treadle.labeling.formats.records import ExportAnnotation, ExportCounts, ExportFormat, ExportTask, Outlet
from treadle.labeling.formats.regions import ResultItem, is_lost_answer, items_of, submitted
from treadle.labeling.formats.words import cut_words, split_words

_HEAD = b"-DOCSTART- -X- O\n"


@dataclass(slots=True)
class _Mark:
    """What one annotation says about one stretch of a text."""

    start: int
    end: int
    labels: list[str]
    region_id: str | None


def _write(tasks: Iterable[ExportTask], config: LabelConfig, outlet: Outlet) -> ExportCounts:
    texts = _texts(config)
    counts, names = ExportCounts(), PlainNames("_")
    outlet.out.write(_HEAD)
    for task in tasks:
        counts.tasks += 1
        if not task.annotations:
            outlet.losses.add(Reason.NOT_ANNOTATED, task.task_id)
        for annotation in submitted(task, outlet.losses):
            counts.annotations += 1
            lose = outlet.losses.of(task.task_id, annotation.annotation_id)
            for block in _blocks(task, annotation, texts, names, lose):
                outlet.out.write(block.encode(errors="replace"))
    return counts


def _texts(config: LabelConfig) -> list[ObjectTag]:
    """What is labelled word by word: texts with a ``Labels`` control."""
    labelled = {name for control in config.controls if control.tag == "Labels" for name in control.to_names}
    return [tag for tag in config.objects if tag.tag == "Text" and tag.name in labelled]


def _fits(config: LabelConfig) -> bool:
    return any(tag.value_type != "url" for tag in _texts(config))


def _blocks(
    task: ExportTask, annotation: ExportAnnotation, texts: Sequence[ObjectTag], names: PlainNames, lose: Lose
) -> Iterator[str]:
    data = msgspec.json.decode(task.data_json)
    shown = {tag.name: _shown(tag, data) for tag in texts}
    marks: dict[str, list[_Mark]] = {name: [] for name in shown}
    for item in items_of(annotation.result_json, lose):
        if is_lost_answer(item, lose):
            continue
        text = shown.get(item.to_name or "")
        if text is None:
            lose(Reason.NO_TEXT if item.to_name in shown else Reason.NOT_ON_TEXT, item.id)
        elif mark := _mark(item, text, lose):
            marks[item.to_name or ""].append(mark)
    for name, text in shown.items():
        if text:
            yield "".join(_lines(text, marks[name], names, lose)) + "\n"


def _shown(tag: ObjectTag, data: Any) -> str | None:
    """The text itself; None where the data holds its address or nothing."""
    text = look_up(data, tag.variables[0])[1] if tag.variables else tag.value
    return text if isinstance(text, str) and tag.value_type != "url" else None


def _mark(item: ResultItem, text: str, lose: Lose) -> _Mark | None:
    try:
        is_span = find_geometry(item.value, "Text") is Span
        span = DECODERS[Span].decode(item.value) if is_span else None
    except (msgspec.DecodeError, RecursionError):
        lose(Reason.MALFORMED, item.id)
        return None
    if not isinstance(span, Span):
        lose(Reason.OTHER_KIND, item.id)
        return None
    labels = getattr(span, item.type, None) or span.labels if item.type.endswith("labels") else span.labels
    if not labels:
        lose(Reason.NO_LABEL, item.id)
        return None
    if not text[span.start : span.end].strip():
        lose(Reason.NO_WORD, item.id)
        return None
    for _ in labels[1:]:
        lose(Reason.FURTHER_LABEL, item.id)
    return _Mark(span.start, span.end, labels, item.id)


def _lines(text: str, marks: list[_Mark], names: PlainNames, lose: Lose) -> Iterator[str]:
    kept = _apart(marks, lose)
    edges = [edge for mark in kept for edge in (mark.start, mark.end)]
    waiting = iter(kept)
    mark, begun = next(waiting, None), False
    for start, end in cut_words(split_words(text), edges):
        while mark is not None and mark.end <= start:
            mark, begun = next(waiting, None), False
        tag = "O"
        if mark is not None and mark.start <= start:
            tag = f"{'I' if begun else 'B'}-{names.of(mark.labels[0])}"
            begun = True
        yield f"{text[start:end]} -X- _ {tag}\n"


def _apart(marks: list[_Mark], lose: Lose) -> list[_Mark]:
    """Those that do not overlap an earlier one; of two that begin together, the longer one."""
    kept: list[_Mark] = []
    for mark in sorted(marks, key=lambda mark: (mark.start, -mark.end)):
        if kept and mark.start < kept[-1].end:
            lose(Reason.OVERLAP, mark.region_id)
        else:
            kept.append(mark)
    return kept


FORMAT = ExportFormat(
    name="CONLL2003",
    title="CoNLL-2003",
    description="One word on each line, with its label: for named entity recognition.",
    tags=("sequence labeling", "text tagging", "named entity recognition"),
    extension="conll",
    content_type="text/plain; charset=utf-8",
    fits=_fits,
    write=_write,
)
