"""The list of settings."""

from __future__ import annotations

import re
from dataclasses import fields

from treadle.settings import Secret, Settings, describe_settings

_PASSWORD_IN_URL = re.compile(r"(?<=://)([^:@/]*):[^@/]*@")


def print_settings(settings: Settings) -> None:
    """Print variable, value, default and meaning of each setting; secrets as ***."""
    for (variable, default, meaning), setting in zip(describe_settings(), fields(settings), strict=True):
        value = shown(getattr(settings, setting.name))
        note = "" if value == default else f"   (default: {default or 'empty'})"
        print(f"{variable}={value}{note}\n    {meaning}")


def shown(value: object) -> str:
    """A setting's value for a terminal: no secret, no password in an address."""
    if isinstance(value, Secret):
        return "***" if value.reveal() else ""
    if isinstance(value, bool):
        return str(value).lower()
    return _PASSWORD_IN_URL.sub(r"\1:***@", str(value))
