"""Labelling configs: what is shown, what may be labelled, and whether a result fits.

Promises: every tag and attribute of Label Studio 1.23 is read, unknown ones are kept, and all that is wrong
is told at once with line and column (configs) or with the path of the field (results).
Refuses: XML with a DOCTYPE or entities, over 1 MB or nested over 100 deep; results with values that their
controls cannot have written.  Nothing here reads a database or a file.
"""

from __future__ import annotations

from treadle.labeling.config.catalogue import TAGS, TagKind
from treadle.labeling.config.changes import Lost, control_weights, has_essential_change, lost_labels
from treadle.labeling.config.model import ControlTag, Label, LabelConfig, ObjectTag
from treadle.labeling.config.parse import parse_config
from treadle.labeling.config.results import ResultSummary, validate_imported_result, validate_result
from treadle.labeling.config.task_data import DataKey, check_task_data, data_keys, sample_task

__all__ = [
    "TAGS",
    "ControlTag",
    "DataKey",
    "Label",
    "LabelConfig",
    "Lost",
    "ObjectTag",
    "ResultSummary",
    "TagKind",
    "check_task_data",
    "control_weights",
    "data_keys",
    "has_essential_change",
    "lost_labels",
    "parse_config",
    "sample_task",
    "validate_imported_result",
    "validate_result",
]
