"""Small pictures of people over HTTP."""

from __future__ import annotations

import tempfile
from pathlib import Path

from treadle.access.avatars import avatar_key, avatar_name, check_may_set, set_avatar
from treadle.errors import Invalid, NotFound
from treadle.labeling.pictures import read_picture
from treadle.web.call import Call
from treadle.web.downloads import stream_object
from treadle.web.multipart import FormReceiver
from treadle.web.routing import OWN_ACCOUNT, SIGNED_IN, AnyReply, Reply, Route, empty, json_reply

_MOST_BYTES = 5 * 1024**2
_MOST_PIXELS = 16_000_000  # what a request may unpack; the worker reads larger ones of projects
_FOR_GOOD = "private, max-age=31536000, immutable"


async def post_avatar(call: Call) -> Reply:
    """Take the picture of a form; it is kept small, and nothing else of the file is."""
    await call.in_thread(_check_may_set, call)
    with tempfile.TemporaryDirectory() as folder:
        receiver = FormReceiver(call.headers.get("content-type", ""), Path(folder), _MOST_BYTES)
        try:
            async for chunk in call.chunks():
                await call.in_thread(receiver.feed, chunk)
            files = [part.path for part in receiver.finish() if part.path is not None]
        finally:
            receiver.close()
        return await call.in_thread(_keep, call, files)


def delete_avatar(call: Call) -> Reply:
    with call.write() as tx:
        before = set_avatar(tx, call.actor, call.path_int("id"), None)
    _forget(call, before)
    return empty()


def get_avatar(call: Call) -> AnyReply:
    name = call.path_params["path"]
    with call.read():
        pass  # Whoever is signed in may look.
    if "/" in name:
        raise NotFound("avatar-not-found", f"There is no picture {name!r}.")
    return stream_object(call, avatar_key(name), "image/jpeg", {"Cache-Control": _FOR_GOOD})


def _check_may_set(call: Call) -> None:
    """Raises Unauthenticated, Forbidden, before anything of theirs is read or kept."""
    with call.read():
        check_may_set(call.actor, call.path_int("id"))


def _keep(call: Call, files: list[Path]) -> Reply:
    if len(files) != 1:
        raise Invalid("avatar-missing", "Send one picture.", fields={"avatar": ["Send one picture."]})
    user_id = call.path_int("id")
    with files[0].open("rb") as file:
        picture = read_picture(file, "avatar", most_pixels=_MOST_PIXELS).thumbnail
    name = avatar_name(user_id, picture)
    call.parts.objects.put(avatar_key(name), [picture])
    with call.write() as tx:
        before = set_avatar(tx, call.actor, user_id, name)
    if before != name:
        _forget(call, before)
    return json_reply({"detail": "avatar saved", "avatar": f"/data/avatars/{name}"})


def _forget(call: Call, name: str | None) -> None:
    if name is not None:
        call.parts.objects.delete(avatar_key(name))


_PATH = "/api/users/{id}/avatar/"

ROUTES: tuple[Route, ...] = (
    # One's own, or anybody's for an organisation admin.
    Route("POST", _PATH, post_avatar, OWN_ACCOUNT, "Set a person's picture", stream=True),
    Route("DELETE", _PATH, delete_avatar, OWN_ACCOUNT, "Remove a person's picture", status=204),
    Route("GET", "/data/avatars/{path...}", get_avatar, SIGNED_IN, "Small picture of a person"),
)
