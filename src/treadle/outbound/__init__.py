"""The one gate for calls that the server makes for a user.

Promises: only http and https; every address that a name stands for is looked at, and the one that was looked
at is the one that is called, so that a name cannot change its mind in between; addresses of this machine and
of private networks are refused unless a setting allows them; each redirect passes the gate again; a call
ends in time and at a size. Refuses: to send anybody's credentials, and to go through a proxy that the
environment names, which would call what it likes. Libraries that make their own connections get a relay.
"""

from __future__ import annotations

from treadle.outbound.addresses import AllowList, check_address
from treadle.outbound.connecting import look_up
from treadle.outbound.fetching import Fetched, Gate, open_gate
from treadle.outbound.relay import open_relay

__all__ = ["AllowList", "Fetched", "Gate", "check_address", "look_up", "open_gate", "open_relay"]
