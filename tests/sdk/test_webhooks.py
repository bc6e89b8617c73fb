"""Webhooks made with the unmodified client, told by the worker of a server as a person starts it."""

from __future__ import annotations

import pytest
from label_studio_sdk.client import LabelStudio
from label_studio_sdk.core.api_error import ApiError

from tests.waiting import wait_until
from tests.web.operations.table import BOX, CONFIG
from tests.webhooks.listening import listen


def test_a_hook_is_made_told_changed_and_deleted(label_studio: LabelStudio) -> None:
    info = label_studio.webhooks.info()
    assert info.annotations_deleted is not None
    assert info.annotations_deleted.name == "Annotation deleted"
    project = label_studio.projects.create(title="Told of", label_config=CONFIG)
    with listen() as listener:
        hook = label_studio.webhooks.create(
            url=listener.url,
            project=project.id,
            send_for_all_actions=False,
            actions=["ANNOTATION_CREATED", "ANNOTATION_UPDATED"],
            headers={"X-Key": "v"},
        )
        assert [each.id for each in label_studio.webhooks.list(project=str(project.id))] == [hook.id]
        task = label_studio.tasks.create(project=project.id, data={"image": "https://example.com/1.jpg"})
        made = label_studio.annotations.create(id=task.id, result=[BOX])
        wait_until(lambda: listener.heard)
        label_studio.webhooks.update(hook.id, actions=["ANNOTATIONS_DELETED"], send_payload=False)
        label_studio.annotations.delete(id=made.id)
        wait_until(lambda: len(listener.heard) == 2)
    created, deleted = listener.heard
    assert created.body["annotation"]["result"][0]["value"] == BOX["value"]
    assert created.body["task"]["data"] == {"image": "https://example.com/1.jpg"}
    assert created.headers["X-Key"] == "v"
    assert deleted.body == {"action": "ANNOTATIONS_DELETED"}
    assert label_studio.webhooks.get(hook.id).send_payload is False
    label_studio.webhooks.delete(hook.id)
    with pytest.raises(ApiError) as gone:
        label_studio.webhooks.get(hook.id)
    assert gone.value.status_code == 404
