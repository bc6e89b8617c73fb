"""Small pictures of people over HTTP."""

from __future__ import annotations

import io

import httpx
from PIL import Image

from tests.serving import RunningServer
from tests.web.operations.world import picture_file


def send_avatar(client: httpx.Client, user_id: int, content: bytes) -> httpx.Response:
    return client.post(f"/api/users/{user_id}/avatar/", files={"avatar": ("me.png", content, "image/png")})


def test_a_picture_is_kept_small_shown_to_others_and_removed(server: RunningServer) -> None:
    person = server.sign_up("me@example.com")
    other = server.sign_up("other@example.com")
    with server.client(person.token) as me, server.client(other.token) as them:
        assert send_avatar(me, person.id, picture_file(900, 600)).status_code == 200
        address = me.get("/api/current-user/whoami").json()["avatar"]
        shown = them.get(address)
        assert Image.open(io.BytesIO(shown.content)).size == (320, 213)
        assert send_avatar(them, person.id, picture_file()).status_code == 403
        assert them.delete(f"/api/users/{person.id}/avatar/").status_code == 403
        assert me.delete(f"/api/users/{person.id}/avatar/").status_code == 204
        assert me.get("/api/current-user/whoami").json()["avatar"] is None
        assert them.get(address).status_code == 404
    with server.client(None) as stranger:
        assert stranger.get(address).status_code == 401


def test_what_is_no_picture_is_refused_and_the_old_one_stays(server: RunningServer) -> None:
    person = server.sign_up("me@example.com")
    with server.client(person.token) as me:
        send_avatar(me, person.id, picture_file())
        before = me.get("/api/current-user/whoami").json()["avatar"]
        assert send_avatar(me, person.id, b"<svg onload='alert(1)'/>").status_code == 400
        assert "megapixels" in send_avatar(me, person.id, picture_file(5_000, 4_000)).text
        assert me.post(f"/api/users/{person.id}/avatar/", files={}).status_code == 400
        assert me.get("/api/current-user/whoami").json()["avatar"] == before
        assert me.get("/data/avatars/%2e%2e/uploads/1/a.png").status_code == 404
