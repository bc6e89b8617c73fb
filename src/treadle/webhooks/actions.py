"""What a webhook can be told of, by Label Studio's names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """Something that happens. key: under which a body has what it happened to."""

    id: str
    name: str
    key: str
    #: Told to webhooks of the whole workspace alone.
    is_of_workspace: bool = False


ACTIONS: tuple[Action, ...] = (
    Action("PROJECT_CREATED", "Project created", "project", is_of_workspace=True),
    Action("PROJECT_UPDATED", "Project updated", "project"),
    Action("PROJECT_DELETED", "Project deleted", "project", is_of_workspace=True),
    Action("TASKS_CREATED", "Task created", "tasks"),
    Action("TASKS_DELETED", "Task deleted", "tasks"),
    Action("ANNOTATION_CREATED", "Annotation created", "annotation"),
    Action("ANNOTATIONS_CREATED", "Annotations created", "annotation"),
    Action("ANNOTATION_UPDATED", "Annotation updated", "annotation"),
    Action("ANNOTATIONS_DELETED", "Annotation deleted", "annotations"),
    Action("LABEL_LINK_CREATED", "Label link created", "label_link"),
    Action("LABEL_LINK_UPDATED", "Label link updated", "label_link"),
    Action("LABEL_LINK_DELETED", "Label link deleted", "label_link"),
)
BY_ID = {action.id: action for action in ACTIONS}
OF_WORKSPACE = frozenset(action.id for action in ACTIONS if action.is_of_workspace)
