"""Who is told of what happens, by the worker."""

from __future__ import annotations

from treadle.access.signing_key import load_signing_key
from treadle.jobs import JobParts
from treadle.labeling.webhook_bodies import WebhookBodies
from treadle.learning.backend_events import BackendAudience
from treadle.webhooks import start_telling
from treadle.webhooks.sending import HookAudience


def start_webhooks(parts: JobParts) -> None:
    """Tell webhooks, and the backends of projects, of what happens until the process ends."""
    key = load_signing_key(parts.settings.data_dir)
    audiences = (HookAudience.open(parts.settings, key), BackendAudience(parts.settings, key))
    start_telling(parts.database, WebhookBodies(), audiences)
