"""A page as this installation shows it: its name, icon, accents and usual language written into it.

They stand in the page itself, so that nothing is drawn in other colours before an answer arrives.
"""

from __future__ import annotations

import html
import logging
from collections import Counter

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from treadle.appearance import Look, read_look, shades_of, type_of_logo
from treadle.appearance.colours import Theme
from treadle.db.remembered import Remembered
from treadle.web.parts import Parts

_LOG = logging.getLogger(__name__)
_ROOT = '<html lang="en">'
_TITLE = "<title>Treadle</title>"
_ICON = '<link rel="icon" href="./icon.svg" type="image/svg+xml">'
_REMEMBERED: Remembered[Look] = Remembered(4)
#: How often this process set a look, by database.
_CHANGES: Counter[str] = Counter()


def look_of(parts: Parts) -> Look:
    """What is shown now; a database that is away leaves what the settings say.

    Where the database tells no version (PostgreSQL), what another process set shows some seconds later.
    """
    of_settings = parts.settings_look[0]
    key, version = parts.settings.url, parts.database.version()
    if version is None:
        version = _CHANGES[key]
    known = _REMEMBERED.get(key, version)
    if known is not None:
        return known
    try:
        with parts.database.read() as tx:
            look = read_look(tx).over(of_settings)
    except (OperationalError, PoolTimeoutError):
        _LOG.info("The appearance was not read: the database is busy or away.")
        return of_settings
    _REMEMBERED.keep(key, look, version)
    return look


def look_changed(parts: Parts) -> None:
    """Look anew: this process has set another look."""
    _CHANGES[parts.settings.url] += 1


def dressed(text: str, look: Look) -> str:
    """The page ``text`` in this look; the very same where nothing is set."""
    if look == Look():
        return text
    logo = f"./api/appearance/logo/{look.logo}" if look.logo else ""
    told = {"product": look.name, "language": look.language, "logo": logo.removeprefix("./")}
    attributes = "".join(f' data-{name}="{html.escape(value)}"' for name, value in told.items() if value)
    text = text.replace(_ROOT, f'<html lang="{look.language or "en"}"{attributes}>', 1)
    if look.name:
        text = text.replace(_TITLE, f"<title>{html.escape(look.name)}</title>", 1)
    if logo:
        text = text.replace(_ICON, f'<link rel="icon" href="{logo}" type="{type_of_logo(look.logo)}">', 1)
    return text.replace("</head>", f"{_style(look)}</head>", 1)


def _style(look: Look) -> str:
    rules = _rule(look.accent_light, "light") + _rule(look.accent_dark, "dark")
    return f"<style>{rules}</style>\n" if rules else ""


#: More specific than tokens.css, whose order in the page is not known here.
_WHERE: dict[Theme, str] = {
    "light": 'html:root:not([data-theme="dark"])',
    "dark": 'html:root[data-theme="dark"]',
}


def _rule(accent: str, theme: Theme) -> str:
    if not accent:
        return ""
    shades = shades_of(accent, theme, "accent")
    return (
        f"{_WHERE[theme]}{{--accent:{shades.accent};--accent-hover:{shades.hover};"
        f"--on-accent:{shades.on_accent};--accent-soft:{shades.soft}}}"
    )
