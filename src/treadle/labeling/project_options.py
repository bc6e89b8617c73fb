"""Fields of Label Studio's projects that are kept and given back, and do nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Fields of Label Studio's projects that we keep and give back, with their defaults.
KEPT_OPTIONS: Mapping[str, Any] = {
    "show_annotation_history": False,
    "is_published": False,
    "is_draft": False,
    "min_annotations_to_start_training": 0,
    "start_training_on_annotation_update": False,
    "show_ground_truth_first": False,
    "annotator_evaluation_enabled": False,
    "show_overlap_first": False,
    "overlap_cohort_percentage": 100,
    "task_data_login": None,
    "task_data_password": None,
    "evaluate_predictions_automatically": False,
    "reveal_preannotations_interactively": False,
}
