"""What this installation looks like: for everybody before the sign-in; set by its administrators."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import msgspec

from treadle.access import ORGANIZATION
from treadle.access.users import set_language
from treadle.appearance import (
    Look,
    read_logo,
    read_logo_bytes,
    read_look,
    set_logo,
    set_look,
    shades_of,
    type_of_logo,
)
from treadle.appearance.colours import Theme
from treadle.appearance.logos import MOST_UPLOADED_BYTES
from treadle.errors import Invalid, NotFound
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.dressing import look_changed, look_of
from treadle.web.multipart import FormReceiver
from treadle.web.routing import OWN_ACCOUNT, PUBLIC, Reply, Route, empty, json_reply

_SHORT = "public, max-age=60"
_FOR_GOOD = "public, max-age=31536000, immutable"
#: A form around the file.
_MOST_BYTES = MOST_UPLOADED_BYTES + 64 * 1024


class LookBody(msgspec.Struct):
    """A name, accents, the address of a logo, a language; "" where Treadle's own holds."""

    name: str
    accent_light: str
    accent_dark: str
    logo: str
    language: str


class AppearanceBody(msgspec.Struct):
    """What was set on the page, what the settings say, and what of both is shown."""

    set_here: LookBody
    of_settings: LookBody
    shown: LookBody
    #: Of text in each accent where it is weakest; null where Treadle's own holds.
    contrast_light: float | None
    contrast_dark: float | None


class AppearanceForm(msgspec.Struct):
    """What to set; "" takes it back to the settings, what is left out stays."""

    name: str | None = None
    accent_light: str | None = None
    accent_dark: str | None = None
    language: str | None = None


class LanguageForm(msgspec.Struct):
    """A language of one's own; null: as the installation and the browser say."""

    language: Literal["en", "ko", "th", "zh", "ja"] | None


def get_shown(call: Call) -> Reply:
    """Small, and kept a minute: strangers may ask."""
    body = msgspec.json.encode(_look_body(look_of(call.parts)))
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"Cache-Control": _SHORT, "ETag": tag}
    if tag in call.headers.get("if-none-match", ""):
        return Reply(304, b"", headers=headers)
    return Reply(200, body, headers=headers)


def get_logo(call: Call) -> Reply:
    """The logo of this name: that of the page, or that of the settings."""
    name, (_look, of_settings) = call.path_params["name"], call.parts.settings_look
    if of_settings is not None and of_settings.name == name:
        return _logo_reply(name, of_settings.content)
    with call.parts.database.read() as tx:
        content = read_logo_bytes(tx) if read_look(tx).logo == name else b""
    if not content:
        raise NotFound("logo-not-found", "There is no such logo any more. Load the page again.")
    return _logo_reply(name, content)


def get_appearance(call: Call) -> Reply:
    with call.read() as tx:
        call.allow(tx, ORGANIZATION)
        return json_reply(_appearance_body(call, read_look(tx)))


def patch_appearance(call: Call) -> Reply:
    form = call.decode(AppearanceForm)
    changes = {name: value for name, value in msgspec.structs.asdict(form).items() if value is not None}
    with call.write() as tx:
        look = set_look(tx, call.allow(tx, ORGANIZATION), changes)
    look_changed(call.parts)
    return json_reply(_appearance_body(call, look))


async def put_logo(call: Call) -> Reply:
    """Take the picture of a form."""
    await call.in_thread(_check_may, call)
    with tempfile.TemporaryDirectory() as folder:
        receiver = FormReceiver(call.headers.get("content-type", ""), Path(folder), _MOST_BYTES)
        try:
            async for chunk in call.chunks():
                await call.in_thread(receiver.feed, chunk)
            files = [part.path for part in receiver.finish() if part.path is not None]
        finally:
            receiver.close()
        return await call.in_thread(_keep_logo, call, files)


def delete_logo(call: Call) -> Reply:
    with call.write() as tx:
        set_logo(tx, call.allow(tx, ORGANIZATION), None)
    look_changed(call.parts)
    return empty()


def put_language(call: Call) -> Reply:
    form = call.decode(LanguageForm)
    with call.write() as tx:
        set_language(tx, call.actor.user_id, form.language)
    return json_reply(form)


def _check_may(call: Call) -> None:
    """Raises Unauthenticated, Forbidden, before anything of theirs is read or kept."""
    with call.read() as tx:
        call.allow(tx, ORGANIZATION)


def _keep_logo(call: Call, files: list[Path]) -> Reply:
    if len(files) != 1:
        raise Invalid("logo-missing", "Send one picture.", fields={"logo": ["Send one picture."]})
    logo = read_logo(files[0].read_bytes())
    with call.write() as tx:
        look = set_logo(tx, call.allow(tx, ORGANIZATION), logo)
    look_changed(call.parts)
    return json_reply(_appearance_body(call, look))


def _appearance_body(call: Call, set_here: Look) -> AppearanceBody:
    of_settings = call.parts.settings_look[0]
    shown = set_here.over(of_settings)
    return AppearanceBody(
        _look_body(set_here),
        _look_body(of_settings),
        _look_body(shown),
        _contrast(shown.accent_light, "light"),
        _contrast(shown.accent_dark, "dark"),
    )


def _contrast(accent: str, theme: Theme) -> float | None:
    return round(shades_of(accent, theme, "accent").contrast, 2) if accent else None


def _look_body(look: Look) -> LookBody:
    return LookBody(**{**asdict(look), "logo": f"api/appearance/logo/{look.logo}" if look.logo else ""})


def _logo_reply(name: str, content: bytes) -> Reply:
    return Reply(200, content, type_of_logo(name), {"Cache-Control": _FOR_GOOD})


_ADMIN = Permission.ORGANIZATION_ADMIN
_PATH = "/api/admin/appearance"
_LOGO = f"{_PATH}/logo"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/appearance", get_shown, PUBLIC, "Name, colours and logo", None, LookBody),
    Route("GET", "/api/appearance/logo/{name}", get_logo, PUBLIC, "The logo"),
    Route("GET", _PATH, get_appearance, _ADMIN, "What the appearance is made of", None, AppearanceBody),
    Route("PATCH", _PATH, patch_appearance, _ADMIN, "Change it", AppearanceForm, AppearanceBody),
    Route("PUT", _LOGO, put_logo, _ADMIN, "Show this logo", None, AppearanceBody, stream=True),
    Route("DELETE", _LOGO, delete_logo, _ADMIN, "Show no logo of one's own", status=204),
    Route(
        "PUT",
        "/api/current-user/language",
        put_language,
        OWN_ACCOUNT,
        "Choose a language",
        LanguageForm,
        LanguageForm,
    ),
)
