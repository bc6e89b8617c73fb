"""A studio whose events are told, by hand: each look and each sending is one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.labeling.studio import Studio
from treadle.access import ProjectScope, Scope, WorkspaceScope
from treadle.db import Database
from treadle.db.webhook_tables import webhook_deliveries, webhook_queues
from treadle.labeling.webhook_bodies import WebhookBodies
from treadle.outbound import AllowList
from treadle.permissions import Permission
from treadle.settings import Secret
from treadle.webhooks import Audience, Follower, hooks, queues
from treadle.webhooks.dispatching import Dispatcher
from treadle.webhooks.hooks import Hook, HookForm
from treadle.webhooks.sending import HookAudience

#: For what no database does otherwise.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KEY = Secret("0" * 64)
HERE = AllowList.parse("127.0.0.1")


def audience_of(allowed: AllowList = HERE) -> HookAudience:
    return HookAudience(allowed, KEY)


@dataclass
class Desk:
    """Follows and sends when it is told to."""

    studio: Studio
    audiences: Sequence[Audience]
    follower: Follower

    @property
    def database(self) -> Database:
        return self.studio.database

    def scope(self, *, of_workspace: bool = False) -> Scope:
        if not of_workspace:
            return ProjectScope(self.studio.project_id)
        return WorkspaceScope(self.studio.project()["workspace_id"])

    def hook(self, url: str, *, of_workspace: bool = False, **form: Any) -> tuple[Hook, Secret]:
        """A hook that a manager makes; with its secret."""
        with self.database.write() as tx:
            scope = self.scope(of_workspace=of_workspace)
            grant = self.studio.grant(tx, "manager", Permission.WEBHOOK_WRITE, scope)
            return hooks.create(tx, grant, HookForm(url, **form), KEY)

    def get(self, hook: Hook) -> Hook:
        with self.database.read() as tx:
            return hooks.get(tx, hook.id)

    def follow(self) -> None:
        """Read everything that happened."""
        while self.follower.look():
            pass

    def send(self) -> None:
        """Send what is due, one queue after another."""
        dispatcher = Dispatcher(self.database, self.audiences)
        with self.database.read() as tx:
            due = queues.list_due(tx)
        for queue_id in due:
            dispatcher.drain(queue_id)

    def tell(self) -> None:
        self.follow()
        self.send()

    def rows(self, hook: Hook) -> list[Mapping[str, Any]]:
        """The hook's deliveries, oldest first."""
        of_hook = webhook_deliveries.c.queue_id == hook.queue_id
        with self.database.read() as tx:
            return tx.rows(select(webhook_deliveries).where(of_hook).order_by(webhook_deliveries.c.id))

    def pass_time(self, hook: Hook, time: timedelta) -> None:
        """Let everything of the hook be so much longer ago."""
        with self.database.write() as tx:
            for table, condition in (
                (webhook_deliveries, webhook_deliveries.c.queue_id == hook.queue_id),
                (webhook_queues, webhook_queues.c.id == hook.queue_id),
            ):
                for each in tx.rows(select(table).where(condition)):
                    moved = {name: each[name] - time for name in _TIMES if each.get(name) is not None}
                    if moved:
                        tx.execute(update(table).where(table.c.id == each["id"]).values(**moved))


_TIMES = ("created_at", "due_at", "failing_since", "rests_until", "claimed_until")


def open_desk(studio: Studio, *more: Audience) -> Desk:
    audiences = (audience_of(), *more)
    return Desk(studio, audiences, Follower(studio.database, WebhookBodies(), audiences))
