"""What the place that a server runs in says of its settings: below what a person set, above the defaults.

Cloudera AI: an application answers on the loopback port that the platform names, and the platform's proxy
stands before it, at a host of its own below the platform's domain. Files lie on a network file system.
"""

from __future__ import annotations

from collections.abc import Mapping

_LOOPBACK = "127.0.0.1"


def settings_of(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Values by the names of settings; none where the place is an ordinary machine."""
    port, domain = environment.get("CDSW_APP_PORT", ""), environment.get("CDSW_DOMAIN", "")
    if not port or not domain:
        return {}
    return {
        # The platform's proxy holds the same port of the pod's own address: 0.0.0.0 is taken there.
        "host": _LOOPBACK,
        "port": port,
        "journal_mode": "DELETE",
        "trusted_proxies": f"{_LOOPBACK},::1",
        "platform_domain": domain,
        "remote_user_domain": domain,
    }
