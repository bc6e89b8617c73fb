"""Webhooks: what happens in projects is told to other people's servers.

Promises: an event is told to each receiver at least once, in the order in which it happened as far as the
receiver takes it, however often we are killed: how far the events were read and what is to be sent are one
transaction. A save waits for nobody, and no receiver for another. What is not taken is sent again for over a
day; a hook that takes nothing for three is switched off, and says so. Refuses: addresses that the outbound
gate refuses, redirects, and to show a secret twice.

What is told is put into words above, in `treadle.labeling.webhook_bodies`; who else is told, in
`treadle.learning.backend_events`.
"""

from __future__ import annotations

from treadle.webhooks.actions import ACTIONS, Action
from treadle.webhooks.following import Follower, Renderer, Worded
from treadle.webhooks.receivers import Answer, Audience, Parcel, Receiver, Way
from treadle.webhooks.telling import start_telling

__all__ = [
    "ACTIONS",
    "Action",
    "Answer",
    "Audience",
    "Follower",
    "Parcel",
    "Receiver",
    "Renderer",
    "Way",
    "Worded",
    "start_telling",
]
