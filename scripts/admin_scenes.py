"""What programs come in by on the server that is to be pictured, and the pages that administer it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ACCOUNTS = (
    (
        "nightly-training",
        "Trains the detector at two in the morning",
        "editor",
        ("cron", "cron of the new machine"),
    ),
    ("dashboard", "Shows the progress on the wall of the workshop", "viewer", ("wall",)),
    ("exporter", "Brings labels to the archive once a week", "reviewer", ()),
)
TOKENS = (("notebook", "all", None), ("report", "read", 90))
#: Whose, what it is called, and the most that it may.
KEYS = (
    ("lee@example.com", "Lee's laptop", None),
    ("sara@example.com", "Sync of the camera", "editor"),
    ("jun@example.com", "Old workstation", "viewer"),
)


@dataclass
class Administrator:
    """Makes what the pages show. ``ask``: sends JSON and gives the answer; password: the colleagues'."""

    ask: Callable[..., Any]
    password: str

    def hand_out(self, workspace: int) -> dict[str, str]:
        """The address of each page by its name."""
        for name, scope, days in TOKENS:
            self.ask("POST", "/api/tokens", {"name": name, "scope": scope, "expires_in_days": days})
        accounts = f"/api/workspaces/{workspace}/service-accounts/"
        for name, description, role, tokens in ACCOUNTS:
            account = {"name": name, "description": description, "role": role}
            made = self.ask("POST", accounts, account)["id"]
            for token in tokens:
                wanted = {
                    "name": token,
                    "scope": "read" if role == "viewer" else "all",
                    "expires_in_days": 365,
                }
                self.ask("POST", f"{accounts}{made}/tokens/", wanted)
        for email, name, most in KEYS:
            key = {"name": name, "workspace": workspace, "role": most}
            self.ask("POST", "/api/s3-keys", key, Authorization=self._basic(email))
        return {
            "admin-tokens": "/admin/tokens",
            "admin-service-accounts": "/admin/service-accounts",
        }

    def _basic(self, email: str) -> str:
        return "Basic " + base64.b64encode(f"{email}:{self.password}".encode()).decode()
