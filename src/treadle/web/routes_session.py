"""Health, version, and who is signed in."""

from __future__ import annotations

from treadle.web.call import Call
from treadle.web.routing import PUBLIC, SIGNED_IN, Reply, Route, json_reply


def get_health(_call: Call) -> Reply:
    return json_reply({"status": "UP"})


def whoami(call: Call) -> Reply:
    with call.read():
        return json_reply({"id": call.actor.user_id})


ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", get_health, PUBLIC, "Is the server up?"),
    Route("GET", "/api/current-user/whoami", whoami, SIGNED_IN, "Who am I?"),
)
