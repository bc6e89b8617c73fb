"""Who is told of what happens, by the worker."""

from __future__ import annotations

import logging

from treadle.access.signing_key import load_signing_key
from treadle.errors import Invalid
from treadle.jobs import JobParts
from treadle.labeling.webhook_bodies import WebhookBodies
from treadle.learning.connections.backend_events import BackendAudience
from treadle.outbound import AllowList
from treadle.settings import Secret
from treadle.webhooks import start_telling
from treadle.webhooks.sending import HookAudience

logger = logging.getLogger(__name__)


def start_webhooks(parts: JobParts) -> None:
    """Tell webhooks, and the backends of projects, of what happens until the process ends."""
    key = load_signing_key(parts.settings.data_dir)
    audiences = (_open_hooks(parts, key), BackendAudience(parts.settings, key))
    start_telling(parts.database, WebhookBodies(), audiences)


def _open_hooks(parts: JobParts, key: Secret) -> HookAudience:
    try:
        return HookAudience.open(parts.settings, key)
    except Invalid as error:  # Nothing else of the worker hangs on it.
        logger.error("Webhooks reach no private address", extra={"error": error.message})
        return HookAudience(AllowList(), key)
