"""How a model is served: what the command line says, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from treadle.errors import Invalid
from treadle.settings import Secret

Network = IPv4Network | IPv6Network

_NONE = Secret("")


@dataclass(frozen=True)
class Options:
    """How a model is served."""

    model: Path
    model_dir: Path
    media_dir: Path | None = None
    data_dirs: tuple[Path, ...] = ()
    #: "name:password" of HTTP Basic, and a token of Bearer or Token; either is enough, none: all are let in.
    basic_auth: Secret = _NONE
    token: Secret = _NONE
    #: A first folder of the address below which /webhook needs no credentials.
    webhook_secret: Secret = _NONE
    #: Who may call /webhook without credentials.
    webhook_from: tuple[Network, ...] = ()
    #: The path under which a proxy publishes this server without taking it away, such as "/second".
    prefix: str = ""
    #: One model process each, as torch names them; none: one process, which sees what this one sees.
    devices: tuple[str, ...] = ()
    #: Tasks that are predicted at once, over requests, and how long to wait for so many.
    batch_size: int = 16
    batch_wait_s: float = 0.0
    #: Requests that may wait; how long each may, and how long a model may take over a batch.
    queue_size: int = 256
    queue_wait_s: float = 90.0
    predict_timeout_s: float = 600.0
    #: Trainings at once, and projects that may wait for one.
    trainings: int = 1
    waiting_trainings: int = 100
    keep_versions: int = 20
    max_body_bytes: int = 256 * 1024**2
    log_level: str = "info"
    #: Nobody asked for so long, and nothing trains: the server ends; 0: never.
    idle_s: float = 0.0

    @property
    def needs_credentials(self) -> bool:
        """Whether nobody is let in without."""
        return bool(self.basic_auth.reveal() or self.token.reveal())


def credentials_of(environment: Mapping[str, str], *, basic_auth: str, token: str) -> tuple[Secret, Secret]:
    """Name and password, and token: as given, else of the environment, under Label Studio's names too.

    Raises Invalid("basic-auth") where the first is not ``name:password``.
    """
    basic_auth = basic_auth or environment.get("TREADLE_ML_BASIC_AUTH", "")
    for prefix in ("BASIC_AUTH_", "ML_SERVER_BASIC_AUTH_"):
        name, password = environment.get(f"{prefix}USER", ""), environment.get(f"{prefix}PASS", "")
        if name and password and not basic_auth:
            basic_auth = f"{name}:{password}"
    name, colon, password = basic_auth.partition(":")
    if basic_auth and not (name and colon and password):
        text = "Give --basic-auth, or TREADLE_ML_BASIC_AUTH, as NAME:PASSWORD; neither may be empty."
        raise Invalid("basic-auth", text)
    return Secret(basic_auth), Secret(token or environment.get("TREADLE_ML_TOKEN", ""))


def networks_of(text: str) -> tuple[Network, ...]:
    """Addresses and networks, by commas. Raises Invalid("webhook-from")."""
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
    except ValueError as error:
        wanted = "Give --webhook-from addresses or networks by commas, such as 10.0.0.7,192.168.1.0/24"
        raise Invalid("webhook-from", f"{wanted} ({error}).") from error
